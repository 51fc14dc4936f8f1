"""A small HTTP server that says what it was asked: `small_server.py NAME PORT`.

/events streams until it is closed; /refused is answered before its body is read, /dies never.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    name = ""
    released = threading.Event()

    def answer(self) -> None:
        if self.path == "/dies":
            self.close_connection = True
            return
        length = int(self.headers.get("Content-Length") or 0)
        body = b"" if self.path == "/refused" else self.rfile.read(length)
        said = {
            "name": self.name,
            "method": self.command,
            "path": self.path,
            "bytes": len(body),
            "for": self.headers.get("X-Forwarded-For"),
            "proto": self.headers.get("X-Forwarded-Proto"),
        }
        data = json.dumps(said).encode()
        self.send_response(404 if "missing" in self.path else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def do_GET(self) -> None:
        if self.path == "/release":
            self.released.set()
        if self.path != "/events":
            self.answer()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b"data: first\n\n")
        self.wfile.flush()
        self.released.wait(30)  # the second event comes only after the first was seen by the reader
        self.wfile.write(b"data: second\n\n")
        self.close_connection = True

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Quiet."""


if __name__ == "__main__":
    Echo.name = sys.argv[1]
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Echo).serve_forever()

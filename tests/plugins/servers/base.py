"""What the small servers share: a port of their own, a record of what was asked, and ways to misbehave.

    python -m tests.plugins.servers.<protocol> '{"model": "/path/to/file", …}'

prints its address and serves until its standard input is closed. GET /_seen answers with all requests so far.
"""

import json
import socket
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar


class Behaviour:
    """`failures`: what the next requests get instead of an answer: a status, `drop` (the connection is closed) or
    `cut` (half of an answer); null is the answer after all. `work_s`: how long a model takes. `token`: what
    Authorization must be."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.model = Path(told["model"]).read_bytes() if "model" in told else b""
        self.failures: list[int | str | None] = list(told.get("failures", []))
        self.work_s = float(told.get("work_s", 0.0))
        self.token = told.get("token")
        self.more = told
        self.seen: list[dict[str, Any]] = []
        self.lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    behaviour: ClassVar[Behaviour]
    answer: ClassVar[Callable[["Handler", str, str, Any], None]]

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def do_PUT(self) -> None:
        self._serve("PUT")

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def _serve(self, method: str) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/_seen":
            self.json(200, self.behaviour.seen)
            return
        body = json.loads(raw) if raw else None
        with self.behaviour.lock:
            self.behaviour.seen.append(
                {
                    "method": method,
                    "path": self.path,
                    "body": body,
                    "headers": {k.lower(): v for k, v in self.headers.items()},
                }
            )
            failure = self.behaviour.failures.pop(0) if self.behaviour.failures else None
        if self.behaviour.token is not None and self.headers.get("Authorization") != self.behaviour.token:
            self.json(401, {"detail": f"not {self.headers.get('Authorization')}"})
        elif failure is not None:
            self._fail(failure)
        else:
            type(self).answer(self, method, self.path, body)

    def _fail(self, how: int | str) -> None:
        if how == "drop":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif how == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"half')
            self.close_connection = True
        elif how == "redirect":
            self.send_response(307)
            self.send_header("Location", self.behaviour.more["elsewhere"])
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif how == "html":
            self.send(200, b"<html>Sign in</html>", "text/html")
        elif how in ("deep", "deep-refusal"):
            self.send(200 if how == "deep" else 422, b"[" * 200_000, "application/json")
        else:
            self.json(int(how), {"error": f"told to fail with {how}"}, {"Retry-After": "0"})

    def json(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        self.send(status, json.dumps(body).encode(), "application/json", headers)

    def send(self, status: int, content: bytes, media_type: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": media_type, "Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def gone(self) -> bool:
        """Whether the client has closed its connection."""
        self.connection.setblocking(False)
        try:
            return self.connection.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            self.connection.setblocking(True)

    def work(self, until: Callable[[], bool] = lambda: False) -> bool:
        """As long as the model takes, or until somebody has enough of it. True when it was finished."""
        ends = time.monotonic() + self.behaviour.work_s
        while time.monotonic() < ends:
            if until():
                return False
            time.sleep(0.01)
        return True


def serve(answer: Callable[[Any, str, str, Any], None]) -> None:
    """Until standard input ends: a test that dies takes its servers with it."""
    handler = type("Answering", (Handler,), {"behaviour": Behaviour(json.loads(sys.argv[1])), "answer": answer})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    sys.stdin.read()

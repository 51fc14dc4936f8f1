"""A client as users write them: registers, uploads, generates, follows, downloads. Repeats what was told to be safe."""

import json
import secrets
import time
from collections.abc import Iterator
from typing import Any, Final

import httpx

TERMINAL: Final = ("completed", "failed", "cancelled")


class Client:
    """One user. Every call repeats 503, 502 and lost connections with the same Idempotency-Key, as the docs say."""

    def __init__(self, url: str, name: str | None = None, *, patience_s: float = 120) -> None:
        self.name = name or f"user-{secrets.token_hex(6)}"
        self.password = "correct horse"
        self.http = httpx.Client(base_url=url, timeout=40)
        self.patience_s = patience_s
        self.repeats = 0

    def close(self) -> None:
        self.http.close()

    def register(self) -> None:
        body = {"username": self.name, "password": self.password}
        answer = self.call("POST", "/auth/register", json=body)
        # A registration whose answer was lost is found done when it is repeated.
        assert answer.status_code == 201 or (self.repeats and answer.status_code == 409), answer.text
        self.log_in()

    def log_in(self) -> None:
        answer = self.call("POST", "/auth/login", json={"username": self.name, "password": self.password})
        assert answer.status_code == 200, answer.text
        self.http.headers["authorization"] = f"Bearer {answer.json()['access_token']}"

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request, repeated until it has a definite answer."""
        headers = dict(options.pop("headers", {}))
        if method == "POST":
            headers.setdefault("idempotency-key", secrets.token_hex(16))
        deadline = time.monotonic() + self.patience_s
        while True:
            try:
                answer = self.http.request(method, path, headers=headers, **options)
                if answer.status_code not in (502, 503) and not _in_flight(answer):
                    return answer
                why = f"{answer.status_code} {answer.text[:200]}"
            except httpx.TransportError as error:
                why = repr(error)
            self.repeats += 1
            if time.monotonic() > deadline:
                raise AssertionError(f"{method} {path}: no definite answer: {why}")
            time.sleep(0.2)

    def profile(self) -> dict[str, Any]:
        answer = self.call("GET", "/auth/profile")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def upload(self, name: str, content: bytes, media_type: str) -> dict[str, Any]:
        answer = self.call("POST", "/upload", files={"file": (name, content, media_type)})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def generate(self, **wanted: Any) -> str:
        answer = self.call("POST", "/generate", json=wanted)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["task_id"])

    def task(self, task_id: str) -> dict[str, Any]:
        answer = self.call("GET", f"/generate/{task_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def events(self, task_id: str, last_event_id: int = 0) -> Iterator[tuple[str, int | None, dict[str, Any]]]:
        """(event, id, data) of one connection."""
        headers = {"accept": "text/event-stream"} | ({"last-event-id": str(last_event_id)} if last_event_id else {})
        with self.http.stream("GET", f"/generate/{task_id}/events", headers=headers) as answer:
            if answer.status_code != 200:
                raise httpx.TransportError(f"status {answer.status_code}")
            kind, number, data = "", None, ""
            for line in answer.iter_lines():
                name, _, value = line.partition(":")
                value = value.removeprefix(" ")
                if name == "event":
                    kind = value
                elif name == "id":
                    number = int(value)
                elif name == "data":
                    data += value
                elif line == "" and data:
                    yield kind, number, json.loads(data)
                    kind, number, data = "", None, ""

    def follow(self, task_id: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """All task events in order and all progress, resuming as often as it takes; checks that no id is missing."""
        told: list[dict[str, Any]] = []
        progress: list[dict[str, Any]] = []
        deadline = time.monotonic() + self.patience_s * 2
        while not told or told[-1]["status"] not in TERMINAL:
            assert time.monotonic() < deadline, f"{task_id} does not end: {told[-1:]} {self.task(task_id)}"
            try:
                for kind, number, data in self.events(task_id, len(told)):
                    if kind == "task":
                        assert number == len(told) + 1, f"a gap or a repeat: {number} after {len(told)}"
                        told.append(data)
                    elif kind == "progress":
                        progress.append(data)
            except httpx.TransportError:
                time.sleep(0.2)
        return told, progress

    def result(self, task_id: str) -> dict[str, Any]:
        answer = self.call("GET", f"/generate/{task_id}/result")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def download(self, url: str) -> bytes:
        answer = self.call("GET", url)
        assert answer.status_code == 200, answer.text
        return answer.content


def _in_flight(answer: httpx.Response) -> bool:
    return answer.status_code == 409 and answer.json().get("type") == "/problems/in-flight"

"""What a load is sent to, and the request it consists of."""

from typing import Any

import msgspec

from benchmarks.load.http import request_bytes


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a comparison. Connections are spread evenly over addresses and tokens."""

    name: str
    write: tuple[str, ...]
    """host:port of the processes that take commands."""
    read: tuple[str, ...]
    """host:port of those that answer queries."""
    tokens: tuple[str, ...]
    """Access tokens, one per user."""
    generation: dict[str, Any]
    """Body of POST /generate."""

    def post(self, user: int) -> bytes:
        return request_bytes("POST", "/generate", self._headers(user), msgspec.json.encode(self.generation))

    def get(self, user: int, path: str) -> bytes:
        return request_bytes("GET", path, self._headers(user))

    def _headers(self, user: int) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens[user % len(self.tokens)]}"}


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a load generator is asked to do: a scenario of `scenarios.py` with its numbers."""

    scenario: str
    target: Target
    connections: int = 50
    seconds: float = 5.0
    """How long, where the scenario is not a count of tasks."""
    tasks: int = 0
    rate: float = 0.0
    """Requests a second, where they are paced."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. Times in seconds."""

    requests: int
    errors: int
    seconds: float
    p50: float
    p99: float
    longest: float
    own_cpu: float
    """Share of one core that the load generator itself took."""
    problems: tuple[str, ...] = ()
    """The first few answers that were errors."""

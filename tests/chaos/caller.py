"""One user's way to the service: a command is repeated with its key until the answer is definite."""

import asyncio
import secrets
from typing import Any, Final

import aiohttp

from domain.money import to_micro
from tests.chaos.history import Attempt, Command, Read, now

PAUSE_S: Final = 0.25
UNSETTLED: Final = frozenset(
    {"outcome-pending", "no-owner", "dependency-down", "unavailable", "internal", "in-flight", "projection-behind"}
)
"""Problems that say: ask again. All others are decisions."""


class Caller:
    """A user who is logged in. `http` is shared."""

    def __init__(self, http: aiohttp.ClientSession, url: str, name: str, password: str) -> None:
        self._http, self._url = http, url
        self.name, self._password = name, password
        self.account = ""
        self._token = ""

    async def register(self) -> None:
        """Until it is there. A repeat of a registration that succeeded finds the name taken."""
        body = {"username": self.name, "password": self._password}
        await self._until("POST", "/auth/register", (201, 409), json=body)
        await self.log_in()
        _, profile = await self._until("GET", "/auth/profile", (200,))
        self.account = profile["uuid"]

    async def log_in(self) -> None:
        body = {"username": self.name, "password": self._password}
        _, answer = await self._until("POST", "/auth/login", (200,), json=body)
        self._token = answer["access_token"]

    async def do(self, command: Command, method: str, path: str, body: dict[str, Any] | None, until: float) -> Any:
        """Attempt a command until its answer is definite, or until `until`. Returns the answer's document."""
        while True:
            attempt = Attempt(request_id=f"chaos-{secrets.token_hex(10)}", invoked=now())
            command.attempts.append(attempt)
            headers = {"idempotency-key": command.key, "x-request-id": attempt.request_id}
            status, answer, position = await self._send(method, path, headers, json=body)
            attempt.status, attempt.answered = status, now()
            attempt.code = _code(answer) if status >= 400 else ""
            if 200 <= status < 300:
                command.result = "applied"
                command.offset = None if position is None else int(position.rpartition("@")[2])
                return answer
            if status == 401:
                await self.log_in()
            elif 400 <= status < 500 and attempt.code not in UNSETTLED:
                command.result, command.code = "refused", attempt.code
                return answer
            if now() > until:
                return answer
            await asyncio.sleep(PAUSE_S)

    async def read_balance(self, reader: str, at_least: int | None, position: str | None) -> Read | None:
        """One look at the balance. None when there was no answer."""
        began = now()
        query = {} if position is None else {"min_position": position}
        status, answer, _ = await self._send("GET", "/api/v1/billing/balance", {}, params=query)
        if status == 401:
            await self.log_in()
        if status != 200:
            return None
        return Read(
            reader=reader,
            account=self.account,
            invoked=began,
            answered=now(),
            available=to_micro(str(answer["available"]), ""),
            reserved=to_micro(str(answer["reserved"]), ""),
            at_least=at_least,
        )

    async def get(self, path: str, **query: Any) -> Any:
        """A document, sooner or later."""
        _, answer = await self._until("GET", path, (200,), params=query)
        return answer

    async def download(self, url: str) -> bytes:
        """The bytes behind a path or an address, sooner or later; empty when they are not there (404)."""
        while True:
            try:
                headers = {"authorization": f"Bearer {self._token}"}
                async with self._http.get(self._url + url if url.startswith("/") else url, headers=headers) as answer:
                    content = await answer.read()
                    if answer.status in (200, 404):
                        return content if answer.status == 200 else b""
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass
            await asyncio.sleep(PAUSE_S)

    async def _until(self, method: str, path: str, wanted: tuple[int, ...], **options: Any) -> tuple[int, Any]:
        while True:
            status, answer, _ = await self._send(method, path, {}, **options)
            if status in wanted:
                return status, answer
            if status == 401 and path != "/auth/login":
                await self.log_in()
            await asyncio.sleep(PAUSE_S)

    async def _send(
        self, method: str, path: str, headers: dict[str, str], **options: Any
    ) -> tuple[int, Any, str | None]:
        """(status, document, position); status 0 when nothing came."""
        if self._token:
            headers["authorization"] = f"Bearer {self._token}"
        try:
            async with self._http.request(method, self._url + path, headers=headers, **options) as answer:
                return answer.status, await answer.json(content_type=None), answer.headers.get("lathe-position")
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return 0, None, None


def _code(answer: Any) -> str:
    kind = answer.get("type", "") if isinstance(answer, dict) else ""
    return str(kind).rpartition("/")[2]

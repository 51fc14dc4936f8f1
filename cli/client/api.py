"""Requests to the server: the token goes along, what may pass is repeated, problems become failures."""

import ipaddress
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from cli.client.address import server_of
from cli.client.failures import Failure, Misused, NotLoggedIn, Refused, Unreachable
from cli.client.tokens import Login, TokenFile, login_of

PATIENCE_S: Final = 60.0
"""How long a request that may succeed later is repeated."""
_PASSING: Final = frozenset({502, 503, 504})
_TIMEOUT: Final = httpx.Timeout(35.0, connect=5.0)
"""The server holds an answer whose outcome is open for up to 30 s."""


class Api:
    """`server`: base URL; by default that of `server_of`. `patience_s` limits repeats."""

    def __init__(self, server: str | None = None, tokens: TokenFile | None = None, patience_s: float = PATIENCE_S):
        self.server = (server or server_of()).rstrip("/")
        self._tokens = tokens or TokenFile()
        self._patience_s = patience_s
        self._fixed = os.environ.get("LATHE_TOKEN") or None
        self._login = None if self._fixed else self._tokens.load(self.server)
        try:
            self.http = httpx.Client(base_url=self.server, timeout=_TIMEOUT, trust_env=not _is_local(self.server))
        except (httpx.InvalidURL, ValueError) as error:
            raise Misused(f"LATHE_URL is no address of a server: {self.server} ({error})") from None

    def close(self) -> None:
        self.http.close()

    @property
    def login(self) -> Login | None:
        return self._login

    @property
    def has_token(self) -> bool:
        return self._fixed is not None or self._login is not None

    def log_in(self, username: str, password: str) -> None:
        """Raises Refused (401: wrong name or password), Unreachable."""
        body = {"username": username, "password": password}
        self._keep(login_of(username, self.call("POST", "/auth/login", json=body, anonymous=True).json()))

    def register(self, username: str, password: str) -> None:
        """Raises Refused (409: the name is taken), Unreachable."""
        self.call("POST", "/auth/register", json={"username": username, "password": password}, anonymous=True)

    def log_out(self) -> None:
        """End the session on the server and forget it here, even if the server cannot be told."""
        login, self._login = self._login, None
        self._tokens.save(self.server, None)
        if login is not None:
            self.call("POST", "/auth/logout", json={"refresh_token": login.refresh_token}, anonymous=True)

    def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        files: Any = None,
        key: str | None = None,
        anonymous: bool = False,
        exists: bool = False,
    ) -> httpx.Response:
        """A request, repeated while it may still succeed. With `key` (Idempotency-Key) or GET that is always safe;
        others are repeated only if they were certainly not done. `exists`: it is known to be there, so that 404 (and
        409 of a GET) means that the reading side has not heard of it yet. Raises Refused, NotLoggedIn, Unreachable."""
        end = time.monotonic() + self._patience_s
        wait = 0.3
        renewed = anonymous
        while True:
            headers = self.headers(anonymous=anonymous) | ({"Idempotency-Key": key} if key else {})
            try:
                response = self.http.request(method, path, json=json, files=files, headers=headers)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if time.monotonic() + wait > end or not self._may_come():
                    raise self._unreachable(error) from None
            except httpx.TransportError as error:
                if (method != "GET" and key is None) or time.monotonic() + wait > end:
                    raise self._unreachable(error) from None
            else:
                if response.status_code == 401 and not renewed:
                    renewed = True
                    self.renew()
                    continue
                if response.is_success:
                    return response
                late = exists and (response.status_code == 404 or (method == "GET" and response.status_code == 409))
                if not (late or self._may_pass(response, method, key)) or time.monotonic() + wait > end:
                    raise refusal(response)
                wait = max(wait, _retry_after(response))
            time.sleep(wait)
            wait = min(5.0, wait * 2)

    @contextmanager
    def stream(self, path: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        """A GET whose body is read bit by bit; no repeats. Raises httpx.TransportError."""
        timeout = httpx.Timeout(45.0, connect=5.0)  # The server sends a sign of life every 15 s.
        with self.http.stream("GET", path, headers=self.headers() | dict(headers), timeout=timeout) as response:
            yield response

    def headers(self, *, anonymous: bool = False) -> dict[str, str]:
        """With a token that is good for a while. Raises NotLoggedIn."""
        if anonymous:
            return {}
        if self._fixed is not None:
            return {"Authorization": f"Bearer {self._fixed}"}
        if self._login is not None and not self._login.is_fresh:
            self.renew()
        if self._login is None:
            raise NotLoggedIn("You are not logged in: run `lathe login`, or `lathe register` for a new account.")
        return {"Authorization": f"Bearer {self._login.access_token}"}

    def renew(self) -> None:
        """Exchange the refresh token. Raises NotLoggedIn when the session is over."""
        if self._fixed is not None:
            raise NotLoggedIn("The server does not take LATHE_TOKEN (any more).")
        if self._login is None:
            raise NotLoggedIn("You are not logged in: run `lathe login`, or `lathe register` for a new account.")
        body = {"refresh_token": self._login.refresh_token}
        try:
            answer = self.call("POST", "/auth/refresh", json=body, anonymous=True)
        except Refused as refused:
            if refused.status not in (401, 403):
                raise
            self._login = None
            self._tokens.save(self.server, None)
            raise NotLoggedIn("Your session has ended: run `lathe login`.") from None
        self._keep(login_of(self._login.username, answer.json()))

    def _keep(self, login: Login) -> None:
        self._login = login
        self._tokens.save(self.server, login)

    def _may_come(self) -> bool:
        """Nobody listens at a local address: it is not started, and waiting will not start it."""
        return not _is_local(self.server)

    def _unreachable(self, error: Exception) -> Unreachable:
        hint = " Is it running (`make up`)?" if _is_local(self.server) else ""
        return Unreachable(f"The server at {self.server} does not answer ({error}).{hint}")

    @staticmethod
    def _may_pass(response: httpx.Response, method: str, key: str | None) -> bool:
        if response.status_code == 429:
            return True
        if response.status_code == 409:
            return key is not None and "retry-after" in response.headers
        return response.status_code in _PASSING and (method == "GET" or key is not None)


def refusal(response: httpx.Response) -> Failure:
    """The failure that an error answer stands for."""
    response.read()
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    refused = Refused(response.status_code, problem)
    if response.status_code >= 500:
        return Unreachable(f"{refused}\nThe server cannot do it now; try again later.")
    return refused


def _retry_after(response: httpx.Response) -> float:
    value = response.headers.get("retry-after", "")
    return min(30.0, float(value)) if value.isascii() and value.isdigit() else 0.0


def _is_local(server: str) -> bool:
    host = urlsplit(server).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")

"""Rate limits of the API: requests per account, failed logins per name and address, registrations per address.

Headers follow draft-ietf-httpapi-ratelimit-headers-11: `RateLimit-Policy` names the quota, `RateLimit` what is left.
Each process counts for itself, so behind several processes a client may get up to that many times as much.
"""

import math
import time
from collections.abc import Callable

from starlette.types import Scope

from adapters.http.client_address import client_address, is_loopback
from adapters.http.edge import add_header
from adapters.http.refusals import RateLimited
from adapters.http.token_bucket import Buckets, Level
from adapters.settings import Limits


class RateLimits:
    """All limits of one service. Every method raises RateLimited, with `retry_after_s`, when there is nothing left."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._requests = Buckets(limits.requests_per_second, limits.requests_per_second)
        self._failed_logins = Buckets(limits.failed_logins_per_minute, limits.failed_logins_per_minute / 60)
        self._registrations = Buckets(limits.registrations_per_minute, limits.registrations_per_minute / 60)

    def account(self, scope: Scope, account_id: str) -> None:
        """Count one request of an account, and tell the client where it stands."""
        level = self._requests.take(account_id, self._clock())
        _announce(scope, "account", self._requests, 1, level)
        if level.wait_s > 0:
            raise _refusal(f"Your account may send {self._requests.burst:.0f} requests a second.", level)

    def login(self, scope: Scope, name_index: str) -> None:
        """Before a login is verified. `name_index` is the blind index of the name, whether it exists or not."""
        level = self._failed_logins.level(_pair(scope, name_index), self._clock())
        _announce(scope, "failed-logins", self._failed_logins, 60, level)
        if level.wait_s > 0:
            raise _refusal("Too many failed logins for this name from your address.", level)

    def login_failed(self, scope: Scope, name_index: str) -> None:
        """Count a failed login; successful ones are free."""
        level = self._failed_logins.charge(_pair(scope, name_index), self._clock())
        _announce(scope, "failed-logins", self._failed_logins, 60, level)

    def registration(self, scope: Scope) -> None:
        """Count one registration of an address; this machine's own are free."""
        address = client_address(scope)
        if is_loopback(address):
            return
        level = self._registrations.take(address, self._clock())
        _announce(scope, "registrations", self._registrations, 60, level)
        if level.wait_s > 0:
            raise _refusal("Too many registrations from your address.", level)


def _pair(scope: Scope, name_index: str) -> str:
    return f"{name_index} {client_address(scope)}"


def _announce(scope: Scope, policy: str, buckets: Buckets, window_s: int, level: Level) -> None:
    add_header(scope, "ratelimit-policy", f'"{policy}";q={buckets.burst:.0f};w={window_s}')
    add_header(scope, "ratelimit", f'"{policy}";r={max(0, math.floor(level.left))};t={math.ceil(level.full_in_s)}')


def _refusal(why: str, level: Level) -> RateLimited:
    return RateLimited(f"{why} Try again in {max(1, math.ceil(level.wait_s))} s.", retry_after_s=level.wait_s)

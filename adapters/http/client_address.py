"""Whose request it is, by address, for limits and logs."""

import ipaddress
from functools import lru_cache
from typing import Final

from starlette.types import Scope

UNKNOWN: Final = "unknown"


@lru_cache(maxsize=4096)
def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own (also as an IPv4-mapped IPv6 address)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return bool((mapped or parsed).is_loopback)


def forwarded_address(scope: Scope) -> str | None:
    """The last entry of `X-Forwarded-For`, which is what the peer itself saw; None when it is missing or no address."""
    forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    if not forwarded:
        return None
    last = forwarded[-1].decode("latin-1").rpartition(",")[2].strip()
    try:
        return str(ipaddress.ip_address(last))
    except ValueError:
        return None


def client_address(scope: Scope) -> str:
    """The client's address.

    `X-Forwarded-For` counts only when the peer is the gateway on this machine (on others: `behind_gateway.py`).
    Anybody else's header is a claim about itself and is ignored.
    """
    peer = scope.get("client")
    if not peer:
        return UNKNOWN
    address = str(peer[0])
    return forwarded_address(scope) or address if is_loopback(address) else address

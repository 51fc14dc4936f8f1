"""URLs of webhooks as users give them: what is refused at once, before anything is sent."""

import asyncio
import re
from ipaddress import AddressValueError, IPv4Address
from typing import Final

from yarl import URL

from adapters.webhooks.addresses import Addresses
from adapters.webhooks.names import addresses_of
from domain.errors import DomainError, InvalidInput

LONGEST: Final = 2048
_LOOK_UP_S: Final = 3.0
_PLAIN: Final = re.compile(r"[\x21-\x5b\x5d-\x7e]+\Z")
_NUMBER: Final = re.compile(r"(0[xX][0-9a-fA-F]*|[0-9]+)\Z")


class AddressNotAllowed(DomainError):
    """The URL leads to where nothing is ever posted: this machine, its network, or a cloud's metadata."""

    code, status, title = "webhook-address-not-allowed", 422, "Nothing is posted to this address"


def checked(text: str, addresses: Addresses) -> URL:
    """The URL in its normal form. Raises InvalidInput, and AddressNotAllowed for an address that is none of a name."""
    if len(text) > LONGEST or not _PLAIN.match(text):
        raise _senseless(f"at most {LONGEST} printable ASCII characters, without spaces and backslashes")
    try:
        url = URL(text)
        host, port = url.raw_host, url.port
    except ValueError as error:
        raise _senseless("an absolute URL like https://example.com/hooks") from error
    schemes = ("https", "http") if addresses.any_named else ("https",)
    if url.scheme not in schemes or not host or not port:
        raise _senseless(f"an absolute {' or '.join(schemes)} URL like https://example.com/hooks")
    if "@" in re.split(r"[/?#]", text.partition("://")[2], maxsplit=1)[0]:
        raise _senseless("without a user name and password")
    if "#" in text:
        raise _senseless("without a fragment")
    if _is_number(host) or ":" in host:
        _require_address(host, url.scheme, addresses)
    return url


async def looked_up(url: URL, addresses: Addresses) -> None:
    """Look the host up. Raises AddressNotAllowed when it leads inward; a name that is unknown now is let pass, since
    what counts is where it leads when something is posted."""
    try:
        async with asyncio.timeout(_LOOK_UP_S):
            found = await addresses_of(url.raw_host or "", url.port or 0)
    except (OSError, TimeoutError, UnicodeError):
        return
    for _, _, address in found:
        _require_address(address, url.scheme, addresses)


def _is_number(host: str) -> bool:
    """Whether some resolvers would take it for an IPv4 address (WHATWG URL, "ends in a number")."""
    return _NUMBER.match(host.rstrip(".").rpartition(".")[2]) is not None


def _require_address(host: str, scheme: str, addresses: Addresses) -> None:
    try:
        if ":" not in host:
            IPv4Address(host)
        allowed = addresses.may_reach(host, named_only=scheme == "http")
    except (AddressValueError, ValueError) as error:
        raise _senseless("with an IPv4 address as four decimal numbers, or a name") from error
    if not allowed:
        plain = " by plain http" if scheme == "http" else ""
        raise AddressNotAllowed(
            f"Webhooks are not posted to {host}{plain}: it is not a public address.", pointer="/url"
        )


def _senseless(wanted: str) -> InvalidInput:
    return InvalidInput(f"The URL of a webhook must be {wanted}.", pointer="/url")

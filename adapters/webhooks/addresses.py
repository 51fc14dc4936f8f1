"""Which addresses may be posted to: the public internet, and the networks that an operator named.

The answer is about addresses, never about names: a name is looked up by whoever connects, and what it gave is judged
then (OWASP, Server-Side Request Forgery Prevention). Ranges: IANA's special-purpose registries of IPv4 and IPv6.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

IP = IPv4Address | IPv6Address

_NOT_PUBLIC_4: Final = tuple(
    IPv4Network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        "168.63.129.16/32",  # Azure's metadata and DNS, at an address that looks public
    )
)
_PUBLIC_6: Final = IPv6Network("2000::/3")
_NOT_PUBLIC_6: Final = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",
        "2002::/16",  # 6to4: any IPv4 address is inside
        "3fff::/20",
    )
)
_NAT64: Final = IPv6Network("64:ff9b::/96")


class Addresses:
    """`named`: networks (CIDR) that may be reached although they are not public, and by plain HTTP too."""

    def __init__(self, named: Iterable[str] = ()) -> None:
        """Raises ValueError for what is no network."""
        self._named = tuple(ip_network(network) for network in named)

    @property
    def any_named(self) -> bool:
        return bool(self._named)

    def are_named(self, address: str) -> bool:
        """Whether the operator named a network with this address. Raises ValueError for what is no address."""
        found = _plain(ip_address(address.partition("%")[0]))
        return any(found in network for network in self._named)

    def may_reach(self, address: str, *, named_only: bool = False) -> bool:
        """Whether it may be connected to. Raises ValueError for what is no address."""
        if self.are_named(address):
            return True
        return not named_only and "%" not in address and is_public(ip_address(address))


def is_public(address: IP) -> bool:
    """Whether it is an address of the internet, also in what it carries inside."""
    address = _plain(address)
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _PUBLIC_6 and not any(address in network for network in _NOT_PUBLIC_6)


def _plain(address: IP) -> IP:
    """`::ffff:a.b.c.d` reaches a.b.c.d, so it is that (RFC 4291, 2.5.5.2)."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped

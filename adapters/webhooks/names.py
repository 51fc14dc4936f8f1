"""Looking up names that users chose, in threads of their own.

A name server that never answers keeps a thread for many seconds, and nobody can end it. Those that wait for one must be
none of the few that the process does all its other work with.
"""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult

AT_ONCE: Final = 64
_threads: Final = ThreadPoolExecutor(AT_ONCE, "webhook-names")


async def addresses_of(host: str, port: int, family: int = socket.AF_UNSPEC) -> list[tuple[int, int, str]]:
    """(family, protocol, address) as the system tells them; a link's own address with its zone. Raises OSError,
    UnicodeError. Whoever stops waiting leaves only the thread behind."""
    found = await asyncio.get_running_loop().run_in_executor(
        _threads,
        lambda: socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, socket.IPPROTO_TCP, socket.AI_ADDRCONFIG),
    )
    return [(int(family), protocol, _zoned(place)) for family, _, protocol, _, place in found]


class Resolver(AbstractResolver):
    """The same for aiohttp."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=found, proto=protocol, flags=socket.AI_NUMERICHOST
            )
            for found, protocol, address in await addresses_of(host, port, family)
        ]

    async def close(self) -> None:
        pass


def _zoned(place: tuple[object, ...]) -> str:
    zone = place[3] if len(place) > 3 else 0
    return f"{place[0]}%{zone}" if zone and "%" not in str(place[0]) else str(place[0])

"""Whose request it is when the gateway runs on another machine (a container of its own, a load balancer)."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.http.client_address import forwarded_address


class BehindGateway:
    """Gives a request from one of the gateways `networks` (CIDR) the address that this gateway saw.

    Only the last entry of `X-Forwarded-For` counts: the gateway wrote it, what stands before it anybody can claim.
    """

    def __init__(self, app: ASGIApp, networks: Sequence[str]) -> None:
        self._app = app
        self._networks: tuple[IPv4Network | IPv6Network, ...] = tuple(ip_network(network) for network in networks)
        self._is_gateway = lru_cache(maxsize=1024)(self._in_networks)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        peer = scope.get("client")
        if peer and self._is_gateway(str(peer[0])) and (address := forwarded_address(scope)) is not None:
            scope["client"] = (address, peer[1])
        await self._app(scope, receive, send)

    def _in_networks(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self._networks)

"""TCP ports on the loopback address: the usual ones when they are free, others when not."""

import random
import socket
from typing import Final

from cli.stack.errors import StackError

LOOPBACK: Final = "127.0.0.1"
ANY: Final = range(20_000, 32_000)
"""Below the ports that systems give to outgoing connections (Linux from 32,768, macOS from 49,152): between the choice
and the start of the server nobody takes it by chance. In random order, so that two stacks do not choose alike."""


class Ports:
    """Gives each port once, so that two parts of one stack never get the same."""

    def __init__(self, *, prefer_usual: bool = True) -> None:
        self._prefer_usual = prefer_usual
        self._given: set[int] = set()

    def choose(self, usual: int) -> int:
        """`usual` if nobody listens there, else any free port."""
        if self._prefer_usual and usual not in self._given and is_free(usual):
            self._given.add(usual)
            return usual
        for port in random.SystemRandom().sample(ANY, len(ANY)):
            if port not in self._given and is_free(port):
                self._given.add(port)
                return port
        raise StackError(f"No port between {ANY.start} and {ANY.stop} is free.")


def require_gateway_port(port: int, host: str = "") -> None:
    """Raise StackError when the gateway's port, which clients know, is taken or not allowed."""
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except PermissionError:
        raise StackError(f"You may not listen on port {port}. Choose one above 1023: LATHE_PORT=8080.") from None
    except OSError:
        raise StackError(
            f"Port {port} is taken by another program. Stop it, or choose another port: LATHE_PORT={port + 1}."
        ) from None


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return not accepts(LOOPBACK, port)


def accepts(host: str, port: int, timeout: float = 0.5) -> bool:
    """Whether something accepts TCP connections there."""
    try:
        with socket.create_connection((host, port), timeout=timeout):
            return True
    except OSError:
        return False

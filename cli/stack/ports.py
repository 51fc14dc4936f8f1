"""TCP ports on the loopback address: the usual ones when they are free, others when not."""

import errno
import fcntl
import os
import random
import socket
import tempfile
import time
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cli.stack.errors import StackError

LOOPBACK: Final = "127.0.0.1"
ANY: Final = range(20_000, 32_000)
"""Below the ports that systems give to outgoing connections (Linux from 32,768, macOS from 49,152): between the choice
and the start of the server no such connection takes it by chance."""
ENDING_SECONDS: Final = 3.0
"""A stack that has just stopped keeps its ports until its process has ended."""


class Ports:
    """Gives each port once, so that two parts never get the same, nor do two stacks of one user while both run."""

    def __init__(self, *, prefer_usual: bool = True) -> None:
        self._prefer_usual = prefer_usual
        self._given: set[int] = set()

    def leave_out(self, port: int) -> None:
        """It is the gateway's, which does not listen yet. Raises StackError when it is another stack's, too."""
        deadline = time.monotonic() + ENDING_SECONDS
        while not _reserve(f"gateway-{port}"):
            if time.monotonic() > deadline:
                raise StackError(
                    f"Another Lathe of yours is starting on port {port}. Choose another: LATHE_PORT={port + 1}."
                )
            time.sleep(0.1)
        self._given.add(port)

    def choose(self, usual: int) -> int:
        """`usual` if nobody has it, else any free port."""
        if self._prefer_usual and usual not in self._given and is_free(usual) and _reserve(str(usual)):
            self._given.add(usual)
            return usual
        for port in random.SystemRandom().sample(ANY, len(ANY)):
            if port not in self._given and is_free(port) and _reserve(str(port)):
                self._given.add(port)
                return port
        raise StackError(f"No port between {ANY.start} and {ANY.stop} is free.")


def _reserve(name: str) -> bool:
    """Whether nobody else has chosen it. Whoever has holds a lock, which ends with the process.

    A part may listen many seconds after its port was chosen; until then, and while it is being started again, another
    stack finds the port free.
    """
    folder = Path(tempfile.gettempdir()) / f"lathe-ports-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid != os.getuid():
            return True
        held = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError:  # no place for locks: others are met by chance only
        return True
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        return False
    return True


def require_gateway_port(port: int, host: str) -> None:
    """Raise StackError when the gateway's port, which clients know, is taken or not allowed on this IP address."""
    family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except PermissionError:
        raise StackError(f"You may not listen on port {port}. Choose one above 1023: LATHE_PORT=8080.") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StackError(
                f"Port {port} is taken by another program. Stop it, or choose another port: LATHE_PORT={port + 1}."
            ) from None
        raise StackError(
            f"This machine cannot listen on {host} ({error.strerror}). "
            "Name one of its own addresses: LATHE_HOST=127.0.0.1."
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

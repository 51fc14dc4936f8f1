"""Which server a command asks. `adapters.settings` knows it too, but its import takes longer than most commands."""

import os
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import dotenv

from cli.client.failures import Misused

LOOPBACK: Final = "127.0.0.1"
PORT: Final = "8080"


def server_of() -> str:
    """LATHE_URL; else where the gateway of a `lathe up` listens that was started in this folder. Raises Misused."""
    if url := os.environ.get("LATHE_URL"):
        return url
    told = _told()
    host, port = told.get("LATHE_HOST") or LOOPBACK, told.get("LATHE_PORT") or PORT
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        raise Misused(f"LATHE_PORT is no port: {port}")
    try:
        address = ip_address(host)
    except ValueError:
        raise Misused(f"LATHE_HOST is no IP address: {host}") from None
    if address.is_unspecified:
        return f"http://{LOOPBACK}:{port}"
    return f"http://[{address}]:{port}" if address.version == 6 else f"http://{address}:{port}"


def _told() -> Mapping[str, str]:
    """As `lathe up` reads its settings: `.env`, then the environment, which wins; an empty value is none."""
    file = Path(".env")
    read = dotenv.dotenv_values(file) if file.is_file() else {}
    return {name.upper(): value for name, value in (*read.items(), *os.environ.items()) if value}

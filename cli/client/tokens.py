"""Where a login is remembered: one file of the user, readable by nobody else."""

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import msgspec

from cli.client.failures import Failure

EARLY_S: Final = 30.0
"""An access token that ends within this time is exchanged before it is used."""


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """`expires_at`: seconds since 1970, by this machine's clock."""

    username: str
    access_token: str
    refresh_token: str
    expires_at: float

    @property
    def is_fresh(self) -> bool:
        return time.time() < self.expires_at - EARLY_S


def login_of(username: str, document: dict[str, Any]) -> Login:
    """From an answer of /auth/login or /auth/refresh."""
    return Login(
        username=username,
        access_token=document["access_token"],
        refresh_token=document["refresh_token"],
        expires_at=time.time() + float(document["expires_in"]),
    )


class TokenFile:
    """Logins by server address, in `$XDG_CONFIG_HOME/lathe/logins.json` (0600)."""

    def __init__(self, path: Path | None = None) -> None:
        config = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
        self.path = path or Path(config).expanduser() / "lathe" / "logins.json"

    def load(self, server: str) -> Login | None:
        """None when there is no login, or none that can be read."""
        found = self._all().get(server)
        try:
            return None if found is None else msgspec.convert(found, Login)
        except msgspec.ValidationError:
            return None

    def save(self, server: str, login: Login | None) -> None:
        """Remember a login; None forgets it. Written whole, or not at all. Raises Failure."""
        logins = self._all()
        logins.pop(server, None)
        if login is not None:
            logins[server] = msgspec.to_builtins(login)
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self.path.parent, prefix=".logins-")  # 0600 from the start
            with os.fdopen(descriptor, "w") as file:
                json.dump(logins, file, indent=1)
            Path(name).replace(self.path)
        except OSError as error:
            raise Failure(
                f"Logins cannot be kept in {self.path}: {error.strerror}. Make it writable and log in again."
            ) from None

    def _all(self) -> dict[str, Any]:
        try:
            logins = json.loads(self.path.read_text())
        except (OSError, ValueError):
            return {}
        return logins if isinstance(logins, dict) else {}

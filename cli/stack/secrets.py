"""Secrets of one installation: each is made once, kept in the state folder, and readable by its owner only."""

import base64
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from adapters.settings import Settings
from adapters.whole_files import write_whole
from cli.stack.home import Home


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    postgres_password: str
    s3_access_key: str
    s3_secret_key: str
    service_token: str
    master_key: str
    """32 bytes in base64."""
    admin_password: str


def load_secrets(home: Home, settings: Settings) -> Secrets:
    """Read the secrets, making those that do not exist yet. What the settings name is used and not stored."""
    folder = home.path / "secrets"
    folder.mkdir(mode=0o700, exist_ok=True)
    return Secrets(
        postgres_password=_kept(folder / "postgres-password", secrets.token_hex(24)),
        s3_access_key=settings.s3_access_key or _kept(folder / "s3-access-key", f"lathe{secrets.token_hex(8)}"),
        s3_secret_key=settings.s3_secret_key or _kept(folder / "s3-secret-key", secrets.token_hex(24)),
        service_token=settings.service_token or _kept(folder / "service-token", secrets.token_urlsafe(32)),
        master_key=settings.master_key or _kept(home.path / "master.key", base64.b64encode(os.urandom(32)).decode()),
        admin_password=settings.admin_password or _kept(admin_password_file(home), secrets.token_urlsafe(12)),
    )


def admin_password_file(home: Home) -> Path:
    """Where the password of `admin` lies when LATHE_ADMIN_PASSWORD is not set."""
    return home.path / "admin-password"


def _kept(path: Path, fresh: str) -> str:
    """The text of `path`; written with `fresh` first if it is missing or was left empty by a crash."""
    if path.exists() and (text := path.read_text().strip()):
        return text
    write_whole(path, f"{fresh}\n")
    return fresh

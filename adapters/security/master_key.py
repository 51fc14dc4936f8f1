"""The master key and what is derived from it.

One key per installation: `LATHE_MASTER_KEY`, else made once as `LATHE_HOME/master.key` (0600). Each use gets its own
subkey by HKDF-SHA256 (RFC 5869), so no use can be played against another. The key's fingerprint stands in `ops`: a
database opened with another key is refused at the start, before anything unreadable is written.
"""

import base64
import binascii
import hmac
import os
from pathlib import Path
from typing import Any

import asyncpg
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32


class WrongMasterKey(Exception):
    """The master key is malformed, or not the one that the database was made with."""


class MasterKey:
    """Subkeys of 32 bytes, one per use."""

    def __init__(self, key: bytes) -> None:
        """Raises WrongMasterKey unless `key` has 32 bytes."""
        if len(key) != KEY_BYTES:
            raise WrongMasterKey(f"The master key has {len(key)} bytes instead of {KEY_BYTES}.")
        self.blind_index = _subkey(key, "blind-index")
        self.digests = _subkey(key, "digests")
        self.internal_header = _subkey(key, "internal-header")
        self.key_wrapping = _subkey(key, "key-wrapping")
        self.sessions = _subkey(key, "sessions")
        self.fingerprint = _subkey(key, "fingerprint")[:16]
        """Tells keys apart and nothing about them."""

    def __repr__(self) -> str:
        return f"<MasterKey {self.fingerprint.hex()}>"


def load_master_key(home: Path, configured: str | None = None) -> MasterKey:
    """The key in `configured` (base64), else of `home`/master.key, which is made when missing.

    Raises WrongMasterKey when it is not 32 bytes in base64, or when others can read the file.
    """
    if configured is not None:
        return MasterKey(_decoded(configured, "LATHE_MASTER_KEY"))
    path = home / "master.key"
    if not path.exists():
        _make(path)
    if path.stat().st_mode & 0o077:
        raise WrongMasterKey(f"{path} can be read by others: it must have mode 600 (chmod 600 {path}).")
    return MasterKey(_decoded(path.read_text(), str(path)))


async def require_master_key(pool: "asyncpg.Pool[Any]", key: MasterKey) -> None:
    """Write the key's fingerprint the first time; later raise WrongMasterKey if it is another."""
    await pool.execute(
        "INSERT INTO ops.master_fingerprint (id, fingerprint) VALUES (1, $1) ON CONFLICT DO NOTHING", key.fingerprint
    )
    stored = bytes(await pool.fetchval("SELECT fingerprint FROM ops.master_fingerprint WHERE id = 1"))
    if not hmac.compare_digest(stored, key.fingerprint):
        raise WrongMasterKey(
            f"This database was made with another master key (fingerprint {stored.hex()}, "
            f"not {key.fingerprint.hex()}). "
            "Give the right one by LATHE_MASTER_KEY or LATHE_HOME/master.key: nothing personal can be read without it."
        )


def _subkey(key: bytes, use: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"lathe/{use}/v1".encode()).derive(key)


def _decoded(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise WrongMasterKey(f"{where} must be {KEY_BYTES} bytes in base64 (make one: openssl rand -base64 32).")
    return key


def _make(path: Path) -> None:
    """Processes that start together agree on one key: a hard link appears whole and only once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mine = path.with_name(f"{path.name}.{os.getpid()}")
    mine.unlink(missing_ok=True)
    descriptor = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(os.urandom(KEY_BYTES)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(mine)
    except FileExistsError:
        pass  # another process was faster: its key counts
    finally:
        mine.unlink()

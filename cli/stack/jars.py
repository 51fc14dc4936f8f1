"""The broker's jars: fetched once by jgo, kept beside the installed packages, checked against SHA-256s on every start.

`kafka-jars.sha256` lists them as `<sha256>  <bytes>  <group>:<artifact>:<version>`: the run-time closure of
org.apache.kafka:kafka_2.13 plus its logging backend. Jars that were fetched stay when a download is interrupted.
"""

import fcntl
import hashlib
import os
import ssl
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli.stack.errors import StackError
from cli.stack.home import require_space

LOCKFILE: Final = Path(__file__).with_name("kafka-jars.sha256")
OTHER_DISK: Final = "install Lathe on a larger disk"
"""What helps where there is no space beside the installed packages."""
Report = Callable[[int, int], None]
"""Called with (bytes so far, bytes in all)."""


@dataclass(frozen=True, slots=True)
class Jar:
    sha256: str
    bytes: int
    group: str
    artifact: str
    version: str

    def path_in(self, repository: Path) -> Path:
        """Where Maven's repository layout puts it."""
        folder = repository.joinpath(*self.group.split("."), self.artifact, self.version)
        return folder / f"{self.artifact}-{self.version}.jar"

    def is_whole(self, repository: Path) -> bool:
        path = self.path_in(repository)
        if not path.is_file() or path.stat().st_size != self.bytes:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256


def locked_jars(lockfile: Path = LOCKFILE) -> tuple[Jar, ...]:
    jars = []
    for line in lockfile.read_text().splitlines():
        digest, size, coordinates = line.split()
        jars.append(Jar(digest, int(size), *coordinates.split(":")))
    return tuple(jars)


def default_repository() -> Path:
    """Beside the installed packages, so that every state folder and the tests share one copy."""
    return Path(sys.prefix) / "share" / "lathe" / "jars"


def ensure_jars(
    repository: Path, report: Report, jars: tuple[Jar, ...] | None = None, remotes: Mapping[str, str] | None = None
) -> str:
    """Fetch what is missing or damaged and return the class path. Raises StackError.

    `remotes`: Maven repositories, name to address; None: Maven Central.
    """
    wanted = locked_jars() if jars is None else jars
    try:
        if _missing(wanted, repository):
            repository.mkdir(parents=True, exist_ok=True)
            with _alone(repository):
                missing = _missing(wanted, repository)  # another process may have fetched them meanwhile
                _fetch(missing, repository, report, sum(jar.bytes for jar in wanted if jar not in missing), remotes)
    except OSError as error:
        raise StackError(f"The Kafka broker cannot be kept in {repository}: {error}") from None
    return os.pathsep.join(str(jar.path_in(repository)) for jar in wanted)


def _missing(wanted: tuple[Jar, ...], repository: Path) -> list[Jar]:
    return [jar for jar in wanted if not jar.is_whole(repository)]


@contextmanager
def _alone(repository: Path) -> Iterator[None]:
    with (repository / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(
    missing: list[Jar], repository: Path, report: Report, already: int, remotes: Mapping[str, str] | None
) -> None:
    if not missing:
        return
    total = already + sum(jar.bytes for jar in missing)
    require_space(repository, (total - already) // 1_000_000 + 50, "The download of the Kafka broker", OTHER_DISK)
    done = already
    report(done, total)
    with ThreadPoolExecutor(4) as pool:
        downloads = {pool.submit(_fetch_one, jar, repository, remotes): jar for jar in missing}
        try:
            for download in as_completed(downloads):
                download.result()
                done += downloads[download].bytes
                report(done, total)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _fetch_one(jar: Jar, repository: Path, remotes: Mapping[str, str] | None) -> None:
    import requests
    from jgo.maven import MavenContext

    _trust_the_system()
    path = jar.path_in(repository)
    path.unlink(missing_ok=True)  # a part of it, left by an interrupted download
    context = MavenContext(
        repo_cache=repository, local_repos=[], remote_repos=None if remotes is None else dict(remotes), timeout=60
    )
    try:
        context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
    except (requests.RequestException, RuntimeError) as error:
        raise StackError(
            f"{jar.artifact}-{jar.version}.jar of the Kafka broker cannot be downloaded: {error}. "
            "Check the network and start again: what is already here is kept."
        ) from None
    if not jar.is_whole(repository):
        path.unlink(missing_ok=True)
        raise StackError(
            f"{jar.artifact}-{jar.version}.jar is not the file that was expected (its SHA-256 differs), "
            "so it was thrown away. Start again; if this repeats, somebody changes your downloads."
        )


def _trust_the_system() -> None:
    """Let `requests` accept the certificate authorities that the system trusts, as a company's proxy needs."""
    default = ssl.get_default_verify_paths()
    trusted = default.cafile or default.capath
    if trusted and "REQUESTS_CA_BUNDLE" not in os.environ:
        os.environ["REQUESTS_CA_BUNDLE"] = trusted

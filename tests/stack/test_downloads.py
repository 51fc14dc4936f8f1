"""What the first start downloads: checked, kept when interrupted, and shown in megabytes."""

import functools
import gc
import hashlib
import os
import threading
import warnings
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from cli.stack.errors import StackError
from cli.stack.install import install, progress
from cli.stack.jars import Jar, ensure_jars


class Quiet(SimpleHTTPRequestHandler):
    served: list[str]

    def do_GET(self) -> None:
        if self.path.endswith(".jar"):
            self.served.append(self.path.rpartition("/")[2])
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Remote:
    """A Maven repository on the loopback address with small jars."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.served: list[str] = []
        handler = functools.partial(type("Handler", (Quiet,), {"served": self.served}), directory=str(folder))
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.addresses = {"here": f"http://127.0.0.1:{self.server.server_address[1]}"}
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def offer(self, artifact: str, content: bytes, expected: bytes | None = None) -> Jar:
        expected = content if expected is None else expected
        jar = Jar(hashlib.sha256(expected).hexdigest(), len(expected), "org.example", artifact, "1.0")
        path = jar.path_in(self.folder)
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        return jar


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Remote]:
    remote = Remote(tmp_path / "remote")
    yield remote
    remote.server.shutdown()
    remote.server.server_close()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # jgo leaves the connection of a refused download open
        gc.collect()


def test_jars_are_fetched_once_and_the_bytes_are_reported(remote: Remote, tmp_path: Path) -> None:
    jars = (remote.offer("a", b"a" * 1000), remote.offer("b", b"b" * 3000))
    said: list[tuple[int, int]] = []
    here = tmp_path / "jars"
    class_path = ensure_jars(here, lambda done, total: said.append((done, total)), jars, remote.addresses)
    assert class_path == os.pathsep.join(str(jar.path_in(here)) for jar in jars)
    assert said[0] == (0, 4000)
    assert said[-1] == (4000, 4000)
    ensure_jars(here, lambda done, total: said.append((done, total)), jars, remote.addresses)
    assert sorted(remote.served) == ["a-1.0.jar", "b-1.0.jar"]


def test_what_an_interrupted_download_left_is_kept_if_whole_and_replaced_if_not(remote: Remote, tmp_path: Path) -> None:
    whole, half = remote.offer("whole", b"w" * 1000), remote.offer("half", b"h" * 1000)
    here = tmp_path / "jars"
    for jar, content in ((whole, b"w" * 1000), (half, b"h" * 400)):
        jar.path_in(here).parent.mkdir(parents=True)
        jar.path_in(here).write_bytes(content)
    ensure_jars(here, lambda done, total: None, (whole, half), remote.addresses)
    assert remote.served == ["half-1.0.jar"]
    assert half.path_in(here).read_bytes() == b"h" * 1000


def test_a_jar_that_is_not_the_expected_one_is_thrown_away(remote: Remote, tmp_path: Path) -> None:
    forged = remote.offer("forged", b"evil", expected=b"good")
    with pytest.raises(StackError, match="SHA-256 differs"):
        ensure_jars(tmp_path / "jars", lambda done, total: None, (forged,), remote.addresses)
    assert not forged.path_in(tmp_path / "jars").exists()


def test_a_download_that_fails_names_the_jar(remote: Remote, tmp_path: Path) -> None:
    gone = Jar("0" * 64, 10, "org.example", "gone", "1.0")
    with pytest.raises(StackError, match=r"gone-1.0.jar .* cannot be downloaded"):
        ensure_jars(tmp_path / "jars", lambda done, total: None, (gone,), remote.addresses)


def test_the_installers_lines_become_megabytes() -> None:
    lines = [
        "Resolved 3 packages in 1s\n",
        "Downloading torch (1.5GiB)\n",
        "Downloading scipy (100.0MiB)\n",
        " Downloaded scipy\n",
        " Downloaded torch\n",
        "Installed 3 packages in 2s\n",
    ]
    assert list(progress(lines)) == [
        "Resolved 3 packages in 1s",
        "0 of 1,611 MB: downloading torch",
        "0 of 1,715 MB: downloading scipy",
        "105 of 1,715 MB: got scipy",
        "1,715 of 1,715 MB: got torch",
        "Installed 3 packages in 2s",
    ]


def test_a_full_disk_beside_the_packages_is_no_reason_to_move_the_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.stack.home.shutil.disk_usage", lambda folder: SimpleNamespace(free=0))
    with pytest.raises(StackError, match="or install Lathe on a larger disk"):
        install()
    with pytest.raises(StackError, match="or install Lathe on a larger disk"):
        ensure_jars(tmp_path, lambda done, total: None)

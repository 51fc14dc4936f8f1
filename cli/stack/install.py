"""Installs the worker's packages (PyTorch and what it brings: gigabytes) after the page is up, and shows how far it is.

`python -m cli.stack.install` does it; the stack runs that as a task. `requirements/worker.txt` pins it all by hash.
"""

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from cli.stack.errors import StackError
from cli.stack.home import require_space
from cli.stack.jars import OTHER_DISK
from cli.stack.part import Part
from cli.stack.s3 import packaged_program

PROJECT: Final = Path(__file__).resolve().parents[2]
REQUIREMENTS: Final = PROJECT / "requirements" / "worker.txt"
MEGABYTES: Final = 9_000
"""Free space it asks for: the installed files (measured: 6.3 GB) and room for what is being unpacked."""
UNITS: Final = {"B": 1e-6, "KiB": 1024e-6, "MiB": 1.048576, "GiB": 1073.741824}
"""Megabytes in each unit that uv prints."""
DOWNLOADING: Final = re.compile(r"^\s*Downloading (\S+) \(([\d.]+)([KMG]?i?B)\)")
DOWNLOADED: Final = re.compile(r"^\s*Downloaded (\S+)")


def stamp() -> Path:
    return Path(sys.prefix) / "share" / "lathe" / "worker.installed"


def worker_packages() -> list[Part]:
    """The task that installs them; nothing when these very versions are installed, or an image brought them."""
    if not REQUIREMENTS.exists() or is_installed():
        return []
    command = (sys.executable, "-m", "cli.stack.install")
    return [Part("worker-packages", command, is_task=True, vital=False, ready_seconds=7200, folder=str(PROJECT))]


def is_installed() -> bool:
    return stamp().exists() and stamp().read_text().strip() == _wanted()


def _wanted() -> str:
    return hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()


def install() -> None:
    """Install the set. Raises StackError."""
    require_space(Path(sys.prefix), MEGABYTES, "The worker's set of packages (PyTorch)", OTHER_DISK)
    wanted = _wanted()
    command = [
        str(packaged_program("uv")), "pip", "install", "--require-hashes", "--no-progress", "--system-certs",
        "--python", sys.executable, "-r", str(REQUIREMENTS),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as uv:
        assert uv.stdout is not None
        for line in progress(uv.stdout):
            print(line, flush=True)
    if uv.returncode != 0:
        raise StackError("The worker's packages cannot be installed (the reason stands above). It is tried again.")
    mark(wanted)
    warm()
    print("installed")


def warm() -> None:
    """Compile the mesh loops now, not at the first model; where that fails, the first model does it."""
    print("compiling the mesh loops, once", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "ml_worker.warm"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    last = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()[-1:]
    print(last[0] if done.returncode == 0 and last else f"not compiled ahead: {''.join(last)}", flush=True)


def mark(installed: str | None = None) -> None:
    """Remember that the set is installed: by `install`, or with a larger set."""
    stamp().parent.mkdir(parents=True, exist_ok=True)
    stamp().write_text(installed or _wanted())


def progress(lines: Iterable[str]) -> Iterator[str]:
    """uv's lines; those about downloads become megabytes so far, of those announced."""
    sizes: dict[str, float] = {}
    done = 0.0
    for line in lines:
        if begun := DOWNLOADING.match(line):
            sizes[begun[1]] = float(begun[2]) * UNITS[begun[3]]
            what = f"downloading {begun[1]}"
        elif ended := DOWNLOADED.match(line):
            done += sizes.get(ended[1], 0.0)
            what = f"got {ended[1]}"
        else:
            yield line.rstrip()
            continue
        yield f"{done:,.0f} of {sum(sizes.values()):,.0f} MB: {what}"


if __name__ == "__main__":
    os.environ.setdefault("UV_CONCURRENT_DOWNLOADS", "4")
    try:
        mark() if sys.argv[1:] == ["mark"] else install()
    except StackError as problem:
        sys.exit(str(problem))

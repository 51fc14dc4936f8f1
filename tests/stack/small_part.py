"""A small part: `small_part.py FOLDER NAME [--stubborn] [--child]`. Announces itself, lives until told to stop."""

import os
import signal
import subprocess
import sys
from pathlib import Path


def announce(folder: Path, name: str, pid: int) -> None:
    with (folder / f"{name}.pids").open("a") as file:
        file.write(f"{pid}\n")


if __name__ == "__main__":
    folder, name, options = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    stopping = {signal.SIGTERM, signal.SIGINT}
    if "--stubborn" in options:
        for number in stopping:
            signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, stopping)
    if "--child" in options:
        child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
        announce(folder, "child", child.pid)
    announce(folder, name, os.getpid())
    (folder / f"{name}.ready").touch()
    if "--stubborn" in options:
        while True:
            signal.pause()
    signal.sigwait(stopping)

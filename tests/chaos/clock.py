"""Wall clocks that jump: one for each part of a stack, moved while it runs (clock.c is loaded into the part)."""

import shutil
import struct
import subprocess
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).with_name("clock.c")


class Clocks:
    """Clocks below `folder`, true at first. Raises FileNotFoundError where there is no C compiler."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            raise FileNotFoundError("a C compiler (cc)")
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        self._folder, self._library = folder, folder / "clock.so"
        command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(self._library), str(SOURCE), "-ldl"]
        subprocess.run(command, check=True, capture_output=True)
        self._library.chmod(0o755)

    def environment(self, part: str) -> dict[str, str]:
        """What a part must be told to live by its own clock."""
        path = self._folder / part
        if not path.exists():
            path.write_bytes(struct.pack("=q", 0))
            path.chmod(0o644)
        return {"LD_PRELOAD": str(self._library), "CHAOS_CLOCK": str(path)}

    def shift(self, part: str, seconds: int) -> None:
        """Move the part's wall clock so far from the true time; 0: back again."""
        with (self._folder / part).open("r+b") as file:
            file.write(struct.pack("=q", seconds))

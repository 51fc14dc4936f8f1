"""The embedded object store: rclone serves a folder over the S3 protocol on the loopback address."""

import shutil
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli.stack.errors import StackError
from cli.stack.part import Part
from cli.stack.ports import LOOPBACK, accepts

REMOTE: Final = "lathe"


@dataclass(frozen=True, slots=True)
class S3Config:
    folder: Path
    port: int
    access_key: str
    secret_key: str
    bucket: str = "lathe"

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"


def s3_part(config: S3Config) -> Part:
    return Part(
        name="s3",
        command=(
            str(packaged_program("rclone")),
            "serve",
            "s3",
            str(config.folder),
            "--addr",
            f"{LOOPBACK}:{config.port}",
            "--config=",  # none: whatever the user has configured for rclone stays out of this
            "--no-checksum",
            "--log-level=NOTICE",
        ),
        # By environment, not by argument: arguments can be read by every user of the machine.
        environment={"RCLONE_AUTH_KEY": f'"{config.access_key},{config.secret_key}"'},
        prepare=lambda: (config.folder / config.bucket).mkdir(parents=True, exist_ok=True),
        is_ready=lambda: accepts(LOOPBACK, config.port),
    )


def packaged_program(name: str) -> Path:
    """A program that a Python package put beside the interpreter. Raises StackError when it is not there."""
    path = Path(sysconfig.get_path("scripts")) / name
    if path.exists():
        return path
    if found := shutil.which(name):
        return Path(found)
    raise StackError(f"The program `{name}` is missing: run `make up`, which installs what the project needs.")

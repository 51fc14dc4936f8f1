"""Where runs keep their files while they last."""

import tempfile
from pathlib import Path
from typing import Final

from adapters.leftovers import own_prefix, remove_left

_PREFIX: Final = "lathe-worker-"


def make_work_folder() -> Path:
    """A new folder of this process; those of workers that were killed are removed first."""
    remove_left(_PREFIX)
    return Path(tempfile.mkdtemp(prefix=own_prefix(_PREFIX)))

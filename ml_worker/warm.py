"""Compiles the loops of the mesh pipeline ahead of time: `python -m ml_worker.warm`.

Else the first process on a machine does it at the first model, for several seconds. The code is kept where Numba keeps
it: beside the source, in the user's cache, or in NUMBA_CACHE_DIR; it fits the processor on which it was compiled.
"""

import tempfile
import time
from pathlib import Path
from typing import Final

from ml_worker.engines.form import FormEngine
from ml_worker.engines.port import Inputs
from ml_worker.local_run import LocalRun

PROMPTS: Final = ("a blue mug with coffee", "a brick house with an oak door")
"""Together they come through all compiled loops of `lathe/form`."""


def warm() -> None:
    """Make small models and throw them away."""
    engine = FormEngine()
    for prompt in PROMPTS:
        with tempfile.TemporaryDirectory() as folder:
            run = LocalRun(0, Path(folder), engine.describe().stages)
            engine.run(Inputs(prompt=prompt), {"quality": "draft", "texture_size": 512, "target_faces": 1000}, run)


if __name__ == "__main__":
    begun = time.perf_counter()
    warm()
    print(f"compiled the mesh loops in {time.perf_counter() - begun:.0f} s")

"""Draws one picture of each family of `lathe/form` into docs/images/families/, with an index of their prompts.

    python -m benchmarks.gallery [family …]

Run it after changing a family and look at the pictures: no test can say whether a chair looks right.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from ml_worker.engines.form import FormEngine
from ml_worker.engines.form.families.registry import FAMILIES
from ml_worker.engines.port import Inputs
from ml_worker.local_run import LocalRun

FOLDER = Path(__file__).parent.parent / "docs" / "images" / "families"
SIDE = 512
SEED = 7
LARGEST = 100_000
"""Bytes a picture may have."""
PROMPTS = {
    "chair": "a red wooden chair with four legs",
    "table": "a round oak table",
    "mug": "a blue mug with coffee",
    "vase": "a blue vase with five red tulips",
    "bowl": "a fruit bowl",
    "lamp": "a table lamp with a white shade and a navy base",
    "house": "a brick house with a red roof and green shutters",
    "car": "a yellow car",
    "tree": "an apple tree",
    "bookshelf": "a walnut bookshelf with books",
}


def draw(prompt: str, target: Path) -> int:
    """Bytes of the picture written."""
    with tempfile.TemporaryDirectory() as folder:
        result = FormEngine().run(Inputs(prompt=prompt), {"formats": ["glb"]}, LocalRun(SEED, Path(folder), ()))
        preview = next(file.path for file in result.files if file.format == "preview")
        with Image.open(preview) as picture:
            small = picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        small.save(target, "WEBP", quality=86, method=6)
    return target.stat().st_size


def main(families: Sequence[str]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for family in families or FAMILIES:
        size = draw(PROMPTS[family], FOLDER / f"{family}.webp")
        if size > LARGEST:
            raise SystemExit(f"{family}: {size} bytes are too many")
        print(f"{family:10} {size / 1000:5.1f} kB  {PROMPTS[family]}")


if __name__ == "__main__":
    main(sys.argv[1:])

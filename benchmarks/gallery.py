"""Draws a picture of each family of `lathe/form` into docs/images/families/, and the examples of the page.

    python -m benchmarks.gallery [family …]

With families named: only theirs. Run it after changing a family and look at the pictures: no test can say whether a
chair looks right.
"""

import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from ml_worker.engines.form import FormEngine
from ml_worker.engines.form.families.registry import FAMILIES
from ml_worker.engines.port import Inputs
from ml_worker.local_run import LocalRun

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "images" / "families"
SIDE = 512
EXAMPLES = ROOT / "web" / "src" / "make" / "examples"
"""The page's pictures; examples.ts beside it has their names and prompts."""
EXAMPLE_SIDE = 480
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


def examples() -> dict[str, str]:
    """Prompts by name, as the page has them."""
    return dict(re.findall(r"\['([^']+)', '([^']+)'\]", EXAMPLES.with_suffix(".ts").read_text("utf-8")))


def draw(prompt: str, target: Path, side: int) -> None:
    """Raises SystemExit when the picture is too large for a page."""
    with tempfile.TemporaryDirectory() as folder:
        result = FormEngine().run(Inputs(prompt=prompt), {"formats": ["glb"]}, LocalRun(SEED, Path(folder), ()))
        preview = next(file.path for file in result.files if file.format == "preview")
        with Image.open(preview) as picture:
            small = picture.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
        small.save(target, "WEBP", quality=86, method=6)
    if (size := target.stat().st_size) > LARGEST:
        raise SystemExit(f"{target}: {size} bytes are too many")
    print(f"{target.relative_to(ROOT)!s:40} {size / 1000:5.1f} kB  {prompt}")


def main(families: Sequence[str]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for family in families or FAMILIES:
        draw(PROMPTS[family], FOLDER / f"{family}.webp", SIDE)
    if not families:
        for name, prompt in examples().items():
            draw(prompt, EXAMPLES / f"{name}.webp", EXAMPLE_SIDE)


if __name__ == "__main__":
    main(sys.argv[1:])

"""What tests of `lathe/form` need to read prompts."""

import torch

from ml_worker.engines.form.families.registry import FAMILIES
from ml_worker.engines.form.make import make_solid, make_wish
from ml_worker.engines.form.palette import COLORS, Rgb
from ml_worker.engines.form.request import Request
from ml_worker.engines.form.solid import Standing
from ml_worker.engines.form.understand import Understanding

torch.set_num_threads(1)
"""Fields are small: more threads would only get into each other's way."""

READER = Understanding(FAMILIES)
NAMES: dict[Rgb, str] = {color: name for name, color in COLORS.items()}


def told(request: Request) -> dict[str, object]:
    """The request as plain words: `main`, `accent` and parts to "colour material"."""
    finishes = {
        role: " ".join(
            word for word in (NAMES.get(finish.color, "mixed") if finish.color else "", finish.stuff) if word
        )
        for role, finish in request.finishes.items()
    }
    return {
        "is": request.variant,
        **({"count": request.count} if request.count > 1 else {}),
        **{f"#{feature}": count for feature, count in request.counts.items()},
        **{f"{option}=": value for option, value in request.options.items()},
        **finishes,
        **({"ignored": request.ignored} if request.ignored else {}),
        **({"corrected": request.corrected} if request.corrected else {}),
    }


def solid(prompt: str, seed: int = 0) -> Standing:
    request = READER.read(prompt)
    return make_solid(request, make_wish(request, seed))

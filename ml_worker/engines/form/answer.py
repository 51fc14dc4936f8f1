"""What the engine tells the person about how it read the prompt."""

from typing import Any

from ml_worker.engines.form.families.family import Wish
from ml_worker.engines.form.request import Request


def understood(request: Request, wish: Wish) -> dict[str, Any]:
    """A JSON object: the object, how many, its parts, finishes and size, and how spelling was put right."""
    family = request.family
    told: dict[str, Any] = {
        "object": request.variant,
        "family": family.id,
        "count": request.count,
        "size_m": {side: round(getattr(wish, side), 4) for side in ("width", "height", "depth")},
    }
    if request.counts:
        told["parts"] = dict(request.counts)
    if request.options:
        told["options"] = dict(request.options)
    finishes = {}
    for role, finish in request.finishes.items():
        finishes[role] = {
            **({"material": finish.stuff} if finish.stuff else {}),
            **({"color": "#" + "".join(f"{round(c * 255):02x}" for c in finish.color)} if finish.color else {}),
        }
    if finishes:
        told["finishes"] = finishes
    if request.names:
        told["words"] = {kind: list(words) for kind, words in request.names.items()}
    if request.corrected:
        told["corrected"] = dict(request.corrected)
    if request.notes:
        told["notes"] = list(request.notes)
    told["can_also"] = family.note
    return told

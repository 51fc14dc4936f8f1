"""What the engine tells the person about how it read the prompt."""

from typing import Any

from ml_worker.engines.form.request import Request
from ml_worker.engines.form.sizing import SIDES
from ml_worker.engines.form.solid import Standing


def understood(request: Request, solid: Standing) -> dict[str, Any]:
    """A JSON object: the object, how many, its parts, finishes and size, and how spelling was put right."""
    family = request.family
    low, high = solid.bounds
    told: dict[str, Any] = {
        "object": request.variant,
        "family": family.id,
        "count": request.count,
        "size_m": {side: round(b - a, 4) for side, a, b in zip(SIDES, low, high, strict=True)},
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

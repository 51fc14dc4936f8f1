"""How large the object becomes: its usual size, words of size, and measured sides."""

import math

from ml_worker.engines.form.refusals import cannot_make
from ml_worker.engines.form.request import Request

SIDES = ("width", "height", "depth")
SMALLEST, LARGEST = 0.01, 100.0
"""Metres, for the longest side."""
MOST_STRETCH = 3.2
"""How much further one side may be pulled than another before it is no longer the same kind of thing."""


def sides(request: Request) -> tuple[float, float, float]:
    """(width, height, depth) in metres. Raises BadInput `cannot-make` for sizes or proportions out of range."""
    family = request.family
    variant = family.variants[request.variant]
    said = [*request.options.values(), *(f"{feature}={count}" for feature, count in request.counts.items())]
    by_option = (family.sizes[value] for value in said if value in family.sizes)
    natural = dict(zip(SIDES, variant.size or next(by_option, family.size), strict=True))
    if variant.size:
        natural["height"] *= _growth(request)
    if family.turned or "round" in request.options.values():
        _pair(request.stretches)
        _pair(request.measures)
    size = {side: natural[side] * request.scale * request.stretches.get(side, 1.0) for side in SIDES}
    measured = dict(request.measures)
    if "longest" in measured:
        longest = max(SIDES, key=lambda side: size[side])
        measured.setdefault(longest, measured.pop("longest"))
    if "diameter" in measured:
        across = measured.pop("diameter")
        measured.setdefault("width", across)
        measured.setdefault("depth", across)
    ratios = {side: metres / size[side] for side, metres in measured.items() if side in SIDES}
    if ratios:
        pull = math.exp(sum(math.log(r) for r in ratios.values()) / len(ratios))
        others = _dragged(pull, family.coupled)
        for side in SIDES:
            size[side] = measured[side] if side in ratios else size[side] * others
    _check(request, natural, size)
    return size["width"], size["height"], size["depth"]


def _growth(request: Request) -> float:
    """How much taller a variant with a size of its own becomes by a count (a cottage of three floors)."""
    family, variant = request.family, request.family.variants[request.variant]
    growth = 1.0
    for feature in family.features:
        asked = family.sizes.get(f"{feature.id}={request.counts.get(feature.id)}")
        usual = family.sizes.get(f"{feature.id}={variant.features.get(feature.id, feature.normal)}", family.size)
        if asked is not None:
            growth *= asked[1] / usual[1]
    return growth


def _pair(sides: dict[str, float]) -> None:
    """What is said of the width of a round thing holds for its depth, and the other way round."""
    for one, other in (("width", "depth"), ("depth", "width")):
        if one in sides:
            sides.setdefault(other, sides[one])


def _dragged(ratio: float, coupled: float) -> float:
    """What a side becomes when another is pulled by `ratio`: to the family's taste up to twice or half, then evenly."""
    edge = 2.0 if ratio > 1 else 0.5
    if 0.5 <= ratio <= 2.0:
        return float(ratio**coupled)
    return float(ratio * edge**coupled / edge)


def _check(request: Request, natural: dict[str, float], size: dict[str, float]) -> None:
    name = request.family.id
    longest = max(size.values())
    if not SMALLEST <= longest <= LARGEST:
        raise cannot_make(f"A {name} can be {SMALLEST * 100:g} cm to {LARGEST:g} m long or tall, not {longest:g} m.")
    ratios = {side: size[side] / natural[side] for side in SIDES}
    low, high = min(ratios, key=lambda s: ratios[s]), max(ratios, key=lambda s: ratios[s])
    if ratios[high] / ratios[low] > MOST_STRETCH:
        most = size[low] * MOST_STRETCH * natural[high] / natural[low]
        raise cannot_make(
            f"A {name} of {size[low]:.3g} m {low} can have at most {most:.3g} m {high}, not {size[high]:.3g} m: "
            "it would no longer stand or work."
        )

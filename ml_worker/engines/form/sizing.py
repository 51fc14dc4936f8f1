"""How large the object becomes: its usual size, words of size, and measured sides."""

import math

from ml_worker.engines.form.refusals import cannot_make
from ml_worker.engines.form.request import Request

SIDES = ("width", "height", "depth")
SMALLEST, LARGEST = 0.01, 100.0
"""Metres, for the longest side."""
MOST_STRETCH = 3.2
"""How much further one side may be pulled than another before it is no longer the same kind of thing."""
USUAL, STEADY = (0.5, 2.0), (0.6, 3.0)
"""How far, from smaller to larger, a measured side drags the others to the family's taste; beyond, all go evenly."""


def sides(request: Request) -> tuple[float, float, float]:
    """(width, height, depth) in metres. Raises BadInput `cannot-make` for sizes or proportions out of range."""
    family = request.family
    variant = family.variants[request.variant]
    said = [*request.options.values(), *(f"{feature}={count}" for feature, count in request.counts.items())]
    by_option = (family.sizes[value] for value in said if value in family.sizes)
    natural = dict(zip(SIDES, variant.size or next(by_option, family.size), strict=True))
    if variant.size:
        natural["height"] *= _growth(request)
    if family.turned and _slim(request):
        natural["width"] = natural["depth"]
    if "round" in request.options.values() and not family.turned:
        natural["width"] = natural["depth"] = math.sqrt(natural["width"] * natural["depth"])
    stretches, measured = dict(request.stretches), dict(request.measures)
    if "diameter" in measured:
        across = measured.pop("diameter")
        measured.setdefault("depth", across)
        if not family.turned:
            measured.setdefault("width", across)
    if family.turned or "round" in request.options.values():
        _pair(stretches)
        _pair(measured, natural["width"] / natural["depth"] if family.turned else 1.0)
    size = {side: natural[side] * request.scale * stretches.get(side, 1.0) for side in SIDES}
    if "longest" in measured:
        longest = max(SIDES, key=lambda side: size[side])
        measured.setdefault(longest, measured.pop("longest"))
    ratios = {side: metres / size[side] for side, metres in measured.items() if side in SIDES}
    if ratios:
        pull = math.exp(sum(math.log(r) for r in ratios.values()) / len(ratios))
        for side in SIDES:
            steady = family.steady and side == "height"
            others = _dragged(pull, 0.0, STEADY) if steady else _dragged(pull, family.coupled, USUAL)
            size[side] = measured[side] if side in ratios else size[side] * others
    _check(request, natural, size)
    return size["width"], size["height"], size["depth"]


def said(request: Request, size: tuple[float, float, float]) -> dict[str, float]:
    """The sides that were measured in words, of the `size` that `sides` gave."""
    longest = SIDES[size.index(max(size))]
    by_word = {"longest": (longest,), "diameter": ("depth",) if request.family.turned else ("width", "depth")}
    named = {side for word in request.measures for side in by_word.get(word, (word,))}
    return {side: metres for side, metres in zip(SIDES, size, strict=True) if side in named}


def counts(request: Request) -> dict[str, int]:
    """How many of each part: what was asked, else what the variant has, else what the family has."""
    usual = {feature.id: feature.normal for feature in request.family.features}
    return usual | dict(request.family.variants[request.variant].features) | request.counts


def _slim(request: Request) -> bool:
    """Is a turned thing that can have parts to its sides (handles) without any?"""
    have, beside = counts(request), [feature.id for feature in request.family.features if feature.beside]
    return bool(beside) and not any(have[feature] for feature in beside)


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


def _pair(sides: dict[str, float], wider: float = 1.0) -> None:
    """What is said of the width of a round thing, `wider` than deep by its handles, holds for its depth, and back."""
    if "width" in sides:
        sides.setdefault("depth", sides["width"] / wider)
    elif "depth" in sides:
        sides["width"] = sides["depth"] * wider


def _dragged(ratio: float, coupled: float, edges: tuple[float, float]) -> float:
    """What a side becomes when another is pulled by `ratio`: to the family's taste between `edges`, beyond evenly."""
    low, high = edges
    edge = min(max(ratio, low), high)
    if edge == ratio:
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

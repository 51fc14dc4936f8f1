"""From a request to the solid that is meshed."""

import math
from dataclasses import replace

from ml_worker.engines.form.families.family import Finish, Taste, Wish
from ml_worker.engines.form.measure import surface_box
from ml_worker.engines.form.palette import COLORS
from ml_worker.engines.form.refusals import cannot_make
from ml_worker.engines.form.request import Request
from ml_worker.engines.form.sdf.shape import Vec3
from ml_worker.engines.form.sizing import SIDES, counts, said, sides
from ml_worker.engines.form.solid import Assembly, Standing

NEARLY, UNEVEN = 1.12, 1.02
"""What misses its size by this factor, and one side more than another by that, is only scaled; else built anew."""
ATTEMPTS = 2
STRETCH = 1.04
"""How much more than another one side may be scaled at the end: no wheel looks oval yet."""
MET = 0.02
"""A measured side that is missed by more than this share is told."""


def make_solid(request: Request, wish: Wish) -> Standing:
    """One object, from a wish made for the request; a wish is used up by this, as its chances are drawn.

    Families take a wish freely: what it came to is measured, and the asked sides are wished for anew by as much as
    they were missed. The rest is scaled. What still is not met is told in the request's notes.
    """
    asked = said(request, (wish.width, wish.height, wish.depth))
    chances = wish.random.getstate()
    assembly = Assembly(request.family.build(wish))
    if not asked:
        return Standing(assembly, surface_box(assembly))
    pulls = _pulls(request, asked, assembly)
    for _ in range(ATTEMPTS):
        if max(pulls) / min(pulls) < UNEVEN and all(1 / NEARLY < pull < NEARLY for pull in pulls):
            break
        wish.random.setstate(chances)
        width, height, depth = (getattr(wish, side) * pull for side, pull in zip(SIDES, pulls, strict=True))
        wish = replace(wish, width=width, height=height, depth=depth)
        assembly = Assembly(request.family.build(wish))
        pulls = _pulls(request, asked, assembly)
    middle = math.sqrt(max(pulls) * min(pulls))
    width, height, depth = (min(max(pull, middle / STRETCH), middle * STRETCH) for pull in pulls)
    for side, pull, scale in zip(SIDES, pulls, (width, height, depth), strict=True):
        if side in asked and abs(scale / pull - 1) > MET:
            request.notes.append(f"The {side} came out as {asked[side] * scale / pull:.3g} m, not {asked[side]:.3g} m.")
    return Standing(assembly, surface_box(assembly), (width, height, depth))


def _pulls(request: Request, asked: dict[str, float], assembly: Assembly) -> Vec3:
    """By how much each side must grow for the object proper to be as asked; a side that was not, as the asked ones."""
    proper = [part for part in assembly.parts if not part.extra]
    got = dict(zip(SIDES, surface_box(Assembly(proper)).size, strict=True))
    pulls = {side: metres / got[side] for side, metres in asked.items()}
    if request.family.turned:
        for one, other in (("width", "depth"), ("depth", "width")):
            if one in pulls:
                pulls.setdefault(other, pulls[one])
    usual = math.exp(sum(map(math.log, pulls.values())) / len(pulls))
    width, height, depth = (pulls.get(side, usual) for side in SIDES)
    return width, height, depth


def detail(request: Request, wish: Wish) -> float:
    """How many times finer than usual the solid must be sampled at the least, for its smallest pieces to come out.

    An object that is long for its girth (a house of four floors) has small pieces for its length.
    """
    family = request.family
    natural = family.variants[request.variant].size or family.size
    ratios = [size / usual for size, usual in zip((wish.width, wish.height, wish.depth), natural, strict=True)]
    lanky = max(wish.width, wish.height, wish.depth) / max(natural) / min(ratios)
    return max(lanky, 1.0) * family.fineness * max((f.fineness for f in family.features if wish.has(f.id)), default=1.0)


def make_wish(request: Request, seed: int) -> Wish:
    """Everything resolved: what was asked, else what the variant has, else what the family has.

    The same request and seed give the same wish. Raises BadInput `cannot-make` for sizes
    out of range and parts that do not go together.
    """
    family, variant = request.family, request.family.variants[request.variant]
    width, height, depth = sides(request)
    finishes = dict(request.finishes)
    if variant.color and not any(finishes.get(role, Finish()).color for role in ("main", "body")):
        finishes["main"] = Finish(finishes.get("main", Finish()).stuff, COLORS[variant.color])
    wish = Wish(
        request.variant, width, height, depth, counts(request), dict(variant.options) | request.options,
        finishes, Taste(f"{family.id}/{seed}"),
    )  # fmt: skip
    why = family.clash(wish)
    if why is not None:
        raise cannot_make(why)
    remark = family.remark(wish)
    if remark is not None and remark not in request.notes:
        request.notes.append(remark)
    return wish

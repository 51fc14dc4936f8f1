"""From a request to the solid that is meshed."""

from ml_worker.engines.form.families.family import Finish, Taste, Wish
from ml_worker.engines.form.measure import surface_box
from ml_worker.engines.form.palette import COLORS
from ml_worker.engines.form.refusals import cannot_make
from ml_worker.engines.form.request import Request
from ml_worker.engines.form.sizing import sides
from ml_worker.engines.form.solid import Assembly, Standing

NEARLY = 0.12
"""A family meets the wished size within this share; the rest is made exact by scaling the whole."""


def make_solid(request: Request, wish: Wish) -> Standing:
    """One object, from a wish made for the request; a wish is used up by this, as its chances are drawn."""
    assembly = Assembly(request.family.build(wish))
    box = surface_box(assembly)
    wanted = {"width": wish.width, "height": wish.height, "depth": wish.depth}
    got = dict(zip(wanted, box.size, strict=True))
    exact = next((side for side in wanted if side in request.measures), None)
    if exact is None and "longest" in request.measures:
        exact = max(wanted, key=lambda side: wanted[side])
    scale = wanted[exact] / got[exact] if exact else 1.0
    if abs(scale - 1) > NEARLY:
        # Flowers in a vase and the like: the family has given the asked size to the object proper.
        scale = 1.0
    return Standing(assembly, box, scale)


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
    counts = {feature.id: feature.normal for feature in family.features}
    counts |= dict(variant.features) | request.counts
    finishes = dict(request.finishes)
    if variant.color and not any(finishes.get(role, Finish()).color for role in ("main", "body")):
        finishes["main"] = Finish(finishes.get("main", Finish()).stuff, COLORS[variant.color])
    wish = Wish(
        request.variant, width, height, depth, counts, dict(variant.options) | request.options,
        finishes, Taste(f"{family.id}/{seed}"),
    )  # fmt: skip
    why = family.clash(wish)
    if why is not None:
        raise cannot_make(why)
    return wish

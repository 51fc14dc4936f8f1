"""From a request to the solid that is meshed."""

import random

from ml_worker.engines.form.families.family import Wish
from ml_worker.engines.form.measure import surface_box
from ml_worker.engines.form.request import Request
from ml_worker.engines.form.sizing import sides
from ml_worker.engines.form.solid import Assembly, Rows, Standing
from ml_worker.mesh.solid import Solid

NEARLY = 0.12
"""A family meets the wished size within this share; the rest is made exact by scaling the whole."""


def make_solid(request: Request, seed: int) -> Solid:
    """The same request and seed give the same solid. Raises BadInput `cannot-make`."""
    wish = make_wish(request, seed)
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
    one = Standing(assembly, box, scale)
    return one if request.count == 1 else Rows(one, request.count)


def make_wish(request: Request, seed: int) -> Wish:
    """Everything resolved: what was asked, else what the variant has, else what the family has."""
    family, variant = request.family, request.family.variants[request.variant]
    width, height, depth = sides(request)
    counts = {feature.id: feature.normal for feature in family.features}
    counts |= dict(variant.features) | request.counts
    return Wish(
        request.variant, width, height, depth, counts, dict(variant.options) | request.options,
        dict(request.finishes), random.Random(f"{family.id}/{seed}"),
    )  # fmt: skip

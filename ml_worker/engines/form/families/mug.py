"""Mugs and cups: a wall of even thickness with a soft rim, a foot, and a strap handle that grows out of the wall."""

import math
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from ml_worker.engines.form.families.family import Family, Feature, Variant, Wish
from ml_worker.engines.form.materials import make
from ml_worker.engines.form.palette import contrast
from ml_worker.engines.form.sdf.profile import Point2, curve, polygon, revolve, rounded, stroke
from ml_worker.engines.form.sdf.ribbon import ribbon
from ml_worker.engines.form.sdf.shape import Shape
from ml_worker.engines.form.sdf.solids import box, cylinder, rod
from ml_worker.engines.form.solid import Part
from ml_worker.mesh.solid import Material

DRINKS = ("coffee", "tea", "milk", "cocoa", "water")
CLEAR_DRINKS = {"water": 0.4, "tea": 0.75}
"""Opacity of those that one can see through, where they are seen through glass."""


def build(wish: Wish) -> Sequence[Part]:
    h = wish.height
    reach = 0.3 if wish.has("handle") else 0.0
    r = min(wish.depth / 2, wish.width / 2 / (1 + reach / 1.0))
    wall = 0.052 * h**0.5 * (2 * r) ** 0.5 * (1.5 if wish.option("wall") == "thick" else 1.0)
    line = _outline(wish, r - wall / 2, h, wall)
    foot_r = _radius_at(line, h * 0.1) * 0.78
    outer = stroke(line, wall)
    ring = stroke([(foot_r, wall * 0.5), (foot_r, wall * 1.2)], wall)
    body = revolve(outer.joined(ring))
    # A floor as thick as the wall closes the middle.
    body = body.joined(cylinder(foot_r, wall, wall * 0.2).at(y=line[0][1]))
    glaze = wish.finish("main", "glass" if wish.variant == "tumbler" else "ceramic")
    shape: Shape = body
    handles = wish.count("handle")
    if handles:
        one = _handle(wish, line, r, h, wall)
        both = one if handles == 1 else one.joined(one.turned("y", 180))
        # The root ends just below the outer side: deeper, what blends it into the wall would also swell the inner one.
        shape = body.joined(both.cut(_inside(line, wall, h, 0.4)), wall * 0.9)
    coats: list[tuple[Shape, Material]] = _decor(wish, h, r)
    lining = _lining(wish) or (glaze if coats else None)
    if lining is not None:
        coats.append((_inside(line, wall, h), lining))
    drink = next((d for d in DRINKS if wish.has(d)), None)
    level = line[0][1] + h * 0.82
    if drink:
        filling = wish.finish(drink, drink, follow="none")
        if glaze.opacity < 1:  # a full glass looks full to its outer side, as it bends light
            filling = msgspec.structs.replace(filling, opacity=CLEAR_DRINKS.get(drink, 1.0))
            coats.append((_filled(line, wall, h, level), filling))
    parts = [Part(shape, glaze, tuple(coats))]
    if wish.has("handle") and (handle := wish.finishes.get("handle")) and (handle.color or handle.stuff):
        grip = box(h * 3, h * 3, h * 3).at(x=r + wall * 0.35 + h * 1.5)
        if handles == 2:
            grip = grip.mirrored("x")
        parts[0] = Part(shape, glaze, (*coats, (grip, wish.finish("handle", "ceramic"))))
    if drink:
        liquid = _inside(line, wall, h, 0.044).common(_slab(r, line[0][1], level))
        parts.append(Part(liquid, filling))
    if wish.has("saucer"):
        parts.append(Part(_saucer(r, h, wall), wish.finish("saucer", "ceramic", accent=True), extra=True))
    return parts


def _outline(wish: Wish, r: float, h: float, wall: float) -> list[Point2]:
    """The middle of the wall, from the axis along the floor and up to the rim."""
    low, high = wall * 1.1, h - wall / 2
    kind = wish.option("body") or ("cup" if wish.variant in ("teacup", "espresso") else "mug")
    if kind == "cup":
        side = curve(
            [(r * 0.42, low), (r * 0.62, low + h * 0.05), (r * 0.86, h * 0.36), (r * 0.96, h * 0.7), (r, high)], 8
        )
        return [(0.0, low), *side]
    if kind == "round":
        side = curve([(r * 0.6, low), (r * 0.93, h * 0.22), (r, h * 0.48), (r * 0.9, h * 0.78), (r * 0.8, high)], 8)
        return [(0.0, low), *side]
    if kind == "tapered":
        return rounded([(0, low, 0), (r * 0.72, low, h * 0.08), (r, high, 0)], closed=False)
    foot = r * (0.97 + 0.03 * wish.random.random())
    return rounded([(0, low, 0), (foot, low, h * (0.1 + 0.08 * wish.random.random())), (r, high, 0)], closed=False)


def _radius_at(line: Sequence[Point2], y: float) -> float:
    for (ar, ay), (br, by) in pairwise(line[1:]):
        if ay <= y <= by and by > ay:
            return ar + (br - ar) * (y - ay) / (by - ay)
    return line[-1][0]


def _inside(line: Sequence[Point2], wall: float, h: float, out: float = -0.22) -> Shape:
    """The room within the mug and above it; it ends `out` walls outside the middle of the wall."""
    inner = [(max(r + out * wall, 0.0), y) for r, y in line[1:]]
    return revolve(polygon([(0, line[0][1] - out * wall * 1.36), *inner, (inner[-1][0], h + wall), (0, h + wall)]))


def _filled(line: Sequence[Point2], wall: float, h: float, level: float) -> Shape:
    """The mug with its walls, from the top of its floor to a little above the drink, where it clings to the glass."""
    return _inside(line, wall, h, 0.66).common(_slab(line[-1][0] + wall, line[0][1] + wall / 2, level + wall * 0.45))


def _slab(r: float, low: float, high: float) -> Shape:
    return box(3 * r, high - low, 3 * r).at(y=(low + high) / 2)


def _handle(wish: Wish, line: Sequence[Point2], r: float, h: float, wall: float) -> Shape:
    """A strap of softly oval section along an ear-shaped line; its ends are in the wall."""
    reach = wish.width / 2 - r if wish.count("handle") == 2 else wish.width - 2 * r
    out = r + reach - wall * 0.62
    cup = wish.variant in ("teacup", "espresso")
    top, bottom = h * (0.84 if not cup else 0.86), h * (0.2 if not cup else 0.36)
    start, end = _radius_at(line, top), _radius_at(line, bottom)
    path = curve(
        [
            (start, top),
            (start + (out - start) * 0.62, top + h * 0.005),
            (out, top - (top - bottom) * 0.33),
            (out - (out - end) * 0.28, bottom + (top - bottom) * 0.24),
            (end, bottom),
        ],
        14,
    )
    width = wall * 2.3 * wish.vary(0.12)
    return ribbon(path, wall * 1.25, width)


def _lining(wish: Wish) -> Material | None:
    """Coloured mugs are white within, as potters glaze them, unless something else was asked."""
    inside = wish.finishes.get("inside")
    if inside or (wish.finishes.get("accent") and not any(wish.has(f) for f in ("saucer", "stripe", "dot"))):
        return wish.finish("inside", "ceramic", accent=True, follow="stuff")
    main = wish.finishes.get("main")
    pottery = ("ceramic", "porcelain") if wish.variant == "tumbler" else (None, "ceramic", "porcelain")
    if main and main.color and sum(main.color) < 2.4 and main.stuff in pottery:
        return make("ceramic", None, "inside")
    return None


def _decor(wish: Wish, h: float, r: float) -> list[tuple[Shape, Material]]:
    coats: list[tuple[Shape, Material]] = []
    other = contrast(wish.finish("main", "ceramic").color)
    if wish.has("stripe"):
        given = wish.finishes.get("stripe") or wish.finishes.get("accent")
        material = (
            wish.finish("stripe", "ceramic", accent=True, follow="none") if given else make("ceramic", other, "stripe")
        )
        count = wish.count("stripe")
        step = h * 0.62 / count
        for i in range(count):
            band = cylinder(r * 1.04, step * 0.5).at(y=h * 0.2 + step * (i + 0.5))
            coats.append((band, material))
    if wish.has("dot"):
        given = wish.finishes.get("dot") or wish.finishes.get("accent")
        material = wish.finish("dot", "ceramic", accent=True, follow="none") if given else make("ceramic", other, "dot")
        for row in range(4):
            for i in range(9):
                a = 2 * math.pi * (i + 0.5 * (row % 2)) / 9
                y = h * (0.18 + 0.2 * row)
                dot = rod((0, y, 0), (r * math.sin(a), y, r * math.cos(a)), r * 0.13)
                coats.append((dot, material))
    return coats


def _saucer(r: float, h: float, wall: float) -> Shape:
    rim = r * 1.75
    line = curve([(0, wall * 0.55), (r * 0.8, wall * 0.55), (r * 1.2, wall * 1.0), (rim, h * 0.2)], 8)
    foot = stroke([(r * 0.75, wall * 0.5), (r * 0.95, wall * 0.6)], wall)
    return revolve(stroke(line, wall).joined(foot))


DOTTED = ("dotted", "spotted", "polka dotted")

FAMILY = Family(
    id="mug",
    size=(0.118, 0.095, 0.084),
    build=build,
    turned=True,
    coupled=1.0,
    axes={"depth": "height"},
    variants={
        "mug": Variant(("mug", "coffee mug", "tea mug", "beer mug", "coffee cup", "cup")),
        "teacup": Variant(("teacup", "tea cup"), (0.12, 0.062, 0.096), {"saucer": 0}),
        "espresso": Variant(("espresso cup",), (0.085, 0.058, 0.064)),
        "tumbler": Variant(("tumbler", "beaker", "glass"), (0.076, 0.11, 0.076), {"handle": 0}, {"body": "tapered"}),
    },
    features=(
        Feature("handle", ("handle", "ear"), 0, 2, 1, beside=True),
        Feature("inside", ("inside", "interior", "inner side", "lining")),
        Feature("stripe", ("stripe", "band", "line"), 0, 6, 0, 3, adjectives=("striped", "stripy")),
        Feature("dot", ("dot", "polka dot", "spot"), 0, 1, 0, adjectives=DOTTED, uncounted=True),
        Feature("saucer", ("saucer",), 0, 1, 0),
        *(
            Feature(drink, (drink, *also), 0, 1, 0)
            for drink, also in (
                ("coffee", ("espresso", "latte")),
                ("tea", ()),
                ("milk", ()),
                ("cocoa", ("hot chocolate",)),
                ("water", ()),
            )
        ),
    ),
    options={
        "body": {
            "round": ("round", "rounded", "spherical"),
            "tapered": ("tapered", "conical"),
            "straight": ("straight", "cylindrical"),
        },
        "wall": {"thick": ("thick",)},
    },
    other_things=(
        "shot",
        "world",
        "cake",
        "holder",
        "rack",
        "trophy",
        "measuring",
        "egg",
        "menstrual",
        "looking",
        "magnifying",
        "hour",
        "wine",
        "champagne",
        "noodles",
        "warmer",
        "tree",
    ),
    note="handles 0-2, inside colour, stripes, dots, saucer, filled with coffee, tea, milk; also teacup, tumbler",
)

"""Vases: seven outlines off the wheel, plain, ribbed or twisted, with handles, and with tulips in them."""

import math
from collections.abc import Sequence

from ml_worker.engines.form.families.family import Family, Feature, Variant, Wish
from ml_worker.engines.form.families.vessel import interior, ribbed, shell, stripes
from ml_worker.engines.form.sdf.profile import Point2, curve, polygon, revolve
from ml_worker.engines.form.sdf.ribbon import ribbon
from ml_worker.engines.form.sdf.shape import Shape, ring
from ml_worker.engines.form.sdf.solids import ellipsoid, tube
from ml_worker.engines.form.solid import Part

# Outlines as (radius, height), both as shares of the widest radius and of the height.
OUTLINES: dict[str, tuple[Point2, ...]] = {
    "classic": ((0.5, 0), (0.74, 0.12), (0.98, 0.38), (0.96, 0.55), (0.62, 0.76), (0.44, 0.87), (0.5, 0.95), (0.62, 1)),
    "bottle": ((0.62, 0), (0.9, 0.1), (1, 0.26), (0.82, 0.45), (0.4, 0.6), (0.27, 0.74), (0.27, 0.9), (0.36, 1)),
    "flared": ((0.6, 0), (0.5, 0.12), (0.46, 0.3), (0.53, 0.55), (0.72, 0.8), (1, 1)),
    "straight": ((0.92, 0), (0.96, 0.06), (0.98, 0.3), (0.98, 0.7), (1, 1)),
    "round": ((0.45, 0), (0.8, 0.14), (1, 0.42), (0.9, 0.7), (0.58, 0.86), (0.46, 0.93), (0.5, 1)),
    "urn": (
        (0.52, 0),
        (0.3, 0.07),
        (0.34, 0.13),
        (0.75, 0.32),
        (1, 0.6),
        (0.88, 0.76),
        (0.6, 0.87),
        (0.6, 0.94),
        (0.74, 1),
    ),
    "teardrop": ((0.55, 0), (0.88, 0.1), (1, 0.25), (0.86, 0.46), (0.56, 0.7), (0.37, 0.86), (0.34, 0.94), (0.4, 1)),
}


def build(wish: Wish) -> Sequence[Part]:
    h, r = wish.height, wish.width / 2
    if wish.has("handle"):
        r *= 0.84
    outline = wish.option("body") or wish.random.choice(("classic", "bottle", "round", "teardrop"))
    if wish.has("handle") and not wish.option("body"):
        outline = "urn"
    wall = 0.028 * h**0.5 * (2 * r) ** 0.5 * 1.35
    swell = wish.vary(0.04)
    shares = OUTLINES[outline]
    line = curve([((r - wall / 2) * u**swell, wall / 2 + v * (h - wall)) for u, v in shares], 8)
    shape = shell(line, wall)
    surface = wish.option("surface")
    if surface == "ribbed":
        shape = ribbed(shape, r, 16, wall * 0.8)
    elif surface == "twisted":
        shape = ribbed(shape, r, 12, wall * 1.1, twist=0.35 / h)
    if wish.has("handle"):
        shape = shape.joined(_handles(wish, line, r, h, wall).cut(interior(line, 0, h)), wall * 0.8)
    main = wish.finish("main", "ceramic", wish.random.choice(("ivory", "teal", "terracotta", "sage")))
    coats = stripes(wish, r, h, main, interior(line, 0.0, h))
    if "inside" in wish.finishes or (wish.finishes.get("accent") and not coats and not wish.has("flower")):
        coats.append((interior(line, wall, h), wish.finish("inside", "ceramic", accent=True)))
    parts = [Part(shape, main, tuple(coats))]
    if wish.has("flower"):
        parts += _tulips(wish, line, h, wall)
    return parts


def _radius_at(line: Sequence[Point2], y: float) -> float:
    return min(line, key=lambda point: abs(point[1] - y))[0]


def _handles(wish: Wish, line: Sequence[Point2], r: float, h: float, wall: float) -> Shape:
    top, bottom = h * 0.9, h * 0.62
    start, end, out = _radius_at(line, top), _radius_at(line, bottom), wish.width / 2 - wall * 0.6
    path = curve(
        [
            (start, top),
            ((start + out) / 2, top + h * 0.03),
            (out, top - h * 0.09),
            (out - (out - end) * 0.1, bottom + h * 0.06),
            (end - wall * 0.2, bottom),
        ],
        7,
    )
    one = ribbon(path, wall * 1.2, wall * 2.1)
    return one if wish.count("handle") == 1 else one.joined(one.turned("y", 180))


def _tulips(wish: Wish, line: Sequence[Point2], h: float, wall: float) -> list[Part]:
    count = wish.count("flower")
    neck = min(r for r, y in line if y > 0.5 * h) - wall * 0.75
    size = 0.115 * h * wish.vary(0.1) * (1.2 if count < 4 else 1.0)
    stem = wish.finish("stem", "leaves", follow="none")
    petal = wish.finish(
        "flower", "plastic", "red" if wish.random.random() < 0.5 else "yellow", follow="none", accent=True
    )
    parts = []
    foot = (0.0, wall * 1.1, 0.0)
    for i in range(count):
        angle = 2 * math.pi * (i / count + 0.07 * wish.random.random())
        away = (
            0.0 if count == 1 else 0.24 * h * (0.75 + 0.4 * wish.random.random()) * (0.3 if i == 0 and count > 3 else 1)
        )
        tall = h * (1.38 + 0.2 * wish.random.random())
        c, s = math.cos(angle), math.sin(angle)
        rim = min(neck * 0.72, away)
        knots = [(0.0, foot[1]), (rim * 0.55, h * 0.6), (rim, h), (away * 0.82, h + (tall - h) * 0.6), (away, tall)]
        path = [(c * u, v, s * u) for u, v in curve(knots, 4)]
        parts.append(Part(tube(path, [size * 0.15] * len(path)), stem, extra=True))
        bloom = _bloom(size).aimed(path[-1], (c * away * 1.3, tall + size, s * away * 1.3))
        parts.append(Part(bloom, petal, extra=True))
        leaf = ellipsoid(size * 0.5, size * 3.2, size * 0.2)
        end = path[len(path) // 2]
        out = (end[0] * 2.2 + c * size * 0.8, end[1] + h * 0.3, end[2] * 2.2 + s * size * 0.8)
        parts.append(Part(leaf.at(y=size * 1.3).aimed(end, out), stem, extra=True))
    return parts


def _bloom(size: float) -> Shape:
    """A closed tulip, standing on the origin: a cup of six petals around a core."""
    core = revolve(
        polygon(
            curve(
                [
                    (0, 0),
                    (size * 0.3, size * 0.1),
                    (size * 0.42, size * 0.45),
                    (size * 0.3, size * 0.85),
                    (0, size * 0.95),
                ],
                6,
            )
        )
    )
    one = ellipsoid(size * 0.52, size * 1.15, size * 0.26).turned("x", 7).at(y=size * 0.56, z=size * 0.28)
    return core.joined(ring(one, 6), size * 0.05)


FLOWERS = ("flower", "tulip", "bloom", "daisy", "poppy", "lily", "rose", "sunflower", "lavender")

FAMILY = Family(
    id="vase",
    size=(0.17, 0.3, 0.17),
    build=build,
    turned=True,
    fineness=1.2,
    axes={"length": "height", "depth": "height"},
    variants={
        "vase": Variant(("vase", "flower vase", "pot vase")),
        "amphora": Variant(("amphora", "urn"), (0.24, 0.36, 0.2), {"handle": 2}, {"body": "urn"}),
    },
    features=(
        Feature("handle", ("handle", "ear"), 0, 2, 0, beside=True),
        Feature("stripe", ("stripe", "band", "ring"), 0, 6, 0, 3, adjectives=("striped", "stripy", "banded")),
        Feature("flower", FLOWERS, 0, 7, 0, 5, 1.6),
        Feature("inside", ("inside", "interior")),
        Feature("stem", ("stem",)),
    ),
    options={
        "body": {
            "classic": ("classic", "classical", "traditional", "greek"),
            "bottle": ("bottle", "bottle-shaped"),
            "flared": ("flared", "trumpet", "tulip-shaped"),
            "straight": ("straight", "cylindrical", "cylinder", "modern"),
            "round": ("round", "rounded", "spherical", "bulbous"),
            "urn": ("urn-shaped",),
            "teardrop": ("teardrop", "drop", "drop-shaped", "curvy"),
        },
        "surface": {
            "ribbed": ("ribbed", "fluted", "ridged", "grooved"),
            "twisted": ("twisted", "spiral", "swirled", "twisting"),
            "smooth": ("smooth",),
        },
    },
    other_things=("table", "holder", "painting", "stand"),
    note="round, classic, bottle, flared, straight, teardrop; ribbed, twisted; handles 0-2, stripes, 1-7 flowers",
)

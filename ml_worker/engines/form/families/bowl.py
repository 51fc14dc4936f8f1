"""Bowls and plates: deep, shallow or wide, on a foot ring, ribbed, and filled with fruit."""

import math
from collections.abc import Sequence

from ml_worker.engines.form.families.family import Family, Feature, Variant, Wish
from ml_worker.engines.form.families.vessel import interior, ribbed, shell, stripes
from ml_worker.engines.form.sdf.profile import Point2, curve, polygon, revolve
from ml_worker.engines.form.sdf.shape import Shape
from ml_worker.engines.form.sdf.solids import box, rod
from ml_worker.engines.form.solid import Part

MOST_FRUIT = 9
HEAP = 6
"""So many fruits lie in a heap; fewer rest on the floor of the bowl, side by side."""


def build(wish: Wish) -> Sequence[Part]:
    h, r = wish.height, wish.width / 2
    wall = 0.034 * (2 * r) ** 0.65 * h**0.35 * 1.25
    rim, top = r - wall / 2, h - wall / 2
    foot = 0.44 * r * wish.vary(0.08)
    if wish.variant == "plate":
        line = curve(
            [(foot * 1.35, wall * 0.9), (r * 0.66, wall * 1.0), (r * 0.74, h * 0.5), (r * 0.86, h * 0.78), (rim, top)],
            8,
        )
    elif wish.option("body") == "straight":
        line = curve([(r * 0.86, wall * 0.7), (r * 0.93, h * 0.12), (rim * 0.98, h * 0.5), (rim, top)], 8)
    elif wish.option("body") == "flared":
        line = curve(
            [(foot, h * 0.12), (foot * 1.25, h * 0.2), (r * 0.68, h * 0.5), (r * 0.8, h * 0.74), (rim, top)], 8
        )
    else:
        line = curve(
            [(foot, h * 0.13), (r * 0.66, h * 0.22), (r * 0.87, h * 0.46), (r * 0.95, h * 0.72), (rim, top)], 8
        )
    shape = _with_floor(line[0][1], foot if wish.variant != "plate" else foot * 1.35, shell(line, wall), wall)
    if wish.option("surface") == "ribbed":
        shape = ribbed(shape, r, 24, wall * 0.8)
    main = wish.finish("main", "ceramic", wish.random.choice(("ivory", "azure", "sage", "white")))
    coats = stripes(wish, r, h, main, interior(line, 0.0, h) if wish.variant != "plate" else None)
    if "inside" in wish.finishes or (wish.finishes.get("accent") and not coats):
        coats.append((interior(line, wall, h), wish.finish("inside", "ceramic", accent=True)))
    parts = [Part(shape, main, tuple(coats))]
    if _kinds(wish):
        room = interior(line, 0.0, h).common(box(3 * r, h * 0.9, 3 * r).at(y=h * 0.2))
        parts += _fruit(wish, Part(room, main), line, wall, r, h)
    return parts


def _with_floor(low: float, foot: float, shape: Shape, wall: float) -> Shape:
    """A solid foot up to the wall's lowest point: nothing hides under the bowl."""
    block = revolve(polygon([(0, low + wall * 0.5), (foot, low + wall * 0.45), (foot + wall * 0.4, 0.0), (0.0, 0.0)]))
    return shape.joined(block, wall * 0.6)


def _kinds(wish: Wish) -> list[tuple[str, str]]:
    """(feature, colour) of each fruit: those asked for by name, else mixed ones."""
    apples, oranges = wish.count("apple"), wish.count("orange")
    if not apples and not oranges:
        return [("fruit", ("red", "orange", "lime")[i % 3]) for i in range(wish.count("fruit"))]
    named = [("apple", ("red", "lime")[i % 2]) for i in range(apples)] + [("orange", "orange")] * oranges
    # Dealt out by turns, so that the kinds mix.
    return [*named[::2], *named[1::2]]


def clash(wish: Wish) -> str | None:
    return f"There is room for {MOST_FRUIT} fruits in a bowl." if len(_kinds(wish)) > MOST_FRUIT else None


def _fruit(wish: Wish, filling: Part, line: Sequence[Point2], wall: float, r: float, h: float) -> list[Part]:
    """Apples and oranges in a heap; each presses a little into its neighbours, so that all is one body."""
    size = 0.3 * r
    stem = wish.finish("stem", "bark", follow="none")
    kinds = _kinds(wish)
    count = len(kinds)
    # What lies under the heap is solid: a hidden hollow would be a second, inner surface.
    parts = [filling] if count >= HEAP else []
    spots = [(0.0, h * 0.2 + size * 0.9, 0.0)] if count in (1, 7) else []
    around = min(count - len(spots), 6)
    for i in range(around):
        a = 2 * math.pi * (i + 0.2) / around
        away = size * max(0.96, 0.94 / math.sin(math.pi / around) if around > 1 else 0)
        spots.append((away * math.cos(a), h * 0.24 + size * 1.02 + max(0.0, away - size) * 0.3, away * math.sin(a)))
    heap = h * 0.24 + size * 2.2
    for i in range(count - len(spots)):
        a = 2 * math.pi * i / max(count - around, 1)
        spots.append((size * 0.7 * math.cos(a), heap, size * 0.7 * math.sin(a)))
    for (feature, color), (x, y, z) in zip(kinds, spots, strict=True):
        skin = wish.finish(feature, "plastic", color, follow="none")
        round_one = color == "orange"
        tilt = 25 * (wish.random.random() - 0.5)
        if count < HEAP:
            # An apple sinks into the floor as far as its dimple: that too would be a hollow.
            away = wall / 2 + size * 0.92
            y = max(line[0][1] + away - size * (0.04 if round_one else 0.2), _rested(line, math.hypot(x, z), away))
        body = _orange(size) if round_one else _apple(size)
        parts.append(Part(body.turned("z", tilt).at(x, y, z), skin, extra=True))
        if not round_one:
            stalk = rod((0, size * 0.5, 0), (size * 0.12, size * 1.12, 0), size * 0.075)
            parts.append(Part(stalk.turned("z", tilt).at(x, y, z), stem, extra=True))
    return parts


def _rested(line: Sequence[Point2], out: float, away: float) -> float:
    """How low (Y) a ball comes whose middle is `out` from the axis and stays `away` from the middle of the wall."""
    touching = [y + math.sqrt(away**2 - (r - out) ** 2) for r, y in line if abs(r - out) < away]
    return max(touching, default=0.0)


def _apple(size: float) -> Shape:
    outline = curve(
        [
            (0, -size * 0.78),
            (size * 0.35, -size * 0.92),
            (size * 0.82, -size * 0.5),
            (size * 1.02, size * 0.1),
            (size * 0.82, size * 0.72),
            (size * 0.42, size * 0.92),
            (0, size * 0.62),
        ],
        7,
    )
    return revolve(polygon(outline))


def _orange(size: float) -> Shape:
    outline = [(size * math.sin(math.pi * k / 24), -size * math.cos(math.pi * k / 24) * 0.96) for k in range(25)]
    return revolve(polygon(outline))


FAMILY = Family(
    id="bowl",
    size=(0.24, 0.1, 0.24),
    build=build,
    clash=clash,
    turned=True,
    coupled=0.9,
    axes={"depth": "height"},
    variants={
        "bowl": Variant(("bowl", "soup bowl", "salad bowl", "cereal bowl", "mixing bowl", "rice bowl")),
        "fruit bowl": Variant(("fruit bowl", "bowl of fruit"), (0.3, 0.12, 0.3), {"fruit": 6}),
        "plate": Variant(("plate", "dinner plate", "dish"), (0.26, 0.03, 0.26)),
    },
    features=(
        Feature("stripe", ("stripe", "band", "ring"), 0, 4, 0, 3, adjectives=("striped", "stripy", "banded")),
        Feature("fruit", ("fruit",), 0, MOST_FRUIT, 0, 5),
        Feature("apple", ("apple",), 0, MOST_FRUIT, 0, 5),
        Feature("orange", ("orange",), 0, MOST_FRUIT, 0, 5),
        Feature("inside", ("inside", "interior")),
    ),
    options={
        "body": {
            "round": ("round", "rounded", "hemispherical"),
            "straight": ("straight", "cylindrical"),
            "flared": ("flared", "conical"),
        },
        "surface": {"ribbed": ("ribbed", "fluted", "ridged"), "smooth": ("smooth",)},
    },
    other_things=(
        "toilet",
        "super",
        "fish",
        "dust",
        "cut",
        "haircut",
        "bird",
        "license",
        "tectonic",
        "game",
        "number",
        "armour",
        "armor",
        "satellite",
        "washer",
        "washing",
        "rack",
        "cover",
    ),
    note="deep, shallow, straight, flared; ribbed, stripes, 1-9 fruit; also plate",
)

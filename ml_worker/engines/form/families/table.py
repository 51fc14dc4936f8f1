"""Tables and desks: square, round or oval tops on tapered legs or a pedestal, with drawers or a lower shelf."""

import math
from collections.abc import Sequence

from ml_worker.engines.form.families.family import Family, Feature, Variant, Wish
from ml_worker.engines.form.sdf.profile import curve, polygon, revolve, rounded
from ml_worker.engines.form.sdf.shape import Shape
from ml_worker.engines.form.sdf.solids import box, cylinder, post, sphere
from ml_worker.engines.form.solid import Part
from ml_worker.mesh.solid import Material

ROWS = {4: 2, 6: 3, 8: 4}
"""Under a square or rectangular top legs stand in two rows: how many there are in each."""


def _shape(wish: Wish) -> str:
    """The top that was asked for, else what the number of legs allows."""
    if wish.option("top") or wish.count("leg") in (1, 2, *ROWS):
        return wish.option("top", "rectangular")
    return "round" if wish.width < 1.3 * wish.depth else "oval"


def build(wish: Wish) -> Sequence[Part]:
    shape, legs = _shape(wish), wish.count("leg")
    w, h, d = wish.width, wish.height, wish.depth
    thick = (0.036 if h > 0.55 * min(w, d) else 0.05) * wish.vary(0.12) * min(h, 1.4 * d) / 0.74 * 0.95
    top_material = wish.finish("top", "oak")
    leg_material = wish.finish("leg", "oak", accent=True)
    round_top = shape in ("round", "oval")
    if round_top:
        rim = rounded(
            [
                (0, 0, 0),
                (w / 2 * 0.965, 0, thick * 0.3),
                (w / 2, thick * 0.62, thick * 0.5),
                (w / 2 - thick * 0.1, thick, thick * 0.3),
                (0, thick, 0),
            ]
        )
        top = revolve(polygon(rim)).stretched(z=d / w).at(y=h - thick)
    else:
        top = box(w, thick, d, thick * 0.3).at(y=h - thick / 2)
    parts = [Part(top, top_material)]
    under = h - thick
    if legs == 1:
        parts += _pedestal(wish, under, leg_material)
    elif legs == 2:
        parts += _trestles(wish, under, leg_material)
    elif round_top:
        parts += _round_frame(wish, under, leg_material)
    else:
        parts += _square_frame(wish, under, leg_material)
    return parts


def clash(wish: Wish) -> str | None:
    square = _shape(wish) in ("rectangular", "square")
    if square and wish.count("leg") not in (1, 2, *ROWS):
        return f"A {_shape(wish)} table cannot stand on {wish.count('leg')} legs, only a round or an oval one can."
    if wish.has("drawer") and not (square and wish.count("leg") == 4):
        return "I can put drawers only into a square or rectangular table on four legs."
    if wish.has("shelf") and wish.count("leg") < 3:
        return "A lower shelf needs a table on three or more legs."
    return None


def remark(wish: Wish) -> str | None:
    odd = not wish.option("top") and _shape(wish) != "rectangular"
    return f"On {wish.count('leg')} legs its top is {_shape(wish)}." if odd else None


def _leg_width(wish: Wish) -> float:
    return (
        (0.062 if wish.option("leg") != "thick" else 0.1)
        * (0.7 if wish.option("leg") == "thin" else 1.0)
        * (0.45 * wish.height / 0.74 + 0.55 * min(wish.width, wish.depth) / 0.8)
    )


def _square_frame(wish: Wish, under: float, material: Material) -> list[Part]:
    w, d = wish.width, wish.depth
    leg = _leg_width(wish)
    in_x, in_z = w / 2 - leg * 1.0, d / 2 - leg * 1.0
    tip = leg * (0.58 if wish.option("style") != "modern" else 0.9)
    parts = [
        Part(
            post(
                (in_x + leg * 0.12, 0, in_z + leg * 0.12),
                (in_x, under + leg * 0.1, in_z),
                (tip, tip),
                (leg, leg),
                leg * 0.12,
            ).mirrored("xz"),
            material,
        )
    ]
    row = ROWS[wish.count("leg")]
    for i in range(row // 2, row - 1):
        x = in_x * (2 * i / (row - 1) - 1)
        foot, head = (x, 0, in_z + leg * 0.12), (x, under + leg * 0.1, in_z)
        between = post(foot, head, (tip, tip), (leg, leg), leg * 0.12)
        parts.append(Part(between.mirrored("xz" if x else "z"), material))
    tall = min(leg * 1.55, under * 0.2)
    y = under - tall / 2 + leg * 0.05
    drawers = wish.count("drawer")
    if drawers:
        tall = max(tall, min(0.16 * wish.height / 0.74, under * 0.34))
        inner = 2 * in_x - leg
        rows = 2 if drawers % 2 == 0 and inner / drawers < 0.8 * tall else 1
        high = tall * (0.85 if rows == 2 else 1.0)
        tall = high * rows
        y = under - tall / 2 + leg * 0.05
        parts.append(Part(box(2 * in_x, tall, 2 * in_z, leg * 0.08).at(y=y), material))
        front = wish.finish("drawer", "oak")
        knob = wish.finish("knob", "brass", follow="none")
        each, z = inner * rows / drawers, in_z + leg * 0.14
        for i in range(drawers):
            x = -inner / 2 + each * (i // rows + 0.5)
            y = under + leg * 0.05 - high * (i % rows + 0.5)
            parts.append(Part(box(each - leg * 0.22, high * 0.8, leg * 0.5, leg * 0.1).at(x, y, z), front))
            pull = sphere(leg * 0.2).joined(cylinder(leg * 0.1, leg * 0.4).turned("x", 90).at(z=-leg * 0.2), leg * 0.1)
            parts.append(Part(pull.at(x, y, z + leg * 0.25 + leg * 0.24), knob))
    else:
        rail = box(2 * in_x, tall, leg * 0.4, leg * 0.06).at(y=y, z=in_z + leg * 0.1).mirrored("z")
        side = box(leg * 0.4, tall, 2 * in_z, leg * 0.06).at(in_x + leg * 0.1, y).mirrored("x")
        parts += [Part(rail, material), Part(side, material)]
    if wish.has("shelf"):
        board = box(2 * in_x + leg * 0.4, leg * 0.42, 2 * in_z + leg * 0.4, leg * 0.12).at(y=under * 0.26)
        parts.append(Part(board, wish.finish("shelf", "oak")))
    return parts


def _round_frame(wish: Wish, under: float, material: Material) -> list[Part]:
    w, d, count = wish.width, wish.depth, wish.count("leg")
    leg = _leg_width(wish) * 0.62
    ratio, ring = d / w, w * 0.33
    parts: list[Part] = []
    tall = leg * 1.9
    hoop = rounded(
        [
            (ring - leg * 0.4, 0, 0),
            (ring + leg * 0.3, 0, leg * 0.1),
            (ring + leg * 0.3, tall, 0),
            (ring - leg * 0.4, tall, 0),
        ]
    )
    parts.append(Part(revolve(polygon(hoop)).stretched(z=ratio).at(y=under - tall + leg * 0.06), material))
    first = 45.0 if count == 4 else 0.0
    for i in range(count):
        a = math.radians(first + 360 * i / count)
        head = (ring * math.sin(a), under + leg * 0.05, ring * math.cos(a) * ratio)
        foot = (w * 0.43 * math.sin(a), leg * 0.12, w * 0.43 * math.cos(a) * ratio)
        line = [(leg * 0.5, 0), (leg * 0.95, math.dist(foot, head))]
        tapered = revolve(
            polygon(rounded([(0, 0, 0), (line[0][0], 0, leg * 0.12), (line[1][0], line[1][1], 0), (0, line[1][1], 0)]))
        )
        parts.append(Part(tapered.aimed(foot, head), material))
    if wish.has("shelf"):
        board = cylinder(w * 0.4, leg * 0.8, leg * 0.25).stretched(z=ratio).at(y=under * 0.27)
        parts.append(Part(board, wish.finish("shelf", "oak")))
    return parts


def _pedestal(wish: Wish, under: float, material: Material) -> list[Part]:
    """One turned column on a wide, low foot."""
    w, ratio = wish.width, wish.depth / wish.width
    r = 0.075 * w**0.5 * wish.height**0.5 * 1.05
    foot = w * 0.3
    line = curve(
        [
            (foot * 0.97, 0.035 * under),
            (foot * 0.6, 0.075 * under),
            (r * 1.2, 0.15 * under),
            (r * 0.72, 0.3 * under),
            (r * 1.12, 0.52 * under),
            (r * 0.7, 0.76 * under),
            (r * 0.95, 0.9 * under),
            (r * 2.2, under),
        ],
        8,
    )
    column = revolve(
        polygon(
            [(0, 0), (foot * 0.96, 0), (foot, 0.012 * under), *line, (r * 2.2, under + r * 0.1), (0, under + r * 0.1)]
        )
    )
    return [Part(column if abs(ratio - 1) < 0.01 else column.stretched(z=max(ratio, 0.6)), material)]


def _trestles(wish: Wish, under: float, material: Material) -> list[Part]:
    """Two broad ends joined by a beam."""
    w, d, leg = wish.width, wish.depth, _leg_width(wish)
    x = w * 0.36
    shapes: list[Shape] = [
        box(leg * 1.1, under * 0.96, d * 0.3, leg * 0.2).at(x, under * 0.5).mirrored("x"),
        box(leg * 1.5, leg * 1.1, d * 0.86, leg * 0.35).at(x, leg * 0.55).mirrored("x"),
        box(leg * 1.4, leg * 0.9, d * 0.8, leg * 0.25).at(x, under - leg * 0.35).mirrored("x"),
        box(2 * x, leg * 1.7, leg * 0.7, leg * 0.12).at(y=under * 0.42),
    ]
    return [Part(shape, material) for shape in shapes]


FAMILY = Family(
    id="table",
    size=(1.4, 0.74, 0.8),
    build=build,
    clash=clash,
    remark=remark,
    sizes={"round": (1.1, 0.74, 1.1), "square": (0.9, 0.74, 0.9), "oval": (1.6, 0.74, 0.95)},
    coupled=0.5,
    steady=True,
    variants={
        "table": Variant(("table", "dining table", "kitchen table")),
        "coffee table": Variant(("coffee table", "tea table", "low table"), (1.1, 0.42, 0.62), {"shelf": 1}),
        "side table": Variant(
            ("side table", "end table", "bedside table", "nightstand", "night stand"),
            (0.48, 0.56, 0.44),
            {"drawer": 1, "shelf": 1},
        ),
        "round table": Variant(("bistro table", "cafe table"), (0.7, 0.74, 0.7), {"leg": 1}, {"top": "round"}),
        "desk": Variant(
            ("desk", "writing desk", "writing table", "work table", "workbench"), (1.3, 0.75, 0.65), {"drawer": 3}
        ),
    },
    features=(
        Feature("top", ("top", "tabletop", "table top", "desktop", "surface")),
        Feature("leg", ("leg", "foot", "pedestal"), 1, 8, 4, 1, adjectives=("pedestal",)),
        Feature("drawer", ("drawer",), 0, 4, 0),
        Feature("shelf", ("shelf", "lower shelf", "bottom shelf"), 0, 1, 0),
        Feature("knob", ("knob", "handle", "pull")),
    ),
    options={
        "top": {
            "round": ("round", "circular"),
            "oval": ("oval", "elliptical"),
            "square": ("square",),
            "rectangular": ("rectangular",),
        },
        "leg": {
            "thin": ("thin", "slim", "slender", "skinny", "delicate"),
            "thick": ("thick", "chunky", "sturdy", "stout"),
        },
        "style": {
            "modern": ("modern", "minimalist", "minimal", "contemporary"),
            "classic": ("classic", "traditional", "rustic", "farmhouse"),
        },
    },
    other_things=(
        "pool",
        "ping",
        "pong",
        "billiard",
        "tennis",
        "periodic",
        "water",
        "turn",
        "operating",
        "dressing",
        "changing",
        "leg",
        "cloth",
        "tennis",
        "spoon",
        "lamp",
        "football",
        "foosball",
        "poker",
        "organizer",
    ),
    note="1-8 legs, drawers 0-4, lower shelf, round, oval or square top; also coffee table, side table, desk",
)

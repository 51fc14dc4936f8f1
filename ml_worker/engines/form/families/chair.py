"""Chairs and stools: a joiner's chair on four posts, and a turned one with a round seat on three to eight legs."""

import math
from collections.abc import Sequence
from dataclasses import replace

from ml_worker.engines.form.families.family import Family, Feature, Finish, Variant, Wish
from ml_worker.engines.form.materials import STUFF
from ml_worker.engines.form.sdf.profile import curve, extrude, polygon, revolve, rounded
from ml_worker.engines.form.sdf.shape import Shape, Vec3, blended
from ml_worker.engines.form.sdf.solids import box, cylinder, ellipsoid, post, rod, torus, tube
from ml_worker.engines.form.solid import Part

LEG = {"": 1.0, "thin": 0.75, "thick": 1.4}
"""How stout the legs become by the word."""


def build(wish: Wish) -> Sequence[Part]:
    main = wish.finishes.get("main", Finish())
    if main.stuff is not None and STUFF[main.stuff].group == "fabric":
        # A chair of leather has it where one sits; what bears it is wood.
        rest = {role: finish for role, finish in wish.finishes.items() if role != "main"}
        wish = replace(wish, finishes={"seat": main, "cushion": main, **rest})
    if wish.option("seat") == "round" or wish.count("leg") != 4:
        return _turned(wish)
    return _joined(wish)


def clash(wish: Wish) -> str | None:
    if wish.has("arm") and (not wish.has("back") or wish.option("seat") == "round" or wish.count("leg") != 4):
        return "I can put arms only on a chair with a back, a square seat and four legs."
    if wish.option("seat") == "square" and wish.count("leg") != 4:
        return f"A square seat stands on four legs; on {wish.count('leg')} I can make a round one."
    return None


def remark(wish: Wish) -> str | None:
    odd = wish.option("seat") != "round" and wish.count("leg") != 4
    return f"On {wish.count('leg')} legs its seat is round." if odd else None


def _seat_height(wish: Wish) -> float:
    return wish.height * (0.51 if wish.has("back") else 1.0)


def _joined(wish: Wish) -> list[Part]:
    """Square seat, tapered front legs, back posts sawn to a gentle bend, curved slats."""
    w, d, top = wish.width, wish.depth, _seat_height(wish)
    thick, leg = 0.075 * w * wish.vary(0.1), 0.088 * w * wish.vary(0.08) * LEG[wish.option("leg")]
    deep = d * 0.86 if wish.has("back") else d
    front, back = d / 2, d / 2 - deep
    frame = wish.finish("leg", "oak", accent=True)
    seat_material = wish.finish("seat", "oak")
    seat = box(w, thick, deep, 0.4 * thick).at(y=top - thick / 2, z=(front + back) / 2)
    if wish.has("cushion"):
        pad = box(w * 0.94, thick * 1.3, deep * 0.92, thick * 0.62).at(y=top + 0.25 * thick, z=(front + back) / 2)
        cushion = [Part(pad, wish.finish("cushion", "fabric", "cream", follow="none", accent=True))]
    else:
        hollow = ellipsoid(w * 0.92, thick * 0.7, deep * 0.95).at(y=top + 0.1 * thick, z=(front + back) / 2)
        seat, cushion = seat.cut(hollow, thick * 0.35), []
    in_x, under = w / 2 - leg * 0.62, top - thick * 0.6
    size, tip = (leg, leg), (leg * 0.62, leg * 0.62)
    edge = leg * 0.16
    woods: list[Shape] = [
        post((in_x + leg * 0.15, 0, front - leg * 0.5), (in_x, under, front - leg * 0.62), tip, size, edge).mirrored(
            "x"
        )
    ]
    rear = back + leg * 0.55
    if wish.has("back"):
        woods.append(_back_post(wish, in_x, rear, leg, top).mirrored("x"))
    else:
        woods.append(post((in_x + leg * 0.15, 0, rear - leg * 0.1), (in_x, under, rear), tip, size, edge).mirrored("x"))
    rail_y, rail_h = top - thick - leg * 0.45, leg * 0.95
    woods.append(box(2 * in_x, rail_h, leg * 0.5, edge * 0.5).at(y=rail_y, z=front - leg * 0.62))
    woods.append(box(2 * in_x, rail_h, leg * 0.5, edge * 0.5).at(y=rail_y, z=rear))
    woods.append(box(leg * 0.5, rail_h, front - rear, edge * 0.5).at(in_x, rail_y, (front + rear) / 2).mirrored("x"))
    if wish.has("stretcher"):
        low = top * 0.3
        behind, ahead = _lean(wish, top, rear, low) if wish.has("back") else rear, front - leg * 0.55
        side = box(leg * 0.42, leg * 0.5, ahead - behind, edge * 0.6)
        woods.append(side.at(in_x + leg * 0.06, low, (ahead + behind) / 2).mirrored("x"))
        woods.append(box(2 * in_x, leg * 0.5, leg * 0.42, edge * 0.6).at(y=low, z=(ahead + behind) / 2))
    parts = [Part(seat, seat_material), *cushion, *(Part(shape, frame) for shape in woods)]
    if wish.has("back"):
        parts += _slats(wish, in_x, rear, leg, top)
    if wish.has("arm"):
        parts += _arms(wish, in_x, rear, front, leg, top)
    return parts


def _lean(wish: Wish, top: float, rear: float, y: float) -> float:
    """Where the middle of the back posts is (z) at height y: upright below the seat, bent back above it."""
    above = max(0.0, y - top)
    return rear - 0.13 * above - 0.16 * above * above / max(wish.height - top, 1e-6) - 0.07 * max(0.0, top - y)


def _back_post(wish: Wish, in_x: float, rear: float, leg: float, top: float) -> Shape:
    heights = [wish.height * i / 12 for i in range(13)]
    half = [leg * (0.36 + 0.2 * math.exp(-(((y - top) / (0.35 * wish.height)) ** 2))) for y in heights]
    middle = [_lean(wish, top, rear, y) for y in heights]
    outline = [(z + h, y) for z, h, y in zip(middle, half, heights, strict=True)]
    outline += [(z - h, y) for z, h, y in reversed(list(zip(middle, half, heights, strict=True)))]
    side = extrude(polygon(outline), leg * 0.8, leg * 0.14)
    # The outline was drawn in (x, y): turn it so that its x runs along z.
    return side.turned("y", -90).at(x=in_x)


def _slats(wish: Wish, in_x: float, rear: float, leg: float, top: float) -> list[Part]:
    material = wish.finish("back", "oak")
    room, count = wish.height - top, wish.count("slat")
    parts = []
    bend = 0.32 / wish.width
    for i in range(count):
        share = 1.0 if i == count - 1 else 0.3 + 0.7 * i / max(count - 1, 1)
        tall = leg * (1.75 if i == count - 1 else 1.15) * min(1.0, 3.4 / count)
        y = top + room * share - (tall / 2 + leg * 0.12 if i == count - 1 else 0)
        z = _lean(wish, top, rear, y) - 0.18 * leg
        slat = box(2 * in_x + leg * 0.1, tall, leg * 0.42, leg * 0.16)
        angle = math.degrees(math.atan(0.13 + 0.32 * (y - top) / room))
        parts.append(Part(slat.bowed(bend, 2 * in_x).turned("x", -angle).at(y=y, z=z), material))
    return parts


def _arms(wish: Wish, in_x: float, rear: float, front: float, leg: float, top: float) -> list[Part]:
    material = wish.finish("arm", "oak", accent=True)
    y, far = top + 0.24 * wish.width * 2 * 0.5, front - leg * 1.5
    start = _lean(wish, top, rear, y)
    rest = box(leg * 1.15, leg * 0.5, far - start + leg, leg * 0.24).at(
        in_x + leg * 0.2, y, (far + start) / 2 + leg * 0.3
    )
    prop = post(
        (in_x, top - leg, far - leg * 0.4), (in_x + leg * 0.12, y, far), (leg * 0.72,) * 2, (leg * 0.6,) * 2, leg * 0.14
    )
    if wish.count("arm") == 1:
        return [Part(rest, material), Part(prop, material)]
    return [Part(rest.mirrored("x"), material), Part(prop.mirrored("x"), material)]


def _turned(wish: Wish) -> list[Part]:
    """Round seat, splayed turned legs with rungs; the back is a bow over spindles."""
    w, d, top, count = wish.width, wish.depth, _seat_height(wish), wish.count("leg")
    radius = w / 2
    thick, leg = 0.085 * w * wish.vary(0.1), 0.052 * w * wish.vary(0.1) * LEG[wish.option("leg")]
    frame = wish.finish("leg", "oak", accent=True)
    seat_material = wish.finish("seat", "oak")
    rim = thick * 0.48
    outline = rounded(
        [
            (0, -thick / 2, 0),
            (radius * 0.86, -thick / 2, thick * 0.4),
            (radius, thick * 0.1, thick * 0.35),
            (radius * 0.96, thick / 2, rim * 0.6),
            (radius * 0.6, thick * 0.3, thick),
            (0, thick * 0.22, 0),
        ]
    )
    seat = revolve(polygon(outline)).stretched(z=d / w).at(y=top - thick / 2)
    parts = [Part(seat, seat_material)]
    if wish.has("cushion"):
        pad = cylinder(radius * 0.9, thick * 1.3, thick * 0.62).stretched(z=d / w).at(y=top + thick * 0.2)
        parts.append(Part(pad, wish.finish("cushion", "fabric", "cream", follow="none", accent=True)))
    first = 45.0 if count == 4 else 90.0 if count % 2 == 0 else 0.0
    splay = radius * (0.98 if top > 0.6 * w else 0.9)
    feet: list[Vec3] = []
    heads: list[Vec3] = []
    for i in range(count):
        a = math.radians(first + 360 * i / count)
        feet.append((splay * math.sin(a), leg * 0.1, splay * math.cos(a) * d / w))
        heads.append((radius * 0.58 * math.sin(a), top - thick * 0.62, radius * 0.58 * math.cos(a) * d / w))
    for foot, head in zip(feet, heads, strict=True):
        parts.append(Part(turned_leg(math.dist(foot, head), leg).aimed(foot, head), frame))
    if wish.has("stretcher"):
        share = 0.38
        knots = [
            tuple(f + (h - f) * share for f, h in zip(foot, head, strict=True))
            for foot, head in zip(feet, heads, strict=True)
        ]
        if top > 1.35 * w:
            x, y, z = knots[0]
            parts.append(Part(torus(math.hypot(x, z * w / d), leg * 0.42).stretched(z=d / w).at(y=y), frame))
        else:
            middle = (0.0, knots[0][1], 0.0)
            rungs = [rod(middle, (k[0], k[1], k[2]), leg * 0.42, leg * 0.34) for k in knots]
            parts.append(Part(blended(rungs, leg * 0.5), frame))
    if wish.has("back"):
        parts += _bow(wish, radius, leg, top, thick)
    return parts


def turned_leg(length: float, leg: float) -> Shape:
    """A leg off the lathe, standing on Y = 0: slim at the foot, fullest at two thirds."""
    line = curve([(leg * 0.46, 0), (leg * 0.6, length * 0.2), (leg * 0.82, length * 0.58), (leg * 0.6, length)], 6)
    return revolve(polygon([(0, 0), *line, (0, length)]))


def _bow(wish: Wish, radius: float, leg: float, top: float, thick: float) -> list[Part]:
    material = wish.finish("back", "oak")
    ratio, room = wish.depth / wish.width, wish.height - top
    lean = 0.2 * room

    def place(angle: float, up: float) -> Vec3:
        a = math.radians(angle)
        r = radius * 0.84
        return r * math.sin(a), top - thick * 0.3 + up, -r * math.cos(a) * ratio - lean * up / room

    path = []
    for i in range(25):
        t = math.pi * i / 24
        path.append(place(-74 * math.cos(t), (room - leg * 0.6 + thick * 0.3) * math.sin(t) ** 0.62))
    parts = [Part(tube(path, [leg * 0.62] * len(path)), material)]
    spindles = wish.count("slat") + 2
    for i in range(spindles):
        angle = -46 + 92 * i / (spindles - 1)
        t = math.acos(-angle / 74)
        up = (room - leg * 0.6 + thick * 0.3) * math.sin(t) ** 0.62
        parts.append(Part(rod(place(angle * 0.72, 0.0), place(angle, up), leg * 0.36, leg * 0.3), material))
    return parts


FAMILY = Family(
    id="chair",
    size=(0.45, 0.9, 0.48),
    build=build,
    clash=clash,
    remark=remark,
    coupled=0.6,
    steady=True,
    sizes={"back=0": (0.45, 0.46, 0.48), "back=1": (0.45, 0.9, 0.48)},
    variants={
        "chair": Variant(("chair", "dining chair", "kitchen chair", "side chair")),
        "armchair": Variant(("armchair", "arm chair"), (0.58, 0.9, 0.54), {"arm": 2, "cushion": 1}),
        "stool": Variant(("stool", "footstool"), (0.36, 0.46, 0.36), {"back": 0}, {"seat": "round"}),
        "bar stool": Variant(
            ("bar stool", "barstool", "counter stool"), (0.38, 0.74, 0.38), {"back": 0}, {"seat": "round"}
        ),
        "windsor": Variant(("windsor chair", "spindle chair"), None, {}, {"seat": "round"}),
    },
    features=(
        Feature("leg", ("leg", "foot"), 3, 8, 4),
        Feature("seat", ("seat",)),
        Feature("back", ("back", "backrest", "back rest"), 0, 1, 1),
        Feature("slat", ("slat", "rail", "spindle"), 2, 7, 3),
        Feature("arm", ("arm", "armrest", "arm rest", "arms rest"), 0, 2, 0),
        Feature("cushion", ("cushion", "pad", "pillow"), 0, 1, 0, adjectives=("upholstered", "padded", "cushioned")),
        Feature("stretcher", ("stretcher", "rung", "footrest", "crossbar"), 0, 1, 1),
    ),
    options={
        "seat": {"round": ("round", "circular"), "square": ("square", "rectangular")},
        "leg": {"thin": ("thin", "slim", "slender", "skinny"), "thick": ("thick", "chunky", "sturdy", "stout")},
    },
    other_things=(
        "wheel",
        "electric",
        "lift",
        "rocking",
        "swivel",
        "folding",
        "office",
        "gaming",
        "bean",
        "high chair",
        "leg",
        "lounge",
        "sample",
        "toilet",
        "dentist",
        "pedestal",
    ),
    note="legs 3-8, back, slats 2-7, armrests, cushion, round or square seat; also stool, bar stool, armchair",
)

"""Houses: walls on a plinth, a roof of stepped courses with overhang, framed windows, a door with steps, chimneys."""

import math
from collections.abc import Sequence

from ml_worker.engines.form.families.family import Family, Feature, Variant, Wish
from ml_worker.engines.form.sdf.profile import extrude, polygon
from ml_worker.engines.form.sdf.shape import Shape, Vec3, union
from ml_worker.engines.form.sdf.solids import box, cylinder, rod, sphere
from ml_worker.engines.form.solid import Part

EVERYWHERE = 30
"""As many windows as there is room for."""


class Plan:
    """The measures that all pieces of one house share, in metres."""

    def __init__(self, wish: Wish) -> None:
        self.flat = wish.option("roof", "flat" if wish.option("style") == "modern" else "") == "flat"
        self.width, self.depth = wish.width * 0.9, wish.depth * 0.84
        self.floors = wish.count("floor")
        chimney_room = 0.93 if wish.has("chimney") and not self.flat else 1.0
        roof_share = 0.06 if self.flat else (0.46, 0.34, 0.28, 0.24)[self.floors - 1] * wish.vary(0.05)
        self.top = wish.height * chimney_room
        self.eaves = self.top * (1 - roof_share)
        self.plinth = 0.05 * self.eaves / self.floors**0.5
        self.unit = min(self.eaves / self.floors / 2.75, self.width / 6.5)
        self.storey = (self.eaves - self.plinth) / self.floors
        self.front = self.depth / 2
        wide = 2.3 * self.unit
        # Under a flat roof windows are large, if then three fit side by side.
        large = self.flat and self.width >= 3 * wide
        self.window = (1.35 * self.unit, 1.5 * self.unit) if large else (0.95 * self.unit, 1.2 * self.unit)
        self.pitch = wide if large else 1.75 * self.unit


def build(wish: Wish) -> Sequence[Part]:
    plan = Plan(wish)
    walls = wish.finish("wall", "planks" if wish.variant == "cabin" else "plaster", follow="both")
    plinth = box(plan.width + 0.16 * plan.unit, plan.plinth, plan.depth + 0.16 * plan.unit, 0.03 * plan.unit)
    parts = [
        Part(plinth.at(y=plan.plinth / 2), wish.finish("plinth", "stone", follow="none")),
        Part(_walls(plan), walls),
    ]
    parts += _flat_roof(wish, plan) if plan.flat else _gable_roof(wish, plan)
    parts += _entrance(wish, plan)
    parts += _windows(wish, plan)
    return parts


def _walls(plan: Plan) -> Shape:
    w, d = plan.width, plan.depth
    if plan.flat:
        return box(w, plan.top - plan.plinth * 0.5, d, 0.02 * plan.unit).at(y=(plan.top + plan.plinth * 0.5) / 2)
    low, ridge = plan.plinth * 0.5, plan.top - 0.12 * plan.unit
    gable = polygon([(-d / 2, low), (d / 2, low), (d / 2, plan.eaves), (0, ridge), (-d / 2, plan.eaves)])
    return extrude(gable, w, 0.02 * plan.unit).turned("y", -90)


def _gable_roof(wish: Wish, plan: Plan) -> list[Part]:
    """Two slopes of overlapping courses, barge boards at the gables, a ridge, gutters."""
    unit, d = plan.unit, plan.depth
    rise = (plan.top - plan.eaves) / (d / 2)
    over = 0.42 * unit
    thick = 0.22 * unit
    slope = math.hypot(1, rise)
    run = d / 2 + over
    courses = max(6, min(14, round(run * slope / (0.5 * unit))))
    step = 0.075 * unit
    outline: list[tuple[float, float]] = []
    drop = thick * slope
    for i in range(courses):
        far, near = run * (1 - i / courses), run * (1 - (i + 1) / courses)
        outline.append((far, plan.top - far * rise + step))
        outline.append((near, plan.top - near * rise + step * 0.1))
    under = [(0.0, plan.top - drop), (run, plan.top - run * rise - drop * 0.9)]
    right = [*under, *outline]
    left = [(-u, v) for u, v in reversed(right)]
    profile = polygon([*right[1:], *left[:-1], (0.0, plan.top - drop)])
    width = plan.width + 2 * 0.3 * unit
    tiles = wish.finish("roof", "roof tiles", follow="none", accent=True)
    wood = wish.finish("trim", "paint", "white", follow="none")
    parts = [Part(extrude(profile, width, 0.01 * unit).turned("y", -90), tiles)]
    parts.append(
        Part(rod((-width / 2 + 0.06 * unit, plan.top, 0), (width / 2 - 0.06 * unit, plan.top, 0), 0.1 * unit), tiles)
    )
    board = polygon(
        [
            (run * 0.995, plan.top - run * rise - drop * 1.0),
            (run * 0.995, plan.top - run * rise + step),
            (0, plan.top + step * 0.4),
            (-run * 0.995, plan.top - run * rise + step),
            (-run * 0.995, plan.top - run * rise - drop * 1.0),
            (0, plan.top - drop * 1.25),
        ]
    )
    barge = extrude(board, 0.13 * unit, 0.012 * unit).turned("y", -90).at(x=width / 2).mirrored("x")
    parts.append(Part(barge, wood))
    gutter = (
        rod((-width / 2, 0, 0), (width / 2, 0, 0), 0.12 * unit)
        .at(y=plan.top - run * rise - 0.03 * unit, z=run - 0.05 * unit)
        .mirrored("z")
    )
    parts.append(Part(gutter, wood))
    parts += _chimneys(wish, plan, rise)
    return parts


def _chimneys(wish: Wish, plan: Plan, rise: float) -> list[Part]:
    unit, count = plan.unit, wish.count("chimney")
    brick = wish.finish("chimney", "brick", follow="none")
    stone = wish.finish("cap", "concrete", follow="none")
    pot = wish.finish("pot", "clay", follow="none")
    parts = []
    for i in range(count):
        x = plan.width * (0.27 if i == 0 else -0.27)
        z = -plan.depth * 0.14
        top = wish.height - 0.2 * unit
        base = plan.top - abs(z) * rise - 0.9 * unit
        stack = box(0.62 * unit, top - base, 0.5 * unit, 0.015 * unit).at(x, (top + base) / 2, z)
        cap = box(0.82 * unit, 0.16 * unit, 0.66 * unit, 0.025 * unit).at(x, top, z)
        parts += [Part(stack, brick), Part(cap, stone)]
        for side in (-0.18, 0.18):
            parts.append(
                Part(cylinder(0.115 * unit, 0.34 * unit, 0.02 * unit).at(x + side * unit, top + 0.04 * unit, z), pot)
            )
    return parts


def _flat_roof(wish: Wish, plan: Plan) -> list[Part]:
    unit = plan.unit
    slab = box(plan.width + 0.7 * unit, 0.22 * unit, plan.depth + 0.7 * unit, 0.02 * unit).at(y=plan.top - 0.11 * unit)
    bed = box(plan.width + 0.4 * unit, 0.2 * unit, plan.depth + 0.4 * unit, 0.02 * unit).at(y=plan.top + 0.03 * unit)
    parts = [Part(slab.cut(bed), wish.finish("roof", "concrete", follow="none", accent=True))]
    if wish.has("chimney"):
        vent = box(0.5 * unit, 0.6 * unit, 0.5 * unit, 0.03 * unit).at(
            plan.width * 0.3, plan.top + 0.1 * unit, -plan.depth * 0.25
        )
        parts.append(Part(vent, wish.finish("chimney", "steel", follow="none")))
    return parts


def _entrance(wish: Wish, plan: Plan) -> list[Part]:
    if not wish.has("door"):
        return []
    unit, front, sill = plan.unit, plan.front, plan.plinth
    w, h = 1.02 * unit, min(2.12 * unit, plan.storey * 0.8)
    frame = wish.finish("trim", "paint", "white", follow="none")
    leaf = wish.finish("door", "paint", wish.random.choice(("red", "navy", "green")), follow="none")
    stone = wish.finish("step", "stone", follow="none")
    knob = wish.finish("knob", "brass", follow="none")
    surround = box(w + 0.34 * unit, h + 0.17 * unit, 0.4 * unit, 0.03 * unit).at(
        y=sill + (h + 0.15 * unit) / 2, z=front - 0.05 * unit
    )
    opening = box(w, h * 2, 0.4 * unit).at(y=sill, z=front + 0.1 * unit)
    door = box(w + 0.02 * unit, h, 0.24 * unit, 0.01 * unit).at(y=sill + h / 2, z=front - 0.05 * unit)
    for x in (-0.23, 0.23):
        for y, tall in ((0.27, 0.34), (0.7, 0.36)):
            panel = box(w * 0.34, h * tall, 0.08 * unit, 0.02 * unit).at(x * w, sill + h * y, front + 0.08 * unit)
            door = door.cut(panel, 0.02 * unit)
    parts = [Part(surround.cut(opening), frame), Part(door, leaf)]
    parts.append(Part(sphere(0.08 * unit).at(0.38 * w, sill + h * 0.47, front + 0.1 * unit), knob))
    for i in range(2):
        tread = box(w + (0.5 + 0.35 * i) * unit, sill * (1 - 0.45 * i), (0.5 + 0.32 * i) * unit, 0.02 * unit)
        parts.append(Part(tread.at(y=sill * (1 - 0.45 * i) / 2, z=front + (0.25 + 0.16 * i) * unit), stone))
    if sill + h + 0.75 * unit > plan.eaves - (0.42 * unit if not plan.flat else 0):
        return parts
    hood = box(w + 0.75 * unit, 0.19 * unit, 1.2 * unit, 0.025 * unit).turned("x", 10)
    parts.append(
        Part(
            hood.at(y=sill + h + 0.33 * unit, z=front + 0.1 * unit),
            wish.finish("roof", "roof tiles", follow="none", accent=True),
        )
    )
    brace = rod(
        (w / 2 + 0.2 * unit, sill + h - 0.12 * unit, front - 0.02 * unit),
        (w / 2 + 0.2 * unit, sill + h + 0.27 * unit, front + 0.5 * unit),
        0.07 * unit,
    )
    parts.append(Part(brace.mirrored("x"), frame))
    return parts


def _room(wish: Wish, plan: Plan) -> list[list[float]]:
    """For each floor of the front, where along it windows can be (X)."""
    across = max(2, int(plan.width / plan.pitch))
    across -= across % 2 if not wish.has("door") else (across + 1) % 2
    columns = [plan.width * ((i + 0.5) / across - 0.5) * 0.96 for i in range(across)]
    beside_door = [x for x in columns if abs(x) > 0.95 * plan.unit + plan.window[0] / 2]
    return [beside_door if wish.has("door") else columns, *([columns] * (plan.floors - 1))]


def clash(wish: Wish) -> str | None:
    room = sum(map(len, _room(wish, Plan(wish))))
    count = wish.count("window")
    if count != EVERYWHERE and count > room:
        return (
            f"The front of this house has room for {room} windows, not {count}: make it wider or give it more floors."
        )
    return None


def _spread(room: list[list[float]], count: int) -> list[tuple[int, float]]:
    """(floor, X) of `count` windows: as many on each floor as can be, and evenly along it."""
    shares = [0] * len(room)
    while sum(shares) < min(count, sum(map(len, room))):
        free = [floor for floor in range(len(room)) if shares[floor] < len(room[floor])]
        shares[min(free, key=lambda floor: (shares[floor], floor))] += 1
    places = []
    for floor, (share, columns) in enumerate(zip(shares, room, strict=True)):
        if not share:
            continue
        even = [max(columns) * (2 * i + 1 - share) / max(share - 1, 1) * 0.9 for i in range(share)]
        inner = min(map(abs, columns))
        fits = all(abs(x) >= inner or (share % 2 and floor) for x in even)
        ends = sorted(columns, key=lambda x: (-abs(x), x))
        places += [(floor, x) for x in (even if fits and share < len(columns) else ends[:share])]
    return places


def _windows(wish: Wish, plan: Plan) -> list[Part]:
    """The asked number on the front; the back mirrors it, the gables have their own."""
    if not wish.has("window"):
        return []
    unit, (w, h), floors = plan.unit, plan.window, plan.floors
    chosen = [
        (x, plan.plinth + plan.storey * (floor + 0.56)) for floor, x in _spread(_room(wish, plan), wish.count("window"))
    ]
    sides = [
        (z, plan.plinth + plan.storey * (floor + 0.56))
        for floor in range(floors)
        for z in (-0.23 * plan.depth, 0.23 * plan.depth)
    ]
    out = plan.width / 2
    walls: list[tuple[list[Vec3], float]] = [
        ([(x, y, plan.front) for x, y in chosen], 0),
        ([(-x, y, -plan.front) for x, y in chosen], 180),
        ([(out, y, z) for z, y in sides], 90),
        ([(-out, y, z) for z, y in sides], -90),
    ]
    # A narrow front may have no room beside the door.
    parts = [_windows_at(wish, unit, (w, h), places, turn) for places, turn in walls if places]
    if not plan.flat and plan.top - plan.eaves > 2.2 * unit:
        high = plan.eaves + 0.75 * unit
        parts += [_windows_at(wish, unit, (w * 0.8, h * 0.8), [(side * out, high, 0.0)], side * 90) for side in (1, -1)]
    return parts


def _windows_at(wish: Wish, unit: float, size: tuple[float, float], places: Sequence[Vec3], turn: float) -> Part:
    """One window, turned about Y by `turn` degrees, at each place on one wall."""
    w, h = size
    outer = box(w + 0.26 * unit, h + 0.26 * unit, 0.36 * unit, 0.025 * unit).cut(box(w, h, 0.5 * unit))
    cross = union([box(0.09 * unit, h, 0.2 * unit), box(w, 0.09 * unit, 0.2 * unit).at(y=0.1 * h)]).at(z=0.02 * unit)
    sill = box(w + 0.46 * unit, 0.14 * unit, 0.46 * unit, 0.02 * unit).at(y=-h / 2 - 0.14 * unit, z=0.04 * unit)
    pane = box(w + 0.04 * unit, h + 0.04 * unit, 0.2 * unit).at(z=-0.05 * unit)
    pieces = [outer, cross, sill, pane]
    # The pane's face, and a hair in front of it.
    glass = box(w, h, 0.2 * unit).at(z=-0.045 * unit)
    coats = [(glass, wish.finish("window", "window", follow="none"))]
    if wish.has("shutter") and turn == 0:
        leaf = box(w * 0.46, h + 0.14 * unit, 0.24 * unit, 0.02 * unit)
        slots = box(w * 0.33, h * 0.1, 0.12 * unit).placed(
            [(0.0, h * (-0.36 + 0.18 * i), 0.12 * unit) for i in range(5)]
        )
        pieces.append(leaf.cut(slots).at(x=w / 2 + 0.13 * unit + w * 0.23).mirrored("x"))
        beside = box(w * 0.5, h + 0.2 * unit, unit).at(x=w / 2 + 0.132 * unit + w * 0.25).mirrored("x")
        coats.append((beside, wish.finish("shutter", "paint", "green", follow="none")))
    back = [_turned_back(place, turn) for place in places]
    whole = union(pieces).placed(back).turned("y", turn)
    return Part(
        whole,
        wish.finish("trim", "paint", "white", follow="none"),
        tuple((coat.placed(back).turned("y", turn), material) for coat, material in coats),
    )


def _turned_back(place: Vec3, turn: float) -> Vec3:
    """Where a place lies before everything is turned about Y by `turn`, a multiple of 90 degrees."""
    x, y, z = place
    return {0: (x, y, z), 180: (-x, y, -z), 90: (-z, y, x), -90: (z, y, -x)}[round(turn)]


FAMILY = Family(
    id="house",
    size=(9.0, 7.2, 7.6),
    build=build,
    clash=clash,
    coupled=0.9,
    sizes={
        "floor=1": (9.0, 5.2, 7.6),
        "floor=2": (9.0, 7.2, 7.6),
        "floor=3": (9.0, 9.6, 7.6),
        "floor=4": (9.0, 12.0, 7.6),
    },
    fineness=1.5,
    variants={
        "house": Variant(
            ("house", "home", "family house", "country house", "farmhouse", "farm house", "detached house")
        ),
        "cottage": Variant(("cottage",), (7.6, 5.6, 6.6), {"floor": 1, "window": 2, "shutter": 1}),
        "cabin": Variant(
            ("cabin", "log cabin", "wooden cabin", "hut", "wood cabin"), (7.0, 5.2, 6.4), {"floor": 1, "window": 2}
        ),
        "villa": Variant(("villa", "modern house", "bungalow"), (11.0, 6.2, 8.0), {"chimney": 0}, {"roof": "flat"}),
    },
    features=(
        Feature("roof", ("roof", "rooftop")),
        Feature("wall", ("wall", "facade", "façade")),
        Feature("door", ("door", "front door", "entrance"), 0, 1, 1),
        Feature("window", ("window",), 0, EVERYWHERE, EVERYWHERE),
        Feature("chimney", ("chimney", "chimney stack"), 0, 2, 1),
        Feature("floor", ("floor", "storey", "story", "level"), 1, 4, 2),
        Feature("shutter", ("shutter", "window shutter"), 0, 1, 0, uncounted=True),
        Feature("step", ("step", "stair"), uncounted=True),
        Feature("trim", ("trim", "window frame", "frame")),
    ),
    options={
        "roof": {"flat": ("flat", "flat roofed", "flat-roofed"), "gable": ("gable", "gabled", "pitched", "pointed")},
        "style": {"modern": ("modern", "contemporary", "minimalist")},
    },
    other_things=(
        "dog",
        "bird",
        "tree",
        "light",
        "doll",
        "play",
        "ware",
        "haunted",
        "opera",
        "power",
        "boat",
        "key",
        "keys",
        "plant",
        "plants",
        "music",
        "party",
        "coffee",
        "steak",
        "number",
        "cat",
        "bee",
        "gingerbread",
        "ginger",
        "bread",
        "fly",
        "mouse",
        "card",
        "fire",
        "hen",
        "safari",
        "wife",
        "mate",
        "crew",
        "pressure",
        "pilot",
        "cruiser",
        "fever",
        "page",
        "screen",
        "decor",
        "row",
        "apartment",
    ),
    note="1-4 floors, windows, chimneys 0-2, shutters, flat or gable roof; colours of walls, roof, door",
)

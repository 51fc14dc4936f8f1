"""Bookshelves: a carcass with rounded edges, shelves, a back, and books that lean and stand in it."""

from collections.abc import Sequence

from ml_worker.engines.form.families.family import Family, Feature, Variant, Wish
from ml_worker.engines.form.materials import make
from ml_worker.engines.form.palette import COLORS
from ml_worker.engines.form.sdf.shape import Shape, union
from ml_worker.engines.form.sdf.solids import box, post
from ml_worker.engines.form.solid import Part
from ml_worker.mesh.solid import Material

SPINES = ("maroon", "navy", "olive", "mustard", "teal", "ivory", "charcoal", "rust", "sage")


def build(wish: Wish) -> Sequence[Part]:
    w, h, d = wish.width, wish.height, wish.depth
    frame = wish.finish("main", "oak")
    boards = wish.finish("shelf", "oak", accent=True)
    panel = wish.finish("back", "oak", follow="both")
    board = 0.021 * (w * h) ** 0.5 * wish.vary(0.08)
    edge = board * 0.02
    foot = 0.05 * h if not wish.has("leg") else 0.085 * h
    levels = wish.count("shelf")
    parts: list[Part] = []
    sides: Shape = (
        box(board, h - foot * (1 if wish.has("leg") else 0), d, edge)
        .at(x=w / 2 - board / 2, y=(h + (foot if wish.has("leg") else 0)) / 2)
        .mirrored("x")
    )
    parts.append(Part(sides, frame))
    parts.append(Part(box(w, board * 1.15, d * 1.0, edge).at(y=h - board * 0.575), frame))
    parts.append(Part(box(w - board, board, d * 0.98, edge).at(y=foot + board / 2), boards))
    if wish.has("leg"):
        leg = board * 1.5
        parts.append(
            Part(
                post(
                    (w / 2 - leg * 0.9, 0, d / 2 - leg * 0.9),
                    (w / 2 - leg, foot + board * 0.5, d / 2 - leg),
                    (leg * 0.7,) * 2,
                    (leg * 1.2,) * 2,
                    edge,
                ).mirrored("xz"),
                frame,
            )
        )
    else:
        parts.append(Part(box(w - board, foot, board * 0.8, edge).at(y=foot / 2, z=d / 2 - board), frame))
        parts.append(Part(box(w - board, foot, board * 0.8, edge).at(y=foot / 2, z=-d / 2 + board), frame))
    low, high = foot + board, h - board * 1.15
    gap = (high - low - board * (levels - 1)) / levels
    floors = [low + i * (gap + board) for i in range(levels)]
    plank = box(w - board, board * 0.9, d * 0.96, edge)
    parts += [Part(plank.at(y=floor - board / 2, z=-d * 0.02), boards) for floor in floors[1:]]
    back = 0.85 * board
    if wish.has("back"):
        parts.append(
            Part(
                box(w - board, h - foot - board * 0.5, back, edge * 0.5).at(y=(h + foot) / 2, z=-d / 2 + back * 0.55),
                panel,
            )
        )
    if wish.has("door"):
        parts += _doors(wish, low, gap, board, frame)
    first = 1 if wish.has("door") else 0
    if wish.has("book") and wish.option("fill") != "empty":
        parts += _books(wish, floors[first:], gap, board)
    return parts


def clash(wish: Wish) -> str | None:
    return "I can put a bookshelf on four legs or on none." if wish.count("leg") in (1, 2, 3) else None


def _doors(wish: Wish, low: float, gap: float, board: float, frame: Material) -> list[Part]:
    """Two doors before the lowest compartment."""
    w, d = wish.width, wish.depth
    material = wish.finish("door", "oak", accent=True)
    knob = wish.finish("knob", "brass", follow="none")
    count = wish.count("door")
    each = (w - 2 * board) / count
    # The compartment behind closed doors is solid: nobody sees it, and a hollow would be a second surface.
    parts = [Part(box(w - board, gap + board, d * 0.9).at(y=low + gap / 2, z=-d * 0.04), frame)]
    for i in range(count):
        x = -(w - 2 * board) / 2 + each * (i + 0.5)
        leaf = box(each - board * 0.45, gap + board * 0.1, board * 0.8, board * 0.15)
        inset = box(each * 0.72, gap * 0.72, board, board * 0.1).at(z=board * 0.75)
        parts.append(Part(leaf.cut(inset, board * 0.08).at(x, low + gap / 2, d / 2 - board * 0.55), material))
        side = 1 if i % 2 == 0 and count > 1 else -1
        parts.append(
            Part(
                box(board * 0.9, board * 0.9, board * 1.3, board * 0.4).at(
                    x + side * (each / 2 - board * 1.3), low + gap * 0.55, d / 2 + board * 0.35
                ),
                knob,
            )
        )
    return parts


def _books(wish: Wish, floors: Sequence[float], gap: float, board: float) -> list[Part]:
    """Runs of books on every shelf; each sinks a hair into the board and its neighbour, so that all is one body."""
    w, d, random = wish.width, wish.depth, wish.random
    own = wish.finishes.get("book")
    spines = [make("paper", COLORS[name], f"book {name}") for name in SPINES]
    if own and (own.color or own.stuff):
        spines = [wish.finish("book", "paper", follow="none")]
    by_material: dict[Material, list[Shape]] = {}
    sink = board * 0.06
    inner = w - 2 * board
    back = -d / 2 + board * 0.65
    for floor in floors:
        x, end = -inner / 2 - sink, inner / 2 * (0.55 + 0.45 * random.random()) if random.random() < 0.7 else inner / 2
        if random.random() < 0.25:
            x += inner * 0.18 * random.random()
        last: Material | None = None
        while x < end - board * 1.4:
            run_tall = gap * (0.62 + 0.28 * random.random())
            run_deep = d * (0.6 + 0.18 * random.random())
            thick = board * (1.15 + 1.1 * random.random())
            material = random.choice([s for s in spines if s != last] or spines)
            for _ in range(random.randint(1, 3)):
                if x + thick > end:
                    break
                tall = run_tall * (1 + 0.05 * (random.random() - 0.5))
                shape = box(thick + sink, tall + sink, run_deep, board * 0.12)
                by_material.setdefault(material, []).append(
                    shape.at(x + thick / 2, floor + tall / 2 - sink, back + run_deep / 2 - sink)
                )
                x += thick
            last = material
            if x + thick > end:
                break
        if end < inner / 2 * 0.9 and random.random() < 0.6:
            lying = min(inner / 2 - end, gap * 0.9)
            y = floor - sink
            for _ in range(random.randint(1, 3)):
                thick = board * (1.0 + 0.7 * random.random())
                wide = lying * (0.8 + 0.12 * random.random())
                if wide > board * 3:
                    shape = box(wide, thick + sink, d * 0.62, board * 0.12)
                    by_material.setdefault(random.choice(spines), []).append(
                        shape.at(inner / 2 - lying * 0.5, y + thick / 2, back + d * 0.31)
                    )
                    y += thick
    return [Part(union(shapes), material) for material, shapes in by_material.items()]


FAMILY = Family(
    id="bookshelf",
    size=(0.84, 1.8, 0.3),
    build=build,
    clash=clash,
    coupled=0.35,
    steady=True,
    fineness=1.3,
    variants={
        "bookshelf": Variant(
            ("bookshelf", "bookcase", "book shelf", "book case", "shelf", "shelving", "shelving unit", "library shelf")
        ),
    },
    features=(
        Feature("shelf", ("shelf", "board", "level", "tier"), 1, 9, 5),
        Feature("book", ("book",), 0, 1, 1, uncounted=True),
        Feature("back", ("back", "back panel", "backboard"), 0, 1, 1),
        Feature("leg", ("leg", "foot"), 0, 4, 0, 4),
        Feature("door", ("door", "cabinet door"), 0, 4, 0),
        Feature("knob", ("knob", "handle")),
    ),
    options={"fill": {"empty": ("empty",)}},
    other_things=(
        "continental",
        "wall",
        "ice",
        "corner",
        "floating",
        "spice",
        "shoe",
        "mushroom",
        "life",
        "bracket",
        "speaker",
        "wine",
        "coat",
        "towel",
        "shower",
        "store",
        "fridge",
    ),
    note="1-9 shelves, with or without books, back, legs, doors 0-4",
)

"""Trees: a broad-leaved crown of leafy clouds on real boughs, a fir in skirts of boughs, a palm, a bare tree."""

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch.nn.functional import normalize

from ml_worker.engines.form.families.boughs import boughs
from ml_worker.engines.form.families.family import Family, Feature, Finish, Taste, Variant, Wish
from ml_worker.engines.form.materials import make
from ml_worker.engines.form.palette import COLORS
from ml_worker.engines.form.sdf.balls import balls, cloud
from ml_worker.engines.form.sdf.lumps import lumpy
from ml_worker.engines.form.sdf.profile import curve, extrude, polygon, revolve, stroke
from ml_worker.engines.form.sdf.shape import Box, Points, Shape, Vec3, blended
from ml_worker.engines.form.sdf.solids import box, ellipsoid, rod, sphere, tube
from ml_worker.engines.form.solid import Part

FRUITS = {"apple": "red", "orange": "orange", "lemon": "yellow", "peach": "peach", "pear": "lime", "cherry": "crimson"}
BEARINGS = FRUITS | {"fruit": "red", "flower": "pink"}
"""What a broad-leaved tree can bear, and the colour it has by itself."""
COCONUTS = 3


def _borne(wish: Wish) -> list[str]:
    return [feature for feature in BEARINGS if wish.has(feature)]


def build(wish: Wish) -> Sequence[Part]:
    main = wish.finishes.get("main", Finish())
    if main.stuff != "snow":
        return _grown(wish)
    # Nobody means a tree of snow: it lies on the leaves and boughs, where they look up.
    parts = _grown(replace(wish, finishes={**wish.finishes, "main": Finish(None, main.color)}))
    deep = 0.012 * wish.height
    return [
        replace(part, coats=(*part.coats, (_upper(part.shape, deep), make("snow"))))
        if part.material.name in ("leaf", "trunk")
        else part
        for part in parts
    ]


def _upper(shape: Shape, deep: float) -> Shape:
    """Where on `shape` the way `deep` up leads well away from it: what looks up, with nothing close above."""
    return Shape(lambda p: 0.3 * deep - shape.distance(Points(p.x, p.y + deep, p.z)), shape.box.grown(deep))


def _grown(wish: Wish) -> Sequence[Part]:
    kind = wish.option("kind", "broad")
    if not wish.has("leaf") and kind == "broad":
        kind = "bare"
    if kind == "fir":
        return _fir(wish)
    if kind == "palm":
        return _palm(wish)
    if kind == "bare":
        return [Part(boughs(wish, bare=True)[0], wish.finish("trunk", "bark", follow="both"))]
    return _broad(wish)


def _broad(wish: Wish) -> list[Part]:
    h, r = wish.height, min(wish.width, wish.depth) / 2
    wood, tips = boughs(wish, bare=False)
    random = wish.random
    middle, tall = h * 0.665, h * 0.315
    centres = list(tips)
    sizes = [r * (0.34 + 0.1 * random.random()) for _ in tips]
    count = 19
    for i in range(count):
        # A Fibonacci spiral covers the crown's egg evenly.
        v = 1 - 2 * (i + 0.5) / count
        a = i * 2.399963 + 0.4 * random.random()
        ring = math.sqrt(1 - v * v)
        size = r * (0.27 + 0.2 * random.random())
        x, z = (r * 0.96 - size) * ring * math.cos(a), (r * 0.96 - size) * ring * math.sin(a)
        y = middle + (tall - size) * v * (1.0 if v > 0 else 0.85)
        centres.append((x, y, z))
        sizes.append(size)
    # The heart fills what the clouds leave open: no hollows inside.
    heart = ellipsoid(1.5 * r, 1.55 * tall, 1.5 * r).at(y=middle)
    crown = lumpy(cloud(centres, sizes, 0.07 * r).joined(heart, 0.07 * r), 0.2 * r, 0.06 * r)
    leaves = wish.finish("leaf", "leaves", follow="color")
    parts = [Part(wood, wish.finish("trunk", "bark", follow="stuff")), Part(crown, leaves)]
    if borne := _borne(wish):
        feature = borne[0]
        skin = wish.finish(feature, "plastic", BEARINGS[feature], follow="none", accent=True)
        number = wish.count(feature)
        spots = torch.tensor([_direction(i, number, random) for i in range(number)]) * torch.tensor(
            [r * 1.3, tall * 1.5, r * 1.3]
        )
        spots += torch.tensor([0.0, middle, 0.0])
        for _ in range(40):
            # Walk in to the leaves: a fruit hangs half out of them.
            spots -= _outward(spots, middle) * crown.distance(Points.of(spots))[:, None]
        size = r * (0.075 if feature == "flower" else 0.052)
        parts.append(Part(balls([(x, y, z) for x, y, z in spots.tolist()], size), skin))
    return parts


def _direction(i: int, count: int, random: Taste) -> Vec3:
    v = 0.85 - 1.5 * (i + 0.5) / count
    a = i * 2.399963 + 0.5 * random.random()
    ring = math.sqrt(max(0.0, 1 - v * v))
    return ring * math.cos(a), v, ring * math.sin(a)


def clash(wish: Wish) -> str | None:
    kind = wish.option("kind", "broad" if wish.has("leaf") else "bare")
    if (wish.has("star") or wish.has("bauble")) and kind != "fir":
        return "I can put a star and baubles only on a fir or Christmas tree."
    if _borne(wish) and kind != "broad":
        return "Fruit and blossom need a broad-leaved tree with its leaves."
    if len(_borne(wish)) > 1:
        return f"A tree can bear one of {' and '.join(_borne(wish))}, not both at once."
    if wish.count("coconut") != COCONUTS and kind != "palm":
        return "Coconuts grow on palms."
    return None if wish.has("leaf") or (kind != "fir" and kind != "palm") else "A fir or a palm needs its leaves."


def _outward(points: torch.Tensor, middle: float) -> torch.Tensor:
    return normalize(points - torch.tensor([0.0, middle, 0.0]), dim=1)


def _fir(wish: Wish) -> list[Part]:
    h, r = wish.height, min(wish.width, wish.depth) / 2
    top = h * (0.93 if wish.has("star") else 1.0)
    tiers = 6
    low = 0.13 * h
    needles: list[Shape] = []
    for i in range(tiers):
        share = i / tiers
        bottom = low + (top - low) * (share**0.92) * 0.97
        tall = (top - low) * (0.36 - 0.2 * share)
        wide = r * (1 - share) ** 0.86 + 0.05 * r
        needles.append(_skirt(wide, tall, bottom, i, min(bottom + tall, top) if i < tiers - 1 else top))
    dress = blended(needles, 0.03 * r)
    leaves = wish.finish("leaf", "needles", follow="color")
    trunk = revolve(
        polygon(
            [
                (0, 0),
                (0.052 * h * 1.25, 0),
                *curve([(0.05 * h, 0.012 * h), (0.033 * h, 0.06 * h), (0.03 * h, 0.3 * h)], 5),
                (0, 0.3 * h),
            ]
        )
    )
    parts = [Part(trunk, wish.finish("trunk", "bark", follow="stuff"))]
    parts.append(Part(dress, leaves))
    if wish.has("star"):
        points = [
            (
                0.062 * h * (1 if i % 2 == 0 else 0.42) * math.sin(i * math.pi / 5),
                0.062 * h * (1 if i % 2 == 0 else 0.42) * math.cos(i * math.pi / 5),
            )
            for i in range(10)
        ]
        star = extrude(polygon(points), 0.024 * h, 0.008 * h).at(y=h - 0.062 * h)
        stalk = rod((0, top * 0.97, 0), (0, h - 0.06 * h, 0), 0.01 * h)
        parts += [
            Part(star, wish.finish("star", "gold", follow="none")),
            Part(stalk, wish.finish("star", "gold", follow="none")),
        ]
    if wish.has("bauble"):
        parts += _baubles(wish, dress, low, top, r)
    return parts


def _skirt(wide: float, tall: float, bottom: float, index: int, peak: float) -> Shape:
    """One tier of boughs: a cone with a hollow underside, its hem drawn out into tips."""
    tall = peak - bottom
    outline = curve([(0.0, tall), (wide * 0.2, tall * 0.66), (wide * 0.6, tall * 0.24), (wide * 0.97, -tall * 0.02)], 6)
    outline += curve([(wide * 0.93, -tall * 0.13), (wide * 0.55, -tall * 0.02), (0.0, tall * 0.08)], 5)
    cone = revolve(polygon(outline))
    tips = max(7, round(13 - index * 1.1))
    depth = 0.12 * wide

    def offset(p: Points) -> torch.Tensor:
        radius = (p.x * p.x + p.z * p.z).sqrt_()
        angle = torch.atan2(p.x, p.z)
        wave = torch.cos(angle * tips + index * 1.7) * 0.7 + torch.cos(angle * (2 * tips + 1) + index) * 0.3
        return (wave * (radius / wide).clamp(0, 1).square_()).mul_(depth / 2)

    return cone.displaced(offset, depth / 2, 0.55).at(y=bottom)


def _baubles(wish: Wish, dress: Shape, low: float, top: float, r: float) -> list[Part]:
    """Balls on a spiral around the tree, each touching the boughs."""
    own = wish.finishes.get("bauble")
    skins = [
        make("gold", None, "bauble"),
        make("paint", COLORS["red"], "bauble red"),
        make("paint", COLORS["blue"], "bauble blue"),
    ]
    if own and (own.color or own.stuff):
        skins = [wish.finish("bauble", "paint", follow="none")]
    number = wish.count("bauble")
    spots = []
    for i in range(number):
        share = ((i + 0.5) / number) ** 1.35
        y = low + (top - low) * (0.05 + 0.8 * share)
        a = i * 2.399963
        out = r * 1.25 * (1 - share * 0.75)
        spots.append((out * math.cos(a), y, out * math.sin(a)))
    points = torch.tensor(spots)
    inward = normalize(points * torch.tensor([1.0, 0.0, 1.0]), dim=1)
    for _ in range(48):
        points -= inward * dress.distance(Points.of(points))[:, None]
    size = 0.07 * r
    groups: list[list[Vec3]] = [[] for _ in skins]
    for i, (x, y, z) in enumerate(points.tolist()):
        push = 1 + 0.3 * size / math.hypot(x, z)
        groups[i % len(skins)].append((x * push, y, z * push))
    return [Part(balls(centres, size), skin) for centres, skin in zip(groups, skins, strict=True) if centres]


def _palm(wish: Wish) -> list[Part]:
    h, r, random = wish.height, min(wish.width, wish.depth) / 2, wish.random
    lean = 0.12 * h * wish.vary(0.5)
    crown = (lean, h * 0.8, 0.0)
    girth = 0.032 * h
    path = [(lean * t**1.7, h * 0.8 * t, 0.0) for t in (i / 14 for i in range(15))]
    radii = [girth * (1.45 if i == 0 else 1.12 - 0.4 * i / 14) * (1.07 if i % 2 else 0.96) for i in range(15)]
    trunk = tube(path, radii).cut(box(h, 0.2 * h, h).at(y=-0.1 * h))
    wood = wish.finish("trunk", "bark", "tan", follow="stuff")
    green = wish.finish("leaf", "leaves", follow="color")
    parts = [Part(trunk, wood)]
    count = 11
    for i in range(count):
        a = 2 * math.pi * (i + 0.25 * random.random()) / count
        rise = 0.16 * h * (0.5 + 0.8 * ((i * 5) % count) / count)
        frond = _frond(r * (0.92 + 0.1 * random.random()) - lean * math.cos(a) * 0.6, rise, h)
        parts.append(Part(frond.turned("y", math.degrees(a)).at(*crown), green))
    parts.append(Part(sphere(girth * 1.5).at(*crown), green))
    nut = wish.finish("coconut", "bark", "chocolate", follow="none")
    for i in range(wish.count("coconut")):
        a = 2.1 * i + 0.6
        parts.append(
            Part(
                sphere(girth * 0.9).at(
                    crown[0] + girth * 1.1 * math.cos(a), crown[1] - girth * 0.9, girth * 1.1 * math.sin(a)
                ),
                nut,
            )
        )
    return parts


def _frond(reach: float, rise: float, h: float) -> Shape:
    """An arching, folded leaf along +X from the origin, its edges cut into fingers."""
    half, thick = 0.085 * h, 0.024 * h
    line = curve(
        [
            (-0.01 * h, -0.02 * h),
            (reach * 0.3, rise),
            (reach * 0.66, rise * 0.8),
            (reach * 0.9, -0.02 * h),
            (reach, -0.12 * h),
        ],
        6,
    )
    sheet = stroke(line, thick)
    fingers = 9
    edge: list[tuple[float, float]] = [(0.0, 0.012 * h)]
    for i in range(fingers):
        share = (i + 0.7) / fingers
        wide = half * math.sin(math.pi * min(0.12 + 0.86 * share, 1.0)) ** 0.7
        edge += [(reach * (share + 0.02), wide), (reach * (share + 0.045), max(wide * 0.55, 0.014 * h))]
    edge.append((reach * 1.02, 0.014 * h))
    outline = polygon([*edge, *((u, -v) for u, v in reversed(edge))])

    def distance(p: Points) -> torch.Tensor:
        across = p.z.abs()
        blade = torch.maximum(sheet.distance(p.x, p.y + 0.4 * across), outline.distance(p.x, p.z))
        return blade.mul_(0.92)

    (u0, v0), (u1, v1) = sheet.lower, sheet.upper
    return Shape(distance, Box((u0, v0 - 0.4 * half, -half), (u1, v1, half)))


FAMILY = Family(
    id="tree",
    size=(3.6, 4.8, 3.6),
    build=build,
    clash=clash,
    turned=True,
    fineness=1.2,
    axes={"length": "height"},
    variants={
        "tree": Variant(
            (
                "tree",
                "oak tree",
                "maple tree",
                "deciduous tree",
                "oak",
                "maple",
                "ash tree",
                "beech tree",
                "cherry tree",
                "leafy tree",
            )
        ),
        "cherry blossom tree": Variant(
            ("cherry blossom tree", "blossom tree", "sakura", "sakura tree", "blossoming tree", "flowering tree"),
            None,
            {"flower": 60},
            {},
            "pink",
        ),
        "fruit tree": Variant(("fruit tree",), None, {"fruit": 26}),
        **{f"{fruit} tree": Variant((f"{fruit} tree",), None, {fruit: 26}) for fruit in FRUITS if fruit != "cherry"},
        "fir": Variant(
            ("fir", "fir tree", "pine", "pine tree", "spruce", "spruce tree", "conifer", "evergreen", "evergreen tree"),
            (2.6, 5.0, 2.6),
            {},
            {"kind": "fir"},
        ),
        "christmas tree": Variant(
            ("christmas tree", "xmas tree", "new year tree"),
            (1.35, 2.1, 1.35),
            {"star": 1, "bauble": 26},
            {"kind": "fir"},
        ),
        "palm": Variant(("palm", "palm tree", "coconut palm", "coconut tree"), (3.6, 5.2, 3.6), {}, {"kind": "palm"}),
        "bare tree": Variant(("bare tree", "dead tree", "winter tree", "leafless tree"), None, {}, {"kind": "bare"}),
    },
    features=(
        Feature("leaf", ("leaf", "leave", "foliage", "crown", "needle", "canopy"), 0, 1, 1),
        Feature("trunk", ("trunk", "bark", "stem")),
        Feature("fruit", ("fruit",), 0, 60, 0, 26),
        *(Feature(fruit, (fruit,), 0, 60, 0, 26) for fruit in FRUITS),
        Feature("coconut", ("coconut",), 0, 3, COCONUTS, COCONUTS),
        Feature("flower", ("flower", "blossom", "bloom"), 0, 60, 0, 45),
        Feature("star", ("star",), 0, 1, 0),
        Feature("bauble", ("bauble", "ornament", "ball", "decoration"), 0, 60, 0, 26),
    ),
    options={"kind": {"bare": ("bare", "dead", "leafless", "naked"), "broad": ("leafy", "deciduous")}},
    other_things=(
        "house",
        "family",
        "shoe",
        "decision",
        "binary",
        "hall",
        "frog",
        "trunk",
        "log",
        "map",
        "surgeon",
        "cake",
        "stump",
        "bonsai",
        "hug",
        "cat",
        "ring",
        "rings",
        "diagram",
        "branch",
        "leaf",
        "joshua",
        "baobab",
        "willow",
        "banana",
    ),
    note="broad-leaved, fir, Christmas tree, palm, bare tree; leaves and trunk of their own colours, fruit, blossom",
)

"""The wood of a broad-leaved tree: trunk, roots, boughs, and the twigs of a bare one."""

import math

from ml_worker.engines.form.families.family import Taste, Wish
from ml_worker.engines.form.sdf.shape import Shape, Vec3, blended, union
from ml_worker.engines.form.sdf.solids import box, rod, tube


def boughs(wish: Wish, bare: bool) -> tuple[Shape, list[Vec3]]:
    """Trunk with roots and forking boughs: the wood, and where the outer boughs end."""
    h, r, random = wish.height, min(wish.width, wish.depth) / 2, wish.random
    girth = 0.042 * h * wish.vary(0.12) * (0.85 if bare else 1.0)
    bend = 0.05 * h * (random.random() - 0.5)
    fork = h * (0.36 if not bare else 0.3)
    trunk: list[Vec3] = [(0.0, 0.0, 0.0), (bend * 0.3, fork * 0.5, -bend * 0.2), (bend, fork, bend * 0.4)]
    twigs: list[Shape] = []
    rods: list[Shape] = [tube(trunk, [girth * 1.15, girth * 0.9, girth * 0.78])]
    for i in range(5):
        a = 2 * math.pi * (i + 0.3 * random.random()) / 5
        out = girth * 2.3
        rods.append(
            rod((0, girth * 1.1, 0), (out * math.cos(a), girth * 0.22, out * math.sin(a)), girth * 0.7, girth * 0.24)
        )
    tips: list[Vec3] = []
    main = 5 if not bare else 4
    for i in range(main):
        a = 2 * math.pi * (i + 0.35 * random.random()) / main
        reach = r * (0.52 if not bare else 0.42) * (0.8 + 0.3 * random.random())
        y = fork + (h - fork) * ((0.3 + 0.28 * random.random()) if not bare else 0.22 + 0.22 * random.random())
        start = (bend, fork * (0.86 + 0.1 * random.random()), bend * 0.4)
        tip = (bend + reach * math.cos(a), y, reach * math.sin(a))
        rods += _bough(start, tip, girth * 0.58, girth * (0.3 if not bare else 0.34), random)
        tips.append(tip)
        if bare:
            twigs += _twigs(tip, a, h, girth * 0.34, 3, random)
    top = (bend * 1.2, h * (0.78 if not bare else 0.62), bend)
    rods += _bough(trunk[-1], top, girth * 0.62, girth * 0.32, random)
    tips.append(top)
    if bare:
        twigs += _twigs(top, 0.5, h, girth * 0.32, 3, random, upright=True)
    wood = union([blended(rods, girth * 0.45), *twigs])
    ground = box(4 * r, 0.4 * h, 4 * r).at(y=-0.2 * h)
    return wood.cut(ground), tips


def _bough(start: Vec3, tip: Vec3, thick: float, thin: float, random: Taste) -> list[Shape]:
    sag = math.dist(start, tip) * (0.1 + 0.06 * random.random())
    middle = ((start[0] + tip[0]) / 2 * 1.12, (start[1] + tip[1]) / 2 - sag * 0.4, (start[2] + tip[2]) / 2 * 1.12)
    return [rod(start, middle, thick, (thick + thin) / 2), rod(middle, tip, (thick + thin) / 2, thin)]


def _twigs(
    start: Vec3, heading: float, h: float, thick: float, depth: int, random: Taste, upright: bool = False
) -> list[Shape]:
    """A bough forks again and again, each time shorter and thinner."""
    if depth == 0:
        return []
    rods: list[Shape] = []
    forks = 3 if upright and depth == 3 else 2
    for i in range(forks):
        a = heading + (2 * math.pi * i / 3 if upright and depth == 3 else (i - 0.5) * (1.1 + 0.5 * random.random()))
        length = h * 0.052 * (depth + 0.6) * (0.8 + 0.4 * random.random())
        out = length * (0.42 + 0.25 * random.random())
        up = math.sqrt(max(length * length - out * out, 0.0))
        tip = (start[0] + out * math.cos(a), start[1] + up, start[2] + out * math.sin(a))
        rods.append(rod(start, tip, thick, max(thick * 0.66, 0.0095 * h)))
        rods += _twigs(tip, a, h, max(thick * 0.66, 0.0095 * h), depth - 1, random)
    return rods

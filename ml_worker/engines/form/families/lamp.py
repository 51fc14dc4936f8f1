"""Lamps: a table lamp on a turned body, a floor lamp, and a jointed desk lamp."""

import math
from collections.abc import Sequence

from ml_worker.engines.form.families.family import Family, Feature, Variant, Wish
from ml_worker.engines.form.sdf.profile import Point2, curve, polygon, revolve, rounded, stroke
from ml_worker.engines.form.sdf.shape import Shape, Vec3
from ml_worker.engines.form.sdf.solids import cylinder, rod, sphere
from ml_worker.engines.form.solid import Part

BODIES: dict[str, tuple[Point2, ...]] = {
    # (radius, height) as shares of the body's widest radius and height.
    "gourd": ((0.7, 0.03), (0.98, 0.2), (0.98, 0.38), (0.56, 0.6), (0.5, 0.68), (0.52, 0.8), (0.3, 0.94), (0.2, 1)),
    "ball": ((0.42, 0.02), (0.85, 0.15), (1.0, 0.42), (0.82, 0.72), (0.4, 0.9), (0.2, 1)),
    "column": ((0.5, 0.02), (0.46, 0.1), (0.36, 0.2), (0.46, 0.5), (0.34, 0.8), (0.42, 0.92), (0.2, 1)),
    "jar": ((0.6, 0.02), (0.72, 0.15), (0.95, 0.55), (0.9, 0.76), (0.45, 0.92), (0.2, 1)),
}


def build(wish: Wish) -> Sequence[Part]:
    if wish.variant == "desk lamp":
        return _jointed(wish)
    return _shaded(wish)


def _shaded(wish: Wish) -> list[Part]:
    h, r, floor_lamp = wish.height, wish.width / 2, wish.variant == "floor lamp"
    metal = wish.finish("stem", "brass", follow="stuff")
    shade_h = h * (0.42 if not floor_lamp else 0.17)
    shade_low = h - shade_h
    drum = wish.option("shade") == "drum"
    top_r = r * (0.92 if drum else 0.62 * wish.vary(0.08))
    wall = 0.036 * r + 0.007 * h
    shade_line = stroke([(r - wall / 2, shade_low + wall / 2), (top_r - wall / 2, h - wall / 2)], wall)
    shade = revolve(shade_line)
    cloth = wish.finish(
        "shade", "fabric", "cream", follow="color" if "base" not in wish.finishes else "none", accent=True
    )
    if (
        wish.finishes.get("main")
        and not wish.finishes.get("accent")
        and "shade" not in wish.finishes
        and not floor_lamp
    ):
        # One colour asked for a table lamp is its body's; the shade stays light.
        cloth = wish.finish("shade", "fabric", "cream", follow="none")
    stem_r = max(0.011 * h**0.5 * 0.6, 0.014 * h)
    socket_y = shade_low + shade_h * 0.28
    holder = h - shade_h * 0.16
    parts = [Part(shade, cloth)]
    spokes: list[Shape] = [rod((0, holder, 0), (0, socket_y, 0), stem_r * 0.75)]
    at = r + (top_r - r) * (holder - shade_low) / shade_h - wall * 0.8
    spokes += [
        rod((0, holder, 0), (at * math.sin(a), holder, at * math.cos(a)), stem_r * 0.9, min(stem_r * 0.9, wall * 0.5))
        for a in (0.5, 0.5 + 2 * math.pi / 3, 0.5 + 4 * math.pi / 3)
    ]
    parts += [Part(spoke, metal) for spoke in spokes]
    parts.append(Part(sphere(stem_r * 1.7).at(y=holder), metal))
    bulb = revolve(
        polygon(
            curve(
                [
                    (0, 0),
                    (stem_r * 1.5, 0.0),
                    (stem_r * 1.9, stem_r * 1.6),
                    (shade_h * 0.12, shade_h * 0.2),
                    (shade_h * 0.09, shade_h * 0.3),
                    (0, shade_h * 0.34),
                ],
                6,
            )
        )
    ).at(y=socket_y)
    parts.append(Part(bulb, wish.finish("bulb", "lamplight", follow="none")))
    if floor_lamp:
        foot = rounded(
            [
                (0, 0, 0),
                (r * 0.66, 0, h * 0.003),
                (r * 0.66, h * 0.014, h * 0.006),
                (stem_r * 2, h * 0.024, h * 0.01),
                (stem_r, h * 0.05, 0),
                (0, h * 0.05, 0),
            ]
        )
        if wish.count("leg") == 3:
            tripod = wish.finish("stem", "oak", follow="both")
            for i in range(3):
                a = 2 * math.pi * (i + 0.5) / 3
                leg = rod(
                    (r * 0.95 * math.sin(a), stem_r, r * 0.95 * math.cos(a)),
                    (stem_r * 0.5 * math.sin(a), shade_low * 0.97, stem_r * 0.5 * math.cos(a)),
                    stem_r * 0.9,
                    stem_r * 1.1,
                )
                parts.append(Part(leg, tripod))
            parts.append(Part(cylinder(stem_r * 2.6, stem_r * 3, stem_r * 0.5).at(y=shade_low * 0.97), metal))
            parts.append(Part(rod((0, shade_low * 0.95, 0), (0, socket_y, 0), stem_r), metal))
        else:
            pole = wish.finish("base", "brass", follow="both")
            parts.append(Part(revolve(polygon(foot)), pole))
            parts.append(Part(rod((0, h * 0.02, 0), (0, socket_y, 0), stem_r), pole))
        return parts
    body_h = shade_low * 0.93
    body = wish.option("body") or wish.random.choice(tuple(BODIES))
    wide = min(r * 0.56, body_h * 0.5) * wish.vary(0.08)
    line = curve([(wide * u, body_h * (0.08 + 0.92 * v)) for u, v in BODIES[body]], 8)
    outline = [(0.0, body_h * 0.05), (line[0][0], body_h * 0.05), *line, (0.0, body_h)]
    material = wish.finish("base", "ceramic", wish.random.choice(("teal", "navy", "terracotta", "sage")))
    parts.append(Part(revolve(polygon(outline)), material))
    plinth = cylinder(max(line[0][0] * 1.16, r * 0.36), body_h * 0.09, body_h * 0.02).at(y=body_h * 0.045)
    parts.append(Part(plinth, wish.finish("stem", "brass", follow="stuff")))
    parts.append(Part(cylinder(stem_r * 2.2, body_h * 0.07, stem_r * 0.6).at(y=body_h), metal))
    parts.append(Part(rod((0, body_h * 0.95, 0), (0, socket_y, 0), stem_r), metal))
    return parts


def clash(wish: Wish) -> str | None:
    if wish.has("leg") and (wish.variant != "floor lamp" or wish.count("leg") != 3):
        return "Of lamps, only a floor lamp can have legs, and it has three of them."
    return None


def _jointed(wish: Wish) -> list[Part]:
    """Two arms with a knee, a bell-shaped head that looks down and forward."""
    h, w = wish.height / 0.92, wish.width
    tone = wish.finish("main", "metal", wish.random.choice(("red", "teal", "mustard")))
    metal = wish.finish("stem", "steel", follow="stuff")
    r = 0.022 * h
    base_r = w * 0.5
    back = -0.1 * h
    foot: Vec3 = (0.0, 0.05 * h, back)
    knee: Vec3 = (0.0, 0.52 * h, back - 0.2 * h)
    neck: Vec3 = (0.0, 0.88 * h, back + 0.16 * h)
    disc = rounded(
        [
            (0, 0, 0),
            (base_r, 0, 0.008 * h),
            (base_r, 0.022 * h, 0.012 * h),
            (base_r * 0.55, 0.045 * h, 0.03 * h),
            (0, 0.05 * h, 0),
        ]
    )
    parts = [
        Part(revolve(polygon(disc)).at(z=back), tone),
        Part(rod((0, 0.03 * h, back), foot, r * 1.3), metal),
        Part(rod(foot, knee, r * 0.72).at(x=r * 1.05).mirrored("x"), metal),
        Part(rod(knee, neck, r * 0.72).at(x=r * 1.05).mirrored("x"), metal),
    ]
    joint = cylinder(r * 1.5, r * 3.8, r * 0.3).turned("z", 90)
    parts += [Part(joint.at(*place), tone) for place in (foot, knee, neck)]
    # The head, drawn with its mouth at the origin of its own Y axis and aimed away from where it looks.
    size = 0.3 * h
    wall = size * 0.055
    bell = curve(
        [
            (size * 0.4, 0.0),
            (size * 0.37, size * 0.16),
            (size * 0.28, size * 0.38),
            (size * 0.15, size * 0.52),
            (size * 0.13, size * 0.64),
        ],
        8,
    )
    shell = stroke(bell, wall).joined(
        polygon(
            [
                (0, size * 0.5),
                (size * 0.13, size * 0.5),
                (size * 0.13, size * 0.68),
                (size * 0.05, size * 0.72),
                (0, size * 0.72),
            ]
        )
    )
    look = (0.0, -0.72, 0.69)
    mouth = (0.0, neck[1] + look[1] * size * 0.62, neck[2] + look[2] * size * 0.62)
    top = (0.0, mouth[1] - look[1], mouth[2] - look[2])
    parts.append(
        Part(
            revolve(shell).aimed(mouth, top),
            wish.finish("shade", "metal", follow="none") if "shade" in wish.finishes else tone,
        )
    )
    bulb = (
        sphere(size * 0.17)
        .at(y=size * 0.2)
        .joined(rod((0, size * 0.2, 0), (0, size * 0.55, 0), size * 0.08), size * 0.08)
    )
    parts.append(Part(bulb.aimed(mouth, top), wish.finish("bulb", "lamplight", follow="none")))
    return parts


FAMILY = Family(
    id="lamp",
    size=(0.32, 0.5, 0.32),
    build=build,
    clash=clash,
    turned=True,
    fineness=1.6,
    coupled=0.9,
    axes={"length": "height"},
    variants={
        "table lamp": Variant(("lamp", "table lamp", "bedside lamp", "night lamp", "nightstand lamp")),
        "floor lamp": Variant(("floor lamp", "standing lamp", "standard lamp"), (0.44, 1.6, 0.44)),
        "desk lamp": Variant(
            ("desk lamp", "reading lamp", "office lamp", "study lamp", "work lamp"), (0.19, 0.42, 0.28)
        ),
    },
    features=(
        Feature("shade", ("shade", "lampshade", "lamp shade", "head", "screen")),
        Feature("base", ("base", "body", "foot", "stand")),
        Feature("stem", ("stem", "pole", "arm", "rod")),
        Feature("bulb", ("bulb", "light bulb")),
        Feature("leg", ("leg",), 0, 3, 0, 3),
    ),
    options={
        "shade": {"drum": ("drum", "straight"), "cone": ("cone", "conical", "tapered")},
        "body": {
            "ball": ("round", "spherical", "ball"),
            "column": ("column", "slender", "straight"),
            "gourd": ("gourd", "curvy"),
            "jar": ("jar", "ginger jar"),
        },
    },
    other_things=(
        "lava",
        "street",
        "post",
        "head",
        "heat",
        "oil",
        "signal",
        "genie",
        "ceiling",
        "wall",
        "pendant",
        "infrared",
        "uv",
        "salt",
        "magic",
        "aladdin",
        "hanging",
        "gas",
        "sun",
        "miner",
        "car",
        "bicycle",
        "tail",
    ),
    note="table, floor and desk lamps; colours of shade and base, drum or cone shade, floor lamp on 3 legs",
)

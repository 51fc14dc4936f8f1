"""Cars: a body that is the common part of its side, front and top outlines, a glazed cabin, wheels, lights, mirrors."""

from collections.abc import Sequence

import torch

from ml_worker.engines.form.families.car_lines import LINES, Lines
from ml_worker.engines.form.families.family import Family, Feature, Variant, Wish
from ml_worker.engines.form.families.wheel import wheel
from ml_worker.engines.form.sdf.profile import Profile, extrude, polygon, rounded
from ml_worker.engines.form.sdf.shape import Box, Points, Shape, blended
from ml_worker.engines.form.sdf.solids import box, cylinder, ellipsoid, rod
from ml_worker.engines.form.solid import Part
from ml_worker.mesh.solid import Material


def build(wish: Wish) -> Sequence[Part]:
    w, h, length = wish.width, wish.height, wish.depth
    w *= 0.93
    lines = LINES[wish.option("kind", "hatchback")]
    unit = min(h / 1.45, length / 4.2)
    side = polygon(rounded([(z * length, y * h, r * unit) for z, y, r in lines.body]))
    hull = _along_x(side, w)
    belt = lines.belt * h
    section = polygon(
        rounded(
            [
                (-0.455 * w, 0, 0),
                (-0.5 * w, 0.28 * h, 0.3 * unit),
                (-0.5 * w, 0.45 * h, 0.3 * unit),
                (-0.45 * w, 0.75 * h, 0),
                (0.45 * w, 0.75 * h, 0),
                (0.5 * w, 0.45 * h, 0.3 * unit),
                (0.5 * w, 0.28 * h, 0.3 * unit),
                (0.455 * w, 0, 0),
            ]
        )
    )
    plan = polygon(
        rounded(
            [
                (-0.5 * w, 0.36 * length, 0.9 * unit),
                (-0.33 * w, 0.5 * length, 0.42 * unit),
                (0.33 * w, 0.5 * length, 0.42 * unit),
                (0.5 * w, 0.36 * length, 0.9 * unit),
                (0.5 * w, -0.35 * length, 1.2 * unit),
                (0.42 * w, -0.5 * length, 0.3 * unit),
                (-0.42 * w, -0.5 * length, 0.3 * unit),
                (-0.5 * w, -0.35 * length, 1.2 * unit),
            ]
        )
    )
    body = hull.common(extrude(section, length), 0.09 * unit).common(extrude(plan, 2 * h).turned("x", 90), 0.12 * unit)
    if lines.bed:
        start, end = (z * length for z in lines.bed)
        body = body.cut(
            box(0.74 * w, 0.5 * h, end - start, 0.05 * unit).at(y=0.775 * h, z=(start + end) / 2), 0.03 * unit
        )
    cabin_side = polygon(rounded([(z * length, y * h, r * unit) for z, y, r in lines.cabin]))
    cabin_front = polygon(
        rounded(
            [
                (-0.455 * w, 0.5 * belt, 0),
                (-0.45 * w, belt, 0.2 * unit),
                (-0.36 * w, h, 0.2 * unit),
                (0.36 * w, h, 0.2 * unit),
                (0.45 * w, belt, 0.2 * unit),
                (0.455 * w, 0.5 * belt, 0),
            ]
        )
    )
    cabin = _along_x(cabin_side, w).common(extrude(cabin_front, length), 0.1 * unit)
    glass = _panes(lines, cabin_side, cabin_front, belt, w, h, length, unit)
    upper = blended([body, cabin], 0.07 * unit)
    radius = lines.wheel * h * wish.vary(0.02)
    track = 0.5 * w - 0.135 * unit
    arches: list[Shape] = []
    for axle in lines.axles:
        arch = cylinder(radius * 1.14, 0.27 * unit, 0.03 * unit).turned("z", 90)
        arches.append(arch.at(x=0.5 * w - 0.1 * unit, y=radius, z=axle * length).mirrored("x"))
    shell = upper.cut(arches[0], 0.02 * unit).cut(arches[1], 0.02 * unit)
    paint = wish.finish("body", "car paint", wish.random.choice(("red", "blue", "teal", "mustard")))
    dark = wish.finish("trim", "rubber", follow="none")
    coats: list[tuple[Shape, Material]] = [(seam, dark) for seam in _seams(lines, belt, w, h, length, unit)]
    coats += [(arch.inflated(0.012 * unit), dark) for arch in arches]
    coats.append((box(2 * w, 0.07 * h, 2 * length).at(y=0.17 * h + 0.0 * h), dark))
    roof = wish.finishes.get("roof")
    if (roof and (roof.color or roof.stuff)) or wish.finishes.get("accent"):
        above = box(2 * w, h, 0.52 * length).at(y=0.945 * h + h / 2, z=-0.1 * length)
        coats.append((above, wish.finish("roof", "car paint", accent=True)))
    parts = [
        Part(
            shell,
            paint,
            (
                *coats,
                (glass, wish.finish("window", "window", follow="none")),
                *_front_and_rear(wish, lines, w, h, length, unit),
            ),
        ),
    ]
    tyre = wish.finish("tyre", "rubber", follow="none")
    rim = wish.finish("wheel", "aluminium", follow="none")
    for axle in lines.axles:
        for material, shape in zip((tyre, rim), wheel(radius, 0.21 * unit, wish.random.choice((5, 6, 7))), strict=True):
            parts.append(Part(shape.at(x=track, y=radius, z=axle * length).mirrored("x"), material))
        parts.append(
            Part(rod((0, radius, axle * length), (track, radius, axle * length), 0.06 * unit).mirrored("x"), dark)
        )
    parts += _details(wish, lines, paint, belt, w, h, length, unit)
    return parts


def _along_x(profile: Profile, width: float) -> Shape:
    """An outline drawn in (z, y) pulled along X."""
    return extrude(profile, width).turned("y", -90)


def _panes(
    lines: Lines, side: Profile, front: Profile, belt: float, w: float, h: float, length: float, unit: float
) -> Shape:
    """Where the cabin is glazed: the side outline drawn in by a frame, the same from the front, less the pillars."""
    frame = 0.075 * unit

    def distance(p: Points) -> torch.Tensor:
        beside = side.distance(p.z, p.y).add_(frame)
        for pillar in lines.pillars:
            beside = torch.maximum(beside, 0.035 * unit - (p.z - pillar * length - 0.12 * (p.y - belt)).abs())
        beside = torch.maximum(beside, 0.25 * w - p.x.abs())
        ahead = front.distance(p.x, p.y).add_(frame * 1.15)
        ahead = torch.maximum(ahead, p.y - 0.945 * h)
        both = torch.minimum(beside, ahead)
        return torch.maximum(both, belt + 0.018 * unit - p.y)

    return Shape(distance, Box((-w / 2, belt, -length / 2), (w / 2, h, length / 2)))


def _seams(lines: Lines, belt: float, w: float, h: float, length: float, unit: float) -> list[Shape]:
    """Dark lines where doors, bonnet and tailgate part from the body."""
    thin = 0.011 * unit
    low = 0.235 * h
    marks = [lines.pillars[0] - 0.012, min(lines.axles[0] - 0.085, lines.pillars[0] + 0.255)]
    if len(lines.pillars) > 1:
        marks.append(lines.pillars[1] + 0.06)
    elif lines.bed is None:
        marks.append(lines.pillars[0] - 0.2)
    else:
        marks.append(lines.bed[1] + 0.01)
    seams = [box(2 * w, belt - low, thin).at(y=(belt + low) / 2, z=z * length) for z in marks]
    front, back = max(marks), min(marks)
    seams.append(box(2 * w, thin, (front - back) * length).at(y=low, z=(front + back) / 2 * length))
    return [seam.cut(box(0.72 * w, 3 * h, 3 * length)) for seam in seams]


def _front_and_rear(
    wish: Wish, lines: Lines, w: float, h: float, length: float, unit: float
) -> list[tuple[Shape, Material]]:
    """Lights, grille, plates and bumpers, as places on the bodywork."""
    lamp, red = (
        wish.finish("light", "lamp glass", follow="none"),
        wish.finish("tail light", "paint", "red", follow="none"),
    )
    dark, chrome = wish.finish("trim", "rubber", follow="none"), wish.finish("chrome", "chrome", follow="none")
    plate = wish.finish("plate", "plastic", "white", follow="none")
    nose, tail = lines.body[-3][1] * h, lines.body[2][1] * h
    front, back = 0.5 * length, -0.5 * length

    def patch(width: float, tall: float, edge: float, x: float, y: float, z: float) -> Shape:
        return box(width * unit, tall * unit, 0.62 * unit, edge * unit).at(x, y, z)

    head = box(0.5 * unit, 0.14 * unit, 0.7 * unit, 0.065 * unit).turned("x", 6).turned("y", 24)
    lens = box(0.4 * unit, 0.075 * unit, 0.8 * unit, 0.035 * unit).turned("x", 6).turned("y", 24)
    lights = box(0.4 * unit, 0.14 * unit, 0.7 * unit, 0.05 * unit).turned("y", -24)
    high = nose - 0.045 * unit
    return [
        (head.at(0.37 * w, high, front - 0.07 * length).mirrored("x"), dark),
        (lens.at(0.37 * w, high, front - 0.07 * length).mirrored("x"), lamp),
        (patch(0.72, 0.13, 0.05, 0, nose - 0.085 * unit, front), dark),
        *((patch(0.64, 0.014, 0.0, 0, nose + offset * unit, front), chrome) for offset in (-0.12, -0.085, -0.05)),
        (patch(1.05, 0.11, 0.05, 0, 0.25 * h, front), dark),
        (patch(0.42, 0.095, 0.012, 0, 0.33 * h, front), plate),
        (patch(0.42, 0.095, 0.012, 0, 0.37 * h, back), plate),
        (lights.at(0.38 * w, tail - 0.115 * unit, back + 0.03 * length).mirrored("x"), red),
        (box(2 * w, 0.06 * unit, length).at(y=0.22 * h, z=-0.8 * length), dark),
    ]


def _details(
    wish: Wish, lines: Lines, paint: Material, belt: float, w: float, h: float, length: float, unit: float
) -> list[Part]:
    dark, chrome = wish.finish("trim", "rubber", follow="none"), wish.finish("chrome", "chrome", follow="none")
    parts: list[Part] = []
    mirror_z = lines.cabin[-1][0] * length - 0.23 * length * (0.2 if lines.belt < 0.6 else 0.28)
    mirror = ellipsoid(0.2 * unit, 0.13 * unit, 0.12 * unit).at(0.5 * w + 0.045 * unit, belt + 0.07 * unit, mirror_z)
    arm = rod(
        (0.42 * w, belt - 0.01 * unit, mirror_z), (0.5 * w + 0.02 * unit, belt + 0.045 * unit, mirror_z), 0.045 * unit
    )
    parts.append(Part(mirror.joined(arm, 0.03 * unit).mirrored("x"), paint))
    handle_y = belt - 0.1 * unit
    for z in (lines.pillars[0] + 0.03, lines.pillars[0] - 0.165):
        if lines.bed is None or z > lines.bed[1]:
            grip = box(0.07 * unit, 0.035 * unit, 0.17 * unit, 0.016 * unit).at(0.482 * w, handle_y, z * length)
            parts.append(Part(grip.mirrored("x"), chrome))
    if wish.has("sign"):
        sign = box(0.42 * unit, 0.15 * unit, 0.16 * unit, 0.05 * unit).at(y=h + 0.015 * unit, z=-0.03 * length)
        parts.append(Part(sign, wish.finish("sign", "lamp glass", follow="none")))
    if wish.has("rack"):
        back, front = (lines.cabin[i][0] * 0.85 * length for i in (1, -2))
        level = h - 0.02 * unit
        rail = rod((0.29 * w, level, front), (0.29 * w, level, back), 0.03 * unit)
        parts.append(Part(rail.mirrored("x"), chrome))
    if wish.has("spoiler"):
        tail, z = lines.body[2][1] * h, (-0.465 if lines.bed is None else -0.487) * length
        wing = box(0.78 * w, 0.045 * unit, 0.24 * unit, 0.02 * unit).at(y=tail + 0.22 * unit, z=z - 0.01 * length)
        strut = box(0.055 * unit, 0.5 * unit, 0.1 * unit, 0.016 * unit).at(0.26 * w, tail - 0.02 * unit, z)
        parts += [Part(wing, wish.finish("spoiler", "car paint", follow="color")), Part(strut.mirrored("x"), dark)]
    return parts


FAMILY = Family(
    id="car",
    size=(1.85, 1.48, 4.1),
    fineness=1.6,
    build=build,
    axes={"length": "depth"},
    variants={
        "car": Variant(("car", "automobile", "hatchback", "city car", "family car", "passenger car")),
        "toy car": Variant(("toy car",), (0.068, 0.054, 0.15)),
        "sedan": Variant(("sedan", "saloon", "saloon car"), (1.88, 1.45, 4.6), {}, {"kind": "sedan"}),
        "suv": Variant(("suv", "jeep", "off-roader", "crossover"), (1.95, 1.74, 4.5), {"rack": 1}, {"kind": "suv"}),
        "sports car": Variant(
            ("sports car", "sport car", "sportscar", "coupe", "supercar"), (1.92, 1.26, 4.4), {}, {"kind": "sports"}
        ),
        "pickup": Variant(
            ("pickup", "pick up", "pickup truck", "pick up truck"), (1.98, 1.84, 5.3), {}, {"kind": "pickup"}
        ),
        "van": Variant(("van", "minivan", "delivery van", "minibus"), (1.98, 1.98, 4.9), {}, {"kind": "van"}),
        "taxi": Variant(("taxi", "cab", "taxi cab"), (1.88, 1.47, 4.6), {"sign": 1}, {"kind": "sedan"}, "yellow"),
    },
    features=(
        Feature("body", ("body", "bodywork", "outside", "exterior")),
        Feature("roof", ("roof", "top")),
        Feature("wheel", ("wheel", "rim", "alloy wheel", "hubcap"), 4, 4, 4),
        Feature("tyre", ("tyre", "tire"), 4, 4, 4),
        Feature("window", ("window", "windscreen", "windshield", "glass")),
        Feature("door", ("door",), 4, 5, 4),
        Feature("light", ("light", "headlight", "head light", "headlamp"), 2, 2, 2),
        Feature("rack", ("roof rack", "rack", "roof rail"), 0, 1, 0),
        Feature("spoiler", ("spoiler", "wing", "rear spoiler"), 0, 1, 0),
        Feature("sign", ("taxi sign", "roof sign", "sign"), 0, 1, 0),
    ),
    options={
        "kind": {
            "sedan": ("four-door sedan",),
            "sports": ("sporty", "sports", "fast", "racing"),
            "hatchback": ("hatch",),
        },
    },
    other_things=(
        "cable",
        "seat",
        "park",
        "wash",
        "key",
        "radio",
        "police",
        "race",
        "formula",
        "go",
        "street",
        "train",
        "rail",
        "railway",
        "fire",
        "bumper",
        "dining",
        "sleeping",
        "side",
        "monster",
        "flying",
        "wheel",
        "engine",
        "garage",
        "ambulance",
        "port",
        "go-kart",
        "tank",
        "tram",
        "electric",
        "convertible",
        "charger",
    ),
    note="hatchback, sedan, SUV, sports car, pickup, van, taxi; colours of body, roof, wheels; spoiler, roof rack",
)

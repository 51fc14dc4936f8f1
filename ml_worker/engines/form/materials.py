"""Materials by id with their metallic-roughness values, and how a colour changes one.

Metal colours are measured reflectances at normal incidence (https://physicallybased.info), as sRGB.
"""

from dataclasses import dataclass

from ml_worker.engines.form.palette import COLORS, Rgb, from_hex, shade
from ml_worker.mesh.solid import Material


@dataclass(frozen=True, slots=True)
class Stuff:
    """What a thing can be made of. `dyed` is how it looks once it has been given a colour."""

    group: str
    color: Rgb
    roughness: float
    metallic: float = 0.0
    pattern: str = "plain"
    color2: Rgb | None = None
    scale: float = 1.0
    opacity: float = 1.0
    dyed_opacity: float | None = None
    dyed_roughness: float | None = None
    dyed_pattern: str | None = None


def _wood(color: str, color2: str, roughness: float = 0.55, scale: float = 1.0) -> Stuff:
    return Stuff("wood", from_hex(color), roughness, pattern="wood", color2=from_hex(color2), scale=scale)


def _metal(color: str, roughness: float, pattern: str = "plain") -> Stuff:
    return Stuff("metal", from_hex(color), roughness, 1.0, pattern, dyed_roughness=0.34, dyed_pattern="plain")


STUFF: dict[str, Stuff] = {
    "wood": _wood("#b27a45", "#8a5527"),
    "oak": _wood("#c39a63", "#9a713d"),
    "pine": _wood("#dcb679", "#b98a4a"),
    "birch": _wood("#e2cba0", "#c9a878"),
    "maple": _wood("#d9ae78", "#bd8c54"),
    "beech": _wood("#d3a678", "#b98556"),
    "ash": _wood("#d6c09a", "#b39a72"),
    "walnut": _wood("#6b4529", "#452816"),
    "cherry": _wood("#9a5330", "#76371d"),
    "mahogany": _wood("#6a2c1c", "#481a10", 0.4),
    "teak": _wood("#a8743c", "#7d5125"),
    "ebony": _wood("#2d221d", "#181110", 0.4),
    "bamboo": _wood("#d8bb73", "#b59549"),
    "bark": Stuff("wood", from_hex("#5d4330"), 0.95, pattern="wood", color2=from_hex("#3d2a1c"), scale=0.6),
    "lacquer": Stuff("paint", from_hex("#b27a45"), 0.38),
    "plaster": Stuff("paint", from_hex("#ece4d4"), 0.9),
    "paint": Stuff("paint", from_hex("#c0261f"), 0.25),
    "metal": _metal("#b9bcc0", 0.35, "brushed"),
    "steel": _metal("#a8abb0", 0.32, "brushed"),
    "chrome": _metal("#d6d8da", 0.08),
    "iron": _metal("#4b4a4c", 0.6),
    "aluminium": _metal("#d3d5d6", 0.38, "brushed"),
    "copper": _metal("#e59f7c", 0.28),
    "bronze": _metal("#a9763f", 0.38),
    "brass": _metal("#d9b763", 0.26),
    "gold": _metal("#f0c05a", 0.2),
    "silver": _metal("#e3e1dc", 0.18),
    "glass": Stuff("glass", from_hex("#c9dfe0"), 0.05, opacity=0.3, dyed_opacity=0.5),
    "window": Stuff("glass", from_hex("#27343d"), 0.08),
    "ceramic": Stuff("ceramic", from_hex("#efece4"), 0.16),
    "porcelain": Stuff("ceramic", from_hex("#f6f5f2"), 0.1),
    "clay": Stuff("ceramic", from_hex("#b5633f"), 0.85),
    "plastic": Stuff("plastic", from_hex("#d8d9db"), 0.4),
    "rubber": Stuff("plastic", from_hex("#1d1d1f"), 0.85),
    "stone": Stuff("stone", from_hex("#8f8c86"), 0.85, pattern="stone"),
    "granite": Stuff("stone", from_hex("#77757a"), 0.5, pattern="granite"),
    "marble": Stuff("stone", from_hex("#ecebe8"), 0.2, pattern="marble", color2=from_hex("#9d9fa6")),
    "concrete": Stuff("stone", from_hex("#a3a19c"), 0.9),
    "brick": Stuff("brick", from_hex("#a2503a"), 0.9, pattern="brick", color2=from_hex("#c9c0b2")),
    "roof tiles": Stuff("brick", from_hex("#a34a32"), 0.8, pattern="tiles", color2=from_hex("#6f2f20")),
    "planks": Stuff("wood", from_hex("#a9713f"), 0.7, pattern="planks", color2=from_hex("#7c4f28")),
    "car paint": Stuff("paint", from_hex("#b9201c"), 0.18),
    "lamp glass": Stuff("glass", from_hex("#eef1f2"), 0.08),
    "fabric": Stuff("fabric", from_hex("#cfc4b2"), 0.95, pattern="fabric"),
    "velvet": Stuff("fabric", from_hex("#5b2540"), 0.8, pattern="fabric", scale=0.6),
    "leather": Stuff("fabric", from_hex("#7a4a2b"), 0.5, pattern="leather"),
    "paper": Stuff("fabric", from_hex("#efe8d6"), 0.9),
    "leaves": Stuff("plant", from_hex("#4c8a35"), 0.85, pattern="foliage"),
    "needles": Stuff("plant", from_hex("#2c6440"), 0.85, pattern="foliage", scale=0.7),
    "coffee": Stuff("liquid", from_hex("#3a2012"), 0.12),
    "tea": Stuff("liquid", from_hex("#a4581c"), 0.1),
    "milk": Stuff("liquid", from_hex("#faf6ec"), 0.2),
    "cocoa": Stuff("liquid", from_hex("#5d3621"), 0.2),
    "water": Stuff("liquid", from_hex("#a9cfdd"), 0.05),
    "snow": Stuff("snow", from_hex("#f4f7fa"), 0.75),
    "lamplight": Stuff("glass", from_hex("#fff3d0"), 0.3),
}


def make(stuff: str, color: Rgb | None = None, name: str | None = None) -> Material:
    """The material `stuff`, dyed with `color` when one is given. A coloured metal is painted metal."""
    kind = STUFF[stuff]
    label = name or stuff
    if color is None:
        return Material(
            name=label,
            color=kind.color,
            metallic=kind.metallic,
            roughness=kind.roughness,
            pattern=kind.pattern,
            color2=kind.color2,
            scale=kind.scale,
            opacity=kind.opacity,
        )
    pattern = kind.dyed_pattern or kind.pattern
    second = None
    if pattern == "wood":
        second = shade(color, "dark") if sum(color) > 0.6 else shade(color, "light")
        second = (0.6 * color[0] + 0.4 * second[0], 0.6 * color[1] + 0.4 * second[1], 0.6 * color[2] + 0.4 * second[2])
    elif pattern in ("marble", "tiles"):
        second = shade(color, "dark")
    elif pattern == "brick":
        second = kind.color2
    metallic = 1.0 if kind.metallic and color in (COLORS["gold"], COLORS["silver"]) else 0.0
    roughness = kind.dyed_roughness if kind.dyed_roughness is not None else kind.roughness
    return Material(
        name=label,
        color=color,
        opacity=kind.opacity if kind.dyed_opacity is None else kind.dyed_opacity,
        metallic=metallic,
        roughness=roughness,
        pattern=pattern,
        color2=second,
        scale=kind.scale,
    )

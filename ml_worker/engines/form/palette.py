"""Colours by id, and how they are lightened, darkened and read from hexadecimal. Their words are in lexicon/."""

import colorsys

Rgb = tuple[float, float, float]
"""sRGB, 0..1."""


def from_hex(text: str) -> Rgb:
    """`#c0ffee` or `#abc`. Raises ValueError."""
    digits = text.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    if len(digits) != 6:
        raise ValueError(f"not a colour: {text}")
    red, green, blue = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return red, green, blue


def shade(color: Rgb, tone: str) -> Rgb:
    """`color` made `light`, `dark`, `pale`, `bright` or `pastel`."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*color)
    if tone == "light":
        lightness += (1 - lightness) * 0.38
    elif tone == "dark":
        lightness *= 0.52
    elif tone in ("pale", "pastel"):
        lightness += (1 - lightness) * 0.55
        saturation *= 0.6
    elif tone == "bright":
        saturation = min(1.0, saturation * 1.25)
        lightness = min(0.62, max(lightness, 0.5)) if saturation > 0.1 else min(1.0, lightness * 1.15)
    return colorsys.hls_to_rgb(hue, min(1.0, lightness), saturation)


def contrast(color: Rgb) -> Rgb:
    """What a pattern on `color` is drawn in, when nothing else was asked for."""
    if sum(color) > 2.4:
        return COLORS["navy"]
    return shade(color, "dark") if sum(color) > 1.6 else (0.94, 0.92, 0.88)


COLORS: dict[str, Rgb] = {
    name: from_hex(digits)
    for name, digits in {
        "red": "#c0261f",
        "crimson": "#a3122d",
        "scarlet": "#d92b16",
        "maroon": "#6e1a22",
        "burgundy": "#6a1230",
        "pink": "#ec8fab",
        "rose": "#d9607e",
        "magenta": "#b8257f",
        "salmon": "#ef8a74",
        "coral": "#f0705a",
        "orange": "#e8791e",
        "amber": "#f0a51e",
        "peach": "#f6b78f",
        "terracotta": "#b9603d",
        "rust": "#9c4422",
        "yellow": "#f2c320",
        "mustard": "#c9981f",
        "cream": "#f3e8c8",
        "ivory": "#f2ecdc",
        "beige": "#d9c7a5",
        "brown": "#6f4526",
        "chocolate": "#4a2b19",
        "tan": "#c19a6b",
        "khaki": "#a89a68",
        "sand": "#d8bd8a",
        "green": "#2f8a3d",
        "lime": "#97c51f",
        "olive": "#6f7330",
        "mint": "#98d8bb",
        "emerald": "#12805a",
        "sage": "#98a88a",
        "teal": "#12787a",
        "turquoise": "#2fb5ae",
        "cyan": "#24b6d4",
        "blue": "#2258b8",
        "navy": "#1a2a55",
        "azure": "#3d8fe0",
        "sky": "#7dbbe8",
        "indigo": "#3b3390",
        "violet": "#6b3fa8",
        "purple": "#74318f",
        "lavender": "#b3a3d9",
        "lilac": "#c3a0cf",
        "plum": "#6b2f5c",
        "white": "#f1f0ec",
        "grey": "#85878a",
        "charcoal": "#3b3d41",
        "black": "#1b1b1d",
        "silver": "#c4c7cb",
        "gold": "#d9a634",
    }.items()
}

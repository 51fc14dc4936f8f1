"""What a family of objects is, and the wish a family is asked to build.

A family is one file in this package and one line in `registry.py`. Its own English nouns stand with it; other
languages name families, features and options by their ids in their lexicon file.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ml_worker.engines.form.materials import make
from ml_worker.engines.form.palette import COLORS, Rgb
from ml_worker.engines.form.solid import Part
from ml_worker.mesh.solid import Material


class Taste(random.Random):
    """The small choices that the seed makes: proportions, outlines, colours nobody asked for."""


@dataclass(frozen=True, slots=True)
class Feature:
    """A part that a person may name: "with four legs", "without a handle", "a blue roof".

    `most` > 1 makes it countable, from `least` to `most`; `least` 0 makes it removable. `normal` is how many there are
    when nothing is said (0: only when asked for).
    """

    id: str
    nouns: tuple[str, ...]
    least: int = 1
    most: int = 1
    normal: int = 1
    some: int = 2
    """How many a plural without a number means."""
    fineness: float = 1.0
    """How many times finer the surface must be sampled for this part to come out."""
    adjectives: tuple[str, ...] = ()
    """Words that say the object has it ("striped")."""
    uncounted: bool = False
    """One for many: it is there or not, and a number of them ("20 books") is told as ignored."""
    beside: bool = False
    """It stands out to the sides of a turned object, which without it is as wide as deep."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A kind within the family with a noun of its own (stool, desk). Empty fields keep the family's."""

    nouns: tuple[str, ...]
    size: tuple[float, float, float] | None = None
    features: Mapping[str, int] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    color: str | None = None
    """The colour of the whole when none is asked for (a taxi's)."""


@dataclass(frozen=True, slots=True)
class Finish:
    """A material id or a colour that somebody asked for; None: not said."""

    stuff: str | None = None
    color: Rgb | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """Everything a family must know to build one object."""

    variant: str
    width: float
    height: float
    depth: float
    counts: Mapping[str, int]
    options: Mapping[str, str]
    finishes: Mapping[str, Finish]
    """By feature id; `main` for the whole, `accent` for a second colour."""
    random: Taste

    def count(self, feature: str) -> int:
        return self.counts[feature]

    def has(self, feature: str) -> bool:
        return self.counts[feature] > 0

    def option(self, name: str, otherwise: str = "") -> str:
        return self.options.get(name, otherwise)

    def vary(self, share: float) -> float:
        """A factor near 1, within ± `share`, by the seed."""
        return 1 + share * (2 * self.random.random() - 1)

    def finish(
        self, role: str, stuff: str, color: str | None = None, *, follow: str = "both", accent: bool = False
    ) -> Material:
        """The material of the parts in `role`.

        What was asked for this role comes first, then (as far as it should `follow` the whole: `both`, `color`,
        `stuff` or `none`) what was asked for the whole, then the given defaults. With `accent` a second colour, where
        one was asked for, goes here.
        """
        own, main, second = (self.finishes.get(key, Finish()) for key in (role, "main", "accent"))
        rgb = own.color
        if rgb is None and accent and second.color is not None:
            rgb = second.color
        if rgb is None and follow in ("both", "color"):
            rgb = main.color
        material = own.stuff
        if material is None and accent and second.stuff is not None:
            material = second.stuff
        if material is None and follow in ("both", "stuff"):
            material = main.stuff
        if rgb is None and material is None and color is not None:
            rgb = COLORS[color]
        return make(material or stuff, rgb, role)


@dataclass(frozen=True, slots=True)
class Family:
    """One family. `size` is its usual (width, height, depth) in metres."""

    id: str
    variants: Mapping[str, Variant]
    size: tuple[float, float, float]
    build: Callable[[Wish], Sequence[Part]]
    features: tuple[Feature, ...] = ()
    options: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """Option -> value -> the English words that say it ("top" -> "round" -> ("round", "circular"))."""
    sizes: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    """Usual size where an option's value ("round") or a count ("floor=3") changes it and the variant has none."""
    clash: Callable[[Wish], str | None] = lambda wish: None
    """Why a wish, each word of which is fine, cannot be made as a whole; None when it can."""
    remark: Callable[[Wish], str | None] = lambda wish: None
    """What the person should know of how the wish is made, as it could be expected otherwise."""
    turned: bool = False
    """Round about its axis, but for handles: width and depth change together, and the depth is the diameter."""
    coupled: float = 1.0
    """How far one measured side drags the others along: 1 keeps the proportions, 0 leaves the others as they are."""
    steady: bool = False
    """People set its height, whatever else is measured: a longer table is no higher."""
    axes: Mapping[str, str] = field(default_factory=dict)
    """Which side its `length` is if not the width, and its `depth` if not the depth."""
    other_things: tuple[str, ...] = ()
    """Words that before or after the noun make it another thing: "dog house", "table leg"."""
    fineness: float = 1.0
    """How many times finer than usual the surface must be sampled at the least, for its small pieces to come out."""
    note: str = ""
    """One line for the person: what can be asked for."""

    def feature(self, feature_id: str) -> Feature | None:
        return next((f for f in self.features if f.id == feature_id), None)

"""Writes what was read into a `Request`, and refuses what contradicts it or cannot be made."""

import math
from itertools import permutations

from ml_worker.engines.form.families.family import Family, Feature, Finish
from ml_worker.engines.form.lexicon.reader import Item
from ml_worker.engines.form.materials import STUFF
from ml_worker.engines.form.palette import Rgb
from ml_worker.engines.form.refusals import ALIKE, cannot_make
from ml_worker.engines.form.request import MOST_OBJECTS, Request

MAIN = "main"
"""The target of what is said of the whole object; a part is targeted by its feature id."""
SIDES = ("width", "height", "depth")
UNSAID = 0.7
"""How much more like the family (in logarithms of lengths) sides in another order than the usual must be."""
BEYOND = 1e9
"""Metres: a length like any longer one, which none of them can be made of."""


class Filling:
    """Every method raises BadInput `cannot-make`."""

    def __init__(self, request: Request) -> None:
        self.request = request

    @property
    def family(self) -> Family:
        return self.request.family

    def measure(self, side: str, metres: float, words: str) -> None:
        if side == "thickness":
            self.request.ignored.append(words)
            return
        if side == "radius":
            side, metres = "diameter", 2 * metres
        elif side != "length":
            side = self.family.axes.get(side, side)
        self._measured(side, metres, words)

    def sides(self, lengths: tuple[float, ...], words: str) -> None:
        """`120 x 60 x 75 cm`: width, depth and height, unless another order looks far more like the family.

        Two lengths may also be the height and the width of what is taller than wide.
        """
        if len(lengths) > 3:
            raise cannot_make(f'"{words}" gives more than three sides.')
        if min(lengths) <= 0:
            raise cannot_make(f'"{words}" is no size: it must be more than zero.')
        usual = dict(zip(SIDES, self.family.variants[self.request.variant].size or self.family.size, strict=True))

        def unlike(order: tuple[str, ...]) -> float:
            pulls = [math.log(metres / usual[side]) for side, metres in zip(order, lengths, strict=True)]
            return max(pulls) - min(pulls) + (UNSAID if order not in said else 0.0)

        said: list[tuple[str, ...]] = [("width", "depth", "height")[: len(lengths)]]
        if len(lengths) == 2 and usual["height"] > usual["width"]:
            said.append(("height", "width") if lengths[0] > lengths[1] else ("width", "height"))
        orders: list[tuple[str, ...]] = list(permutations(said[0]))
        best: tuple[str, ...] = min(said + orders, key=unlike)
        for side, metres in zip(best, lengths, strict=True):
            self._measured(side, metres, words)

    def settle(self) -> None:
        """The length is that of the family's long axis; beside it, the width of what is long across is its depth."""
        metres = self.request.measures.pop("length", None)
        if metres is None:
            return
        side = self.family.axes.get("length", "width")
        if side in self.request.measures and side == "width" and "depth" not in self.request.measures:
            self.request.measures["depth"] = self.request.measures.pop("width")
        self._measured(side, metres)

    def _measured(self, side: str, metres: float, words: str = "") -> None:
        old = self.request.measures.get(side)
        if old is not None and not math.isclose(old, metres):
            if side == "longest":
                raise cannot_make(f'"{words}" is the second size without a side: say which is wide, deep or tall.')
            raise cannot_make(f'"{words or "The length"}" contradicts another {side} in the same request.')
        if metres <= 0:
            raise cannot_make(f'"{words}" is no size: it must be more than zero.')
        self.request.measures[side] = min(metres, BEYOND)
        if words:
            self.request.say("size", words)

    def mention(self, feature: Feature, noun: Item) -> None:
        """Named without a number: there must be some."""
        usual = self.family.variants[self.request.variant].features.get(feature.id, feature.normal)
        if 0 in (usual, feature.normal):
            some = min(feature.most, feature.some if noun.plural else 1)
            self.request.counts[feature.id] = max(some, feature.least)

    def whole(self, value: float, text: str) -> int:
        if not value.is_integer():
            raise cannot_make(f"{text} is not a whole number, and I can only count in whole ones.")
        return int(value)

    def objects(self, value: float, text: str) -> None:
        count = self.whole(value, text)
        if not 1 <= count <= MOST_OBJECTS:
            raise cannot_make(f"I can set out 1 to {MOST_OBJECTS} objects in one model, not {text}.")
        if self.request.count not in (1, count):
            if count == 1:  # `two chairs, one red`
                raise cannot_make(f"{ALIKE} I cannot make {text} of the {self.request.count} different.")
            raise cannot_make(f"{self.request.count} or {count}: the request gives two numbers of objects.")
        self.request.count = count

    def count(self, feature: Feature, count: int, words: str) -> None:
        name = feature.nouns[0]
        if not feature.least <= count <= feature.most and not (count == 0 and feature.least == 0):
            first = max(feature.least, 1)
            span = f"{first} to {feature.most}" if feature.most > first else f"{first}"
            rest = " or none" if feature.least == 0 else ""
            raise cannot_make(f"I cannot make a {self.family.id} with {count} {name}s: it can have {span}{rest}.")
        old = self.request.counts.get(feature.id)
        if old is not None and old != count:
            raise cannot_make(f"The request gives both {old} and {count} for the {name}.")
        self.request.counts[feature.id] = count

    def option(self, target: str, values: list[tuple[str, str]], text: str) -> None:
        fitting = [pair for pair in values if pair[0] == target] if target != MAIN else values
        if not fitting:
            fitting = [pair for pair in values if target == MAIN]
        if not fitting:
            self.request.ignored.append(text)
            return
        option, value = fitting[0]
        old = self.request.options.get(option)
        if old is not None and old != value:
            raise cannot_make(f'"{old}" and "{value}" contradict each other: a {self.family.id} is one or the other.')
        self.request.options[option] = value
        self.request.say("style", text)

    def side(self, side: str, factor: float, text: str) -> None:
        side = self.family.axes.get(side, "width" if side == "length" else side)
        old = self.request.stretches.get(side)
        if side == "width" and old is not None and (old > 1) != (factor > 1) and "depth" not in self.request.stretches:
            # A long, narrow table: long one way, narrow the other.
            side, old = "depth", None
        if old is not None and (old > 1) != (factor > 1):
            raise cannot_make(f'"{text}" contradicts another word about the {side}.')
        self.request.stretches[side] = factor
        self.request.say("size", text)

    def color(self, target: str, color: Rgb, text: str, joint: bool = False) -> None:
        """`joint`: another than that before the `and`, which may be a material: oak and black."""
        for role in (target, "accent") if target == MAIN else (target,):
            old = self.request.finishes.get(role, Finish())
            taken = joint and role == target and old.stuff is not None
            if (old.color is None and not taken) or old.color == color:
                self.request.finishes[role] = Finish(old.stuff, color)
                self.request.say("colours", text if target == MAIN else f"{text} {target}")
                return
        what = f"the {target}" if target != MAIN else f"a {self.family.id}"
        most = "one colour" if target != MAIN else "two colours unless you say which part is which"
        raise cannot_make(f'I can give {what} {most}; "{text}" is one too many.')

    def stuff(self, target: str, stuff: str, text: str, joint: bool = False) -> None:
        for role in (target, "accent") if target == MAIN else (target,):
            old = self.request.finishes.get(role, Finish())
            if old.stuff is None and joint and role == target and old.color is not None:
                continue
            # Wood is any wood, and the word for one wood is the closer one.
            woods = old.stuff is not None and STUFF[old.stuff].group == STUFF[stuff].group == "wood"
            if old.stuff in (None, stuff) or (woods and "wood" in (old.stuff, stuff)):
                closer = old.stuff if old.stuff and stuff == "wood" else stuff
                self.request.finishes[role] = Finish(closer, old.color)
                self.request.say("materials", text if target == MAIN else f"{text} {target}")
                return
        if target != MAIN:
            raise cannot_make(f'I can give the {target} one finish; "{text}" is one too many.')
        raise cannot_make(
            f'I can make it of two materials unless you say which part is which; "{text}" is one too many.'
        )

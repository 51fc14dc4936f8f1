"""The adjectives in hand: read, and not yet given to the whole or to a part."""

from dataclasses import dataclass, replace

from ml_worker.engines.form.families.family import Feature
from ml_worker.engines.form.filling import MAIN, Filling
from ml_worker.engines.form.lexicon.reader import Item


@dataclass(frozen=True, slots=True)
class Held:
    """`kind`: color, material, scale, side, option, measure, number, figure (a number that counts no objects)."""

    kind: str
    value: object
    text: str
    glued: bool = False
    joint: bool = False
    """Is there an `and` before it? Then a finish is another than that before the `and`."""


class Hand:
    """Raises BadInput `cannot-make` where what is given contradicts itself."""

    def __init__(self, fill: Filling) -> None:
        self.fill = fill
        self.held: list[Held] = []
        self._nouns: dict[str, str] = {}
        """The person's last word for each part."""
        self._given: list[Held] = []

    def take(self, kind: str, value: object, text: str, glued: bool = False, joint: bool = False) -> None:
        self.held.append(Held(kind, value, text, glued, joint))

    def has(self, *kinds: str) -> bool:
        return any(held.kind in kinds for held in self.held)

    def only(self, *kinds: str) -> bool:
        """Something is in hand, and nothing but these kinds."""
        return bool(self.held) and all(held.kind in kinds for held in self.held)

    def article(self) -> bool:
        """Is `a` in hand, which counts one of a part that is to come?"""
        return any(not held.text for held in self.held)

    def forget_article(self) -> None:
        """The `a` of `a height` and of `a couple` counts nothing."""
        if self.held and not self.held[-1].text:
            self.held.pop()

    def bare(self) -> bool:
        """Is one of the lengths in hand without a word for its side?"""
        return any(isinstance(held.value, tuple) and held.value[0] == "longest" for held in self.held)

    def drop(self, words: list[str]) -> None:
        """An unknown noun takes its adjectives with it."""
        said = [held.text for held in self.held if held.text] + words
        self.held.clear()
        if said:
            self.fill.request.ignored.append(" ".join(said))

    def drop_last(self, word: str) -> None:
        """The last adjective was said of the unknown `word`."""
        self.fill.request.ignored.append(f"{self.held.pop().text} {word}")

    def said_of(self, noun: Item) -> list[Held]:
        """Take out what belongs to the whole: in `three red 3-legged stools` the leg has only its 3."""
        first = 0
        if noun.glued or noun.may_be("joined"):
            first = max(len(self.held) - 1, 0)
            while first and self.held[first].glued:
                first -= 1
        else:
            numbers = [i for i, held in enumerate(self.held) if held.kind in ("number", "figure")]
            first = numbers[-1] if numbers else 0
        whole = self.held[:first]
        del self.held[:first]
        return whole

    def again(self) -> None:
        """Take in hand the finish that was given last."""
        self.held = list(self._given)

    def join(self) -> None:
        """What is in hand comes `with` the rest: it is another finish than that."""
        self.held = [replace(held, joint=True) for held in self.held]

    def before_joint(self) -> list[Held]:
        """Take out what comes before the last finish: in `blue and red inside` the inside is red."""
        first = max((i for i, held in enumerate(self.held) if held.joint), default=0)
        whole = self.held[:first]
        del self.held[:first]
        return whole

    def give_measures(self) -> None:
        """The lengths in hand are those of the whole."""
        rest = [held for held in self.held if held.kind != "measure" and held.text]
        self.held = [held for held in self.held if held.kind == "measure"]
        self.give(MAIN)
        self.held = rest

    def give(self, target: str, feature: Feature | None = None, noun: Item | None = None) -> None:
        """Hand everything to the whole or to a part; `noun` when the part is just being named."""
        fill, request = self.fill, self.fill.request
        if noun is not None:
            self._nouns[target] = noun.text
        for held in self.held:
            value, text = held.value, held.text
            of_part = f"{text} {noun.text}" if noun else f"{self._nouns.get(target, '')} {text}".strip()
            if held.kind == "color":
                assert isinstance(value, tuple)
                fill.color(target, value, text, held.joint)
            elif held.kind == "material":
                fill.stuff(target, str(value), text, held.joint)
            elif held.kind in ("number", "figure"):
                assert isinstance(value, float)
                if feature is not None and feature.uncounted and value > feature.most:
                    request.ignored.append(text)
                elif feature is not None and noun is not None and (text or feature.least <= 1 < feature.most):
                    fill.count(feature, fill.whole(value, text), of_part)
                elif text and held.kind == "number" and target == MAIN:
                    fill.objects(value, text)
                elif text:
                    request.ignored.append(of_part)
            elif held.kind == "option":
                assert isinstance(value, list)
                fill.option(target, value, text)
            elif target != MAIN:
                request.ignored.append(of_part)
            elif held.kind == "scale":
                assert isinstance(value, float)
                request.scale *= value
                request.say("size", text)
            elif held.kind == "side":
                assert isinstance(value, tuple)
                fill.side(str(value[0]), float(value[1]), text)
            elif held.kind == "measure":
                assert isinstance(value, tuple)
                side, lengths = value
                if len(lengths) > 1:
                    fill.sides(lengths, text)
                else:
                    fill.measure(side, lengths[0], text)
        if noun is not None and feature is not None and feature.id not in request.counts:
            fill.mention(feature, noun)
        if self.held or noun is not None:
            self._given = [held for held in self.held if held.kind in ("color", "material")]
        self.held.clear()

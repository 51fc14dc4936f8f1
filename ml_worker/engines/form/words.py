"""Reads the words of a prompt one by one: adjectives, numbers and lengths, taken in hand until their noun comes."""

from ml_worker.engines.form.families.family import Family
from ml_worker.engines.form.filling import Filling
from ml_worker.engines.form.hand import Hand
from ml_worker.engines.form.lexicon.reader import Item, Lexicon, singulars
from ml_worker.engines.form.materials import STUFF
from ml_worker.engines.form.palette import COLORS, from_hex, shade
from ml_worker.engines.form.request import Request

ADJECTIVES = ("color", "material", "tone", "scale", "side", "option", "hex")


class Words:
    """A place in the items of a prompt. `head` is the index of the item that names the family."""

    def __init__(self, items: list[Item], head: int, request: Request, lexicon: Lexicon) -> None:
        self.items, self.head, self.request, self.lexicon = items, head, request, lexicon
        self.fill = Filling(request)
        self.hand = Hand(self.fill)
        self.at = 0

    @property
    def family(self) -> Family:
        return self.request.family

    def _peek(self, ahead: int = 0) -> Item | None:
        index = self.at + ahead
        return self.items[index] if index < len(self.items) and index != self.head else None

    def _is(self, at: int, *kinds: str) -> bool:
        return 0 <= at < len(self.items) and at != self.head and self.items[at].may_be(*kinds)

    def _unknown(self, item: Item) -> None:
        pieces = self._pieces(item.text)
        if pieces is not None:
            self.items[self.at] = pieces
            self.at -= 1
            return
        meant = self._meant(item.text)
        if meant is None:
            self._ignore(item)
            return
        self.request.corrected[item.text] = meant
        self.items[self.at] = self.lexicon.items_of(meant)[0]
        self.at -= 1

    def _pieces(self, word: str) -> Item | None:
        """`made of bricks`: a plural is the material only there, for stones in a bowl are not."""
        at = self.at - 1
        while self._is(at, *ADJECTIVES):
            at -= 1
        stuffs = (self.lexicon.items_of(one)[0] for one in singulars(word)) if self._is(at, "made") else ()
        return next((stuff for stuff in stuffs if stuff.may_be("material")), None)

    def _meant(self, word: str) -> str | None:
        return self.lexicon.nearest(word, ("color", "material", "part", "option", "scale", "side"))

    def _ends(self, at: int) -> bool:
        """Does a phrase end before `at`?"""
        return at >= len(self.items) or self._is(at, "comma", "with", "without", "and", "but", "made", "away")

    def _ignore(self, item: Item) -> None:
        """`six-sided`, `gold rimmed`, `a 5 cm rim`: an unknown word takes what was said of it along."""
        before = self.at - 1
        of_it = item.may_be("joined") and self._is(before, *ADJECTIVES)
        of_it |= item.glued and self._is(before, "number", "color", "material")
        if self.at > self.head or not self.items[self.head].plural:
            of_it |= self._is(before, "number")
        of_it |= self.at > self.head and self._is(before, "length")
        if of_it and self.hand.held and before != self.head:
            self.hand.drop_last(item.text)
        else:
            self.request.ignored.append(item.text)

    def _describes(self, item: Item, *after: str) -> bool:
        """`orange` is a fruit (`an orange in a bowl`), but a colour before `leaves`, before the object and `in`."""
        following = self._peek(1)
        noun_follows = following is not None and (
            following.may_be("part", "color", "material") or not following.meanings
        )
        before = self.at < self.head and not (following is not None and following.may_be("in", "away"))
        said = self._is(self.at - 1, "in", "made", "is", "tone", *after)
        return item.may_be("color", "material") and (before or noun_follows or said)

    def _adjective(self, item: Item, of_whole: bool = False) -> bool:
        """Take in hand a colour, material, size or option; True if it was one."""
        following = self._peek(1)
        joint = self._is(self.at - 2 if self._is(self.at - 1, "one", "article") else self.at - 1, "and")

        def take(kind: str, value: object, text: str = item.text) -> None:
            self.hand.take(kind, value, text, item.glued, joint)

        if item.may_be("hex"):
            take("color", from_hex(item.text))
        elif item.may_be("tone") and following is not None and following.may_be("color", "material", "hex"):
            self.at += 1
            tone = item.get("tone")
            color = (
                COLORS[following.get("color")]
                if following.may_be("color")
                else (from_hex(following.text) if following.may_be("hex") else STUFF[following.get("material")].color)
            )
            words = f"{item.text} {following.text}"
            if not following.may_be("color", "hex"):
                take("material", following.get("material"), following.text)
            take("color", shade(color, tone), words)
        elif item.may_be("option") and not (of_whole and item.may_be("side") and self._of_parts(item)):
            take("option", [m.value for m in item.meanings if m.kind == "option"])
        elif item.may_be("color"):
            take("color", COLORS[item.get("color")])
        elif item.may_be("material", "scale", "side"):
            kind = next(kind for kind in ("material", "scale", "side") if item.may_be(kind))
            take(kind, item.get(kind))
        else:
            return False
        return True

    def _described_after(self, ahead: int) -> bool:
        """`white inside`, `red on the seat`: does a phrase end in the part that the finish in hand is said of?"""
        item = self._peek(ahead)
        if item is None or not item.may_be("part", "outside") or not self._ends(self.at + ahead + 1):
            return False
        return self._is(self.at - 1, "color", "material", "hex", "on")

    def _said_of_part(self) -> bool:
        """`the legs all are`: is nothing but filler between a part and here? `They are` looks past a stop."""
        at = self.at - 1
        of_many = self._is(self.at, "are") and not self.items[self.head].plural
        while self._is(at, "filler", "article") or (of_many and self._is(at, "comma")):
            at -= 1
        return self._is(at, "part")

    def _part_follows(self, ahead: int = 1) -> bool:
        """After `and`: does the phrase end in a part? Then what came before belongs to the noun before."""
        while (item := self._peek(ahead)) is not None:
            if item.may_be("part") and not item.may_be("color", "material"):
                return True
            if not item.may_be(
                "one", "article", "number", "color", "material", "tone", "hex", "option", "side", "length"
            ):
                return False
            ahead += 1
        return False

    def _of_parts(self, item: Item) -> bool:
        """`thin` may be said of legs, but a thin chair is one of little width."""
        return all(self.family.feature(m.value[0]) for m in item.meanings if m.kind == "option")

    def _finish_follows(self) -> bool:
        """`in blue`, `in a nice shade of blue`; not `in a blue room`, nor `in a glass`."""
        at = self.at + 1
        while self._is(at, "quality", "filler"):
            at += 1
        if not self._is(self.at, "away"):
            return self._is(at, "color", "material", "hex", "tone")
        end = at
        while self._is(end, "tone", "color", "material", "hex", "quality", "filler"):
            end += 1
        said = any(self._is(k, "color", "hex") for k in range(at, end))
        return self._ends(end) and (said or (end > self.at + 2 and self._is(end - 1, "material", "filler")))

    def _of_things(self, item: Item) -> bool:
        """`a glass of red wine`: the colour is that of an unknown thing, with which the phrase ends."""
        if not (item.may_be("of") and self._finish_follows()):
            return False
        at = self.at + 1
        while self._is(at, "article", "filler", "quality", "style", *ADJECTIVES):
            at += 1
        last = self._peek(at - self.at)
        return last is not None and not last.meanings and self._ends(at + 1) and not self._meant(last.text)

    def _measure(self) -> None:
        """`30 cm tall`, `120 x 60 cm`, `2 m in height`."""
        lengths, end = self.items[self.at].get("length"), self.at + 1
        side = "longest"
        if len(lengths) == 1:
            while self._is(end, "in", "of") and self._is(end + 1, "dimension"):
                end += 1
            if self._is(end, "dimension"):
                side, end = self.items[end].get("dimension"), end + 1
        self._take_measure(end, side, lengths)

    def _named_measure(self) -> bool:
        """`height 30 cm`, `a width of 2 m`, `height: 30 cm`."""
        at = self.at + 1
        colon = self._is(at, "comma") and not self.items[self.at].may_be("side")
        while self._is(at, "of", "is", "filler") or (colon and at == self.at + 1):
            at += 1
        if not self._is(at, "length") or len(self.items[at].get("length")) > 1:
            return False
        if colon and self._is(at + 1, "dimension"):
            return False
        self.hand.forget_article()
        self._take_measure(at + 1, self.items[self.at].get("dimension"), self.items[at].get("length"))
        return True

    def _take_measure(self, end: int, side: str, lengths: tuple[float, ...]) -> None:
        run = [item.text for item in self.items[self.at : end] if not item.may_be("comma")]
        self.hand.take("measure", (side, lengths), " ".join(run), self.items[self.at].glued)
        self.at = end

    def _number(self, item: Item) -> None:
        """Before the noun it counts the objects (but not in `a 2020 sedan`); after it, only those of a plural."""
        counts = self.items[self.head].plural or item.get("number") == 1
        if self.at < self.head:
            counts = counts or not any(before.may_be("one") for before in self.items[: self.at])
        else:
            counts = counts or self.items[self.at - 1].may_be("by")
        self.hand.take("number" if counts else "figure", item.get("number"), item.text, item.glued)

"""Reads the words of a prompt into a `Request`.

    prompt  := words* head tail*
    words   := number | measure | [tone] colour | material | size | option | part-adjective
    tail    := with part-phrases | without parts | made-of finish | in colour | is words | away-phrase | words
    part    := [number] words* noun

What fits nowhere is put down as ignored, never guessed at.
"""

from ml_worker.engines.form.families.family import Family, Feature
from ml_worker.engines.form.filling import MAIN, Filling
from ml_worker.engines.form.lexicon.reader import Item, Lexicon
from ml_worker.engines.form.materials import STUFF
from ml_worker.engines.form.palette import COLORS, from_hex, shade
from ml_worker.engines.form.refusals import cannot_make
from ml_worker.engines.form.request import Request


class Grammar:
    """One reading of one prompt. `head` is the index of the item that names the family."""

    def __init__(self, items: list[Item], head: int, request: Request, lexicon: Lexicon) -> None:
        self.items, self.head, self.request, self.lexicon = items, head, request, lexicon
        self.fill = Filling(request)
        self.at = 0
        self.target = MAIN
        self.buffer: list[tuple[str, object, str]] = []
        """Adjectives read and not yet given to a noun: (kind, value, text)."""

    @property
    def family(self) -> Family:
        return self.request.family

    def read(self) -> Request:
        while self.at < len(self.items):
            if self.at == self.head:
                self._give(MAIN)
                self.at += 1
                continue
            self._step()
        self._give(MAIN if self.target == MAIN else self.target)
        return self.request

    def _peek(self, ahead: int = 0) -> Item | None:
        index = self.at + ahead
        return self.items[index] if index < len(self.items) and index != self.head else None

    def _step(self) -> None:
        item = self.items[self.at]
        before = self.at < self.head
        if item.may_be("comma"):
            self._close()
        elif (item.may_be("number") and self._measure()) or (item.may_be("dimension") and self._named_measure()):
            return
        elif item.may_be("lacking"):
            self._remove(item.get("lacking"), item.text)
        elif item.may_be("without", "with", "full") and not (before and not item.may_be("without")):
            self._close()
            self.at += 1
            self._parts(removing=item.may_be("without"))
            return
        elif item.may_be("negation"):
            self._not()
            return
        elif item.may_be("made") or (item.may_be("in", "of") and self._finish_follows()):
            self._close(keep_target=True)
        elif item.may_be("is", "and", "but", "filler", "article", "one", "of", "by") or (
            before and item.may_be("made", "in")
        ):
            if item.may_be("is") or (item.may_be("and", "but") and self._part_follows()):
                self._close(keep_target=True)
        elif item.may_be("away") and not before:
            self._skip_phrase()
            return
        elif item.may_be("having"):
            self._have(item.get("having"), item.text)
        elif item.may_be("part") and not self._describes(item):
            self._part(item)
        elif not self._adjective(item, of_whole=True):
            if item.may_be("number"):
                self.buffer.append(("number", item.get("number"), item.text))
            elif item.may_be("style"):
                self.request.ignored.append(item.text)
            elif not item.may_be("tail", "quality"):
                self._unknown(item)
        self.at += 1

    def _unknown(self, item: Item) -> None:
        meant = self.lexicon.nearest(item.text, ("color", "material", "part", "option", "scale", "side"))
        if meant is None:
            if item.glued and self.buffer and self.buffer[-1][0] == "number":
                # `six-sided`: the number counts something unknown, not the objects.
                self.request.ignored.append(f"{self.buffer.pop()[2]} {item.text}")
            else:
                self.request.ignored.append(item.text)
            return
        self.request.corrected[item.text] = meant
        self.items[self.at] = self.lexicon.items_of(meant)[0]
        self.at -= 1

    def _describes(self, item: Item) -> bool:
        """`orange` is a fruit, but a colour before `leaves` and before the object itself."""
        following = self._peek(1)
        noun_follows = following is not None and following.may_be("part", "color", "material")
        return item.may_be("color", "material") and (self.at < self.head or noun_follows)

    def _adjective(self, item: Item, of_whole: bool = False) -> bool:
        """Buffer a colour, material, size or option; True if it was one."""
        following = self._peek(1)
        if item.may_be("hex"):
            self.buffer.append(("color", from_hex(item.text), item.text))
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
                self.buffer.append(("material", following.get("material"), following.text))
            self.buffer.append(("color", shade(color, tone), words))
        elif item.may_be("option") and not (of_whole and item.may_be("side") and self._of_parts(item)):
            self.buffer.append(("option", [m.value for m in item.meanings if m.kind == "option"], item.text))
        elif item.may_be("color"):
            self.buffer.append(("color", COLORS[item.get("color")], item.text))
        elif item.may_be("material"):
            self.buffer.append(("material", item.get("material"), item.text))
        elif item.may_be("scale"):
            self.buffer.append(("scale", item.get("scale"), item.text))
        elif item.may_be("side"):
            self.buffer.append(("side", item.get("side"), item.text))
        else:
            return False
        return True

    def _part_follows(self) -> bool:
        """After `and`: does the phrase end in a part? Then what came before belongs to the noun before."""
        ahead = 1
        while (item := self._peek(ahead)) is not None:
            if item.may_be("part") and not item.may_be("color", "material"):
                return True
            if not item.may_be("one", "article", "number", "color", "material", "tone", "hex", "option", "side"):
                return False
            ahead += 1
        return False

    def _of_parts(self, item: Item) -> bool:
        """`thin` may be said of legs, but a thin chair is one of little width."""
        return all(self.family.feature(m.value[0]) for m in item.meanings if m.kind == "option")

    def _finish_follows(self) -> bool:
        item = self._peek(1)
        return item is not None and item.may_be("color", "material", "hex", "tone")

    def _close(self, keep_target: bool = False) -> None:
        """The end of a phrase: what is still in hand belongs to the noun before it."""
        if self.at < self.head:
            return
        self._give(self.target)
        if not keep_target:
            self.target = MAIN

    def _measure(self) -> bool:
        """`30 cm tall`, `120 x 60 cm`, `2 m in height`."""
        numbers: list[float] = []
        at = self.at
        while at < len(self.items) and self.items[at].may_be("number"):
            numbers.append(self.items[at].get("number"))
            at += 1
            if at < len(self.items) and self.items[at].may_be("unit"):
                break
            if at + 1 < len(self.items) and self.items[at].may_be("by") and self.items[at + 1].may_be("number"):
                at += 1
                continue
            return False
        if at >= len(self.items) or at == self.head or not self.items[at].may_be("unit"):
            return False
        unit = self.items[at].get("unit")
        if self.items[at].text in ("in", "foot", "feet") and not self._unit_here(at):
            return False
        at += 1
        while (
            at < len(self.items)
            and at != self.head
            and self.items[at].may_be("in")
            and at + 1 < len(self.items)
            and (self.items[at + 1].may_be("dimension"))
        ):
            at += 1
        side = "longest"
        if len(numbers) == 1 and at < len(self.items) and self.items[at].may_be("dimension") and at != self.head:
            side = self.items[at].get("dimension")
            at += 1
        words = " ".join(item.text for item in self.items[self.at : at])
        if len(numbers) == 1:
            self.fill.measure(side, numbers[0] * unit, words)
        else:
            sides = ("width", "depth", "height") if len(numbers) < 4 else ()
            if not sides:
                raise cannot_make(f'"{words}" gives more than three sides.')
            for name, number in zip(sides, numbers, strict=False):
                self.fill.measure(name, number * unit, words)
        self.at = at
        return True

    def _unit_here(self, at: int) -> bool:
        """`in` and `feet` are units only before a dimension word, the head, a comma or the end."""
        if at + 1 >= len(self.items) or at + 1 == self.head:
            return True
        return self.items[at + 1].may_be("dimension", "comma", "with", "without", "and", "color", "material")

    def _named_measure(self) -> bool:
        """`height 30 cm`, `a width of 2 m`."""
        at = self.at + 1
        while at < len(self.items) and self.items[at].may_be("of", "is", "filler"):
            at += 1
        if at + 1 >= len(self.items) or not self.items[at].may_be("number") or not self.items[at + 1].may_be("unit"):
            return False
        words = " ".join(item.text for item in self.items[self.at : at + 2])
        self.fill.measure(
            self.items[self.at].get("dimension"), self.items[at].get("number") * self.items[at + 1].get("unit"), words
        )
        self.at = at + 2
        return True

    def _parts(self, removing: bool) -> None:
        """Part phrases after `with` or `without`, until another kind of phrase begins."""
        begun = self.at
        waiting: list[str] = []
        while (item := self._peek()) is not None:
            if item.may_be("without"):
                removing = True
            elif item.may_be("dimension") and self._named_measure():
                continue
            elif item.may_be("but") or item.may_be("with"):
                removing = False
            elif item.may_be("part") and not self._describes(item):
                if removing:
                    self._remove(item.get("part"), item.text)
                    self.buffer.clear()
                else:
                    self._part(item)
                waiting = []
                begun = self.at + 1
                following = self._peek(1)
                if following is not None and following.may_be("in", "of", "made", "is"):
                    self.at += 1
                    return
            elif (item.may_be("made", "away") and not item.may_be("filler")) or (
                item.may_be("in", "of") and not waiting and self.at > begun
            ):
                break
            elif item.may_be("number"):
                if self._measure():
                    continue
                # `no door and four floors`: what is counted is wanted.
                removing = removing and not self.items[self.at - 1].may_be("and", "comma")
                self.buffer.append(("number", item.get("number"), item.text))
            elif item.may_be("one"):
                self.buffer.append(("number", 1.0, ""))
            elif self._adjective(item):
                pass
            elif item.may_be("comma") or item.may_be("and"):
                if waiting:
                    self._drop(waiting)
                    waiting = []
            elif item.may_be("style"):
                self.request.ignored.append(item.text)
            elif item.may_be("article", "filler", "quality", "tail", "of"):
                pass
            else:
                meant = self.lexicon.nearest(item.text, ("color", "material", "part"))
                if meant is not None:
                    self.request.corrected[item.text] = meant
                    self.items[self.at] = self.lexicon.items_of(meant)[0]
                    continue
                waiting.append(item.text)
            self.at += 1
        if waiting:
            self._drop(waiting)
        elif removing:
            self._drop([])
        elif self.buffer and all(kind in ("color", "material", "number") for kind, _, _ in self.buffer):
            self._give(MAIN)

    def _drop(self, words: list[str]) -> None:
        """An unknown noun takes its adjectives with it."""
        said = [text for _, _, text in self.buffer if text] + words
        self.buffer.clear()
        if said:
            self.request.ignored.append(" ".join(said))

    def _part(self, item: Item) -> None:
        feature_id = item.get("part")
        feature = self.family.feature(feature_id)
        assert feature is not None
        self._give(feature_id, feature, item)
        self.target = feature_id
        self.request.say("parts", item.text)

    def _have(self, feature_id: str, word: str) -> None:
        """`striped`: as many as a plural without a number means, unless a number is given."""
        feature = self.family.feature(feature_id)
        assert feature is not None
        self.request.counts.setdefault(feature_id, min(feature.some, feature.most))
        self.request.say("parts", word)

    def _remove(self, feature_id: str, word: str) -> None:
        feature = self.family.feature(feature_id)
        assert feature is not None
        if feature.least > 0:
            raise cannot_make(f"I cannot make a {self.family.id} without its {feature.nouns[0]}.")
        self.fill.count(feature, 0, f"without {word}")

    def _not(self) -> None:
        """`not red`: the next word is put down as ignored rather than followed."""
        words = ["not"]
        self.at += 1
        while (item := self._peek()) is not None and item.may_be("article", "filler", "one"):
            self.at += 1
        if (item := self._peek()) is not None and not item.may_be("comma"):
            words.append(item.text)
            self.at += 1
        self.request.ignored.append(" ".join(words))

    def _skip_phrase(self) -> None:
        words = [self.items[self.at].text]
        self.at += 1
        while (item := self._peek()) is not None and not item.may_be("comma", "with", "without", "and", "but", "made"):
            if item.may_be("in") and self._finish_follows():
                break
            words.append(item.text)
            self.at += 1
        self._close()
        self.request.ignored.append(" ".join(words))

    def _give(self, target: str, feature: Feature | None = None, noun: Item | None = None) -> None:
        """Hand the adjectives in the buffer to the whole or to a part."""
        if feature is None and target != MAIN:
            feature = self.family.feature(target)
        for kind, value, text in self.buffer:
            if kind == "color":
                assert isinstance(value, tuple)
                self.fill.color(target, value, text)
            elif kind == "material":
                self.fill.stuff(target, str(value), text)
            elif kind == "number":
                assert isinstance(value, float)
                if feature is not None and noun is not None and (text or feature.least <= 1 < feature.most):
                    self.fill.count(feature, self.fill.whole(value, text), f"{text} {noun.text}")
                elif text:
                    self.fill.objects(value, text)
            elif kind == "option":
                assert isinstance(value, list)
                self.fill.option(target, value, text)
            elif kind in ("scale", "side") and target != MAIN:
                self.request.ignored.append(f"{text} {noun.text}" if noun else text)
            elif kind == "scale":
                assert isinstance(value, float)
                self.request.scale *= value
                self.request.say("size", text)
            elif kind == "side":
                assert isinstance(value, tuple)
                self.fill.side(str(value[0]), float(value[1]), text)
        if noun is not None and feature is not None and feature.id not in self.request.counts:
            self.fill.mention(feature, noun)
        self.buffer.clear()

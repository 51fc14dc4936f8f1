"""Reads the words of a prompt into a `Request`.

    prompt  := words* head tail*
    words   := number | measure | [tone] colour | material | size | option | part-adjective
    tail    := with part-phrases | without parts | made-of finish | in colour | is words | away-phrase | words
    part    := [number] words* noun

What fits nowhere is put down as ignored, never guessed at.
"""

from ml_worker.engines.form.filling import MAIN
from ml_worker.engines.form.lexicon.reader import Item, Lexicon
from ml_worker.engines.form.refusals import cannot_make
from ml_worker.engines.form.request import Request
from ml_worker.engines.form.words import ADJECTIVES, Words


class Grammar(Words):
    """One reading of one prompt."""

    def __init__(self, items: list[Item], head: int, request: Request, lexicon: Lexicon) -> None:
        super().__init__(items, head, request, lexicon)
        self.target = MAIN

    def read(self) -> Request:
        while self.at < len(self.items):
            if self.at == self.head:
                self.hand.give(MAIN)
                self.at += 1
                continue
            self._step()
        self.hand.give(self.target)
        self.fill.settle()
        return self.request

    def _step(self) -> None:
        item = self.items[self.at]
        before = self.at < self.head
        if item.may_be("comma"):
            self._close()
        elif item.may_be("length"):
            self._measure()
            return
        elif item.may_be("dimension") and self._named_measure():
            return
        elif item.may_be("odd"):
            self.request.ignored.append(item.text)
        elif item.may_be("lacking"):
            self._remove(item.get("lacking"), item.text)
        elif item.may_be("without", "with", "full") and not (before and not item.may_be("without")):
            self._close()
            if item.may_be("without"):
                self._parts(removing=item.text)
            else:
                self.at += 1
                self._parts()
            return
        elif item.may_be("negation"):
            self._not()
            return
        elif not before and self._of_things(item):
            self._skip_phrase()
            return
        elif item.may_be("made") or (item.may_be("in", "of") and self._finish_follows()):
            # `with four shelves, made of oak`: after a comma the whole is meant.
            self._close(keep_target=not self._is(self.at - 1, "comma"))
        elif item.may_be("is", "and", "but", "filler", "article", "one", "of", "by") or (
            before and item.may_be("made", "in")
        ):
            if item.may_be("is") or (item.may_be("and", "but") and self._part_follows()):
                self._close(keep_target=not item.may_be("is") or self._said_of_part())
        elif not before and item.may_be("on") and self._described_after(1):
            pass
        elif item.may_be("away") and not before and not self._described_after(0):
            self._skip_phrase()
            return
        elif item.may_be("outside") and not item.may_be("part"):
            self._outside(item)
        elif item.may_be("having") and (before or not item.may_be("part")):
            self._have(item.get("having"), item.text)
        elif item.may_be("part") and not self._describes(item, "comma"):
            whole = self.hand.said_of(item)
            if not before:
                if item.may_be("away"):
                    whole = self.hand.before_joint()
                part, self.hand.held = self.hand.held, whole
                self.hand.give(self.target)
                whole, self.hand.held = [], part
            self._part(item)
            self.hand.held = whole
        elif not self._adjective(item, of_whole=True):
            if item.may_be("number"):
                self._number(item)
            elif item.may_be("style"):
                self.request.ignored.append(item.text)
            elif not item.may_be("tail", "quality"):
                self._unknown(item)
        self.at += 1

    def _close(self, keep_target: bool = False) -> None:
        """The end of a phrase: what is still in hand belongs to the noun before it."""
        if self.at < self.head:
            return
        self.hand.give(self.target)
        if not keep_target:
            self.target = MAIN

    def _parts(self, removing: str = "") -> None:
        """Part phrases after `with` or `without` (then `removing` is that word), until another kind begins."""
        start = begun = self.at
        idle = ""
        waiting: list[str] = []
        while (item := self._peek()) is not None:
            own = self._follows_part(begun)
            if item.may_be("without"):
                removing = idle = item.text
            elif (item.may_be("dimension") and self._named_measure()) or item.may_be("length"):
                if item.may_be("length"):
                    self._measure()
                if own and not self._part_follows(0):
                    if removing:
                        self.hand.drop([])
                    self.hand.give(self.target)
                continue
            elif item.may_be("odd"):
                self.request.ignored.append(item.text)
            elif item.may_be("negation"):
                self._not()
                continue
            elif item.may_be("but") or item.may_be("with"):
                removing = idle = ""
            elif item.may_be("part") and not self._describes(item):
                if waiting:
                    self.request.ignored.append(" ".join([*waiting, item.text]))
                if removing:
                    self._remove(item.get("part"), item.text)
                    self.hand.held.clear()
                else:
                    self._part(item)
                waiting, idle = [], ""
                begun = self.at + 1
                if self._is(begun, "in", "of", "made", "is"):
                    self.at += 1
                    return
            elif (item.may_be("of") and self.hand.has("measure", "figure") and self._part_follows()) or (
                item.may_be("on") and self._described_after(1)
            ):
                pass
            elif item.may_be("outside") and not waiting:
                self._outside(item)
            elif (item.may_be("made", "away") and not item.may_be("filler")) or (
                item.may_be("in", "of", "is") and not waiting and self.at > begun
            ):
                break
            elif item.may_be("number"):
                # `no door and four floors`: what is counted is wanted.
                if self._is(self.at - 1, "and", "comma"):
                    removing = idle = ""
                self.hand.forget_article()
                self.hand.take("figure", item.get("number"), item.text, item.glued)
            elif item.may_be("one"):
                self.hand.take("figure", 1.0, "")
            elif self._adjective(item):
                # `no back, black legs`: what is described is wanted.
                before = self.at - 2 if self._is(self.at - 1, "one", "article") else self.at - 1
                if self._is(before, "comma", "and") and not self._is(before, "or"):
                    removing = idle = ""
            elif item.may_be("comma", "and"):
                if not waiting and self.hand.has("measure") and not (self.hand.bare() and self._part_follows()):
                    self.hand.give_measures()
                elif waiting or (self.hand.article() and self._is(self.at + 1, "one", "number", "article")):
                    self.hand.drop(waiting)
                    waiting, idle = [], ""
            elif item.may_be("style"):
                self.request.ignored.append(item.text)
            elif item.may_be("joined") and self.hand.held:
                waiting.append(f"{self.hand.held.pop().text} {item.text}")
            elif not item.may_be("article", "filler", "quality", "tail", "of", "by"):
                meant = self.lexicon.nearest(item.text, ("color", "material", "part"))
                if meant is not None:
                    self.request.corrected[item.text] = meant
                    self.items[self.at] = self.lexicon.items_of(meant)[0]
                    continue
                waiting.append(item.text)
            self.at += 1
        if idle and not waiting and self.at == self.head:
            raise cannot_make(f'"{idle} {self.items[self.head].text}" leaves nothing to make.')
        if waiting or removing or (self.hand.article() and not self.hand.has("measure")):
            last = self.items[self.at - 2]
            if idle and not waiting and not self.hand.held:
                if last.may_be("part") and self.at - 2 > self.head:
                    self._remove(last.get("part"), last.text)  # `with the back missing`
                else:
                    self.request.ignored.append(idle)
            self.hand.drop(waiting)
        elif self.hand.has("figure") and self.hand.has("color", "material"):
            self.hand.drop([])  # `one lemon` is no colour
        elif self.hand.only("color", "material", "number", "figure", "measure"):
            if begun == start:  # `a white mug with gold`
                self.hand.join()
            self.hand.give(MAIN)

    def _follows_part(self, begun: int) -> bool:
        """Is nothing but filler between the part that was named last and here?"""
        named = self._is(begun - 1, "part")
        return named and all(self._is(at, "filler", "article", "quality") for at in range(begun, self.at))

    def _part(self, item: Item) -> None:
        feature_id = item.get("part")
        feature = self.family.feature(feature_id)
        assert feature is not None
        if not self.hand.held and self._is(self.at - 1, "and") and self._is(self.at - 2, "part"):
            self.hand.again()  # `red legs and seat`
        self.hand.give(feature_id, feature, item)
        self.target = feature_id
        if item.may_be("having"):
            self._have(feature_id, item.text)
        self.request.say("parts", item.text)

    def _outside(self, item: Item) -> None:
        """`blue outside`: the whole, but for what is within."""
        if not self.hand.has("color", "material"):
            self.request.ignored.append(item.text)
        self.hand.give(MAIN)
        self.target = MAIN

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
        """`not red`, `not made of wood`: put down as ignored. `not arms` is without them; `not a chair` is refused."""
        words, known = [self.items[self.at].text], False
        self.at += 1
        article = (item := self._peek()) is not None and item.may_be("article", "one")
        while (item := self._peek()) is not None:
            if item.may_be(*ADJECTIVES, "length", "odd", "number") and not known:
                known = not item.may_be("tone") or not self._said_at(1)
            elif known and item.may_be("or") and self._said_at(1):
                known = False
            elif item.may_be("part", "having") and not known:
                self._remove(item.get("part") or item.get("having"), item.text)
                self.at += 1
                return
            elif known or not item.may_be("article", "filler", "one", "made", "in", "of", "is"):
                break
            if not item.may_be("article", "filler", "one"):
                words.append(item.text)
            self.at += 1
        if self.at == self.head and (article or not known):
            raise cannot_make(f'"{" ".join([*words, self.items[self.head].text])}" leaves nothing to make.')
        if item is not None and (item.may_be("part") or not (known or item.may_be("comma"))):
            words.append(item.text)
            self.at += 1
        self.request.ignored.append(" ".join(words))

    def _said_at(self, ahead: int) -> bool:
        item = self._peek(ahead)
        return item is not None and item.may_be(*ADJECTIVES)

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

"""Short ways of writing sizes and counts, put into words before the prompt is read.

W120 D60 H75 cm, 120W x 60D cm, Ø 20 cm  ->  120 cm wide, 60 cm deep, 75 cm high
legs: 5, seat: red                       ->  5 legs, seat is red
"""

from ml_worker.engines.form.families.family import Family
from ml_worker.engines.form.lexicon.reader import Item, Meaning

BETWEEN = ("by", "comma", "and")
"""What may stand between two lettered numbers."""
COMMA = Item(",", (Meaning("comma", ","),))


def in_words(items: list[Item], family: Family) -> list[Item]:
    """The same items, with what is written short put the long way."""
    found: list[Item] = []
    at = 0
    while at < len(items):
        run, at = Notation(items, at, family).read()
        found += run
    return found


class Notation:
    """Looks for a notation that begins at one item."""

    def __init__(self, items: list[Item], at: int, family: Family) -> None:
        self.items, self.begin, self.family = items, at, family

    def read(self) -> tuple[list[Item], int]:
        """What begins here, in words, and where the next begins."""
        return self._sides() or self._of_part() or ([self.items[self.begin]], self.begin + 1)

    def _is(self, at: int, *kinds: str) -> bool:
        return at < len(self.items) and self.items[at].may_be(*kinds)

    def _sides(self) -> tuple[list[Item], int] | None:
        """Numbers with a letter each, where one may leave its unit to a later one."""
        groups: list[tuple[Item, Item, Item | None]] = []
        at, end = self.begin, self.begin
        unit_at = 0
        while (group := self._group(at)) is not None:
            letter, number, unit, end = group
            groups.append((letter, number, unit))
            if unit is not None:
                unit_at, after = len(groups), end
            at = end + 1 if self._is(end, *BETWEEN) else end
        if not unit_at:
            return None
        found: list[Item] = []
        unit = None
        for letter, number, own in reversed(groups[:unit_at]):
            unit = own or unit
            assert unit is not None
            side = letter.get("letter")
            # The depth of what is turned on a wheel is written D as well, and is its diameter.
            side = "diameter" if side == "depth" and self.family.turned else side
            words = [number, Item(unit.text, unit.meanings, True), Item(letter.text, (Meaning("dimension", side),))]
            found = [*words, COMMA, *found] if found else words
        return found, after

    def _group(self, at: int) -> tuple[Item, Item, Item | None, int] | None:
        """`W 120 cm`, `W: 120`, `120 cm W`, `120W cm`: letter, number, unit and the end."""
        if self._is(at, "letter"):
            number = at + 2 if self._colon(at + 1) else at + 1
            end = number + 1
            unit = self._unit(end)
            letter, end = at, end + (unit is not None)
        else:
            number, letter = at, at + 1
            unit = self._unit(letter)
            letter += unit is not None
            end = letter + 1
            after = self._unit(end) if unit is None else None
            unit, end = unit or after, end + (after is not None)
        if not (self._is(number, "number") and self._is(letter, "letter")):
            return None
        # `w` is short for `with` too.
        joint = self.items[max(number, letter)].glued and abs(letter - number) == 1
        closed = joint or end == len(self.items) or self._is(end, "letter", *BETWEEN)
        if self.items[letter].may_be("with") and not closed:
            return None
        return self.items[letter], self.items[number], unit, end

    def _unit(self, at: int) -> Item | None:
        if not self._is(at, "unit"):
            return None
        unit, after = self.items[at], at + 1
        closed = unit.glued or after == len(self.items) or self._is(after, "letter", *BETWEEN)
        return unit if closed or not unit.may_be("in") else None

    def _colon(self, at: int) -> bool:
        return self._is(at, "comma") and self.items[at].text == ":"

    def _of_part(self) -> tuple[list[Item], int] | None:
        if not (self._is(self.begin, "part") and self._colon(self.begin + 1)):
            return None
        part, number = self.items[self.begin], self.begin + 2
        end = number + 1
        if self._is(number, "number") and (end == len(self.items) or self._is(end, "comma", "and")):
            return [self.items[number], part], end
        return [part, Item(":", (Meaning("is"),))], number

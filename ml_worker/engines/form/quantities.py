"""Numbers and lengths of several words, made one item each before the words are read as a sentence.

    number := digits | number-words | number "and" ["a"] fraction
    length := amount unit [amount smaller-unit] | "a" unit ["and" "a" fraction]
    sides  := length ("by" length)*, where one may leave its unit to another

A `length` item holds the metres of one side or several. Figures that say nothing of the object (`350 ml`, `4x4`,
`no. 5`, `2nd`, `90 tall`, `80-90 cm`) become items of the kind `odd`.
"""

from ml_worker.engines.form.lexicon.reader import Item, Meaning

FOOT, INCH = 0.3048, 0.0254
PREPOSITION, LIMB = "in", ("foot", "feet")
"""Units that are other words as well."""
AFTER = ("comma", "and", "with", "without", "by")
ADJECTIVES = ("color", "material", "tone", "option", "style", "quality", "scale", "side", "hex")


def joined(items: list[Item]) -> list[Item]:
    """The same items, with those of one number, length or figure put together."""
    found: list[Item] = []
    at = 0
    while at < len(items):
        item, at = Quantity(items, at).read()
        found.append(item)
    return found


class Quantity:
    """Looks for a quantity that begins at one item."""

    def __init__(self, items: list[Item], at: int) -> None:
        self.items, self.begin = items, at

    def read(self) -> tuple[Item, int]:
        """What begins here, and where the next begins."""
        at = self.begin
        if self._is(at, "label") and self._is(at + 1, "number") and not Quantity(self.items, at + 1)._sides():
            return self._item("odd", None, at + 2)
        number = self._number(at)
        if number is not None:
            end = number[1]
            if self._is(end, "amount"):
                return self._item("odd", None, end + 1)
            closed = end + 1 == len(self.items) or self._is(end + 1, *AFTER)
            if self._is(end, "dimension") and closed and not any(item.may_be("family") for item in self.items[end:]):
                return self._item("odd", None, end + 1)
            until = self._length(end) if self._is(end, "number") and self.items[end].glued else None
            if until is not None:
                return self._item("odd", None, until[1] + 1 if self._is(until[1], "dimension") else until[1])
        return self._sides() or (self._item("number", *number) if number else (self.items[at], at + 1))

    def _item(self, kind: str, value: object, end: int) -> tuple[Item, int]:
        run = self.items[self.begin : end]
        return Item(" ".join(item.text for item in run), (Meaning(kind, value),), run[0].glued), end

    def _is(self, at: int, *kinds: str) -> bool:
        return at < len(self.items) and self.items[at].may_be(*kinds)

    def _digits(self, at: int) -> bool:
        return self._is(at, "number") and self.items[at].text[:1].isdecimal()

    def _sides(self) -> tuple[Item, int] | None:
        found: list[tuple[float, float | None]] = []
        at = self.begin
        while True:
            length = self._length(at)
            number = self._number(at) if length is None else None
            if length is not None:
                found.append((length[0], 1.0))
                unit, end = length[2], length[1]
            elif number is not None:
                found.append((number[0], None))
                unit, end = 0.0, number[1]
            else:
                break
            if unit:
                # A side without a unit has the one that is named next, or else the one named last.
                found = [(value, 1.0) if u else (value * unit, 1.0) for value, u in found]
                last = unit
            elif any(u for _, u in found[:-1]):
                found[-1] = (found[-1][0] * last, 1.0)
            at = end
            if not (self._is(at, "by") and (self._number(at + 1) or self._length(at + 1))):
                break
            at += 1
        if not found or (len(found) == 1 and found[0][1] is None):
            return None
        if found[0][1] is None:
            return self._item("odd", None, at)
        return self._item("length", tuple(value for value, _ in found), at)

    def _number(self, at: int) -> tuple[float, int] | None:
        if not self._is(at, "number"):
            return None
        value, end = float(self.items[at].get("number")), at + 1
        if self._digits(at):
            if self._thousands(at):
                value, end = value * 1000 + self.items[end].get("number"), end + 1
            elif value.is_integer() and self._digits(end) and "/" in self.items[end].text:
                value, end = value + self.items[end].get("number"), end + 1
        else:
            value, end = self._words(value, end)
        half = end + 2 if self._is(end + 1, "one") else end + 1
        if self._is(end, "and") and self._is(half, "fraction"):
            value, end = value + self.items[half].get("fraction"), half + 1
        return value, end

    def _words(self, value: float, end: int) -> tuple[float, int]:
        """`two hundred and twenty five`."""
        while True:
            at = end + 1 if value >= 100 and self._is(end, "and") else end
            if not self._is(at, "number") or self._digits(at):
                return value, end
            more = self.items[at].get("number")
            if at == end and more >= 100 and value < more:
                value *= more
            elif (20 <= value % 100 < 100 and value % 10 == 0 and 0 < more < 10) or (
                value >= 100 and value % 100 == 0 and 0 < more < 100
            ):
                value += more
            else:
                return value, end
            end = at + 1

    def _thousands(self, at: int) -> bool:
        """`1 200 mm`, unless it may be one object of 200 mm."""
        if not self._digits(at + 1) or not self._is(at + 2, "unit"):
            return False
        first, group = self.items[at].text, self.items[at + 1].text
        if not (first.isdecimal() and len(first) <= 3 and group.isdecimal() and len(group) == 3):
            return False
        head = next((item for item in self.items[at:] if item.may_be("family")), None)
        return head is None or not head.plural or group[0] == "0"

    def _amount(self, at: int) -> tuple[float, int] | None:
        """A number or a fraction, and where its unit must be."""
        number = self._number(at)
        if number is not None:
            value, end = number
            if not self._is(end, "fraction"):
                return value, end
            value, end = value * self.items[end].get("fraction"), end + 1
        elif self._is(at, "fraction"):
            value, end = self.items[at].get("fraction"), at + 1
        elif self._is(at, "one") and self._is(at + 1, "fraction"):
            value, end = self.items[at + 1].get("fraction"), at + 2
        else:
            return None
        if self._is(end, "of"):
            end += 1
        return value, end + 1 if self._is(end, "one") else end

    def _length(self, at: int) -> tuple[float, int, float] | None:
        """Metres, the end, and the unit."""
        if self._is(at, "one") and self._is(at + 1, "unit"):
            # `a metre tall`; `a foot` alone is a part.
            value, end = 1.0, at + 1
            if not (self._is(end + 1, "dimension") or (self._is(end + 1, "and") and self._half(end + 2))):
                return None
        else:
            amount = self._amount(at)
            if amount is None or not self._unit(at, amount[1]):
                return None
            value, end = amount
        unit = float(self.items[end].get("unit"))
        metres, end = value * unit, end + 1
        if self._is(end, "and") and self._half(end + 1):
            half = end + 2 if self._is(end + 1, "one") else end + 1
            return metres + self.items[half].get("fraction") * unit, half + 1, unit
        smaller = self._smaller(end, unit)
        return (metres + smaller[0], smaller[1], unit) if smaller else (metres, end, unit)

    def _half(self, at: int) -> bool:
        return self._is(at + 1 if self._is(at, "one") else at, "fraction")

    def _smaller(self, at: int, unit: float) -> tuple[float, int] | None:
        """The `20 cm` of `1 m 20 cm`, the 6 of `5'6`."""
        together = self._is(at, "and")
        at += together
        number = self._number(at)
        if number is None:
            return None
        value, end = number
        if self._is(end, "unit") and self._unit(at, end, within=True):
            less = self.items[end].get("unit")
            return (value * less, end + 1) if less < unit and value * less < unit else None
        if together or not (self.items[at].glued or self._is(end, "dimension")):
            return None
        if unit == FOOT and value < 12:
            return value * INCH, end
        if unit == 1.0 and len(self.items[at].text) == 2:
            return value * 0.01, end
        return None

    def _unit(self, number: int, at: int, within: bool = False) -> bool:
        """Is the word at `at` a unit? `in` may be a preposition, and feet may be what a stool stands on."""
        if not self._is(at, "unit"):
            return False
        text, after = self.items[at].text, at + 1
        if (text != PREPOSITION and text not in LIMB) or self.items[at].glued:
            return True
        if self._is(after, "dimension", "by") or (text in LIMB and self._digits(after)):
            return True
        if text in LIMB and number and self.items[number - 1].may_be("with", "without"):
            return self._is(after, "part")
        if after >= len(self.items) or self._is(after, "family", "comma", "with", "without", "and", "part"):
            return True
        ahead = any(item.may_be("family") for item in self.items[after:])
        return self._is(after, *ADJECTIVES) and (ahead or text in LIMB or within)

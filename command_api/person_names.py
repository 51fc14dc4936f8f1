"""Names of people as they are stored: NFC, without spaces around, and nothing in them that cannot be seen."""

import unicodedata
from typing import Final

from domain.errors import InvalidInput

LONGEST_USERNAME: Final = 64
LONGEST_NAME: Final = 200
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Controls, formats (right-to-left override, zero-width space…), surrogates, private use, line separators."""
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and marks that are drawn as nothing (Unicode's Default_Ignorable_Code_Point, and the empty braille cell)."""
_JOINERS: Final = frozenset("\u200c\u200d")
"""Persian, several Indic scripts and emoji are written with these."""


def username_of(given: str, pointer: str = "/username") -> str:
    """A user name: it must tell people apart, so nothing invisible is in it. Raises InvalidInput."""
    return _plain(given, pointer, LONGEST_USERNAME, frozenset())


def display_name_of(given: str, pointer: str = "/name") -> str:
    """What a person is called. Raises InvalidInput."""
    return _plain(given, pointer, LONGEST_NAME, _JOINERS)


def _plain(given: str, pointer: str, longest: int, allowed: frozenset[str]) -> str:
    name = unicodedata.normalize("NFC", given).strip()
    if not name:
        raise InvalidInput("The name is blank.", pointer=pointer)
    if len(name) > longest:
        raise InvalidInput(f"The name has {len(name)} characters; {longest} is the most.", pointer=pointer)
    for character in name:
        if character not in allowed and (character in _BLANK or unicodedata.category(character) in _INVISIBLE):
            raise InvalidInput(
                f"The name contains the invisible character U+{ord(character):04X}; leave it out.", pointer=pointer
            )
    return name

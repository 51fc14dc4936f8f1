"""Names of files that come from outside: cleaned for storing, and encoded for `Content-Disposition`."""

import unicodedata
from typing import Final
from urllib.parse import quote

LONGEST: Final = 200
"""Characters; 255 bytes at most, which every file system takes."""
_LONGEST_BYTES: Final = 255
_JOINERS: Final = frozenset("\u200c\u200d")
"""Emoji and several scripts need these; the other invisible characters (right-to-left override…) only deceive."""
_FORBIDDEN: Final = frozenset('<>:"|?*\\/')


def clean_name(name: str, fallback: str = "file") -> str:
    """A name without folders, line ends, invisible and reserved characters, and not too long; the ending is kept."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    kept = "".join(_kept(character) for character in name)
    kept = " ".join(kept.split()).strip(". ")
    stem, dot, ending = kept.rpartition(".")
    if not dot or len(ending) > 16:
        stem, dot, ending = kept, "", ""
    if not stem:
        return fallback
    stem = stem[: LONGEST - len(dot + ending)].rstrip()
    while len((stem + dot + ending).encode()) > _LONGEST_BYTES:
        stem = stem[:-1].rstrip()
    return stem + dot + ending


def content_disposition(name: str, *, inline: bool = False) -> str:
    """`attachment` or `inline` with the name in ASCII and, if that is not enough, in UTF-8 (RFC 6266, RFC 8187)."""
    kind = "inline" if inline else "attachment"
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    ascii_name = "".join(c if c.isprintable() and c not in '"\\%' else "_" for c in ascii_name).strip() or "file"
    if ascii_name.startswith("."):
        ascii_name = f"file{ascii_name}"
    value = f'{kind}; filename="{ascii_name}"'
    return value if ascii_name == name else f"{value}; filename*=UTF-8''{quote(name, safe='')}"


def _kept(character: str) -> str:
    if character in _FORBIDDEN:
        return "_"
    category = unicodedata.category(character)
    if category in ("Zl", "Zp"):
        return " "
    if category in ("Cc", "Cf", "Cs", "Co", "Cn") and character not in _JOINERS:
        return ""
    return character

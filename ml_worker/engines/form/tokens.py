"""A prompt cut into words, numbers, hexadecimal colours and marks."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

MARKS = {
    ",": ",",
    ";": ",",
    ".": ",",
    ":": ":",
    "!": ",",
    "?": ",",
    "(": ",",
    ")": ",",
    "/": ",",
    "&": "and",
    "+": "and",
}
JOINTS = "-‐‑–_"
MINUS = "-−–"
LABEL = "number"
"""The word that `no. 5` is read as."""
PLAIN: Final = str.maketrans({"’": "'", "′": "'", "”": '"', "“": '"', "⁄": "/", "⌀": "ø"})
FRACTION: Final = re.compile(r"([1-9])/([2-9]|1[0-9]|32|64)(?![0-9/])")
GROUPED: Final = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?(?![0-9])")
POWER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?e[0-9]{1,2}(?![0-9a-z])")
DECIMAL: Final = re.compile(r"[0-9]+(?:[.,][0-9]+)?")
SCALE: Final = re.compile(r"[0-9]+:[0-9]+")
LABELED: Final = re.compile(r"(?<![a-z])no\.(?=\s*[0-9])|#(?=\s*[0-9])")


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: word, number, hex, comma. `glued`: joined to the token before by a hyphen or with nothing between."""

    kind: str
    text: str
    value: float = 0.0
    glued: bool = False


def tokenize(prompt: str) -> list[Token]:
    """Lower-case tokens in order. `30cm` is a number and a glued word; `1,200`, `1/2` and `1e3` are numbers."""
    text = _plain(prompt)
    tokens: list[Token] = []
    at, glued = 0, False
    while at < len(text):
        mark = text[at]
        end = at + 1
        if mark == "#" and (digits := _run(text, at + 1, "0123456789abcdef")) in (3, 6):
            end = at + 1 + digits
            tokens.append(Token("hex", text[at:end]))
        elif label := LABELED.match(text, at):
            tokens.append(Token("word", LABEL))
            end = label.end()
        elif (scale := SCALE.match(text, at)) and mark.isdecimal():
            tokens.append(Token("word", scale[0]))
            end = scale.end()
        elif number := _number(text, at):
            end = at + len(number[0])
            tokens.append(Token("number", *number, glued))
            glued = end < len(text) and (text[end].isalpha() or text[end] in "\"'×*")
            at = end
            continue
        elif mark.isalpha() or unicodedata.category(mark).startswith("M"):
            while end < len(text) and (
                _is_letter(text[end]) or (text[end] == "'" and text[end + 1 : end + 2].isalpha())
            ):
                end += 1
            tokens.append(Token("word", text[at:end], glued=glued))
            glued = end < len(text) and text[end].isdecimal()
            at = end
            continue
        elif mark in JOINTS and tokens and tokens[-1].kind != "comma":
            glued = True
            at = end
            continue
        elif mark in "\"'" and tokens and tokens[-1].kind == "number" and glued and text[end : end + 1] != "s":
            tokens.append(Token("word", "inch" if mark == '"' else "ft", glued=True))
            at, glued = end, text[end : end + 1].isdecimal()
            continue
        elif mark == "×" or (mark == "*" and tokens and text[end:].lstrip()[:1].isdecimal()):
            tokens.append(Token("word", "x"))
        elif mark in MARKS:
            kind = "word" if MARKS[mark] == "and" else "comma"
            tokens.append(Token(kind, MARKS[mark]))
        at, glued = end, False
    return tokens


def _is_letter(mark: str) -> bool:
    return mark.isalpha() or unicodedata.category(mark).startswith("M")


def _run(text: str, start: int, alphabet: str) -> int:
    end = start
    while end < len(text) and text[end] in alphabet:
        end += 1
    return end - start


def _plain(prompt: str) -> str:
    """Lower case, with plain quotes, and a space before a fraction of one letter ("1½")."""
    apart = "".join(
        f" {mark}" if "FRACTION" in unicodedata.name(mark, "") else mark for mark in prompt.replace("№", "no.")
    )
    text = unicodedata.normalize("NFKC", apart).lower().translate(PLAIN)
    return re.sub(r"\bw/o\b", "without", text).replace("''", '"')


def _number(text: str, start: int) -> tuple[str, float] | None:
    """The digits that begin at `start`, and what they are worth."""
    if text[start] in MINUS and (start == 0 or text[start - 1].isspace()):
        positive = _number(text, start + 1) if text[start + 1 : start + 2].isdecimal() else None
        return (text[start] + positive[0], -positive[1]) if positive else None
    if share := FRACTION.match(text, start):
        return share[0], int(share[1]) / int(share[2])
    for form, drop in ((GROUPED, ","), (POWER, ""), (DECIMAL, "")):
        if found := form.match(text, start):
            plain = found[0].replace(drop, "") if drop else found[0].replace(",", ".")
            return found[0], float(plain)
    return None


def foreign_share(prompt: str) -> float:
    """The share of letters that are not Latin, 0..1."""
    letters = [mark for mark in prompt if mark.isalpha()]
    if not letters:
        return 0.0
    return sum(not unicodedata.name(mark, "").startswith("LATIN") for mark in letters) / len(letters)

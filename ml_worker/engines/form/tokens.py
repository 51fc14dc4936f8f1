"""A prompt cut into words, numbers, hexadecimal colours and marks."""

import unicodedata
from dataclasses import dataclass

MARKS = {
    ",": ",",
    ";": ",",
    ".": ",",
    ":": ",",
    "!": ",",
    "?": ",",
    "(": ",",
    ")": ",",
    "/": ",",
    "&": "and",
    "+": "and",
}
JOINTS = "-‐‑–_"


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: word, number, hex, comma. `glued`: joined to the token before by a hyphen or with nothing between."""

    kind: str
    text: str
    value: float = 0.0
    glued: bool = False


def tokenize(prompt: str) -> list[Token]:
    """Lower-case tokens in order. A number may carry a decimal point; `30cm` is a number and a glued word."""
    text = unicodedata.normalize("NFKC", prompt).lower().replace("’", "'")
    tokens: list[Token] = []
    at, glued = 0, False
    while at < len(text):
        mark = text[at]
        end = at + 1
        if mark == "#" and (digits := _run(text, at + 1, "0123456789abcdef")) in (3, 6):
            end = at + 1 + digits
            tokens.append(Token("hex", text[at:end]))
        elif mark.isdecimal() and mark.isascii():
            end = _number_end(text, at)
            tokens.append(Token("number", text[at:end], float(text[at:end].replace(",", ".")), glued))
            glued = end < len(text) and (text[end].isalpha() or text[end] in "\"'×")
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
        elif mark == '"' and tokens and tokens[-1].kind == "number" and glued:
            tokens.append(Token("word", "inch", glued=True))
        elif mark == "×":
            tokens.append(Token("word", "x"))
        elif mark in MARKS:
            kind = "comma" if MARKS[mark] == "," else "word"
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


def _number_end(text: str, start: int) -> int:
    digits = "0123456789"
    end = start + _run(text, start, digits)
    if end + 1 < len(text) and text[end] in ".," and text[end + 1] in digits:
        fraction = _run(text, end + 1, digits)
        if text[end] == "." or fraction != 3:
            return end + 1 + fraction
    return end


def foreign_share(prompt: str) -> float:
    """The share of letters that are not Latin, 0..1."""
    letters = [mark for mark in prompt if mark.isalpha()]
    if not letters:
        return 0.0
    return sum(not unicodedata.name(mark, "").startswith("LATIN") for mark in letters) / len(letters)

"""Reads a language's word list and answers what a run of tokens may mean."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from importlib.resources import files
from typing import Any

from ml_worker.engines.form.families.family import Family
from ml_worker.engines.form.tokens import Token, tokenize

LONGEST = 5
"""Most words in one phrase of the lexicon."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """`kind`: number, fraction, color, tone, material, scale, side, dimension, letter, unit, family, part, option,
    having, lacking, length (metres of its sides), odd (a figure that says nothing), or one of [words]."""

    kind: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Item:
    """One or more tokens with what they may mean; no meanings: an unknown word."""

    text: str
    meanings: tuple[Meaning, ...]
    glued: bool = False
    plural: bool = False

    def get(self, kind: str) -> Any:
        """The value of its meaning of that kind, or None."""
        return next((m.value for m in self.meanings if m.kind == kind), None)

    def may_be(self, *kinds: str) -> bool:
        return any(m.kind in kinds for m in self.meanings)


Phrases = dict[tuple[str, ...], list[Meaning]]


class Lexicon:
    """`general` words plus, once a family is known, that family's parts and options."""

    def __init__(self, phrases: Phrases) -> None:
        self._phrases = phrases

    def with_family(self, family: Family) -> "Lexicon":
        phrases = {key: list(meanings) for key, meanings in self._phrases.items()}
        for feature in family.features:
            for noun in feature.nouns:
                phrases.setdefault(_key(noun), []).append(Meaning("part", feature.id))
            for word in feature.adjectives:
                phrases.setdefault(_key(word), []).append(Meaning("having", feature.id))
        for option, values in family.options.items():
            for value, words in values.items():
                for word in words:
                    phrases.setdefault(_key(word), []).append(Meaning("option", (option, value)))
        return Lexicon(phrases)

    def items(self, tokens: list[Token]) -> list[Item]:
        """Longest phrases first, from left to right."""
        found: list[Item] = []
        at = 0
        while at < len(tokens):
            token = tokens[at]
            taken, meanings, plural = self._longest(tokens, at)
            if token.kind != "word" and taken == 1:
                kind = {"number": "number", "hex": "hex", "comma": "comma"}[token.kind]
                value = token.value if token.kind == "number" else token.text
                found.append(Item(token.text, (Meaning(kind, value),), token.glued))
                at += 1
                continue
            if not meanings:
                meanings = self._derived(token.text)
            text = " ".join(t.text for t in tokens[at : at + taken])
            found.append(Item(text, tuple(meanings), token.glued, plural))
            at += taken
        return found

    def _longest(self, tokens: list[Token], at: int) -> tuple[int, list[Meaning], bool]:
        words = []
        for token in tokens[at : at + LONGEST]:
            if token.kind in ("comma", "hex"):
                break
            words.append(token.text)
        for length in range(len(words), 0, -1):
            key = tuple(words[:length])
            meanings = list(self._phrases.get(key, ()))
            plural = False
            for singular in singulars(key[-1]):
                known = self._phrases.get((*key[:-1], singular), ())
                more = [m for m in known if m.kind in ("family", "part", "unit", "tail")]
                fresh = [m for m in more if m not in meanings]
                # Roses are flowers, while rose is a colour: a word of its own that is a plural all the same.
                plural = plural or bool(more or (known and meanings))
                meanings += fresh
            if meanings:
                return length, meanings, plural
        return 1, [], False

    def _derived(self, word: str) -> list[Meaning]:
        """`legged` and `armless` from parts, `reddish` from colours."""
        for suffix, kind in (("less", "lacking"), ("ed", "part"), ("ish", "color")):
            if not word.endswith(suffix):
                continue
            stem = word[: -len(suffix)]
            for base in (stem, stem[:-1] if stem[-1:] == stem[-2:-1] else stem, stem + "e"):
                for m in self._phrases.get((base,), ()):
                    if kind == "color" and m.kind == "color":
                        return [m]
                    if kind != "color" and m.kind == "part":
                        return [Meaning(kind, m.value), *([Meaning("joined")] if suffix == "ed" else [])]
        return []

    def items_of(self, phrase: str) -> list[Item]:
        return self.items(tokenize(phrase))

    def nearest(self, word: str, kinds: Iterable[str]) -> str | None:
        """What `word` is very likely a misspelling of, among words of `kinds`; lemons are not the colour lemon."""
        if len(word) < 5:
            return None
        wanted, plural_of = set(kinds), singulars(word)
        best, found = 0.84, None
        for key, meanings in self._phrases.items():
            if len(key) != 1 or len(key[0]) < 4 or not any(m.kind in wanted for m in meanings):
                continue
            if key[0] in plural_of:
                continue
            ratio = SequenceMatcher(None, word, key[0]).ratio()
            if ratio > best:
                best, found = ratio, key[0]
        return found


def singulars(word: str) -> tuple[str, ...]:
    """What an English plural may come from."""
    irregular = {"feet": "foot", "knives": "knife", "shelves": "shelf", "bookshelves": "bookshelf", "leaves": "leaf"}
    if word in irregular:
        return (irregular[word],)
    forms = []
    if word.endswith("ies") and len(word) > 4:
        forms.append(word[:-3] + "y")
    if word.endswith("es") and len(word) > 4:
        forms.append(word[:-2])
    if word.endswith("s") and not word.endswith("ss") and len(word) > 3:
        forms.append(word[:-1])
    return tuple(forms)


def _key(phrase: str) -> tuple[str, ...]:
    return tuple(token.text for token in tokenize(phrase))


@cache
def load(language: str = "en") -> Mapping[str, Any]:
    """The word list of `language` as written."""
    return tomllib.loads(files(__package__).joinpath(f"{language}.toml").read_text(encoding="utf-8"))


def lexicon(families: Iterable[Family], language: str = "en") -> Lexicon:
    """General words and the families' nouns."""
    words = load(language)
    phrases: Phrases = {}

    def put(phrase: str, meaning: Meaning) -> None:
        phrases.setdefault(_key(phrase), []).append(meaning)

    for text, number in words["numbers"].items():
        put(text, Meaning("number", float(number)))
    for kind, table in (
        ("color", "colors"),
        ("tone", "tones"),
        ("material", "materials"),
        ("dimension", "dimensions"),
        ("letter", "letters"),
    ):
        for value, names in words[table].items():
            for text in names:
                put(text, Meaning(kind, value))
    for factor, names in words["scales"].items():
        for text in names:
            put(text, Meaning("scale", float(factor)))
    for text, (side, factor) in words["sides"].items():
        put(text, Meaning("side", (side, factor)))
    for text, metres in words["units"].items():
        put(text, Meaning("unit", metres))
    for text, share in words["fractions"].items():
        put(text, Meaning("fraction", share))
    for kind, names in words["words"].items():
        for text in names:
            put(text, Meaning(kind))
    for family in families:
        for name, variant in family.variants.items():
            for noun in variant.nouns:
                put(noun, Meaning("family", (family.id, name)))
    return Lexicon(phrases)

"""From a prompt to a `Request`: find the one object that is meant, then read what is said of it."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from ml_worker.engines.form.families.family import Family
from ml_worker.engines.form.grammar import Grammar
from ml_worker.engines.form.lexicon.reader import Item, Lexicon, lexicon, singulars
from ml_worker.engines.form.notations import in_words
from ml_worker.engines.form.quantities import joined
from ml_worker.engines.form.refusals import ALIKE, cannot_make, not_understood, other_language
from ml_worker.engines.form.request import Request
from ml_worker.engines.form.tokens import Token, foreign_share, tokenize
from ml_worker.engines.form.words import ADJECTIVES

PLACES: Final = frozenset(
    ("above", "against", "behind", "below", "beside", "in", "inside", "near", "on", "over", "under", "underneath")
)


class Understanding:
    """Reads prompts about the given families."""

    def __init__(self, families: Mapping[str, Family]) -> None:
        self._families = families
        self._lexicon = lexicon(families.values())
        self._within: dict[str, Lexicon] = {}
        self._nouns = sorted({noun for f in families.values() for v in f.variants.values() for noun in v.nouns})

    def read(self, prompt: str) -> Request:
        """Raises BadInput: `not-understood`, `language-not-supported` or `cannot-make`."""
        if foreign_share(prompt) > 0.4:
            raise other_language(self._families)
        tokens, corrected = self._untwisted(tokenize(prompt))
        if not tokens:
            raise not_understood("There is nothing to read in the request.", self._families)
        family_id, variant = self._head(self._lexicon.items(tokens))
        family = self._families[family_id]
        if family_id not in self._within:
            self._within[family_id] = self._lexicon.with_family(family)
        words = self._within[family_id]
        items = joined(in_words(words.items(tokens), family))
        head = self._head_index(items, family)
        self._check_compound(items, head, family)
        self._check_scene(items, head)
        request = Request(family, variant, corrected=corrected)
        if items[head].plural:
            request.notes.append("plural")
        Grammar(items, head, request, words).read()
        self._finish(request)
        return request

    def _untwisted(self, tokens: list[Token]) -> tuple[list[Token], dict[str, str]]:
        """Two swapped neighbours ("chiar") in the name of a family are put right; nothing bolder is.

        Where another family's name comes later, as a part, the nearest name is taken ("bookself with 4 shelves").
        """
        items = self._lexicon.items(tokens)
        if any(item.may_be("family") for item in items):
            first = next(i for i, item in enumerate(items) if item.may_be("family", "with"))
            word = items[first - 1].text if first and not items[first - 1].meanings else ""
            meant = self._lexicon.nearest(word, ("family",)) if items[first].may_be("with") else None
            if meant is None or meant[0] != word[0]:
                return tokens, {}
            return [Token("word", meant) if token.text == word else token for token in tokens], {word: meant}
        nouns = {noun for noun in self._nouns if " " not in noun}
        for at, token in enumerate(tokens):
            word = token.text
            if token.kind != "word" or len(word) < 4 or self._lexicon.items([token])[0].meanings:
                continue
            for i in range(len(word) - 1):
                swapped = word[:i] + word[i + 1] + word[i] + word[i + 2 :]
                if swapped in nouns or any(one in nouns for one in singulars(swapped)):
                    return [*tokens[:at], Token("word", swapped, glued=token.glued), *tokens[at + 1 :]], {word: swapped}
        return tokens, {}

    def _head(self, items: list[Item]) -> tuple[str, str]:
        found = [item.get("family") for item in items if item.may_be("family")]
        firm = [item.get("family") for item in items if item.may_be("family") and not item.may_be("material", "color")]
        chosen: list[tuple[str, str]] = firm or found
        if not chosen:
            unknown = [item.text for item in items if not item.meanings]
            near = [m for word in unknown for m in get_close_matches(word, self._nouns, 1, 0.7)]
            what = f'I do not know how to make "{" ".join(unknown)}".' if unknown else "The request names no object."
            raise not_understood(what, self._families, near)
        family_id, variant = chosen[0]
        at = next(i for i, item in enumerate(items) if item.get("family") == chosen[0])
        return self._named_after(items, at) or (family_id, variant)

    def _named_after(self, items: list[Item], at: int) -> tuple[str, str] | None:
        """`a farmhouse dining table`: the name of one family is a style of the next."""
        following = at + 1
        while following < len(items) and items[following].may_be(*ADJECTIVES):
            following += 1
        named = items[following].get("family") if following < len(items) else None
        if named is None:
            return None
        styles = self._families[named[0]].options.values()
        return named if any(items[at].text in words for values in styles for words in values.values()) else None

    def _head_index(self, items: list[Item], family: Family) -> int:
        """The item that names the object; refuses a second object that is no part of the first."""
        nouns = [
            i
            for i, item in enumerate(items)
            if item.may_be("family") and not (item.may_be("option") and item.get("family")[0] != family.id)
        ]
        if not nouns:  # the family's own words read its name as that of a part: "lamp shade"
            parts = " ".join(item.text for item in items if item.may_be("part"))
            raise not_understood(f'I make a whole {family.id}, not a "{parts}" alone.', self._families)
        firm = [i for i in nouns if not items[i].may_be("material", "color")] or nouns[:1]
        head = firm[0]
        for i in firm[1:]:
            if items[i].may_be("part"):
                continue
            other, _ = items[i].get("family")
            between = items[head:i]
            if other == family.id and any(item.may_be("is") for item in between):
                continue
            one, two = ({item.text, *singulars(item.text)} for item in (items[head], items[i]))
            if one & two and any(item.may_be("and", "comma") for item in between):
                raise cannot_make(f"{ALIKE} Ask for each of them on its own.")
            raise cannot_make(
                f'I make one kind of object at a time: ask for "{items[head].text}" or for "{items[i].text}".'
            )
        return head

    def _check_compound(self, items: list[Item], head: int, family: Family) -> None:
        """`chair leg`, `dog house`, `house key`: the noun beside the head makes it another thing."""
        item = items[head]
        for near in (head - 1, head + 1):
            if not 0 <= near < len(items):
                continue
            beside = items[near]
            after = near > head
            words = beside.text.split()
            if not after and near and items[near - 1].may_be("length") and beside.may_be("part", "dimension"):
                continue
            if not after and near and items[near - 1].may_be("number") and beside.may_be("part"):
                continue
            phrase = f"{item.text} {beside.text}" if after else f"{beside.text} {item.text}"
            known = (words[0 if after else -1], *singulars(words[-1]), phrase, *singulars(phrase))
            if any(name in family.other_things for name in known):
                raise not_understood(f'A "{phrase}" is another thing than a {family.id}.', self._families)
            if after and (not beside.meanings or (beside.may_be("part") and not beside.may_be("lacking"))):
                if beside.text.endswith(("ing", "ed", "ly")) or (beside.glued and beside.may_be("part")):
                    continue
                raise not_understood(f'I do not know how to make a "{item.text} {beside.text}".', self._families)

    def _check_scene(self, items: list[Item], head: int) -> None:
        """`three red balls on a table`, `a dragon with a table`: the table is beside what nobody can make."""
        for at in range(1, head):
            thing, place, rest = items[at - 1], items[at], items[at + 1 : head]
            # A rose and a lemon are things, after an article; a rose vase is a colour of vase.
            named = at > 1 and thing.may_be("color", "material") and items[at - 2].may_be("one", "number")
            named = (named and not thing.may_be("part")) or not thing.meanings
            apart = place.text.split()[0] in PLACES or place.may_be("with")
            if apart and named and all(item.meanings for item in rest):
                raise not_understood(f'I do not know how to make "{thing.text}".', self._families)

    def _finish(self, request: Request) -> None:
        if "plural" in request.notes:
            request.notes.remove("plural")
            if request.count == 1:
                request.notes.append("No number was given, so there is one.")
        for drop in [word for word in request.ignored if not word.strip()]:
            request.ignored.remove(drop)

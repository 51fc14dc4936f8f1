"""The refusals of `lathe/form`, worded for the person who wrote the prompt."""

from collections.abc import Iterable

from ml_worker.engines.port import BadInput

EXAMPLE = "For example: a red wooden chair with four legs."
ALIKE = "Several objects in one model are all alike."


def not_understood(what: str, families: Iterable[str], near: Iterable[str] = ()) -> BadInput:
    """No family of objects was recognised."""
    close = list(near)
    hint = f' Did you mean "{close[0]}"?' if close else ""
    return BadInput("not-understood", f"{what}{hint} I can make: {', '.join(families)}. {EXAMPLE}")


def other_language(families: Iterable[str]) -> BadInput:
    return BadInput(
        "language-not-supported",
        f"I read English only for now. Please describe one of these in English: {', '.join(families)}. {EXAMPLE}",
    )


def cannot_make(why: str) -> BadInput:
    """The words are clear, but the object would be impossible or beyond what the family can do."""
    return BadInput("cannot-make", why)

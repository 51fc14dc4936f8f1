"""How an attempt can end, and what the figures call it."""

import msgspec

from domain.account.events import Output


class Delivered(msgspec.Struct, frozen=True):
    """All outputs lie in the object store."""

    outputs: tuple[Output, ...]
    metrics: dict[str, float]


class Broke(msgspec.Struct, frozen=True):
    """It failed. `message` is for the person and may repeat their words."""

    code: str
    kind: str
    message: str | None = None


class Halted(msgspec.Struct, frozen=True):
    """It was stopped before its end."""


Ending = Delivered | Broke | Halted


def outcome_of(ending: Ending) -> str:
    """As the figures name it: `failed` is for engines and workers, not for what nobody here could help."""
    match ending:
        case Delivered():
            return "succeeded"
        case Halted():
            return "stopped"
        case Broke(kind="bad-input"):
            return "refused"
        case Broke(kind="deadline"):
            return "late"
        case Broke(code="worker-stopping"):
            return "given-back"
        case Broke():
            return "failed"

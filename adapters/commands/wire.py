"""Forwarded commands, their answers, and questions about open outcomes, as JSON between processes of one deployment.

Every message is signed (HMAC-SHA256 over time and body): it carries a verified identity in `Context.actor`, so only
a process that holds the internal key may send one.
"""

import hmac
import time
from hashlib import sha256
from typing import Any, Final, Literal

import msgspec

from adapters.kafka import topics
from adapters.kafka.requests import Applied
from domain.account.commands import AccountCommand
from domain.catalog.commands import CatalogCommand
from domain.decider import Context
from domain.identity.commands import IdentityCommand

SIGNATURE: Final = "Lathe-Signature"
MAX_AGE_S: Final = 60
_LONGEST_TIME: Final = 12
"""Digits of seconds since 1970."""
COMMANDS: Final[dict[str, Any]] = {
    topics.ACCOUNTS.name: AccountCommand,
    topics.IDENTITY.name: IdentityCommand,
    topics.CATALOG.name: CatalogCommand,
}
"""What may be forwarded. `lathe.assignments` has one writer, which nobody else commands."""


class Forward(msgspec.Struct, frozen=True, kw_only=True):
    """One command, addressed to one ownership: any other refuses it and appends nothing."""

    topic: str
    partition: int
    epoch: int
    nonce: str
    command: msgspec.Raw
    context: Context
    timeout_s: float


class Forwards(msgspec.Struct, frozen=True, kw_only=True):
    """Several of them, to one process."""

    forwards: tuple[Forward, ...]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a command that was addressed to the owner of `epoch`?"""

    topic: str
    partition: int
    epoch: int
    command_id: str


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`never` is certain; after `open` ask again; `not-owner`: not taken here; `log-down`: nothing was decided."""

    kind: Literal["applied", "refused", "never", "open", "not-owner", "log-down"]
    applied: Applied | None = None
    refusal: dict[str, Any] | None = None
    detail: str = ""


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """One for each of the `Forwards`, in their order."""

    answers: tuple[Answer, ...]


def sign(key: bytes, body: bytes, now: float | None = None) -> str:
    """The value of the `Lathe-Signature` header."""
    at = str(int(time.time() if now is None else now))
    return f"{at}:{hmac.new(key, at.encode() + b':' + body, sha256).hexdigest()}"


def is_signed(key: bytes, body: bytes, signature: str) -> bool:
    """Whether `body` was signed with `key` within the last minute."""
    at, _, _ = signature.partition(":")
    if not at.isascii() or not at.isdigit() or len(at) > _LONGEST_TIME or abs(time.time() - int(at)) > MAX_AGE_S:
        return False
    return hmac.compare_digest(sign(key, body, int(at)).encode(), signature.encode("utf-8", "replace"))

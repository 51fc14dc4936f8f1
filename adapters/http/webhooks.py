"""Webhooks as both services tell them. Secrets are told when they are made, and never again."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from pydantic import Field

from adapters.http.documents import Document
from adapters.security.sealing import Sealer
from domain.personal import SealedAt

MessageType = Literal[
    "task.requested",
    "task.started",
    "task.retried",
    "task.cancel-requested",
    "task.completed",
    "task.failed",
    "task.cancelled",
    "file.stored",
    "file.deleted",
    "credits.adjusted",
    "webhook.disabled",
]
"""`domain.account.messages.TYPES`, for the specification (a test compares them)."""


class WebhookDocument(Document):
    """Where messages about your account are posted."""

    webhook_id: str
    url: str | None = Field(description="None: it was erased.")
    description: str | None
    types: list[str] = Field(description="The types of messages that it gets; none: all.")
    enabled: bool
    disabled_because: str | None = Field(
        description="`failing` (nothing succeeded for 5 days), `gone` (it answered 410), `overflow` (too much waits); "
        "none: you disabled it."
    )
    created_at: str
    updated_at: str


class WebhookWithSecret(WebhookDocument):
    """With the secret: keep it now, it is not shown again."""

    secret: str = Field(description="`whsec_…`, for the libraries of Standard Webhooks.")
    previous_until: str | None = Field(description="Until then messages are signed with the secret before it, too.")


async def webhook_document(sealer: Sealer, account_id: str, view: Mapping[str, Any]) -> dict[str, Any]:
    """A webhook's view (`domain/account/views.py`) with its texts opened for its owner."""
    url = await _opened(sealer, account_id, view["url"])
    description = await _opened(sealer, account_id, view["description"])
    plain = ("webhook_id", "types", "enabled", "disabled_because", "created_at", "updated_at")
    return {name: view[name] for name in plain} | {"url": url, "description": description or None}


async def with_secret(sealer: Sealer, account_id: str, view: Mapping[str, Any]) -> dict[str, Any]:
    """The same with the secret that signs."""
    document = await webhook_document(sealer, account_id, view)
    secret = await _opened(sealer, account_id, view["secret"])
    return document | {"secret": secret, "previous_until": view["previous_until"]}


async def _opened(sealer: Sealer, account_id: str, sealed: Any) -> str | None:
    return None if sealed is None else await sealer.open_or_none(account_id, msgspec.convert(sealed, SealedAt))

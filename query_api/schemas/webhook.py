"""Webhooks as the read side tells them."""

from typing import Any, Literal

from pydantic import Field

from adapters.http.webhooks import WebhookDocument
from query_api.schemas.document import Document
from query_api.schemas.page import Page


class WebhookNow(WebhookDocument):
    """A webhook, and how it fares."""

    failing_since: str | None = Field(description="Every attempt since then has failed; none: the last one succeeded.")
    waiting: int = Field(description="Messages that wait to be posted.")


class WebhookPage(Page[WebhookNow]):
    """All of them, the oldest first."""


class Delivery(Document):
    """One message to one webhook."""

    delivery_id: int
    message_id: str = Field(description="`webhook-id`: the same whenever this message is posted.")
    type: str
    why: Literal["event", "redelivery", "test"]
    state: Literal["waiting", "delivered", "dead"] = Field(description="dead: it is not tried any more.")
    attempts: int
    http_status: int | None = Field(description="Of the answer to the last attempt, if there was one.")
    error: str | None = Field(
        description="What the last attempt came to: refused, redirected, timeout, unreachable, not-allowed (no public "
        "address), webhook-disabled, erased."
    )
    created_at: str
    next_attempt_at: str | None = Field(description="Not before then, and not before those ahead of it.")
    last_attempt_at: str | None
    ended_at: str | None


class DeliveryDetails(Delivery):
    """With what is posted."""

    body: Any = Field(description="The message.")


class DeliveryPage(Page[Delivery]):
    """Deliveries of a webhook: those that wait, and those that ended in the last 30 days."""


class Redelivery(Document):
    """Messages of the past that are posted again."""

    redelivery_id: int
    since: str
    until: str
    state: Literal["open", "done", "failed"] = Field(description="done: all of them were put behind those that wait.")
    found: int = Field(description="Messages so far.")
    created_at: str
    ended_at: str | None
    error: str | None

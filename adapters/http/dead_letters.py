"""How an order about a dead letter is told, by both services."""

from typing import Any, Literal

import msgspec
from pydantic import Field

from adapters.http.documents import Document
from adapters.postgres.dead_letters import Order
from domain.rendering import time_of


class DeadLetterOrder(Document):
    """What somebody decided about a dead letter."""

    order_id: int
    action: Literal["retry", "skip"]
    actor: str
    ordered_at: str
    done_at: str | None
    outcome: Literal["folded", "skipped", "failed", "not-first", "not-parked"] | None = Field(
        description="failed: it cannot be folded yet. not-first: records before it wait too. not-parked: not any more."
    )
    folded: int | None = Field(description="Records of its stream that were folded by this.")
    left: int | None = Field(description="Records of its stream that are parked still.")
    why: str | None = Field(description="Why the first of those is.")


def order_document(order: Order) -> dict[str, Any]:
    told = msgspec.structs.asdict(order)
    return told | {name: time_of(told[name]) for name in ("ordered_at", "done_at")}

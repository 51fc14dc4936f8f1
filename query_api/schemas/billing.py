"""What an account has, and every movement of its credits."""

from typing import Literal

from pydantic import Field

from query_api.schemas.document import Document
from query_api.schemas.page import Page

TransactionType = Literal["grant", "adjustment", "reservation", "charge", "release", "forfeit"]


class Balance(Document):
    """The wallet."""

    available: float = Field(description="Free to spend.")
    reserved: float = Field(description="Held for tasks that have not ended.")
    currency: Literal["credits"]


class Transaction(Document):
    """One movement of credits."""

    id: int = Field(description="Its place in the account's history: a later movement has a larger one.")
    type: TransactionType
    task_id: str | None = Field(description="The task it is about.")
    amount: float = Field(
        description="Negative takes. A charge takes from what was reserved: the balance fell at the reservation."
    )
    released: float = Field(description="What a charge gave back of its reservation.")
    balance: float = Field(description="Free to spend after it.")
    reserved: float = Field(description="Held after it.")
    reason: str | None = Field(description="What an admin wrote about an adjustment.")
    time: str


class TransactionPage(Page[Transaction]):
    """Movements of credits, the newest first."""

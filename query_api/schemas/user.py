"""Users and their wallets."""

from typing import Literal

from pydantic import Field

from query_api.schemas.document import Document

Role = Literal["user", "operator", "admin", "service"]


class Profile(Document):
    """A user with the wallet. Amounts in credits."""

    id: int
    uuid: str = Field(description="The account's id.")
    username: str | None
    name: str | None
    email: str = Field("", description="Missing when none was given.")
    role: Role
    created_at: str
    updated_at: str
    balance: float = Field(description="Free to spend.")
    reserved: float = Field(description="Held for tasks that have not ended.")

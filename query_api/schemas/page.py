"""The shape of every list."""

from typing import Generic, TypeVar

from pydantic import Field

from query_api.schemas.document import Document

Item = TypeVar("Item")


class Page(Document, Generic[Item]):
    """One page of a list, the newest first unless said otherwise."""

    items: list[Item]
    total: int = Field(description="How many there are in all, with the same filters.")
    limit: int = Field(description="The most items of one page.")
    offset: int = Field(description="How many were skipped.")
    next: str | None = Field(description="The `cursor` of the following page; null on the last one.")

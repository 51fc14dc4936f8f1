"""The catalogue of problem types."""

from pydantic import Field

from query_api.schemas.document import Document
from query_api.schemas.page import Page


class Words(Document):
    """A text in both languages."""

    en: str
    ru: str


class ProblemType(Document):
    """One type of problem, as `type` names it."""

    type: str = Field(examples=["/problems/not-found"])
    code: str
    status: int = Field(description="The HTTP status it comes with.")
    title: Words
    means: Words = Field(description="What it means.")
    remedy: Words = Field(description="What to do.")


class ProblemTypePage(Page[ProblemType]):
    """All types, by status."""

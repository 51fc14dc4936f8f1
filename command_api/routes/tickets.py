"""One-time tickets for live connections, where a token could only travel in a URL."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from adapters.http.callers import CallerOf
from adapters.http.declared import ANYWHERE, SIGNED_IN, problems
from command_api.parts import Parts, parts_of
from domain.rendering import time_of

router = APIRouter(prefix="/auth", tags=["auth"], responses=problems(*ANYWHERE, *SIGNED_IN))


class TicketDocument(BaseModel):
    ticket: str
    expires_in: int = Field(description="Seconds", examples=[30])
    expires_at: str


@router.post("/tickets", status_code=201, response_model=TicketDocument, summary="Get a one-time ticket")
async def ticket(caller: CallerOf, parts: Annotated[Parts, Depends(parts_of)]) -> TicketDocument:
    """For `?ticket=` of live connections (an EventSource cannot send headers): good for one use within 30 seconds."""
    issued = await parts.tickets.issue(caller)
    return TicketDocument(
        ticket=issued.ticket, expires_in=issued.expires_in, expires_at=time_of(issued.expires_at) or ""
    )

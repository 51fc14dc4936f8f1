"""Who listens to a live stream: by an access token in the header, or by a one-time ticket in the URL.

A browser's EventSource cannot send headers; and what stands in a URL ends up in logs and histories, so only what is
worthless after its first use may stand there.
"""

from typing import Annotated

from fastapi import Depends, Query, Request

from adapters.http.callers import admit, bearer, caller_of
from adapters.security.authenticator import Caller
from query_api.parts import Parts, parts_of


async def listener(
    request: Request,
    parts: Annotated[Parts, Depends(parts_of)],
    token: Annotated[str | None, Depends(bearer)],
    ticket: Annotated[
        str | None, Query(max_length=100, description="A one-time ticket of POST /auth/tickets, instead of a token.")
    ] = None,
) -> Caller:
    """Raises Unauthenticated. A ticket is used up by this."""
    if ticket is None:
        return await caller_of(request, token)
    return admit(request, await parts.authenticator.current(await parts.tickets.redeem(ticket)))


ListenerOf = Annotated[Caller, Depends(listener)]

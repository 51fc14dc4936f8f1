"""The public keys of access tokens."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from adapters.http.declared import READS, problems
from query_api.etags import NOT_MODIFIED, document
from query_api.parts import Parts, parts_of
from query_api.schemas.health import Keys

router = APIRouter(tags=["auth"])


@router.get(
    "/.well-known/jwks.json",
    response_model=Keys,
    summary="Public keys of access tokens (RFC 7517)",
    responses=NOT_MODIFIED | problems(*READS),
)
async def jwks(request: Request, parts: Annotated[Parts, Depends(parts_of)]) -> Response:
    """EdDSA keys by `kid`. Keys are rotated: look again when a `kid` is unknown."""
    return document(request, await parts.signing_keys.jwks(), {"cache-control": "public, max-age=60"})

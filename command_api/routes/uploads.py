"""Uploading files (requirements/000, section 2.3)."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from adapters.http.callers import CallerOf
from adapters.http.declared import ANYWHERE, BODIES, IDEMPOTENCY_KEY, KEYED, SIGNED_IN, problems, success, taking
from adapters.http.in_flight import in_flight
from adapters.ids import new_id
from command_api.answers import answer
from command_api.contexts import Keyed, context_of
from command_api.deciding import decide
from command_api.documents import StoredFileDocument
from command_api.parts import Parts, parts_of
from command_api.uploading import examine, file_document, received, refuse_other_fields, store
from domain.account.commands import StoreFile

router = APIRouter(tags=["files"])
REFUSED: Final = problems(*ANYWHERE, *SIGNED_IN, *BODIES, *KEYED, "not-found", "account-closed")
FORM: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


@router.post(
    "/upload",
    status_code=201,
    response_model=StoredFileDocument,
    summary="Upload a file",
    openapi_extra=taking(IDEMPOTENCY_KEY, **FORM),
    responses=success(201, "The file", "Location", "Lathe-Position") | REFUSED,
)
async def upload(request: Request, caller: CallerOf, parts: Annotated[Parts, Depends(parts_of)]) -> Response:
    """One file in the part `file`. What claims to be an image or a mesh must be one."""
    keyed = Keyed(request, parts.digests, caller.actor, "/upload")
    event_id = new_id()
    with in_flight(keyed.scoped if keyed.is_clients else None):
        async with received(parts, request) as form:
            refuse_other_fields(form)
            file = form.file("file")
            stored = await store(parts, caller.account_id, event_id, file, "file_name", await examine(parts, file))
            digest = keyed.digest({"name": file.name}, [file.sha256])
        context = context_of(request, caller.actor, event_id=event_id, keyed=keyed, digest=digest)
        command = StoreFile(account_id=caller.account_id, file=stored)
        applied = await decide(parts, caller, command, context)
    document = await file_document(parts, caller.account_id, applied.view)
    return answer(document, 201, applied, {"location": document["url"]})

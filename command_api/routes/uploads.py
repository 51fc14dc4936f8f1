"""Uploading files (requirements/000, section 2.3)."""

from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from adapters.http.callers import CallerOf
from adapters.http.in_flight import in_flight
from adapters.ids import new_id
from command_api.answers import answer
from command_api.contexts import Keyed, context_of
from command_api.deciding import decide
from command_api.parts import Parts, parts_of
from command_api.uploading import examine, received, refuse_other_fields, store
from domain.account.commands import StoreFile
from domain.account.names import stored_name
from domain.errors import NotFound
from domain.personal import SealedAt

router = APIRouter(tags=["files"])
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


@router.post("/upload", status_code=201, summary="Upload a file", openapi_extra=FORM)
async def upload(request: Request, caller: CallerOf, parts: Annotated[Parts, Depends(parts_of)]) -> Response:
    """One file in the part `file`. What claims to be an image is examined by its content."""
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
    document = await _document(parts, caller.account_id, applied.view)
    return answer(document, 201, applied, {"location": document["url"]})


async def _document(parts: Parts, account_id: str, view: dict[str, Any]) -> dict[str, Any]:
    """A file as clients see it, from the owner's sealed view. Raises NotFound for a repeat whose file is gone."""
    if view.get("deleted"):
        raise NotFound("The file that this request stored was deleted since.")
    told = {n: view[n] for n in ("file_id", "media_type", "bytes", "sha256", "width", "height", "created_at")}
    name = await parts.sealer.open(account_id, msgspec.convert(view["name"], SealedAt))
    return told | {
        "name": name,
        "stored_name": stored_name(view["file_id"], view["media_type"]),
        "url": f"/files/{view['file_id']}",
    }

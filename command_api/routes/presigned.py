"""Uploading large files straight into the object store (requirements/000, section 2.3)."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import JSONResponse

from adapters.http.callers import CallerOf
from adapters.http.declared import ANYWHERE, BODIES, SIGNED_IN, problems, success
from adapters.http.documents import Document
from adapters.http.file_names import clean_name
from adapters.http.in_flight import in_flight
from adapters.http.reached_at import reached_at
from adapters.http.strict_json import StrictRoute
from adapters.ids import new_id
from adapters.kafka.requests import Applied
from adapters.kafka.topics import account_partition
from adapters.postgres.uploads import LIFETIME, Upload, staging_key
from adapters.security.authenticator import Caller
from command_api import staging
from command_api.answers import answer
from command_api.claims import largest_mb
from command_api.contexts import context_of
from command_api.deciding import decide
from command_api.documents import StoredFileDocument
from command_api.parts import Parts, parts_of
from command_api.uploading import file_document, require_size, store
from domain.account.commands import DescribeFile, StoreFile
from domain.errors import NotFound
from domain.ids import partition_in
from domain.rendering import time_of

router = APIRouter(prefix="/uploads", tags=["files"], route_class=StrictRoute)
PartsOf = Annotated[Parts, Depends(parts_of)]
MOST_OPEN: Final = 100
"""Uploads of one account that were begun and not completed."""
MediaType = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$&^_.+-]{1,60}/[A-Za-z0-9!#$&^_.+-]{1,60}$")]


class UploadWanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=1000, description="It is stored cleaned.", examples=["chair.png"])
    media_type: MediaType = Field(description="Images and meshes must be what they claim.", examples=["image/png"])
    bytes: int = Field(ge=1, le=1 << 40, description="The exact length; the URL takes no other.")
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$", description="If given, the content must have it.")


class UploadDocument(Document):
    """Send just the announced bytes with `method` and `headers` to `url` in time, then POST to `complete_url`."""

    upload_id: str
    method: str = Field(examples=["PUT"])
    url: str
    headers: dict[str, str]
    expires_at: str
    complete_url: str


@router.post(
    "",
    status_code=201,
    response_model=UploadDocument,
    summary="Begin an upload into the object store",
    responses=problems(*ANYWHERE, *SIGNED_IN, *BODIES, "too-many-uploads"),
)
async def begin(body: UploadWanted, request: Request, caller: CallerOf, parts: PartsOf) -> Response:
    """For large files: the bytes go straight to the store. Nothing is a file before the upload is completed."""
    media_type = body.media_type.lower()
    require_size(body.bytes, largest_mb(parts.settings.limits, media_type, body.name), "bytes")
    if await parts.uploads.open(caller.account_id) >= MOST_OPEN:
        seconds = LIFETIME.total_seconds()
        raise staging.TooManyUploads(f"{MOST_OPEN} uploads wait to be completed.", retry_after_s=seconds)
    upload_id = new_id(account_partition(caller.account_id))
    name = await staging.sealed_name(parts, caller.account_id, upload_id, clean_name(body.name))
    upload = Upload(
        upload_id=upload_id,
        account_id=caller.account_id,
        name=name,
        media_type=media_type,
        bytes=body.bytes,
        sha256=body.sha256,
        expires_at=parts.uploads.expiry(),
    )
    await parts.uploads.begin(upload)
    url = parts.store.presign_upload(
        staging_key(upload_id),
        body.bytes,
        int(LIFETIME.total_seconds()),
        reached_at=reached_at(request, parts.settings),
    )
    document: dict[str, Any] = {
        "upload_id": upload_id,
        "method": "PUT",
        "url": url,
        "headers": {"content-type": media_type},
        "expires_at": time_of(upload.expires_at),
        "complete_url": f"/uploads/{upload_id}/complete",
    }
    return JSONResponse(document, 201)


@router.post(
    "/{upload_id}/complete",
    status_code=201,
    response_model=StoredFileDocument,
    summary="Complete an upload",
    responses=success(201, "The file", "Location", "Lathe-Position")
    | problems(
        *ANYWHERE,
        *SIGNED_IN,
        *("not-found", "wrong-state", "already-exists", "in-flight", "account-closed", "erased"),
        *("too-large", "unsupported-media-type"),
    ),
)
async def complete(upload_id: str, request: Request, caller: CallerOf, parts: PartsOf) -> Response:
    """The uploaded bytes are checked as POST /upload checks them. A repeat is answered with the same file."""
    with in_flight(f"upload {_known(upload_id, caller)}"):
        applied = await _known_file(parts, request, caller, upload_id)
        if applied is None:
            applied = await _taken(parts, request, caller, upload_id)
    document = await file_document(parts, caller.account_id, applied.view)
    return answer(document, 201, applied, {"location": document["url"]})


async def _taken(parts: Parts, request: Request, caller: Caller, upload_id: str) -> Applied:
    """Check the bytes and store them as a file. Dying anywhere in here, a repeat goes on."""
    upload = await parts.uploads.find(caller.account_id, upload_id)
    if upload is None or upload.completed_at is not None:
        raise NotFound("There is no such upload: it expired, or its file was deleted.")
    event_id = new_id()
    async with staging.received(parts, upload) as (file, examined):
        stored = await store(parts, caller.account_id, event_id, file, "file_name", examined, file_id=upload_id)
    context = context_of(request, caller.actor, event_id=event_id)
    applied = await decide(parts, caller, StoreFile(account_id=caller.account_id, file=stored), context)
    await parts.uploads.complete(upload_id)
    await parts.store.delete(staging_key(upload_id))
    return applied


async def _known_file(parts: Parts, request: Request, caller: Caller, upload_id: str) -> Applied | None:
    """The file, if the upload was completed before."""
    question = DescribeFile(account_id=caller.account_id, file_id=upload_id)
    try:
        applied = await decide(parts, caller, question, context_of(request, caller.actor))
    except NotFound:
        return None
    await parts.uploads.complete(upload_id)
    return applied


def _known(upload_id: str, caller: Caller) -> str:
    """An id that could be this caller's. Raises NotFound, the same as for a missing one."""
    try:
        if partition_in(upload_id) == account_partition(caller.account_id):
            return upload_id
    except ValueError:
        pass
    raise NotFound("There is no such upload: it expired, or its file was deleted.")

"""Files that come in: examined by their content, put into the object store, and only then told to the log."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from starlette.requests import Request

from adapters.http.body_limits import MIB
from adapters.http.multipart import Form, FormLimits, ReceivedFile, receive_form
from adapters.http.problems import pointer_of
from adapters.http.refusals import MalformedJson
from adapters.http.strict_json import parse_strictly
from adapters.ids import new_id
from adapters.kafka.topics import account_partition
from adapters.object_store.port import object_key
from command_api.parts import Parts
from domain.account.events import StoredFile
from domain.account.names import ENDINGS
from domain.errors import DomainError, InvalidInput

VIEWS: Final = ("front", "left", "back", "right", "top", "bottom")
_IMAGES: Final = (
    *("png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff", "svg", "heic", "heif", "avif"),
    *("ico", "psd", "eps", "fits"),
)
"""Endings of names that claim to be images."""
_UNKNOWN_TYPE: Final = "application/octet-stream"
_JSON: Final = frozenset({"params", "images", "priority", "max_credits"})
"""Fields of POST /generate that are no text."""


@asynccontextmanager
async def received(parts: Parts, request: Request) -> AsyncIterator[Form]:
    """The form of a request; its temporary files live as long as the block."""
    limits = FormLimits(file_bytes=parts.settings.limits.max_image_mb * MIB)
    async with receive_form(request, limits) as form:
        yield form


async def store(parts: Parts, account_id: str, event_id: str, file: ReceivedFile, field_id: str) -> StoredFile:
    """Examine a file and put its bytes; its name is sealed as `field_id` of event `event_id`.

    Raises UnsupportedMedia, TooLarge, InvalidInput, Unavailable. What was put and never told is collected later.
    """
    if file.bytes == 0:
        raise InvalidInput("The file is empty.", pointer=pointer_of([file.field]))
    media_type, width, height = _media_type(file), None, None
    if _is_image(file):
        try:
            info = await parts.images.inspect(file.path)
        except DomainError as refusal:
            refusal.extra["pointer"] = pointer_of([file.field])
            raise
        media_type, width, height = info.media_type, info.width, info.height
    await parts.store.put(object_key(account_id, file.sha256), file.path, media_type)
    return StoredFile(
        file_id=new_id(account_partition(account_id)),
        name=await parts.sealer.seal(account_id, event_id, field_id, file.name),
        media_type=media_type,
        bytes=file.bytes,
        sha256=file.sha256,
        width=width,
        height=height,
    )


async def store_images(parts: Parts, account_id: str, event_id: str, form: Form) -> tuple[tuple[str, StoredFile], ...]:
    """The images of a form for POST /generate as (role, file): `image`, or one for each view."""
    found: list[tuple[str, StoredFile]] = []
    for i, file in enumerate(form.files):
        if file.field != "image" and file.field not in VIEWS:
            known = ", ".join(("image", *VIEWS))
            raise InvalidInput(f"There is no file part `{file.field[:80]}`: {known}.", pointer=pointer_of([file.field]))
        if not _is_image(file):
            raise InvalidInput("This is no image.", pointer=pointer_of([file.field]))
        found.append((file.field, await store(parts, account_id, event_id, file, f"files.{i}.name")))
    return tuple(found)


def fields_of(form: Form) -> dict[str, Any]:
    """The other fields, as POST /generate takes them in JSON. Raises InvalidInput, MalformedJson."""
    fields: dict[str, Any] = {}
    for name, text in form.fields.items():
        fields[name] = _json_of(name, text) if name in _JSON else text
    return fields


def _json_of(name: str, text: str) -> Any:
    try:
        return parse_strictly(text.encode())
    except MalformedJson as refusal:
        rows = refusal.extra.get("errors") or [{"pointer": "", "detail": refusal.detail}]
        errors = [{"pointer": f"/{name}{row['pointer']}", "detail": row["detail"]} for row in rows]
        raise MalformedJson(f"The field `{name}` is not JSON: {refusal.detail}", errors=errors) from None


def refuse_other_fields(form: Form) -> None:
    """For POST /upload, which takes the file alone."""
    for name in form.fields:
        raise InvalidInput(f"There is no field `{name[:80]}`.", pointer=pointer_of([name]))


def _is_image(file: ReceivedFile) -> bool:
    """Whether it claims to be one: then it must be one, whatever else it may be."""
    return file.media_type.lower().startswith("image/") or file.name.lower().rpartition(".")[2] in _IMAGES


def _media_type(file: ReceivedFile) -> str:
    """What the client says, if it is a type that is known to do no harm; files are only ever served as attachments."""
    claimed = file.media_type.lower()
    return claimed if claimed in ENDINGS else _UNKNOWN_TYPE

"""Files that come in: examined by their content, put into the object store, and only then told to the log."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from starlette.requests import Request

from adapters.http.body_limits import MIB
from adapters.http.multipart import Form, FormLimits, ReceivedFile, receive_form
from adapters.http.problems import pointer_of
from adapters.http.refusals import MalformedJson, TooLarge
from adapters.http.strict_json import parse_strictly
from adapters.ids import new_id
from adapters.kafka.topics import account_partition
from adapters.object_store.port import object_key
from command_api.claims import is_image, largest_mb, media_type_of
from command_api.parts import Parts
from domain.account.events import StoredFile
from domain.account.names import stored_name
from domain.errors import DomainError, InvalidInput, NotFound
from domain.personal import SealedAt

VIEWS: Final = ("front", "left", "back", "right", "top", "bottom")
_JSON: Final = frozenset({"params", "images", "priority", "max_credits"})
"""Fields of POST /generate that are no text."""


@asynccontextmanager
async def received(parts: Parts, request: Request) -> AsyncIterator[Form]:
    """The form of a request; its temporary files live as long as the block. Their types' own limits: `examine`."""
    limits = FormLimits(file_bytes=parts.settings.limits.largest_file_mb * MIB)
    async with receive_form(request, limits) as form:
        yield form


class Examined(msgspec.Struct, frozen=True):
    """What the content of a file is. Pixels, if it is an image."""

    media_type: str
    width: int | None = None
    height: int | None = None


async def examine(parts: Parts, file: ReceivedFile, *, image: bool = False) -> Examined:
    """Look at a file's content; nothing is stored. `image`: nothing else will do.

    Raises UnsupportedMedia, TooLarge, InvalidInput.
    """
    if file.bytes == 0:
        raise InvalidInput("The file is empty.", pointer=pointer_of([file.field]))
    if not image and not is_image(file):
        require_size(file.bytes, largest_mb(parts.settings.limits, file.media_type, file.name), file.field)
        return Examined(media_type_of(file))
    require_size(file.bytes, parts.settings.limits.max_image_mb, file.field)
    try:
        info = await parts.images.inspect(file.path)
    except DomainError as refusal:
        refusal.extra["pointer"] = pointer_of([file.field])
        raise
    return Examined(info.media_type, info.width, info.height)


def require_size(size: int, most_mb: int, field: str) -> None:
    """Raises TooLarge."""
    if size > (most := most_mb * MIB):
        detail = f"The file has {size} bytes; {most} is the most for its kind."
        raise TooLarge(detail, limit=most, pointer=pointer_of([field]))


async def store(
    parts: Parts,
    account_id: str,
    event_id: str,
    file: ReceivedFile,
    field_id: str,
    examined: Examined,
    file_id: str | None = None,
) -> StoredFile:
    """Put the bytes of an examined file; its name is sealed as `field_id` of event `event_id`.

    Raises Unavailable. What was put and never told is collected later.
    """
    await parts.store.put(object_key(account_id, file.sha256), file.path, examined.media_type)
    return StoredFile(
        file_id=file_id or new_id(account_partition(account_id)),
        name=await parts.sealer.seal(account_id, event_id, field_id, file.name),
        media_type=examined.media_type,
        bytes=file.bytes,
        sha256=file.sha256,
        width=examined.width,
        height=examined.height,
    )


def images_of(form: Form) -> tuple[ReceivedFile, ...]:
    """The images of a form for POST /generate: `image`, or one for each view. Raises InvalidInput."""
    for file in form.files:
        if file.field != "image" and file.field not in VIEWS:
            known = ", ".join(("image", *VIEWS))
            raise InvalidInput(f"There is no file part `{file.field[:80]}`: {known}.", pointer=pointer_of([file.field]))
    for role, files in Counter(file.field for file in form.files).items():
        if files > 1:
            raise InvalidInput(f"Give one image as {role}, not {files}.", pointer=pointer_of([role]))
    return tuple(form.files)


async def store_images(
    parts: Parts, account_id: str, event_id: str, images: Sequence[ReceivedFile]
) -> tuple[tuple[str, StoredFile], ...]:
    """Stored images by role. All are examined before the first is put."""
    examined = [await examine(parts, file, image=True) for file in images]
    return tuple(
        [
            (file.field, await store(parts, account_id, event_id, file, f"files.{i}.name", seen))
            for i, (file, seen) in enumerate(zip(images, examined, strict=True))
        ]
    )


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


async def file_document(parts: Parts, account_id: str, view: dict[str, Any]) -> dict[str, Any]:
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

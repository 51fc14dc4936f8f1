"""Files that clients put into the object store themselves: invited, then taken over once their content was checked.

Until then they lie under `staging/`, where no read of ours reaches. The upload's id becomes the file's, so that a
completion is repeatable: the owner of the account knows whether it was done.
"""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Final

import structlog

from adapters.errors import Unavailable
from adapters.http.multipart import ReceivedFile
from adapters.http.outages import OUTAGES
from adapters.http.refusals import TooLarge
from adapters.leftovers import SPOOL, own_prefix
from adapters.object_store.port import ObjectMissing, ObjectStore
from adapters.postgres.uploads import Upload, Uploads, staging_key
from command_api.parts import Parts
from command_api.uploading import Examined, examine
from domain.errors import DomainError, InvalidInput, NotInState
from domain.personal import Sealed, SealedAt

NAME: Final = "upload_name"
_AWAY: Final[tuple[type[Exception], ...]] = (Unavailable, *OUTAGES)
_SWEEP_S: Final = 600.0
_AT_ONCE: Final = 100
log = structlog.get_logger(__name__)


class TooManyUploads(DomainError):
    """The account has begun too many uploads that it did not complete."""

    code, status, title = "too-many-uploads", 429, "Too many unfinished uploads"


async def sealed_name(parts: Parts, account_id: str, upload_id: str, name: str) -> str:
    """As it stands in the row until the file is stored."""
    return (await parts.sealer.seal(account_id, upload_id, NAME, name)).enc


@asynccontextmanager
async def received(parts: Parts, upload: Upload) -> AsyncIterator[tuple[ReceivedFile, Examined]]:
    """The uploaded bytes as a temporary file, checked against what was announced and by their content.

    Raises NotInState when nothing was uploaded. Raises InvalidInput, TooLarge, UnsupportedMedia for content that is
    refused; it is removed then, and may be uploaded anew while the URL lasts.
    """
    key = staging_key(upload.upload_id)
    sealed = SealedAt.of(upload.upload_id, NAME, Sealed(upload.name))
    name = await parts.sealer.open(upload.account_id, sealed)
    with tempfile.NamedTemporaryFile(prefix=own_prefix(SPOOL)) as spool:
        try:
            sha256 = await _fetched(parts.store, upload, spool)
            file = ReceivedFile(
                field="file",
                name=name,
                media_type=upload.media_type,
                path=Path(spool.name),
                bytes=upload.bytes,
                sha256=sha256,
            )
            examined = await examine(parts, file)
        except ObjectMissing:
            raise NotInState("Nothing was uploaded yet: PUT the bytes to the upload's URL first.") from None
        except DomainError as refusal:
            refusal.extra.pop("pointer", None)
            await parts.store.delete(key)
            raise
        yield file, examined


async def _fetched(store: ObjectStore, upload: Upload, spool: IO[bytes]) -> str:
    """Copy the staged object, which may change at any time, to where it cannot. Returns its SHA-256."""
    key = staging_key(upload.upload_id)
    size = (await store.stat(key)).bytes
    if size != upload.bytes:
        raise _other_size(size, upload.bytes)
    digest, got = hashlib.sha256(), 0
    async for chunk in store.stream(key):
        got += len(chunk)
        if got > upload.bytes:
            break
        digest.update(chunk)
        await asyncio.to_thread(spool.write, chunk)
    if got != upload.bytes:
        raise _other_size(got, upload.bytes)
    spool.flush()
    if upload.sha256 is not None and digest.hexdigest() != upload.sha256:
        raise InvalidInput(f"The uploaded bytes have SHA-256 {digest.hexdigest()}, not the announced one.")
    return digest.hexdigest()


def _other_size(found: int, announced: int) -> DomainError:
    detail = f"{found} bytes were uploaded, {announced} were announced."
    return TooLarge(detail, limit=announced) if found > announced else InvalidInput(detail)


async def sweep(uploads: Uploads, store: ObjectStore) -> int:
    """Remove what is left of uploads whose time is over: the object first, so that dying here loses nothing.

    Returns how many there were.
    """
    swept = 0
    while found := await uploads.over(_AT_ONCE):
        for upload_id in found:
            await store.delete(staging_key(upload_id))
            await uploads.forget(upload_id)
        swept += len(found)
    return swept


async def keep_swept(uploads: Uploads, store: ObjectStore) -> None:
    """Sweep now and then, for ever. Any number of processes may."""
    while True:
        try:
            await sweep(uploads, store)
        except _AWAY as error:
            log.warning("uploads that are over stay for now", why=repr(error))
        await asyncio.sleep(_SWEEP_S)

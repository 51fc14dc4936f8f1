"""An object store over S3: the minio client, which is synchronous, in threads of its own."""

import asyncio
import io
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.error import InvalidResponseError, MinioException, S3Error

from adapters.errors import DependencyDown
from adapters.object_store.metrics import ERRORS, SECONDS
from adapters.object_store.port import CHUNK, ObjectMissing, StoredObject
from adapters.object_store.presign import presigned_upload
from adapters.settings import Settings, SettingsError

Done = TypeVar("Done")
_REGION: Final = "us-east-1"
"""Given, so that signing asks nobody."""
_PART: Final = 32 * 1024 * 1024
_MISSING: Final = frozenset({"NoSuchKey", "NoSuchObject", "NoSuchBucket"})


class S3Store:
    """`url` is where this process reaches the store, `public_url` where clients do (presigned URLs name it)."""

    def __init__(
        self,
        url: str,
        access_key: str,
        secret_key: str,
        bucket: str = "lathe",
        *,
        public_url: str | None = None,
        threads: int = 16,
    ) -> None:
        self._bucket = bucket
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="s3")
        self._http = urllib3.PoolManager(
            maxsize=threads,
            timeout=urllib3.Timeout(connect=5, read=60),
            retries=urllib3.Retry(total=3, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]),
        )
        self._keys = (access_key, secret_key)
        self._public_url = public_url or url
        self._client = _client(url, access_key, secret_key, self._http)
        self._public = _client(public_url or url, access_key, secret_key, self._http)

    async def start(self) -> None:
        await self._in_thread(self._make_bucket)

    async def close(self) -> None:
        """Close the connections."""
        self._threads.shutdown(wait=False)
        self._http.clear()

    async def put(self, key: str, path: Path, media_type: str) -> None:
        await self._in_thread(
            lambda: self._client.fput_object(self._bucket, key, str(path), media_type, part_size=_PART)
        )

    async def put_bytes(self, key: str, content: bytes, media_type: str) -> None:
        await self._in_thread(
            lambda: self._client.put_object(
                self._bucket, key, io.BytesIO(content), len(content), media_type, part_size=_PART
            )
        )

    async def stat(self, key: str) -> StoredObject:
        found = await self._in_thread(lambda: self._client.stat_object(self._bucket, key), key)
        return StoredObject(
            key,
            found.size or 0,
            found.content_type or "application/octet-stream",
            found.last_modified or datetime.fromtimestamp(0, UTC),
        )

    async def stream(self, key: str, start: int = 0, length: int | None = None) -> AsyncGenerator[bytes, None]:
        if length == 0:
            await self.stat(key)
            return
        response: Any = await self._in_thread(
            lambda: self._client.get_object(self._bucket, key, offset=start, length=length or 0), key
        )
        try:
            while chunk := await self._in_thread(lambda: response.read(CHUNK)):
                yield chunk
        finally:
            # A reader that went away left bytes unread: this connection cannot be used again.
            response.close()
            response.release_conn()

    async def get(self, key: str, most: int) -> bytes:
        size = (await self.stat(key)).bytes
        if size > most:
            raise ValueError(f"object {key} has {size} bytes; {most} were expected at most")
        return b"".join([chunk async for chunk in self.stream(key)])

    async def delete(self, key: str) -> None:
        await self._in_thread(lambda: self._client.remove_object(self._bucket, key))

    async def keys(self, prefix: str) -> list[str]:
        return await self._in_thread(
            lambda: sorted(
                found.object_name or ""
                for found in self._client.list_objects(self._bucket, prefix=prefix, recursive=True)
            )
        )

    def presign_get(
        self,
        key: str,
        expires_s: int,
        *,
        media_type: str | None = None,
        disposition: str | None = None,
        inside: bool = False,
        reached_at: str | None = None,
    ) -> str:
        wanted = {"response-content-type": media_type, "response-content-disposition": disposition}
        headers: Any = {name: value for name, value in wanted.items() if value is not None}
        client = self._client if inside else self._public
        if reached_at is not None:
            client = _client(reached_at, *self._keys, self._http)
        return str(
            client.presigned_get_object(self._bucket, key, timedelta(seconds=expires_s), response_headers=headers)
        )

    def presign_put(self, key: str, expires_s: int, *, inside: bool = False) -> str:
        client = self._client if inside else self._public
        return str(client.presigned_put_object(self._bucket, key, timedelta(seconds=expires_s)))

    def presign_upload(self, key: str, length: int, expires_s: int, *, reached_at: str | None = None) -> str:
        access_key, secret_key = self._keys
        return presigned_upload(
            reached_at or self._public_url,
            self._bucket,
            key,
            length,
            access_key=access_key,
            secret_key=secret_key,
            region=_REGION,
            expires_s=expires_s,
        )

    def _make_bucket(self) -> None:
        if not self._client.bucket_exists(self._bucket):
            try:
                self._client.make_bucket(self._bucket)
            except S3Error as error:
                if error.code not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                    raise

    async def _in_thread(self, work: Callable[[], Done], key: str = "") -> Done:
        try:
            with SECONDS.time():
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except S3Error as error:
            if error.code in _MISSING:
                raise ObjectMissing(key) from None
            ERRORS.labels("refused").inc()
            raise DependencyDown(f"The object store refused: {error.code}.", dependency="object_store") from error
        except InvalidResponseError as error:
            # rclone answers a missing object with an XML type that the client does not recognise.
            if any(f"<Code>{code}</Code>" in str(error) for code in _MISSING):
                raise ObjectMissing(key) from None
            ERRORS.labels("unreadable").inc()
            raise DependencyDown("The object store's answer cannot be read.", dependency="object_store") from error
        except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
            ERRORS.labels("silent").inc()
            raise DependencyDown("The object store does not answer.", dependency="object_store") from error


def make_store(settings: Settings) -> S3Store:
    """The store that the settings name. Raises SettingsError when nobody said where it is."""
    url, access, secret = settings.s3_url, settings.s3_access_key, settings.s3_secret_key
    if url is None or access is None or secret is None:
        raise SettingsError("LATHE_S3_URL, LATHE_S3_ACCESS_KEY and LATHE_S3_SECRET_KEY must be set (`lathe up` does)")
    return S3Store(url, access, secret, settings.s3_bucket, public_url=settings.s3_public_url)


def _client(url: str, access_key: str, secret_key: str, http: urllib3.PoolManager) -> Minio:
    parts = urlsplit(url)
    return Minio(
        parts.netloc,
        access_key=access_key,
        secret_key=secret_key,
        secure=parts.scheme == "https",
        region=_REGION,
        http_client=http,
    )

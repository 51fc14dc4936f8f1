"""An object store in memory, for tests of what stands on the port."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path

from adapters.object_store.port import CHUNK, ObjectMissing, StoredObject


class MemoryStore:
    """Keeps content in a dict."""

    def __init__(self) -> None:
        self._objects: dict[str, tuple[bytes, StoredObject]] = {}

    async def start(self) -> None:
        """Nothing to make."""

    async def put(self, key: str, path: Path, media_type: str) -> None:
        await self.put_bytes(key, await asyncio.to_thread(path.read_bytes), media_type)

    async def put_bytes(self, key: str, content: bytes, media_type: str) -> None:
        self._objects[key] = (content, StoredObject(key, len(content), media_type, datetime.now(UTC)))

    async def stat(self, key: str) -> StoredObject:
        return self._found(key)[1]

    async def stream(self, key: str, start: int = 0, length: int | None = None) -> AsyncGenerator[bytes, None]:
        content = self._found(key)[0]
        wanted = memoryview(content)[start : None if length is None else start + length]
        for begin in range(0, len(wanted), CHUNK):
            yield bytes(wanted[begin : begin + CHUNK])

    async def get(self, key: str, most: int) -> bytes:
        content = self._found(key)[0]
        if len(content) > most:
            raise ValueError(f"object {key} has {len(content)} bytes; {most} were expected at most")
        return content

    async def delete(self, key: str) -> None:
        self._objects.pop(key, None)

    async def keys(self, prefix: str) -> list[str]:
        return sorted(key for key in self._objects if key.startswith(prefix))

    def _found(self, key: str) -> tuple[bytes, StoredObject]:
        if key not in self._objects:
            raise ObjectMissing(key)
        return self._objects[key]

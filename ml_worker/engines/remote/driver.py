"""What all protocols share: the question, and how an answer that holds a file is opened."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from ml_worker.engines.remote.config import Remote
from ml_worker.engines.remote.link import Link, garbage


class Photo(msgspec.Struct, frozen=True):
    role: str
    media_type: str
    content: bytes

    def base64(self) -> str:
        return base64.b64encode(self.content).decode()

    def data_url(self) -> str:
        """RFC 2397."""
        return f"data:{self.media_type};base64,{self.base64()}"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted. `params`: the server's own parameters."""

    prompt: str | None
    photos: tuple[Photo, ...]
    seed: int
    params: dict[str, Any]

    def named(self, remote: Remote, usual: dict[str, str], photo: Callable[[Photo], Any]) -> dict[str, Any]:
        """Values under the server's names: `usual` ones, or those that the operator gave; fixed ones last."""
        names = usual | remote.inputs
        values: dict[str, Any] = {"seed": self.seed} | {item.role: photo(item) for item in self.photos}
        if self.prompt is not None:
            values["prompt"] = self.prompt
        told = {names.get(role, role): value for role, value in values.items()}
        return {name: value for name, value in told.items() if name} | self.params | remote.fixed


Driver = Callable[[Question, Link], Awaitable[bytes]]
"""The bytes of a model file. Raises BadInput, Permanent, Retryable; when it is cancelled it tells the server."""


def decoded(text: str) -> bytes:
    """From base64, or from a data URL. Raises Permanent `remote-garbage`."""
    if text.startswith("data:"):
        head, separator, text = text.partition(",")
        if not separator:
            raise garbage("it has a broken data URL")
        if not head.endswith(";base64"):
            return unquote_to_bytes(text)
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise garbage("it is no base64") from error


async def opened(output: Any, link: Link) -> bytes:
    """The file in an answer's member: a data URL, an address, or base64. Of several, the operator's `output` or the
    only one. Raises Permanent, Retryable."""
    if isinstance(output, dict):
        output = _chosen(output, link.remote.output)
    if isinstance(output, list):
        if len(output) != 1:
            raise garbage(f"it has {len(output)} outputs; `output` must say which")
        output = output[0]
    if not isinstance(output, str) or not output:
        raise garbage("there is no file in it")
    if output.startswith(("http://", "https://")):
        return await link.download(output)
    return decoded(output)


def _chosen(output: dict[str, Any], name: str | None) -> Any:
    if name is not None:
        if name not in output:
            raise garbage(f"it has no output {name!r}")
        return output[name]
    files = [value for value in output.values() if isinstance(value, str) and value.startswith(("data:", "http"))]
    if len(files) != 1:
        raise garbage(f"it has {len(files)} files; `output` must say which")
    return files[0]

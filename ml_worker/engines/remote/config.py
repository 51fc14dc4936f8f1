"""The file of LATHE_REMOTE_ENGINES: which model servers there are, and how each is spoken to.

    [[engine]]
    id = "tencent/hunyuan3d-2"
    protocol = "hunyuan3d"
    url = "http://gpu-1:8081"
    kinds = ["image"]

Secrets do not stand in it: `token_env` or `token_file` says where the token is.
"""

import os
import tomllib
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from ml_worker.engines.port import Description
from ml_worker.mesh.params import PROPERTIES

Protocol = Literal["hunyuan3d", "cog", "replicate", "open-inference"]
Kind = Literal["text", "image", "images"]
ASKING: Final = 0.75
"""The share of the work that the model server does."""
_OWN_STAGES: Final = (("surface", 0.4), ("texture", 0.35), ("files", 0.05), ("preview", 0.2))


class RemoteConfigError(Exception):
    """The file cannot be used. The message names it, the engine and the setting."""


class Remote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model on one server."""

    id: str
    protocol: Protocol
    url: str
    """The operator's own: the only origin that is spoken to, and the start of every path. No query."""
    kinds: tuple[Kind, ...]
    version: str = "1"
    title: str = ""
    price: float = 1.0
    """Credits."""
    typical_seconds: float = 30.0
    timeout_seconds: float = 600.0
    """For the whole conversation, repeats included."""
    poll_seconds: float = 1.0
    max_mb: int = 100
    """Largest answer."""
    tries: int = 5
    """How often a request that failed for now is sent at the most."""
    token_env: str | None = None
    token_file: str | None = None
    token_scheme: str = "Bearer"
    size: float | None = None
    """Metres on the longest side, where the person does not ask for a size. None: as the server made it."""
    up: Literal["y", "z"] = "y"
    params: dict[str, dict[str, Any]] = {}
    """JSON Schemas of the server's own parameters, by name; they are passed on."""
    inputs: dict[str, str] = {}
    """How the server calls `prompt`, `image`, `seed` and the views; an empty name is not sent."""
    fixed: dict[str, Any] = {}
    """Sent with every request."""
    output: str | None = None
    """Which member or tensor of the answer is the model. None: the only one that can be."""
    model: str | None = None
    """open-inference: the model's name. replicate: its version, or `owner/name`."""
    model_version: str | None = None
    """open-inference only."""
    wait: bool = False
    """hunyuan3d: ask POST /generate and wait, instead of POST /send and asking for the status."""
    download_hosts: tuple[str, ...] = ()
    """Other hosts from which the server's answers may be fetched (https, without the token)."""

    def describe(self) -> Description:
        rest = tuple((stage, weight * (1 - ASKING)) for stage, weight in _OWN_STAGES)
        return Description(
            id=self.id,
            version=self.version,
            title=self.title or f"{self.id} on a model server",
            kinds=self.kinds,
            params_schema={
                "type": "object",
                "additionalProperties": False,
                "properties": PROPERTIES | self.params,
            },
            price=round(self.price * 1_000_000),
            typical_seconds=self.typical_seconds,
            stages=(("remote", ASKING), *rest),
        )

    def token(self) -> str | None:
        """Read anew each time, so that it can be changed. Raises RemoteConfigError when it is named but not there."""
        if self.token_env is not None:
            found = os.environ.get(self.token_env, "")
            if not found:
                raise RemoteConfigError(f"{self.id}: the variable {self.token_env} of `token_env` is not set")
            return found
        if self.token_file is not None:
            try:
                return Path(self.token_file).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise RemoteConfigError(f"{self.id}: token_file: {error.strerror}") from error
        return None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    engine: tuple[Remote, ...]


def load_remote(path: Path) -> tuple[Remote, ...]:
    """The engines of a file. Raises RemoteConfigError."""
    try:
        with path.open("rb") as file:
            told = msgspec.convert(tomllib.load(file), _File, strict=False).engine
    except OSError as error:
        raise RemoteConfigError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise RemoteConfigError(f"{path}: {error}") from error
    ids = [remote.id for remote in told]
    for remote in told:
        wrong = "there are two of this id" if ids.count(remote.id) > 1 else _wrong(remote)
        if wrong:
            raise RemoteConfigError(f"{path}: {remote.id}: {wrong}")
    return told


def _wrong(remote: Remote) -> str:
    try:
        url = urlsplit(remote.url)
        _ = url.port
    except ValueError as error:
        return f"url: {error}"
    if url.scheme not in ("http", "https") or not url.hostname or url.username or url.query or url.fragment:
        return "url: http(s)://host[:port][/path], without credentials and query"
    if min(remote.timeout_seconds, remote.poll_seconds, remote.max_mb, remote.tries, remote.typical_seconds) <= 0:
        return "timeout_seconds, poll_seconds, typical_seconds, max_mb and tries are above 0"
    if remote.token_env is not None and remote.token_file is not None:
        return "token_env or token_file, not both"
    if remote.protocol in ("open-inference", "replicate") and not remote.model:
        return f"{remote.protocol} needs `model`"
    if remote.protocol == "hunyuan3d" and "images" in remote.kinds:
        return "hunyuan3d takes text or one image"
    taken = sorted(set(remote.params) & set(PROPERTIES))
    return f"params: {', '.join(taken)} are Lathe's own" if taken else ""

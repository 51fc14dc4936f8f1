"""What the service says of itself."""

from typing import Literal

from pydantic import ConfigDict, Field

from query_api.schemas.document import Document


class Alive(Document):
    """The process answers."""

    status: Literal["alive"]


class Lag(Document):
    """Records that the log has and a reader has not."""

    read_models: int
    live_feed: int


class Check(Document):
    """One dependency."""

    ok: bool
    detail: str = Field("", description="What is wrong.")
    lag: Lag | None = None


class Dependencies(Document):
    kafka: Check
    postgres: Check
    object_store: Check
    live_feed: Check


class Readiness(Document):
    """Whether queries are served, and who works."""

    status: Literal["ready", "not-ready"]
    dependencies: Dependencies
    workers: int
    slots: int = Field(description="Runs that all workers can take at once.")
    running: int
    engines: dict[str, int] = Field(description="Live workers by engine.")


class Key(Document):
    """An Ed25519 key (RFC 8037)."""

    model_config = ConfigDict(extra="allow")

    kid: str
    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str
    alg: str = "EdDSA"
    use: str = "sig"


class Keys(Document):
    """A JWK set (RFC 7517)."""

    keys: list[Key]

"""Every setting of Lathe, in one place.

Each field is read from the environment (or a `.env` file) as `LATHE_<FIELD>`; a few also answer to the names that other
deployments already use (`DATABASE_URL`, `DB_*`, `MINIO_*`, `ML_*`; `adapters/unused_settings.py` knows those that do
nothing). A URL that is not set means: `lathe up` runs that part itself.
"""

import socket
from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote, urlsplit

from pydantic import (
    AliasChoices,
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "LATHE_"
CONFIG = SettingsConfigDict(
    env_prefix=PREFIX,
    env_file=".env",
    env_ignore_empty=True,
    extra="ignore",
    frozen=True,
    populate_by_name=True,
    validate_default=True,
    hide_input_in_errors=True,
)

Port = Annotated[int, Field(ge=1, le=65535)]
SYNCED_CONNECTIONS = 6
"""Where each append waits for a disk, so many of a process may wait at the same time."""


class SettingsError(Exception):
    """A setting is malformed. The message has one line per setting: its name and what it must be."""


def _comma_separated(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _alias(field: str, *others: str) -> AliasChoices:
    return AliasChoices(f"{PREFIX}{field}".upper(), field, *others)


class Limits(BaseSettings):
    """What one client may ask for. Exceeding one is a 413, 422 or 429."""

    model_config = CONFIG

    max_prompt_chars: int = Field(2000, ge=1, description="Longest prompt, in characters.")
    max_image_mb: int = Field(20, ge=1, description="Largest image, in megabytes.")
    max_image_megapixels: int = Field(50, ge=1, description="Largest image, in megapixels.")
    max_mesh_mb: int = Field(100, ge=1, description="Largest mesh, in megabytes.")
    max_upload_mb: int = Field(200, ge=1, description="Largest file of any other kind, in megabytes.")
    max_json_mb: int = Field(1, ge=1, description="Largest JSON body, in megabytes.")
    requests_per_second: int = Field(60, ge=1, description="Requests a second per account, counted by each process.")
    max_queued: int = Field(20, ge=1, description="Tasks that one account may have queued.")
    failed_logins_per_minute: int = Field(10, ge=1, description="Failed logins a minute per name and address.")
    registrations_per_minute: int = Field(
        100, ge=1, description="Registrations a minute per address; loopback is free."
    )
    min_password_chars: int = Field(6, ge=6, le=128, description="Shortest password, in characters.")

    @property
    def largest_file_mb(self) -> int:
        return max(self.max_image_mb, self.max_mesh_mb, self.max_upload_mb)


class Settings(BaseSettings):
    """The settings of one process. Build it with `load_settings`, which words errors for people."""

    model_config = CONFIG

    home: Path = Field(Path(".lathe"), description="State of `lathe up`: data, logs, secrets. One per installation.")
    port: Port = Field(8080, description="The gateway's port: the page and the API.")
    host: str = Field("127.0.0.1", description="IP address the gateway listens on; 0.0.0.0 opens it to the network.")
    public_url: str | None = Field(
        None, description="Address that clients use. Default: http://localhost:<LATHE_PORT>."
    )
    admin_password: str | None = Field(
        None,
        min_length=6,
        max_length=128,
        repr=False,
        description="Password of the first user `admin`. Default: made once, kept in <LATHE_HOME>/admin-password.",
    )
    durability: Literal["page-cache", "fsync"] = Field(
        "page-cache",
        description="The broker acknowledges from the page cache, or after fsync (a power cut loses nothing). "
        "The embedded one does as it is told here; with fsync all services append over more connections, and in a rush "
        "15 ms apart.",
    )

    kafka_url: str | None = Field(None, description="External Kafka as host:port[,host:port]. Default: embedded.")
    db_host: str | None = Field(
        None,
        validation_alias=_alias("db_host", "DB_HOST"),
        description="Host of an external PostgreSQL, for those who name its address in parts.",
    )
    db_port: Port = Field(5432, validation_alias=_alias("db_port", "DB_PORT"), description="Its port.")
    db_name: str = Field("lathe", validation_alias=_alias("db_name", "DB_NAME"), description="Its database.")
    db_user: str = Field("lathe", validation_alias=_alias("db_user", "DB_USER"), description="Its user.")
    db_password: str = Field(
        "", validation_alias=_alias("db_password", "DB_PASSWORD"), repr=False, description="Its user's password."
    )
    postgres_url: str | None = Field(
        None,
        validation_alias=_alias("postgres_url", "DATABASE_URL"),
        repr=False,
        description="External PostgreSQL as postgresql://user:password@host:port/database. Default: from LATHE_DB_HOST "
        "and the others; embedded where that is not set.",
    )
    s3_url: str | None = Field(
        None,
        validation_alias=_alias("s3_url", "MINIO_ENDPOINT"),
        description="External S3 as http(s)://host:port. Default: embedded.",
    )
    s3_access_key: str | None = Field(
        None, validation_alias=_alias("s3_access_key", "MINIO_ACCESS_KEY"), description="Key id for S3."
    )
    s3_secret_key: str | None = Field(
        None, validation_alias=_alias("s3_secret_key", "MINIO_SECRET_KEY"), repr=False, description="Secret key for S3."
    )
    s3_public_url: str | None = Field(
        None, description="Address at which clients reach S3, for presigned URLs. Default: LATHE_S3_URL."
    )
    uploads_by_gateway: bool = Field(
        False,
        description="The gateway passes requests with a presigned URL on to S3, so that clients upload to and download "
        "from the address they came by. `lathe up` sets it for its own S3.",
    )
    s3_bucket: str = Field("lathe", min_length=3, max_length=63, description="Bucket; it is made at the start.")

    master_key: str | None = Field(
        None,
        repr=False,
        description="Wraps the accounts' keys. 32 bytes in base64. Default: made once, in <LATHE_HOME>/master.key.",
    )
    token_minutes: int = Field(15, ge=1, le=1440, description="Life of an access token, in minutes.")
    sign_up_credits: int = Field(100, ge=0, description="Credits that a new account gets.")
    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_separated)] = Field(
        (), description="Origins allowed to call the API from a browser, comma separated."
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_separated)] = Field(
        (),
        description="Networks (CIDR, comma separated) of servers in front, whose X-Forwarded-For and X-Forwarded-Proto "
        "count: before the gateway of `lathe up`, or gateways on other machines than the services.",
    )
    webhook_networks: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_separated)] = Field(
        (),
        description="Networks (CIDR, comma separated) that webhooks may reach although they are not public, also by "
        "plain http. For private deployments and tests: 127.0.0.0/8,::1/128.",
    )
    snapshot_events: int = Field(
        10_000,
        ge=0,
        description="Records after which an owner takes a snapshot of its partition; 0: it takes and uses none.",
    )
    publish: bool = Field(
        False,
        description="`lathe up` also copies the valid events into lathe.public.*, for readers who do not know Lathe's "
        "rules.",
    )
    limits: Limits = Field(default_factory=Limits, description="See Limits; each is set by its own LATHE_<NAME>.")

    bind: str = Field("127.0.0.1:8000", description="host:port an HTTP service listens on.")
    internal_url: str | None = Field(
        None,
        description="Address at which other processes reach this one. Default: http://<LATHE_BIND>, "
        "with this machine's name where that is 0.0.0.0.",
    )
    api_url: str | None = Field(
        None, description="Address at which workers reach the API. Default: http://127.0.0.1:<LATHE_PORT>."
    )
    service_token: str | None = Field(
        None, repr=False, description="Secret shared by the services. Default: made once, kept in <LATHE_HOME>."
    )
    ready_file: Path | None = Field(None, description="A process without HTTP touches this file when it is ready.")

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least that is logged: debug, info, warning or error."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="json: one object a line; console: for people's eyes; auto: console on a terminal."
    )
    metrics_bind: str | None = Field(
        None, description="host:port at which a process without an API serves /metrics and /healthz. Default: nowhere."
    )
    usage_bind: str = Field("127.0.0.1:8090", description="host:port of the usage page (processors.metrics).")
    otlp_endpoint: str | None = Field(
        None,
        validation_alias=_alias("otlp_endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        description="OTLP/HTTP collector that gets traces, as http://host:4318. Default: nothing is traced.",
    )

    ml_service_url: str | None = Field(
        None,
        validation_alias=_alias("ml_service_url", "ML_SERVICE_URL"),
        description="External ML service for jobs, as http(s)://host:port. No job goes there in this version.",
    )
    ml_service_token: str | None = Field(
        None,
        validation_alias=_alias("ml_service_token", "ML_SERVICE_TOKEN"),
        repr=False,
        description="Token for that service.",
    )
    ml_default_profile: str | None = Field(
        None,
        validation_alias=_alias("ml_default_profile", "ML_DEFAULT_PROFILE"),
        description="Profile that jobs are sent with.",
    )
    ml_decision_threshold: float = Field(
        0.5,
        ge=0,
        le=1,
        validation_alias=_alias("ml_decision_threshold", "ML_DECISION_THRESHOLD"),
        description="Score from which a finding counts, 0 to 1.",
    )

    @field_validator("postgres_url")
    @classmethod
    def _postgres_scheme(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return _url_of_parts(info.data)
        scheme, separator, rest = value.partition("://")
        if not separator or scheme.partition("+")[0] not in ("postgres", "postgresql"):
            raise ValueError("must look like postgresql://user:password@host:port/database")
        return f"postgresql://{rest}"

    @field_validator("s3_url", "s3_public_url", "public_url", "internal_url", "api_url", "ml_service_url")
    @classmethod
    def _http_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        url = value if "://" in value else f"http://{value}"
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or _bad_port(parts.netloc):
            raise ValueError("must look like http://host:port or https://host:port")
        return url.rstrip("/")

    @field_validator("kafka_url")
    @classmethod
    def _bootstrap_servers(cls, value: str | None) -> str | None:
        if value is None:
            return None
        servers = [part.strip() for part in value.removeprefix("kafka://").split(",")]
        if any(":" not in server or _bad_port(server) for server in servers):
            raise ValueError("must look like host:port[,host:port]")
        return ",".join(servers)

    @field_validator("bind", "metrics_bind", "usage_bind")
    @classmethod
    def _host_and_port(cls, value: str | None) -> str | None:
        if value is not None and (":" not in value or _bad_port(value)):
            raise ValueError("must look like host:port")
        return value

    @field_validator("trusted_proxies", "webhook_networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ip_network(network)
        return value

    @field_validator("host")
    @classmethod
    def _ip_address(cls, value: str) -> str:
        ip_address(value)
        return value

    @model_validator(mode="after")
    def _s3_needs_keys(self) -> Self:
        if self.s3_url and not (self.s3_access_key and self.s3_secret_key):
            raise ValueError("LATHE_S3_URL is set, so LATHE_S3_ACCESS_KEY and LATHE_S3_SECRET_KEY must be set too")
        return self

    @property
    def bind_host(self) -> str:
        return host_and_port(self.bind)[0]

    @property
    def bind_port(self) -> int:
        return host_and_port(self.bind)[1]

    def page_url(self) -> str:
        """Where people open the page."""
        return self.public_url or f"http://localhost:{self.port}"

    def worker_api_url(self) -> str:
        return self.api_url or f"http://127.0.0.1:{self.port}"

    @property
    def append_connections(self) -> int:
        """Over how many connections a process appends to its partitions: several where each append is synced."""
        return SYNCED_CONNECTIONS if self.durability == "fsync" else 1

    def own_url(self) -> str:
        """Where other processes reach this one: no two processes of an installation have the same."""
        if self.internal_url:
            return self.internal_url
        return (
            f"http://{socket.gethostname()}:{self.bind_port}" if _everywhere(self.bind_host) else f"http://{self.bind}"
        )


def _everywhere(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def _url_of_parts(parts: Mapping[str, Any]) -> str | None:
    """The database's URL from `db_host` and its like; None without a host. Percent-encoded (RFC 3986, 2.1)."""
    host = parts.get("db_host")
    if not host:
        return None
    user, password, name = (
        quote(str(parts.get(field, "")), safe="") for field in ("db_user", "db_password", "db_name")
    )
    return f"postgresql://{user}:{password}@{host}:{parts.get('db_port')}/{name}"


def host_and_port(bind: str) -> tuple[str, int]:
    """The two of a validated `host:port`; an IPv6 host loses its brackets."""
    host, _, port = bind.rpartition(":")
    return host.strip("[]"), int(port)


def _bad_port(netloc: str) -> bool:
    _, separator, port = netloc.rpartition("@")[2].rpartition(":")
    if not separator or port.endswith("]"):
        return False
    return not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535)


def load_settings(**overrides: Any) -> Settings:
    """Read the environment and `.env`; `overrides` win. Raises SettingsError that names each bad variable."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError("\n".join(_lines(error))) from None


def _lines(error: ValidationError) -> Iterable[str]:
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        message = problem["msg"].removeprefix("Value error, ")
        if not problem["loc"]:
            yield message
            continue
        name = str(problem["loc"][0])
        yield f"{name if name.isupper() else PREFIX + name.upper()}: {message[0].lower()}{message[1:]}"

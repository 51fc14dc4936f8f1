"""Wires the process `processors.metrics`: the Faust app, its tables, its pages.

Its pages tell about all accounts together and ask nobody who they are, so they are bound to this machine
(LATHE_USAGE_BIND) and the gateway does not know them. Where the process may be reached from elsewhere (a container),
whoever runs it keeps that network to operators.
"""

import asyncio
import time
from importlib.resources import files
from typing import Any, Final

import faust
import structlog
from faust.types import TP as FaustTP  # noqa: N811 - two types of one name
from prometheus_client import generate_latest

from adapters.kafka.record import Record
from adapters.kafka.topics import ACCOUNTS
from adapters.settings import Settings, host_and_port
from processors.metrics.reading import Reading
from processors.metrics.tables import TABLES, Tables
from processors.metrics.views import MOST_MINUTES, usage_document

APP: Final = "lathe-usage"
"""The consumer group."""
CHANGELOGS: Final = tuple(f"{APP}-{table}-changelog" for table in TABLES)
PAGE: Final = files("processors.metrics").joinpath("page.html").read_text()
_SECURITY: Final = {
    "content-security-policy": "default-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}
log = structlog.get_logger(__name__)


def make_app(settings: Settings, kafka_url: str, replication: int) -> tuple[faust.App, Tables]:
    """To be called inside the event loop that will run it. `replication`: of the changelogs."""
    host, port = host_and_port(settings.usage_bind)
    app = faust.App(
        APP,
        broker=";".join(f"kafka://{server}" for server in kafka_url.split(",")),
        loop=asyncio.get_running_loop(),
        store="memory://",
        datadir=settings.home / "usage",
        topic_partitions=ACCOUNTS.partitions,
        topic_replication_factor=replication,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        # There is one such process: started anew, it has its partitions back at once (KIP-345).
        consumer_group_instance_id=APP,
        broker_session_timeout=20.0,
        broker_heartbeat_interval=3.0,
        stream_wait_empty=False,
        web_host=host,
        web_bind=host,
        web_port=port,
    )
    tables = Tables(app, ACCOUNTS.partitions)

    async def seek(partition: int, offset: int) -> None:
        await app.consumer.seek(FaustTP(ACCOUNTS.name, partition), offset)

    reading = Reading(tables, seek)
    source = app.topic(ACCOUNTS.name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    async def follow(stream: Any) -> None:
        async for event in stream.events():
            await reading.take(_record(event.message))

    app.agent(source, name="usage")(follow)
    _add_pages(app, tables)
    return app, tables


def _record(message: Any) -> Record:
    headers = message.headers or ()
    pairs = headers.items() if isinstance(headers, dict) else headers
    return Record(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        timestamp=int(message.timestamp * 1000),
        key=message.key,
        value=message.value,
        kept=tuple((str(name), value) for name, value in pairs),
    )


def _add_pages(app: faust.App, tables: Tables) -> None:
    async def page(self: Any, request: Any) -> Any:
        return self.html(PAGE, headers=_SECURITY)

    async def usage(self: Any, request: Any) -> Any:
        asked = request.query.get("minutes", "60")
        if not asked.isascii() or not asked.isdigit() or not 1 <= int(asked[:5]) <= MOST_MINUTES:
            return self.json({"detail": f"minutes must be 1 to {MOST_MINUTES}"}, status=422, headers=_SECURITY)
        return self.json(usage_document(tables, int(asked), time.time()), headers=_SECURITY)

    async def healthz(self: Any, request: Any) -> Any:
        return self.json({"status": "alive"})

    async def metrics(self: Any, request: Any) -> Any:
        return self.text(generate_latest().decode(), content_type="text/plain")

    for path, view in (("/", page), ("/usage/", usage), ("/healthz", healthz), ("/metrics", metrics)):
        app.page(path)(view)

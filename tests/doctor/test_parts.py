"""The doctor before a real broker, database and object store, whole and broken, and servers that misbehave."""

import asyncio
import base64
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from adapters.kafka.topics import ALL, Topic
from adapters.postgres.read.partitions import PARTITIONS
from adapters.postgres.read.tables import SCHEMA
from adapters.settings import Settings
from cli.doctor import processes
from cli.doctor.broker import check_broker, log_ends
from cli.doctor.database import ReadModels, check_database, check_lag, check_parked
from cli.doctor.examination import examine
from cli.doctor.finding import Finding, Level
from cli.doctor.objects import check_objects
from cli.doctor.place import Place, find_place
from cli.doctor.processes import check_background, check_gateway, check_service, check_workers, owners_of
from cli.stack.home import Home, lock
from domain.ownership import OwnerAnnounced
from domain.runs.events import Engine, WorkerBeat
from tests.conftest import S3

KEY = base64.b64encode(b"k" * 32).decode()
OTHER_KEY = base64.b64encode(b"o" * 32).decode()


def said(findings: Iterator[Finding] | list[Finding], level: Level) -> str:
    return "\n".join(f"{finding.what} | {finding.do}" for finding in findings if finding.level is level)


def nobody() -> str:
    """host:port where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def place(tmp_path: Path, **known: Any) -> Place:
    settings = Settings(home=tmp_path, _env_file=None)
    return Place(settings, Home(tmp_path), running=False, **known)


async def test_a_whole_broker(kafka_url: str) -> None:
    findings = await check_broker(kafka_url)
    assert said(findings, Level.FAIL) == ""
    assert f"{len(ALL)} topics" in said(findings, Level.OK)


async def test_a_broker_that_is_gone() -> None:
    assert "No broker answers at" in said(await check_broker(nobody()), Level.FAIL)


async def test_topics_that_lose_history(kafka_url: str) -> None:
    name = f"doctor.{uuid.uuid4().hex}"
    harmful = {"cleanup.policy": "compact,delete", "retention.ms": "1000", "retention.bytes": "5000000"}
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_url)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 1, 1, topic_configs=harmful)])
        async with asyncio.timeout(60):
            while True:
                findings = await check_broker(kafka_url, (Topic(name, 3), Topic(f"{name}.absent", 1)))
                failures = said(findings, Level.FAIL)
                if "partitions instead" in failures and "no leader" not in failures:
                    break
        for fault in (
            f"{name} has 1 partitions instead of 3",
            f"{name} is compacted",
            f"{name} keeps records for 1000 ms instead of for ever",
            f"{name} deletes by size",
            f"The topic {name}.absent is missing",
        ):
            assert fault in failures
    finally:
        await admin.delete_topics([name])
        await admin.close()


@pytest.fixture(scope="module")
def database(fresh_read_models: Callable[[], str]) -> str:
    return fresh_read_models()


async def test_a_whole_database(database: str, tmp_path: Path) -> None:
    findings, models = await check_database(place(tmp_path, master_key=KEY), database)
    assert said(findings, Level.FAIL) == said(findings, Level.WARN) == ""
    assert models is not None
    assert (models.schema, models.poisoned) == (SCHEMA, 0)


async def test_a_database_without_migrations(fresh_database: Callable[[], str], tmp_path: Path) -> None:
    findings, models = await check_database(place(tmp_path, master_key=KEY), await asyncio.to_thread(fresh_database))
    assert "There is no schema ops" in said(findings, Level.FAIL)
    assert f"There is no schema {SCHEMA}" in said(findings, Level.FAIL)
    assert models is None


async def test_a_database_of_another_code(database: str, tmp_path: Path) -> None:
    connection = await asyncpg.connect(database)
    before = await connection.fetchval("SELECT version_num FROM ops.alembic_version")
    try:
        for version, fault in (("0001", "is at 0001: old"), ("9999", "newer than this code")):
            await connection.execute("UPDATE ops.alembic_version SET version_num = $1", version)
            findings, _ = await check_database(place(tmp_path, master_key=KEY), database)
            assert fault in said(findings, Level.FAIL)
    finally:
        await connection.execute("UPDATE ops.alembic_version SET version_num = $1", before)
        await connection.close()


async def test_a_database_opened_with_another_key(database: str, tmp_path: Path) -> None:
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("INSERT INTO ops.master_fingerprint (id, fingerprint) VALUES (1, $1)", os.urandom(16))
        findings, _ = await check_database(place(tmp_path, master_key=OTHER_KEY), database)
        assert "another master key" in said(findings, Level.FAIL)
        assert OTHER_KEY not in str(findings)
    finally:
        await connection.execute("DELETE FROM ops.master_fingerprint")
        await connection.close()
    malformed, _ = await check_database(place(tmp_path, master_key="short"), database)
    assert "malformed" in said(malformed, Level.FAIL)
    unknown, _ = await check_database(place(tmp_path), database)
    assert "not known here" in said(unknown, Level.WARN)


async def test_databases_that_cannot_be_entered(database: str, tmp_path: Path) -> None:
    server, _, _ = database.rpartition("/")
    user, _, address = server.removeprefix("postgresql://").rpartition("@")
    cases = {
        f"postgresql://{user.partition(':')[0]}:wrong@{address}/postgres": "refuses the user or password",
        f"{server}/absent": "there is no such database",
        f"postgresql://{user}@{nobody()}/postgres": "PostgreSQL does not answer",
    }
    for url, fault in cases.items():
        findings, models = await check_database(place(tmp_path), url)
        assert fault in said(findings, Level.FAIL)
        assert models is None
        assert "wrong" not in said(findings, Level.FAIL)


def test_parked_records_and_lag() -> None:
    tp = ("lathe.accounts", 3)
    before, after = ReadModels("read_v1", {tp: 5}, 0, 0), ReadModels("read_v1", {tp: 7}, 0, 0)
    assert "is at the end" in said(check_lag(after, after, {tp: 7}), Level.OK)
    assert "2 records behind, catching up" in said(check_lag(before, after, {tp: 9}), Level.WARN)
    assert "4 records behind, and lathe.accounts:3 stand still" in said(check_lag(before, before, {tp: 9}), Level.FAIL)
    assert "1 records could not be folded, and 4 wait" in said(check_parked(ReadModels("r", {}, 1, 4)), Level.FAIL)


async def test_the_ends_of_the_log_are_those_of_the_broker(kafka_url: str) -> None:
    ends = await log_ends(kafka_url, PARTITIONS)
    assert set(ends) == set(PARTITIONS)
    assert all(end >= 0 for end in ends.values())


def test_a_whole_object_store_and_broken_ones(s3: S3) -> None:
    assert "put, got and deleted" in said(check_objects(*s3, "lathe"), Level.OK)
    assert "There is no bucket absent" in said(check_objects(*s3, "absent"), Level.WARN)
    assert "does not accept the keys" in said(check_objects(s3.url, s3.access_key, "wrong", "lathe"), Level.FAIL)
    assert "does not answer" in said(check_objects(f"http://{nobody()}", "a", "b", "lathe"), Level.FAIL)


@contextmanager
def answering(status: int, body: bytes, date: str | None = None) -> Iterator[str]:
    """host:port of a server that always answers the same."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(status)
            if date is not None:
                self.send_header("Date", date)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_a_store_with_another_time() -> None:
    refusal = b"<Error><Code>RequestTimeTooSkewed</Code><Message>no</Message></Error>"
    with answering(403, refusal, date="Wed, 01 Jan 2025 00:00:00 GMT") as address:
        findings = check_objects(f"http://{address}", "a", "b", "lathe")
    assert "s away from this machine's" in said(findings, Level.WARN)
    assert "clocks of S3" in said(findings, Level.FAIL)


async def test_services_ready_unready_hanging_and_gone() -> None:
    unready = b'{"status":"not-ready","dependencies":{"kafka":{"ok":true},"postgres":{"ok":false,"detail":"gone"}}}'
    async with httpx.AsyncClient(timeout=httpx.Timeout(20, read=3), trust_env=False) as http:
        with answering(200, b"{}") as address:
            assert "query_api is ready" in said(await check_service(http, "query_api", address), Level.OK)
            assert said(await check_gateway(http, f"http://{address}"), Level.FAIL) == ""
        with answering(503, unready) as address:
            assert "is not ready: postgres (gone)" in said(await check_service(http, "query_api", address), Level.FAIL)
            gateway = await check_gateway(http, f"http://{address}")
            assert "No query gets through it (503)" in said(gateway, Level.FAIL)
            assert "The page is not there" in said(gateway, Level.WARN)
        with socket.socket() as hangs:
            hangs.bind(("127.0.0.1", 0))
            hangs.listen()
            address = f"127.0.0.1:{hangs.getsockname()[1]}"
            assert "though it takes connections" in said(await check_service(http, "command_api", address), Level.FAIL)
        gone = await check_service(http, "command_api", nobody())
        assert "ConnectError" in said(gone, Level.FAIL)
        assert "logs/command_api*.log" in said(gone, Level.FAIL)


async def test_processes_without_an_api_are_asked_and_their_leaders_sought() -> None:
    here = b"lathe_scheduler_leading 1.0\nlathe_projector_leading 0.0\n"
    there = b"# TYPE lathe_scheduler_leading gauge\nlathe_scheduler_leading 0.0\nlathe_projector_leading 0.0\n"
    async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
        with answering(200, here) as one, answering(200, there) as two, answering(200, b"up 1.0\n") as worker:
            alone = await check_background(http, {"processors": two, "ml_worker": worker})
            both = await check_background(
                http, {"processors": one, "processors-2": two, "processors.metrics": nobody()}
            )
        with answering(404, b"") as stranger:
            other = await check_background(http, {"ml_worker": stranger})
    assert "ml_worker is alive" in said(alone, Level.OK)
    assert "No process assigns runs" in said(alone, Level.WARN)
    assert "No process projects" in said(alone, Level.WARN)
    assigns, projects = (finding.do for finding in alone if finding.level is Level.WARN)
    assert "reads the whole log, which may take minutes" in assigns
    assert "within seconds" in projects
    assert "assigns runs" not in said(both, Level.WARN)
    assert "No process projects" in said(both, Level.WARN)
    assert "processors.metrics does not answer" in said(both, Level.FAIL)
    assert "answers 404" in said(other, Level.FAIL)
    assert said(other, Level.WARN) == ""


def test_a_running_stack_names_all_its_processes(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.run.mkdir()
    told = {"command_api": ["h:1"], "query_api": ["h:2"], "metrics": {"processors": "h:3"}, "usage": "h:4"}
    (home.run / "stack.json").write_text(json.dumps(told))
    with lock(home):
        found = find_place(Settings(home=tmp_path, _env_file=None))
    assert found.metrics == {
        "command_api-1": "h:1", "query_api-1": "h:2", "processors": "h:3", "processors.metrics": "h:4"
    }  # fmt: skip


async def test_a_database_that_stops_answering_is_a_finding(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes the connection and hangs at the first question: nor does the connection close in time."""
    monkeypatch.setattr("cli.doctor.database.ANSWER_S", 1.0)
    server = urlsplit(database)

    over = asyncio.Event()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (heard := await reader.read(65536)) and b"max_connections" not in heard:
            writer.write(heard)
        await over.wait()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection(server.hostname, server.port)
        serving.extend([asyncio.create_task(pass_on(reader, forth)), asyncio.create_task(pass_on(back, writer))])

    serving: list[asyncio.Task[None]] = []
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as proxy:
        port = proxy.sockets[0].getsockname()[1]
        hanging = server._replace(netloc=f"{server.username}:{server.password}@127.0.0.1:{port}")
        findings, models = await check_database(place(tmp_path), hanging.geturl())
        over.set()
        await asyncio.gather(*serving)
    assert "PostgreSQL stopped answering: TimeoutError" in said(findings, Level.FAIL)
    assert models is None


async def test_a_check_that_breaks_leaves_the_others_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Place) -> list[Finding]:
        raise KeyError("hush-hush")

    monkeypatch.setattr("cli.doctor.examination.check_home", broken)
    findings = await examine(place(tmp_path, kafka_url=nobody()))
    assert "could not be examined (KeyError)" in said(findings, Level.FAIL)
    assert "No broker answers" in said(findings, Level.FAIL)
    assert "hush-hush" not in str(findings)


def beat(worker_id: str, *engines: str, stopping: bool = False) -> WorkerBeat:
    return WorkerBeat(
        worker_id=worker_id,
        host="here",
        device="cpu",
        slots=2,
        engines=tuple(Engine(id=engine, version="1") for engine in engines),
        running=(),
        assignments_offset=0,
        started_at=datetime.now(UTC),
        stopping=stopping,
    )


def test_workers_alive_silent_stopped_and_empty() -> None:
    now = time.time()
    ms = int(now * 1000)
    alive = list(check_workers([(ms - 60_000, beat("a", "old")), (ms - 1000, beat("a", "lathe/form"))], now))
    assert "1 alive with 2 slots, 0 runs; engines: lathe/form" in said(alive, Level.OK)
    assert said(alive, Level.FAIL) == ""
    silent = [(ms - 30_000, beat("a", "lathe/form")), (ms, beat("b", "lathe/form", stopping=True))]
    assert "No worker is alive" in said(check_workers(silent, now), Level.FAIL)
    assert "none was heard" in said(check_workers([], now), Level.FAIL)
    assert "just started" in said(check_workers([(ms, beat("a"))], now), Level.WARN)
    later = now + 120
    assert "No worker has an engine" in said(check_workers([(int(later * 1000), beat("a"))], later), Level.FAIL)
    assert "clock is 60 s ahead" in said(check_workers([(ms + 60_000, beat("a", "x"))], now), Level.WARN)


def test_owners_are_the_newest_that_announced_themselves() -> None:
    def announced(epoch: int, address: str) -> tuple[int, OwnerAnnounced]:
        return 0, OwnerAnnounced(
            topic="lathe.identity", partition=0, epoch=epoch, nonce="n", address=address, claim_offset=0
        )

    found = owners_of([announced(1, "http://a"), announced(3, "http://c"), announced(2, "http://b")])
    assert found == {"lathe.identity:0": "http://c"}


async def test_a_half_broken_installation_is_told_whole(
    kafka_url: str, s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL and a service are gone: all else is examined all the same."""
    monkeypatch.setattr(processes, "TIMEOUT_S", 2.0)
    urls = {"kafka_url": kafka_url, "postgres_url": f"postgresql://lathe:hush-hush@{nobody()}/lathe", "s3_url": s3.url}
    settings = Settings(
        home=tmp_path,
        s3_access_key=s3.access_key,
        s3_secret_key=s3.secret_key,
        _env_file=None,
        **urls,  # type: ignore[arg-type] # pydantic-settings' own argument
    )
    broken = Place(
        settings,
        Home(tmp_path),
        running=False,
        s3_access_key=s3.access_key,
        s3_secret_key=s3.secret_key,
        command_api=(nobody(),),
        gateway_url=f"http://{nobody()}",
        **urls,  # type: ignore[arg-type] # three of its fields
    )
    findings = await examine(broken)
    areas = {area: {f.level for f in findings if f.area == area} for area in {f.area for f in findings}}
    assert areas["kafka"] == areas["s3"] == {Level.OK}
    assert areas["postgres"] == areas["gateway"] == areas["services"] == {Level.FAIL}
    assert areas["workers"] <= {Level.OK, Level.FAIL}
    assert "hush-hush" not in str(findings)

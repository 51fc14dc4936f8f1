"""Where every reader of the log stands: asked of the log, of PostgreSQL, and of the processes that tell figures."""

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

import asyncpg
import httpx
import msgspec
from prometheus_client.parser import text_string_to_metric_families

from adapters.kafka import topics
from adapters.kafka.analysis.tailing import last_entries, log_ends
from adapters.kafka.follower import Entry
from adapters.kafka.position import TP
from adapters.postgres.read.migrate import live_schema
from cli.doctor.place import Place
from cli.ops.workers_heard import HEARTBEATS, Heard, heard_workers
from domain.ownership import OwnerAnnounced
from domain.runs import events as run

TAIL: Final = 2_000
"""Records of a partition that are looked through from its end."""
ANNOUNCEMENTS: Final = 5_000
TIMEOUT_S: Final = 3.0
ACCOUNTS, RUNS = topics.ACCOUNTS.name, topics.RUNS.name
DECIDED: Final = (run.RunStarted, run.RunSucceeded, run.RunFailed, run.RunCancelled)
"""Reports that an owner decides on."""


class Reader(msgspec.Struct, frozen=True):
    """`position` is the next offset that it takes in."""

    name: str
    tp: TP
    position: int
    end: int

    @property
    def behind(self) -> int:
        return max(0, self.end - self.position)


class Owner(msgspec.Struct, frozen=True):
    """`undecided`: run reports that led to nothing yet; None where the tail of the log does not tell."""

    tp: TP
    address: str | None
    epoch: int
    answers: bool
    undecided: int | None = None


class Reading(msgspec.Struct, frozen=True):
    """`processes`: (process, reader, topic, records, seconds) as each process tells of itself."""

    readers: list[Reader]
    processes: list[tuple[str, str, str, int, float]]
    owners: list[Owner]
    workers: list[Heard]
    missing: list[str]
    """Who should be there and is not, in words."""


async def read_lag(place: Place) -> Reading:
    """Raises LogUnavailable, and asyncpg's errors."""
    assert place.kafka_url is not None
    assert place.postgres_url is not None
    all_partitions = [(topic.name, p) for topic in topics.ALL for p in range(topic.partitions)]
    ends = await log_ends(place.kafka_url, all_partitions)
    readers = [Reader(name, tp, position, ends[tp]) for name, tp, position in await _stored(place.postgres_url)
               if tp in ends]  # fmt: skip
    tails = await last_entries(place.kafka_url, {
        (topics.OWNERS.name, 0): ANNOUNCEMENTS, (topics.ASSIGNMENTS.name, 0): TAIL,
        **{(name, p): TAIL for name in (ACCOUNTS, RUNS) for p in range(topics.ACCOUNT_PARTITIONS)},
    }, HEARTBEATS)  # fmt: skip
    async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as http:
        owners = await _owners(http, tails, ends)
        processes = await _processes(http, place)
    workers = [w for w in heard_workers(tails, time.time()) if w.alive]
    missing = [f"Nobody owns {o.tp[0]}:{o.tp[1]}." for o in owners if o.address is None]
    missing += [f"{o.address} owns {o.tp[0]}:{o.tp[1]} and does not answer." for o in owners
                if o.address is not None and not o.answers]  # fmt: skip
    if not workers:
        missing.append("No worker is heard.")
    return Reading(readers, processes, owners, workers, missing)


async def _stored(url: str) -> list[tuple[str, TP, int]]:
    """Positions that are kept in PostgreSQL: the read models' and the reactors'."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        schema, found = await live_schema(connection), []
        if await connection.fetchval("SELECT to_regclass($1)", f"{schema}.projection_offsets") is not None:
            table = f"{schema}.projection_offsets"
            rows = await connection.fetch(f"SELECT topic, partition, next_offset FROM {table} ORDER BY 1, 2")  # noqa: S608 - a name of ours
            found += [(f"read models {schema}", (r["topic"], r["partition"]), r["next_offset"]) for r in rows]
        if await connection.fetchval("SELECT to_regclass('ops.cursors')") is not None:
            rows = await connection.fetch(
                "SELECT name, topic, partition, next_offset FROM ops.cursors ORDER BY 1, 2, 3"
            )
            found += [(r["name"], (r["topic"], r["partition"]), r["next_offset"]) for r in rows]
        return found
    finally:
        await connection.close()


async def _owners(http: httpx.AsyncClient, tails: Mapping[TP, list[Entry]], ends: Mapping[TP, int]) -> list[Owner]:
    newest: dict[TP, OwnerAnnounced] = {}
    for event in _events(tails[topics.OWNERS.name, 0]):
        if isinstance(event, OwnerAnnounced):
            tp = (event.topic, event.partition)
            if tp not in newest or event.epoch > newest[tp].epoch:
                newest[tp] = event
    answers = {address: await _answers(http, address) for address in sorted({e.address for e in newest.values()})}
    found = []
    for topic in (topic for topic in topics.ALL if topic.owned):
        for tp in [(topic.name, p) for p in range(topic.partitions)]:
            claim = newest.get(tp)
            runs = _undecided(tails, tp[1]) if topic is topics.ACCOUNTS else None
            if claim is None:
                found.append(Owner(tp, None, 0, False, runs))
            else:
                # The scheduler has no API: its address is only a name.
                told = topic is topics.ASSIGNMENTS or answers[claim.address]
                found.append(Owner(tp, claim.address, claim.epoch, told, runs))
    return found


async def _answers(http: httpx.AsyncClient, address: str) -> bool:
    try:
        return (await http.get(f"{address}/healthz")).status_code == 200
    except httpx.HTTPError:
        return False


def _undecided(tails: Mapping[TP, list[Entry]], partition: int) -> int | None:
    """Reports behind the last one that was decided on, as far as the end of the log tells."""
    decided = [source for event in _events(tails[ACCOUNTS, partition])
               if (source := getattr(event, "source_offset", None)) is not None]  # fmt: skip
    reports = tails[RUNS, partition]
    if not decided and reports and tails[ACCOUNTS, partition] and tails[ACCOUNTS, partition][0].record.offset > 0:
        return None
    last = max(decided, default=-1)
    return sum(isinstance(event, DECIDED) for event in _events(e for e in reports if e.record.offset > last))


def _events(entries: Iterable[Entry]) -> Iterable[Any]:
    return (entry.decoded[1] for entry in entries if isinstance(entry.decoded, tuple))


async def _processes(http: httpx.AsyncClient, place: Place) -> list[tuple[str, str, str, int, float]]:
    """What processes say of themselves, where it is known at which address: under `lathe up`."""
    found = []
    for process, address in place.metrics.items():
        try:
            text = (await http.get(f"http://{address}/metrics")).text
        except httpx.HTTPError:
            continue
        figures: dict[tuple[str, str], dict[str, float]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name in ("lathe_projection_lag_events", "lathe_projection_lag_seconds"):
                    labels = (sample.labels["projection"], sample.labels["topic"])
                    figures.setdefault(labels, {})[sample.name] = sample.value
        for (name, topic), values in sorted(figures.items()):
            if name in ("scheduler", "publisher", "live_feed", "webhooks"):
                found.append((process, name, topic, int(values.get("lathe_projection_lag_events", 0)),
                              values.get("lathe_projection_lag_seconds", 0.0)))  # fmt: skip
    return found

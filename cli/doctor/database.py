"""PostgreSQL: reachable, migrated, opened with the right master key, and how far the read models are."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec
from alembic.config import Config
from alembic.script import ScriptDirectory

from adapters.kafka.position import TP
from adapters.postgres import ops_migrate
from adapters.postgres.read import migrate
from adapters.security.master_key import WrongMasterKey, load_master_key
from cli.doctor.finding import Finding, fail, ok, warn
from cli.doctor.place import Place
from cli.stack.postgres import VERSION

AREA: Final = "postgres"
CONNECT_S: Final = 5.0
ANSWER_S: Final = 5.0
"""So long PostgreSQL may take to answer one question."""
SKEW_S: Final = 2.0
"""More than this between two clocks deserves a look: tokens, leases and presigned URLs live by them."""
AWAY: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


class ReadModels(msgspec.Struct):
    """What the database tells of the projections."""

    schema: str
    positions: dict[TP, int]
    poisoned: int
    """Records that could not be folded."""
    behind: int
    """Records of the same streams that wait behind them."""


async def check_database(place: Place, url: str) -> tuple[list[Finding], ReadModels | None]:
    """Findings, and where the read models stand (None: there are none, or nobody can tell)."""
    try:
        connection = await asyncpg.connect(url, timeout=CONNECT_S, command_timeout=ANSWER_S)
    except AWAY as error:
        return [_unreachable(url, error)], None
    try:
        findings = [*await _server(connection), *await _migrations(connection), *await _key(connection, place)]
        return findings, await _read_models(connection)
    except AWAY as error:
        why = str(error) or type(error).__name__
        return [fail(AREA, f"PostgreSQL stopped answering: {why}", "Look at its log (logs/postgres.log).")], None
    finally:
        with suppress(*AWAY):
            await connection.close(timeout=ANSWER_S)


def _unreachable(url: str, error: Exception) -> Finding:
    where = url.rpartition("@")[2]
    if isinstance(error, asyncpg.InvalidPasswordError | asyncpg.InvalidAuthorizationSpecificationError):
        return fail(AREA, f"{where} refuses the user or password", "Set the right ones in LATHE_POSTGRES_URL.")
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        return fail(AREA, f"{where}: there is no such database", "Create it (createdb), or fix LATHE_POSTGRES_URL.")
    if isinstance(error, asyncpg.TooManyConnectionsError):
        return fail(AREA, f"{where} has no connection left", "Raise max_connections, or end idle sessions.")
    return fail(
        AREA,
        f"PostgreSQL does not answer at {where} ({type(error).__name__})",
        "`lathe up` starts it again by itself (logs/postgres.log); an external one: see LATHE_POSTGRES_URL, network.",
    )


async def _server(connection: Any) -> list[Finding]:
    major, version, used, most = await connection.fetchrow(
        "SELECT current_setting('server_version_num')::int / 10000, current_setting('server_version'),"
        " (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),"
        " current_setting('max_connections')::int"
    )
    skew = abs((await connection.fetchval("SELECT clock_timestamp()") - datetime.now(UTC)).total_seconds())
    findings = [ok(AREA, f"PostgreSQL {version.partition(' ')[0]}, {used} of {most} connections used")]
    if major < int(VERSION):
        findings.append(warn(AREA, f"PostgreSQL {major} is older than {VERSION}", "Upgrade: it is not tested."))
    if used > 0.8 * most:
        findings.append(warn(AREA, f"{used} of {most} connections are used", "Raise max_connections."))
    if skew > SKEW_S:
        findings.append(warn(AREA, f"Its clock is {skew:.0f} s away from this machine's", "Start NTP on both."))
    return findings


async def _migrations(connection: Any) -> list[Finding]:
    findings = []
    schema = await migrate.live_schema(connection)
    folders = {"ops": Path(ops_migrate.__file__).with_name("ops_migrations")}
    folders[schema] = Path(migrate.__file__).with_name("migrations")
    for name, folder in folders.items():
        config = Config()
        config.set_main_option("script_location", str(folder))
        config.set_main_option("path_separator", "os")
        script = ScriptDirectory.from_config(config)
        there = await connection.fetchval("SELECT to_regclass($1)", f"{name}.alembic_version")
        present = await connection.fetchval(f"SELECT version_num FROM {name}.alembic_version") if there else None  # noqa: S608 - a schema's name of ours
        if present == script.get_current_head():
            findings.append(ok(AREA, f"Schema {name} is at its newest version ({present})"))
        elif present is None:
            findings.append(fail(AREA, f"There is no schema {name}", "Services make it at their start: start them."))
        elif present in {revision.revision for revision in script.walk_revisions()}:
            remedy = "Restart the services: they migrate it." if name == "ops" else "Run `lathe ops rebuild`."
            findings.append(fail(AREA, f"Schema {name} is at {present}: old", remedy))
        else:
            findings.append(
                fail(AREA, f"Schema {name} is at {present}, newer than this code", "Install the version that wrote it.")
            )
    return findings


async def _key(connection: Any, place: Place) -> list[Finding]:
    if place.master_key is None:
        return [warn(AREA, "The master key is not known here", "Set LATHE_MASTER_KEY as the services have it.")]
    try:
        key = load_master_key(place.home.path, place.master_key)
    except WrongMasterKey as problem:
        return [fail(AREA, "The master key is malformed", str(problem))]
    if await connection.fetchval("SELECT to_regclass('ops.master_fingerprint')") is None:
        return []
    stored = await connection.fetchval("SELECT fingerprint FROM ops.master_fingerprint WHERE id = 1")
    if stored is None or bytes(stored) == key.fingerprint:
        return [ok(AREA, f"The master key is the right one (fingerprint {key.fingerprint.hex()[:8]}…)")]
    return [
        fail(
            AREA,
            f"The database was made with another master key ({bytes(stored).hex()[:8]}…, "
            f"not {key.fingerprint.hex()[:8]}…)",
            "Give the right one: LATHE_MASTER_KEY or LATHE_HOME/master.key. Nothing personal can be read without it.",
        )
    ]


async def _read_models(connection: Any) -> ReadModels | None:
    schema = await migrate.live_schema(connection)
    if await connection.fetchval("SELECT to_regclass($1)", f"{schema}.projection_offsets") is None:
        return None
    rows = await connection.fetch(f"SELECT topic, partition, next_offset FROM {schema}.projection_offsets")  # noqa: S608
    parked = await connection.fetch(f"SELECT role, count(*) AS n FROM {schema}.parked_records GROUP BY role")  # noqa: S608
    counts = {row["role"]: int(row["n"]) for row in parked}
    return ReadModels(
        schema,
        {(row["topic"], row["partition"]): row["next_offset"] for row in rows},
        counts.get("poison", 0),
        counts.get("behind", 0),
    )


def check_parked(models: ReadModels) -> Iterator[Finding]:
    """Records that the projector set aside."""
    if models.poisoned:
        yield fail(
            "read models",
            f"{models.poisoned} records could not be folded, and {models.behind} wait behind them",
            "GET /admin/dead-letters shows why; end each with .../retry or .../skip.",
        )
    else:
        yield ok("read models", "No record is parked")


def check_lag(before: ReadModels, after: ReadModels, ends: dict[TP, int]) -> Iterator[Finding]:
    """`ends` were read between the two looks: what lags now and did not move in between stands still."""
    behind = {tp: end - after.positions.get(tp, 0) for tp, end in ends.items() if end > after.positions.get(tp, 0)}
    still = [tp for tp in behind if after.positions.get(tp, 0) == before.positions.get(tp, 0)]
    total = sum(behind.values())
    if still:
        names = ", ".join(f"{topic}:{partition}" for topic, partition in sorted(still))
        yield fail(
            "read models",
            f"{total:,} records behind, and {names} stand still",
            "See whether `processors` runs (its log: logs/processors.log); a record it cannot fold it would park.",
        )
    elif total:
        yield warn("read models", f"{total:,} records behind, catching up", "Wait; if it grows, look at `processors`.")
    else:
        yield ok("read models", f"Schema {after.schema} is at the end of the log")

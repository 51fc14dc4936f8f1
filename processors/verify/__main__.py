"""`python -m processors.verify`: one JSON object a line on stdout tells how it goes; logs go to stderr.

Exit code 0: all holds. 1: something is broken; the last line says what, where, and what to do. 75: something did not
answer, so nothing can be said.
"""

import argparse
import asyncio
import contextlib
import json
import logging
import signal
import sys
from functools import partial
from typing import Any, Final

import asyncpg
import structlog
import uvloop

from adapters.collector import BATCHES, collect_rarely
from adapters.errors import DependencyDown
from adapters.kafka import topics
from adapters.kafka.cluster import identify
from adapters.kafka.port import LogTruncated, LogUnavailable
from adapters.settings import Settings, SettingsError, load_settings
from processors.bootstrap import make_object_store, make_parts
from processors.verify.tables import erased, look
from processors.verify.verifying import Report, Verification

AWAY: Final = (LogUnavailable, LogTruncated, DependencyDown, asyncpg.PostgresError, asyncpg.InterfaceError, OSError,
               TimeoutError)  # fmt: skip


def main() -> int:
    asked = _arguments()
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
    )
    collect_rarely(BATCHES)
    try:
        report = uvloop.run(_verify(load_settings(), asked.objects))
    except SettingsError as error:
        _refuse(str(error))
        return 78
    except AWAY as error:
        _refuse(str(error) or repr(error))
        return 75
    except (KeyboardInterrupt, asyncio.CancelledError):
        _refuse("it was interrupted")
        return 130
    _tell(document(report))
    return 1 if report.findings.counts else 0


def document(report: Report) -> dict[str, Any]:
    """The last line."""
    first = report.findings.first
    return {
        "state": "broken" if report.findings.counts else "verified",
        "records": report.records,
        "void": report.void,
        "foreign": report.foreign,
        "rows": report.rows,
        "objects": report.objects,
        "excepted": report.excepted,
        "counts": report.findings.counts,
        "first": None if first is None else first.document(),
        "findings": [finding.document() for finding in report.findings.told()],
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m processors.verify")
    parser.add_argument("--objects", choices=("hash", "size", "none"), default="hash", help="how closely to look")
    return parser.parse_args()


async def _verify(settings: Settings, depth: Any) -> Report:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    parts = make_parts(settings)
    store = None if depth == "none" or settings.s3_url is None else make_object_store(settings)
    try:
        identity = await identify(parts.kafka_url, tuple(t.name for t in topics.ALL if t.retention_ms == -1))
        connection = await asyncpg.connect(
            parts.postgres_url, timeout=10, server_settings={"idle_in_transaction_session_timeout": "0"}
        )
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                standing = await look(connection, identity)
                erased_now = partial(erased, parts.postgres_url)
                return await Verification(parts.log, connection, standing, store, depth, _tell, erased_now).run()
        finally:
            connection.terminate()
    finally:
        if store is not None:
            await store.close()
        await parts.log.close()


def _tell(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


def _refuse(why: str) -> None:
    """The last line, if anybody still listens."""
    with contextlib.suppress(OSError):
        _tell({"state": "refused", "why": why})


if __name__ == "__main__":
    sys.exit(main())

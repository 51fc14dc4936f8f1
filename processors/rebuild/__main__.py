"""`python -m processors.rebuild`: one JSON object a line on stdout tells how it goes; logs go to stderr.

Exit code 1: refused, different, or something did not answer; the last line says which. Run again, it goes on.
"""

import argparse
import asyncio
import contextlib
import json
import logging
import signal
import sys
from typing import Any

import asyncpg
import structlog
import uvloop

from adapters.collector import BATCHES, collect_rarely
from adapters.kafka.port import LogTruncated, LogUnavailable
from adapters.settings import SettingsError, load_settings
from processors.bootstrap import make_parts
from processors.parts import Parts
from processors.rebuild.rebuilding import Wishes, rebuild, tell_plan
from processors.rebuild.schemas import Refused, drop

FAILURES = (Refused, LogUnavailable, LogTruncated, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


def main() -> int:
    asked = _arguments()
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )
    collect_rarely(BATCHES)
    try:
        uvloop.run(_do(asked))
    except SettingsError as error:
        _refuse(str(error))
        return 78
    except FAILURES as error:
        _refuse(str(error) or repr(error))
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        _refuse("it was interrupted; run it again, and it goes on")
        return 130
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m processors.rebuild")
    parser.add_argument("--dry-run", action="store_true", help="tell what would be done")
    parser.add_argument("--no-swap", action="store_true", help="build and compare only")
    parser.add_argument("--accept-differences", action="store_true", help="swap whatever the comparison says")
    parser.add_argument("--drop", metavar="SCHEMA", help="drop a read schema that does not serve")
    return parser.parse_args()


async def _do(asked: argparse.Namespace) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    parts = make_parts(load_settings())
    try:
        if asked.drop is not None:
            await _drop(parts, asked.drop)
        elif asked.dry_run:
            await tell_plan(parts, _tell)
        else:
            await rebuild(parts, Wishes(not asked.no_swap, asked.accept_differences), _tell)
    finally:
        await parts.log.close()


async def _drop(parts: Parts, schema: str) -> None:
    connection = await asyncpg.connect(parts.postgres_url, timeout=10)
    try:
        await drop(connection, schema)
    finally:
        await connection.close()
    _tell({"state": "dropped", "schema": schema})


def _tell(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


def _refuse(why: str) -> None:
    """The last line, if anybody still listens."""
    with contextlib.suppress(OSError):
        _tell({"state": "refused", "why": why})


if __name__ == "__main__":
    sys.exit(main())

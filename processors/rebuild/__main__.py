"""`python -m processors.rebuild`: one JSON object a line on stdout tells how it goes; logs go to stderr.

Exit codes: 1 refused or different, 75 something did not answer; the last line says which. Run again, it goes on.
"""

import argparse
import logging
import sys
from functools import partial

import asyncpg

from adapters.kafka.port import LogTruncated
from adapters.settings import Settings
from processors.bootstrap import make_parts
from processors.parts import Parts
from processors.rebuild.rebuilding import Wishes, rebuild, tell_plan
from processors.rebuild.schemas import Refused, drop
from processors.telling import carry_out, tell


def main() -> int:
    interrupted = "it was interrupted; run it again, and it goes on"
    return carry_out(partial(_do, _arguments()), Refused, LogTruncated, level=logging.WARNING, interrupted=interrupted)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m processors.rebuild")
    parser.add_argument("--dry-run", action="store_true", help="tell what would be done")
    parser.add_argument("--no-swap", action="store_true", help="build and compare only")
    parser.add_argument("--accept-differences", action="store_true", help="swap whatever the comparison says")
    parser.add_argument("--drop", metavar="SCHEMA", help="drop a read schema that does not serve")
    return parser.parse_args()


async def _do(asked: argparse.Namespace, settings: Settings) -> int:
    parts = make_parts(settings)
    try:
        if asked.drop is not None:
            await _drop(parts, asked.drop)
        elif asked.dry_run:
            await tell_plan(parts, tell)
        else:
            await rebuild(parts, Wishes(not asked.no_swap, asked.accept_differences), tell)
        return 0
    finally:
        await parts.log.close()


async def _drop(parts: Parts, schema: str) -> None:
    connection = await asyncpg.connect(parts.postgres_url, timeout=10)
    try:
        await drop(connection, schema)
    finally:
        await connection.close()
    tell({"state": "dropped", "schema": schema})


if __name__ == "__main__":
    sys.exit(main())

"""`python -m processors.backup make|restore|put-objects FOLDER`: one JSON object a line on stdout; logs go to stderr.

Exit codes: 1 refused (the last line says why), 75 something did not answer: run it again.
"""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any, Final

import asyncpg
import structlog
import uvloop

from adapters.collector import BATCHES, collect_rarely
from adapters.errors import DependencyDown
from adapters.kafka.cluster import identify
from adapters.kafka.port import AppendFailed, LogTruncated, LogUnavailable
from adapters.security.master_key import WrongMasterKey, load_master_key
from adapters.settings import Settings, SettingsError, load_settings
from processors.backup.cut import ENDS
from processors.backup.making import Making
from processors.backup.manifest import BadBackup, Manifest
from processors.backup.restoring import NotEmpty, Restoring
from processors.bootstrap import make_object_store, make_parts

REFUSED: Final = (BadBackup, NotEmpty, WrongMasterKey, LogTruncated)
AWAY: Final = (LogUnavailable, AppendFailed, DependencyDown, asyncpg.PostgresError, asyncpg.InterfaceError, OSError,
               TimeoutError)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m processors.backup")
    parser.add_argument("what", choices=("make", "restore", "put-objects"))
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
    )
    collect_rarely(BATCHES)
    os.umask(0o077)  # what users made is in a backup as it is
    try:
        uvloop.run(_do(asked.what, asked.folder, load_settings()))
    except (BaseExceptionGroup, SettingsError, *REFUSED, *AWAY, KeyboardInterrupt, asyncio.CancelledError) as error:
        return _refuse(error)
    return 0


async def _do(what: str, folder: Path, settings: Settings) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    parts, store = make_parts(settings), make_object_store(settings)
    try:
        await store.start()
        if what == "make":
            identity = await identify(parts.kafka_url, tuple(topic.name for topic in ENDS))
            made = await Making(parts.log, identity, parts.postgres_url, store, folder, _tell).run()
            _tell(_document("made", made))
            return
        restoring = Restoring(parts.log, parts.postgres_url, store, folder, _tell)
        if what == "put-objects":
            _tell({"state": "put", "objects": await restoring.put_objects()})
            return
        key = load_master_key(settings.home, settings.master_key)
        _tell(_document("restored", await restoring.run(key.fingerprint)))
    finally:
        await store.close()
        await parts.log.close()


def _document(state: str, found: Manifest) -> dict[str, Any]:
    return {
        "state": state,
        "made_at": found.made_at,
        "records": found.records,
        "rows": sum(table.rows for table in found.tables),
        "objects": found.objects,
        "object_bytes": found.object_bytes,
        "master_fingerprint": found.master_fingerprint,
        "cut": {f"{p.topic}:{p.number}": p.end.offset for p in found.partitions if p.end.offset},
    }


def _tell(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


def _refuse(error: BaseException) -> int:
    """The last line, and the exit code. Raises what nobody expected."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    match error:
        case SettingsError():
            code = 78
        case _ if isinstance(error, REFUSED):
            code = 1
        case KeyboardInterrupt() | asyncio.CancelledError():
            code = 130
        case _ if isinstance(error, AWAY):
            code = 75
        case _:
            raise error
    why = "it was interrupted" if code == 130 else getattr(error, "detail", None) or str(error) or repr(error)
    _tell({"state": "refused", "why": why})
    return code


if __name__ == "__main__":
    sys.exit(main())

"""`python -m processors.backup make|restore|put-objects FOLDER`: one JSON object a line on stdout; logs go to stderr.

Exit codes: 1 refused, or a restore that broke off when it had begun to write (the last line says why, and what to do
first), 75 something did not answer: run it again.
"""

import argparse
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

from adapters.kafka.cluster import identify
from adapters.kafka.port import LogTruncated
from adapters.security.master_key import WrongMasterKey, load_master_key
from adapters.settings import Settings
from processors.backup.cut import ENDS
from processors.backup.making import Making
from processors.backup.manifest import BadBackup, Manifest
from processors.backup.restoring import EMPTY_IT, NotEmpty, Restoring, Unfinished
from processors.bootstrap import make_object_store, make_parts
from processors.telling import carry_out, tell


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m processors.backup")
    parser.add_argument("what", choices=("make", "restore", "put-objects"))
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    os.umask(0o077)  # what users made is in a backup as it is
    refused = (BadBackup, NotEmpty, Unfinished, WrongMasterKey, LogTruncated)
    interrupted = f"it was interrupted. {EMPTY_IT}" if asked.what == "restore" else "it was interrupted"
    return carry_out(partial(_do, asked.what, asked.folder), *refused, interrupted=interrupted)


async def _do(what: str, folder: Path, settings: Settings) -> int:
    parts, store = make_parts(settings), make_object_store(settings)
    try:
        await store.start()
        if what == "make":
            identity = await identify(parts.kafka_url, tuple(topic.name for topic in ENDS))
            made = await Making(parts.log, identity, parts.postgres_url, store, folder, tell).run()
            tell(_document("made", made))
            return 0
        restoring = Restoring(parts.log, parts.postgres_url, store, folder, tell)
        if what == "put-objects":
            tell({"state": "put", "objects": await restoring.put_objects()})
            return 0
        key = load_master_key(settings.home, settings.master_key)
        tell(_document("restored", await restoring.run(key.fingerprint)))
        return 0
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


if __name__ == "__main__":
    sys.exit(main())

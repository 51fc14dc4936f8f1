"""`python -m processors.verify`: one JSON object a line on stdout tells how it goes; logs go to stderr.

Exit code 0: all holds. 1: something is broken; the last line says what, where, and what to do. 75: something did not
answer, so nothing can be said.
"""

import argparse
import sys
from functools import partial
from typing import Any

from adapters.kafka import topics
from adapters.kafka.cluster import identify
from adapters.settings import Settings
from processors.bootstrap import make_object_store, make_parts
from processors.telling import carry_out, tell
from processors.verify.shelf import Shelf
from processors.verify.tables import erased, taken
from processors.verify.verifying import Report, Verification


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m processors.verify")
    parser.add_argument("--objects", choices=("hash", "size", "none"), default="hash", help="how closely to look")
    return carry_out(partial(_verify, parser.parse_args().objects))


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


async def _verify(depth: Any, settings: Settings) -> int:
    """Raises what `Verification.run` raises."""
    parts = make_parts(settings)
    store = None if depth == "none" or settings.s3_url is None else make_object_store(settings)
    try:
        identity = await identify(parts.kafka_url, tuple(t.name for t in topics.ALL if t.retention_ms == -1))
        with Shelf() as shelf:
            standing = await taken(parts.postgres_url, identity, shelf, tell)
            erased_now = partial(erased, parts.postgres_url)
            report = await Verification(parts.log, shelf, standing, store, depth, tell, erased_now).run()
    finally:
        if store is not None:
            await store.close()
        await parts.log.close()
    tell(document(report))
    return 1 if report.findings.counts else 0


if __name__ == "__main__":
    sys.exit(main())

"""docs/how-to/analyse-the-log.md: every query of it, on an export of a log whose answers are known."""

import re
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import duckdb
import msgspec
import pytest

from cli.events.parquet import Parquet
from domain.account import events as e
from tests.analysis.workplace import at, export
from tests.projections.handmade import CREDIT, HandmadeLog, batch, cancelled, completed, failed, requested, started

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "how-to" / "analyse-the-log.md"
PART: Final = re.compile(r"^### ([^\n]+)$|^```sql\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RELIEF: Final = "lathe/relief"


async def written() -> HandmadeLog:
    """Ada asks in three weeks and Bob in one; 2030-01-07 is a Monday. Every amount below is in credits.

    Ada: 7 Jan form 1 completed (field 1 s), relief 2 cancelled with 0.5 charged; 8 Jan a batch of two forms, one
    completed (field 2 s, surface 4 s), one failed. 15 Jan form 1 completed (field 3 s). 28 Jan form 1 still open.
    Bob: 14 Jan relief 2 completed (surface 8 s), one form cancelled for nothing.
    """
    log = HandmadeLog()
    ada, bob = log.account_in(2), log.account_in(7)
    tasks = [log.new_id(2) for _ in range(6)] + [log.new_id(7) for _ in range(2)]
    at(log, "2030-01-07")
    await log.append(ada, requested(tasks[0]))
    await log.append(ada, requested(tasks[1], price=2 * CREDIT, model=RELIEF))
    await log.append(ada, started(tasks[0]))
    await log.append(ada, done(tasks[0], field_s=1.0, faces=100.0))
    await log.append(ada, cancelled(tasks[1], charged=CREDIT // 2, released=3 * CREDIT // 2))
    at(log, "2030-01-08")
    await log.append(ada, batch(log.new_id(2), tasks[2], tasks[3]))
    await log.append(ada, done(tasks[2], field_s=2.0, surface_s=4.0))
    await log.append(ada, done(tasks[2], field_s=99.0), value=b"void", seq=999)
    await log.claim(("lathe.accounts", 2))
    await log.append(ada, failed(tasks[3]))
    at(log, "2030-01-14")
    await log.append(bob, requested(tasks[6], price=2 * CREDIT, model=RELIEF))
    await log.append(bob, requested(tasks[7]))
    await log.append(bob, done(tasks[6], 2 * CREDIT, surface_s=8.0))
    await log.append(bob, cancelled(tasks[7]))
    at(log, "2030-01-15")
    await log.append(ada, requested(tasks[4]))
    await log.append(ada, done(tasks[4], field_s=3.0))
    at(log, "2030-01-28")
    await log.append(ada, requested(tasks[5]))
    return log


def done(task_id: str, charged: int = CREDIT, **metrics: float) -> e.TaskCompleted:
    return msgspec.structs.replace(completed(task_id, "f", charged), metrics=metrics)


KNOWN: Final[dict[str, list[tuple[Any, ...]]]] = {
    "Revenue by model and week": [
        (date(2030, 1, 7), "lathe/form", 2, 2.0),
        (date(2030, 1, 7), RELIEF, 1, 0.5),
        (date(2030, 1, 14), "lathe/form", 1, 1.0),
        (date(2030, 1, 14), RELIEF, 1, 2.0),
    ],
    "95th percentile of the time of each stage": [("field", 3, 2.9), ("surface", 2, 7.8)],
    "How many are cancelled": [("lathe/form", 5, 1, 20.0), (RELIEF, 2, 1, 50.0)],
    "Do first-time users come back?": [
        (date(2030, 1, 7), 0, 1),
        (date(2030, 1, 7), 1, 1),
        (date(2030, 1, 7), 3, 1),
        (date(2030, 1, 14), 0, 1),
    ],
}


@pytest.fixture
async def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[duckdb.DuckDBPyConnection]:
    """A connection in a folder that has the export `history/`."""
    monkeypatch.chdir(tmp_path)
    Path("history").mkdir()
    await export((await written()).log, Parquet(Path("history")), commit_bytes=4000)
    with duckdb.connect(":memory:") as connection:
        yield connection


def test_every_query_of_the_page_has_the_known_answer(history: duckdb.DuckDBPyConnection) -> None:
    answered, title = [], None
    for heading, query in PART.findall(PAGE.read_text()):
        if heading:
            title = heading
            continue
        rows = history.execute(query).fetchall()
        if title is not None:
            answered.append(title)
            assert [tuple(map(rounded, row)) for row in rows] == KNOWN[title], title
    assert answered == list(KNOWN)


def rounded(value: Any) -> Any:
    return round(value, 9) if isinstance(value, float) else value

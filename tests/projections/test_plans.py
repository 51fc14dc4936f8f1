"""The projector's statements find their rows by index, whatever PostgreSQL knows of the tables: it plans them once,
maybe while they are empty, and a burst of tasks is over before they are analysed."""

import re
from typing import Any

import msgspec
import pytest

from processors.projections import accounts, files, models, offsets, tasks, users
from processors.projections.port import Connection

BY_KEY = {
    "accounts": accounts._UPDATE,
    "files": files._DELETE,
    "models": models._UPDATE,
    "projection_offsets": offsets._ADVANCE,
    "tasks": tasks._UPDATE,
    "users": users._UPDATE,
}


@pytest.mark.parametrize("table", BY_KEY)
async def test_rows_are_found_by_index(connection: Connection, table: str) -> None:
    statement = BY_KEY[table]
    parameters = ", ".join(["NULL"] * max(map(int, re.findall(r"\$(\d+)", statement))))
    await connection.execute(f"SET plan_cache_mode = force_generic_plan; PREPARE by_key AS {statement}")
    (told,) = msgspec.json.decode(await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE by_key({parameters})"))
    steps = _steps(told["Plan"])
    assert "Seq Scan" not in [step["Node Type"] for step in steps]
    assert any("Index Cond" in step for step in steps)


def _steps(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(step for part in plan.get("Plans", ()) for step in _steps(part))]

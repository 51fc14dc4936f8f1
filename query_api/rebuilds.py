"""How rebuilds of the read models are shown."""

from typing import Any, Final

from sqlalchemy import select

from adapters.postgres.ops_models import Rebuild
from domain.rendering import time_of
from query_api.queries import Queries

NEWEST: Final = 20


async def rebuild_documents(queries: Queries) -> list[dict[str, Any]]:
    """The newest first. Raises DependencyDown."""
    rows = await queries.rows(select(Rebuild.__table__).order_by(Rebuild.rebuild_id.desc()).limit(NEWEST))
    return [
        {
            "schema": row["schema"],
            "state": row["state"],
            "done": min(1.0, row["done"] / row["total"]) if row["total"] else float(row["state"] == "swapped"),
            "eta_s": row["eta_s"],
            "started_at": time_of(row["started_at"]),
        }
        for row in rows
    ]

"""Whether this process is alive, and whether it can decide."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse, Response

from adapters.kafka.port import LogUnavailable
from adapters.kafka.topics import ACCOUNTS, CATALOG, IDENTITY
from command_api.parts import Parts, parts_of

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "alive"}


@router.get("/readyz")
async def readyz(parts: Annotated[Parts, Depends(parts_of)]) -> Response:
    """200 when every partition has a known owner and PostgreSQL and Kafka answer."""
    checks: dict[str, Any] = {"kafka": "ok", "postgres": "ok"}
    try:
        await parts.log.ends([(IDENTITY.name, 0)])
    except LogUnavailable as error:
        checks["kafka"] = str(error)
    try:
        await parts.pool.fetchval("SELECT 1", timeout=2)
    except Exception as error:  # noqa: BLE001 - whatever the driver raises, the database does not answer
        checks["postgres"] = repr(error)
    directory = parts.host.directory
    unowned = [
        f"{topic.name}/{p}"
        for topic in (IDENTITY, CATALOG, ACCOUNTS)
        for p in range(topic.partitions)
        if directory.owner((topic.name, p)) is None
    ]
    checks["unowned"] = unowned
    checks["owned_here"] = sum(owner.claim is not None for owner in parts.host.owners.values())
    ready = checks["kafka"] == "ok" and checks["postgres"] == "ok" and not unowned
    return JSONResponse(checks, 200 if ready else 503)

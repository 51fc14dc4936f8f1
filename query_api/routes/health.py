"""Whether this process is alive, and whether queries are served."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse, Response

from adapters.errors import DependencyDown
from adapters.http.declared import Responses, problems
from adapters.object_store.port import ObjectMissing
from query_api.parts import Parts, parts_of
from query_api.positions import ProjectionBehind
from query_api.schemas.health import Alive, Readiness

router = APIRouter(tags=["operations"])
NOT_READY: Final[Responses] = {503: {"model": Readiness, "description": "Something needed does not work"}}


@router.get("/healthz", response_model=Alive, summary="Alive?", responses=problems("internal", "unavailable"))
async def healthz() -> dict[str, str]:
    return {"status": "alive"}


@router.get(
    "/readyz",
    response_model=Readiness,
    summary="Ready? With the lag of each dependency and the live workers",
    responses=NOT_READY | problems("internal"),
)
async def readyz(parts: Annotated[Parts, Depends(parts_of)]) -> Response:
    """200 when queries are served. `lag`: records that the log has and this process, or the read models, have not."""
    checks: dict[str, Any] = {"kafka": await _kafka(parts), "postgres": await _postgres(parts)}
    checks["object_store"] = await _object_store(parts)
    checks["live_feed"] = {"ok": parts.live.running}
    ready = all(check["ok"] for check in checks.values())
    told = {"status": "ready" if ready else "not-ready", "dependencies": checks, **parts.workers.summary()}
    return JSONResponse(told, 200 if ready else 503, {"cache-control": "no-store"})


async def _kafka(parts: Parts) -> dict[str, Any]:
    try:
        ends = await parts.ends.now()
    except DependencyDown as error:
        return {"ok": False, "detail": error.detail}
    behind = {tp: max(0, end - parts.positions.next_offset(tp)) for tp, end in ends.items()}
    live = sum(max(0, end - parts.live.next_offset(tp)) for tp, end in ends.items() if parts.live.follows(tp))
    return {"ok": True, "lag": {"read_models": sum(behind.values()), "live_feed": live}}


async def _postgres(parts: Parts) -> dict[str, Any]:
    try:
        await parts.queries.alive()
    except (DependencyDown, ProjectionBehind) as error:
        return {"ok": False, "detail": error.detail}
    return {"ok": parts.positions.connected}


async def _object_store(parts: Parts) -> dict[str, Any]:
    try:
        await parts.store.stat("readiness")
    except ObjectMissing:
        return {"ok": True}
    except DependencyDown as error:
        return {"ok": False, "detail": error.detail}
    return {"ok": True}

"""What operators look at: how far readers are, what waits, who works."""

from collections import Counter
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from adapters.http.callers import RequireRole
from adapters.http.declared import READS, SIGNED_IN, problems
from adapters.kafka.position import TP
from domain.rendering import time_of
from query_api.admin_queries import AdminQueries
from query_api.etags import NOT_MODIFIED, document
from query_api.pages import page
from query_api.parts import Parts, parts_of
from query_api.queries import Row
from query_api.rebuilds import rebuild_documents
from query_api.schemas.admin import LagPage, Queue, RebuildPage, WorkerPage

OPERATORS: Final = Depends(RequireRole("operator", "admin"))
REFUSED: Final = NOT_MODIFIED | problems(*READS, *SIGNED_IN, "forbidden")
router = APIRouter(prefix="/admin", tags=["admin"], dependencies=[OPERATORS])
PartsOf = Annotated[Parts, Depends(parts_of)]


@router.get("/lag", response_model=LagPage, summary="How far each reader of the log is behind", responses=REFUSED)
async def lag(request: Request, parts: PartsOf) -> Response:
    """The read models, the live streams of the process that answers, and the reactors; by partition."""
    ends = await parts.ends.now()
    queries = AdminQueries(parts.queries)
    parked = await queries.parked_by_partition()
    stands: list[tuple[str, TP, int]] = [("read", tp, parts.positions.next_offset(tp)) for tp in sorted(ends)]
    stands += [("live", tp, parts.live.next_offset(tp)) for tp in sorted(ends) if parts.live.follows(tp)]
    for row in await queries.cursors():
        stands.append((row["name"], (row["topic"], row["partition"]), row["next_offset"]))
    items = [
        {
            "projection": name,
            "topic": tp[0],
            "partition": tp[1],
            "position": position,
            "end": ends.get(tp, position),
            "behind": max(0, ends.get(tp, position) - position),
            "parked": parked.get(tp, 0) if name == "read" else 0,
        }
        for name, tp, position in stands
    ]
    return _whole(request, items)


@router.get("/queue", response_model=Queue, summary="Tasks under way, by model and by account", responses=REFUSED)
async def queue(request: Request, parts: PartsOf) -> Response:
    """What waits and what runs. A model that is queued for and has no workers needs one."""
    queries = AdminQueries(parts.queries)
    able = Counter(engine.id for _, beat in parts.workers.live() for engine in beat.engines)
    total = await queries.under_way()
    told = {
        **_counts(total),
        "by_model": [
            {"model": row["model"], **_waiting(row), "workers": able[row["model"]]}
            for row in await queries.queue("model")
        ],
        "by_account": [{"account_id": row["account_id"], **_waiting(row)} for row in await queries.queue("account_id")],
    }
    return document(request, told)


@router.get("/workers", response_model=WorkerPage, summary="Live workers and what they hold", responses=REFUSED)
async def workers(request: Request, parts: PartsOf) -> Response:
    """Those whose heartbeat came within the last 10 s."""
    live = sorted(parts.workers.live(), key=lambda found: (found[1].host, found[1].started_at, found[1].worker_id))
    items = [
        {
            "worker_id": beat.worker_id,
            "host": beat.host,
            "device": beat.device,
            "slots": beat.slots,
            "engines": [{"id": e.id, "version": e.version, "loaded": e.loaded} for e in beat.engines],
            "running": [{"task_id": run.task_id, "attempt": run.attempt} for run in beat.running],
            "draining": beat.draining,
            "started_at": time_of(beat.started_at),
            "heard_at": time_of(heard_at),
        }
        for heard_at, beat in live
    ]
    return _whole(request, items)


@router.get("/rebuilds", response_model=RebuildPage, summary="Read models that are being rebuilt", responses=REFUSED)
async def rebuilds(request: Request, parts: PartsOf) -> Response:
    """The latest 20, those that are done too; empty as long as there was none."""
    return _whole(request, await rebuild_documents(parts.queries))


def _whole(request: Request, items: list[Any]) -> Response:
    """A list that is told in one page."""
    return document(request, page(items, total=len(items), limit=max(1, len(items)), offset=0, following=None))


def _counts(row: Row) -> dict[str, int]:
    return {name: row[name] for name in ("queued", "running", "cancelling")}


def _waiting(row: Row) -> dict[str, Any]:
    return {**_counts(row), "oldest_queued_at": time_of(row["oldest_queued_at"])}

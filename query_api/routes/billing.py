"""Credits: what there is, and where it went (requirements/001)."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from adapters.http.callers import CallerOf
from adapters.http.declared import READS, SIGNED_IN, problems
from domain.errors import InvalidInput
from domain.money import to_credits
from domain.rendering import time_of
from query_api.etags import NOT_MODIFIED, document
from query_api.ledger_queries import LedgerFilter, type_of
from query_api.lists import AskedPage, List, Since, Until, Word, in_time
from query_api.parts import FreshParts
from query_api.queries import Row
from query_api.schemas.billing import Balance, TransactionPage, TransactionType

router = APIRouter(prefix="/api/v1/billing", tags=["billing"])


@router.get(
    "/balance",
    response_model=Balance,
    summary="What you have to spend",
    responses=NOT_MODIFIED | problems(*READS, *SIGNED_IN),
)
async def balance(request: Request, caller: CallerOf, parts: FreshParts) -> Response:
    """`available` is free to spend; `reserved` is held for tasks that have not ended."""
    wallet = await parts.freshness.find(caller.account_id, lambda: parts.queries.account(caller.account_id))
    # Between registration and the account's opening there is nothing to spend yet.
    free, held = (0, 0) if wallet is None else (to_credits(wallet["balance"]), to_credits(wallet["reserved"]))
    return document(request, {"available": free, "reserved": held, "currency": "credits"})


@router.get(
    "/transactions",
    response_model=TransactionPage,
    summary="Every movement of your credits",
    responses=NOT_MODIFIED | problems(*READS, *SIGNED_IN),
)
async def transactions(
    request: Request,
    caller: CallerOf,
    parts: FreshParts,
    asked: AskedPage,
    type_: Annotated[
        list[TransactionType] | None, Query(alias="type", description="Only movements of this type; may be repeated.")
    ] = None,
    task_id: Annotated[Word | None, Query(description="Only movements of this task.")] = None,
    created_after: Since = None,
    created_before: Until = None,
) -> Response:
    """The newest first, each with the balance and what is reserved after it."""
    since, until = in_time("created_after", created_after), in_time("created_before", created_before)
    types = sorted(set(type_ or ()))
    filters = [("type", types), ("task_id", task_id), ("created_after", since), ("created_before", until)]
    movements = List(parts, "/api/v1/billing/transactions", caller.account_id, filters, asked)
    before = None if movements.before is None else _version(movements.before)
    await parts.freshness.settle(caller.account_id)
    rows, total = await parts.queries.transactions(
        LedgerFilter(caller.account_id, types, task_id, since, until),
        before=before,
        offset=asked.offset,
        limit=movements.wanted,
    )
    items = [_transaction(row) for row in movements.shown(rows)]
    return movements.answer(request, rows, [str(row["version"]) for row in rows], items, total)


def _version(key: str) -> int:
    if not key.isdigit():
        raise InvalidInput("The cursor is not one that this list gave.")
    return int(key)


def _transaction(row: Row) -> dict[str, Any]:
    kind = type_of(row["kind"], row["charged"])
    return {
        "id": row["version"],
        "type": kind,
        "task_id": row["task_id"],
        "amount": to_credits(-row["charged"] if kind == "charge" else row["balance"]),
        "released": to_credits(row["balance"] if kind == "charge" else 0),
        "balance": to_credits(int(row["balance_after"])),
        "reserved": to_credits(int(row["reserved_after"])),
        "reason": row["reason"],
        "time": time_of(row["time"]),
    }

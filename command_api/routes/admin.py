"""What admins decide about accounts."""

from decimal import Decimal
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from adapters.http.callers import RequireRole
from adapters.http.declared import ANYWHERE, BODIES, IDEMPOTENCY_KEY, KEYED, SIGNED_IN, problems, success, taking
from adapters.http.strict_json import StrictRoute
from adapters.kafka.topics import ACCOUNTS, account_partition
from adapters.security.authenticator import Caller
from command_api.answers import answer
from command_api.contexts import Keyed, context_of
from command_api.documents import Wallet
from command_api.parts import Parts, parts_of
from domain.account.commands import AdjustCredits
from domain.account.wallet import MAX_REASON
from domain.money import to_micro

router = APIRouter(prefix="/admin", tags=["admin"], route_class=StrictRoute)
Admin = Annotated[Caller, Depends(RequireRole("admin"))]
REFUSED: Final = problems(
    *ANYWHERE,
    *SIGNED_IN,
    *BODIES,
    *KEYED,
    *("forbidden", "not-found", "account-closed", "insufficient-credits"),
)


class Adjustment(BaseModel):
    model_config = ConfigDict(extra="forbid")

    amount: Decimal = Field(description="In credits; negative takes them away.", examples=[25])
    reason: str = Field(min_length=1, max_length=MAX_REASON, description="Stands in the account's ledger.")


@router.post(
    "/accounts/{account_uuid}/credits",
    response_model=Wallet,
    summary="Give credits to an account, or take them",
    openapi_extra=taking(IDEMPOTENCY_KEY),
    responses=success(200, "The wallet as it is now", "Lathe-Position") | REFUSED,
)
async def adjust_credits(
    account_uuid: str, body: Adjustment, request: Request, admin: Admin, parts: Annotated[Parts, Depends(parts_of)]
) -> Response:
    """Only what is free to spend can be taken. The same Idempotency-Key gives or takes once."""
    keyed = Keyed(request, parts.digests, admin.actor, f"/admin/accounts/{account_uuid}/credits")
    amount = to_micro(body.amount, "/amount")
    digest = keyed.digest([account_uuid, amount, body.reason])
    command = AdjustCredits(account_id=account_uuid, amount=amount, reason=body.reason)
    context = context_of(request, admin.actor, keyed=keyed, digest=digest)
    applied = await parts.commands.send(ACCOUNTS, account_partition(account_uuid), command, context)
    return answer({name: applied.view[name] for name in ("balance", "reserved")}, 200, applied)

"""Commands of a caller to the caller's own account."""

from typing import Final

import msgspec

from adapters.errors import Unavailable
from adapters.ids import new_id
from adapters.kafka.requests import Applied
from adapters.kafka.topics import ACCOUNTS, account_partition
from adapters.security.authenticator import Caller
from command_api.parts import Parts
from domain.account.commands import AccountCommand, DescribeAccount
from domain.decider import Context
from domain.errors import NotFound

_OPENING: Final = "Your account is being opened; try again in a moment. Nothing was written."


async def decide(parts: Parts, caller: Caller, command: AccountCommand, context: Context) -> Applied:
    """Send to the owner of the caller's account. Raises DomainError, and Unavailable.

    Between a registration and the account's opening (its process died: a reactor goes on) there is a user without an
    account. To that user nothing is missing: it is 503, not 404.
    """
    partition = account_partition(caller.account_id)
    try:
        return await parts.commands.send(ACCOUNTS, partition, command, context)
    except NotFound as refusal:
        question = DescribeAccount(account_id=caller.account_id)
        unkeyed = msgspec.structs.replace(context, command_id=new_id(), idempotency_key=None, idempotency_digest=None)
        try:
            await parts.commands.send(ACCOUNTS, partition, question, unkeyed)
        except NotFound:
            raise Unavailable(_OPENING) from None
        raise refusal from None

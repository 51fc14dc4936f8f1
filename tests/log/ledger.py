"""A decider small enough to be checked by eye: accounts with a balance that may not fall below zero."""

from typing import Any

import msgspec

from domain.account.commands import AdjustCredits, DescribeAccount, OpenAccount
from domain.account.events import AccountOpened, CreditsAdjusted
from domain.decider import Append, Context, Reply
from domain.envelope import Envelope
from domain.errors import AlreadyExists, InsufficientCredits, KeyReused, NotFound

LedgerCommand = OpenAccount | AdjustCredits | DescribeAccount


class LedgerState(msgspec.Struct):
    balances: dict[str, int] = {}
    keys: dict[str, tuple[str, str]] = {}
    """Idempotency key -> (digest, account)."""
    quarantined: list[str] = []


class Ledger:
    """Refuses: an account opened twice, a balance below zero. Answers: the balance."""

    fold = 1

    def initial(self) -> LedgerState:
        return LedgerState()

    def stream(self, command: LedgerCommand) -> str | None:
        return command.account_id

    def quarantine(self, state: LedgerState, key: str) -> None:
        state.quarantined.append(key)

    def decide(self, state: LedgerState, command: LedgerCommand, context: Context) -> Append | Reply:
        account = command.account_id
        if context.idempotency_key is not None and (seen := state.keys.get(context.idempotency_key)):
            if seen[0] != context.idempotency_digest:
                raise KeyReused("the key belongs to another request")
            return Reply(self.view(state, account, account))
        balance = state.balances.get(account)
        match command:
            case OpenAccount():
                if balance is not None:
                    raise AlreadyExists(f"{account} is open")
                opened = AccountOpened(user_id=command.user_id, granted=command.sign_up_credits)
                return Append(account, opened, account)
            case AdjustCredits():
                if balance is None:
                    raise NotFound(f"no account {account}")
                if balance + command.amount < 0:
                    raise InsufficientCredits("not enough", balance=balance)
                return Append(account, CreditsAdjusted(amount=command.amount, reason=command.reason), account)
            case DescribeAccount():
                if balance is None:
                    raise NotFound(f"no account {account}")
                return Reply(self.view(state, account, account))

    def evolve(self, state: LedgerState, key: str, event: msgspec.Struct, envelope: Envelope) -> None:
        match event:
            case AccountOpened():
                state.balances[key] = event.granted
            case CreditsAdjusted():
                state.balances[key] += event.amount
        if envelope.idempotency_key is not None and envelope.idempotency_digest is not None:
            state.keys[envelope.idempotency_key] = (envelope.idempotency_digest, key)

    def view(self, state: LedgerState, key: str, subject: str) -> dict[str, Any]:
        return {"balance": state.balances[key]}

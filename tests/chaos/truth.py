"""The log as it stands at the end, folded by rules of its own: what the answers are measured against."""

import msgspec

from adapters.kafka import topics
from adapters.kafka.follower import Entry, Follower
from adapters.kafka.kafka_log import KafkaLog
from adapters.kafka.position import Position
from adapters.kafka.record import Undecodable
from domain.account import events as e

ENDS = (e.TaskCompleted, e.TaskFailed, e.TaskCancelled)


class Step(msgspec.Struct, frozen=True):
    """One valid event of an account, and the wallet after it."""

    partition: int
    offset: int
    request_id: str
    key: str | None
    """The idempotency key as the log has it (a digest of caller, route and key)."""
    actor: str
    account: str
    event: str
    task_id: str | None
    balance: int
    reserved: int
    charged: int
    """What has been charged to the account so far."""


class Truth(msgspec.Struct):
    steps: list[Step] = []
    """In the order of each partition."""
    claims: int = 0
    void: int = 0
    unreadable: list[str] = []

    def add(self, entries: list[Entry]) -> None:
        """Fold the entries of one partition, from its beginning."""
        wallets: dict[str, tuple[int, int, int]] = {}
        for entry in entries:
            self.claims += entry.kind == "claim"
            self.void += entry.kind == "void"
            if entry.kind != "event":
                continue
            record = entry.record
            if entry.decoded is None or isinstance(entry.decoded, Undecodable):
                self.unreadable.append(f"{record.topic}:{record.partition}@{record.offset}")
                continue
            envelope, event = entry.decoded
            account = (record.key or b"").decode()
            wallets[account] = wallet = _moved(wallets.get(account, (0, 0, 0)), event)
            self.steps.append(
                Step(
                    record.partition,
                    record.offset,
                    envelope.correlation_id,
                    envelope.idempotency_key,
                    envelope.actor,
                    account,
                    type(event).__name__,
                    getattr(event, "task_id", None),
                    *wallet,
                )
            )


def _moved(wallet: tuple[int, int, int], event: msgspec.Struct) -> tuple[int, int, int]:
    """(balance, reserved, charged) after an event."""
    balance, reserved, charged = wallet
    match event:
        case e.AccountOpened():
            balance += event.granted
        case e.CreditsAdjusted():
            balance += event.amount
        case e.CreditsForfeited():
            balance -= event.amount
        case e.TaskRequested() | e.BatchRequested():
            balance, reserved = balance - event.reserved, reserved + event.reserved
        case e.TaskCompleted() | e.TaskFailed() | e.TaskCancelled():
            balance += event.released
            reserved -= event.released + event.charged
            charged += event.charged
    return balance, reserved, charged


async def read_truth(bootstrap: str) -> Truth:
    """All of `lathe.accounts`, by the read rule."""
    log = KafkaLog(bootstrap, "chaos-judge")
    truth = Truth()
    try:
        for partition in range(topics.ACCOUNTS.partitions):
            follower = Follower(log, {(topics.ACCOUNTS.name, partition): Position()})
            await follower.start()
            ends = await follower.ends()
            entries: list[Entry] = []
            while not follower.has_passed(ends):
                entries += await follower.poll(500)
            await follower.stop()
            truth.add(entries)
    finally:
        await log.close()
    return truth

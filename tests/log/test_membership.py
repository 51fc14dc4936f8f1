"""Two processes of one group share the partitions, and the one that is left takes over from the one that went."""

import asyncio
from datetime import UTC, datetime

import pytest

from adapters.commands.client import CommandClient
from adapters.ids import new_id
from adapters.kafka import topics
from adapters.kafka.host import Host
from adapters.kafka.kafka_log import KafkaLog
from domain.account.commands import AdjustCredits, OpenAccount
from domain.decider import Context
from tests.log.ledger import Ledger


def context() -> Context:
    return Context(now=datetime.now(UTC), event_id=new_id(), command_id=new_id(), actor="test", correlation_id="test")


def owned(host: Host) -> set[int]:
    return {tp[1] for tp, owner in host.owners.items() if owner.claim is not None}


async def until_shared(hosts: list[Host]) -> None:
    """Every partition has exactly one owner, and every host some of them."""
    async with asyncio.timeout(40):
        while True:
            shares = [owned(host) for host in hosts]
            if all(shares) and sorted(p for share in shares for p in share) == list(range(topics.ACCOUNTS.partitions)):
                return
            await asyncio.sleep(0.05)


@pytest.mark.timeout(120)
async def test_partitions_move_and_no_command_is_lost(kafka_url: str) -> None:
    group, account = f"test-{new_id()}", new_id()
    log = KafkaLog(kafka_url)

    def host(name: str) -> Host:
        return Host(
            log, {topics.ACCOUNTS: Ledger()}, bootstrap=kafka_url, address=f"http://{name}", source=name, group=group
        )

    first, second = host("first"), host("second")
    await first.start()
    await until_shared([first])
    client = CommandClient(first.directory, b"key", first)
    partition = topics.account_partition(account)
    await client.send(
        topics.ACCOUNTS, partition, OpenAccount(account_id=account, user_id=1, sign_up_credits=0), context()
    )
    await second.start()
    await until_shared([first, second])
    await second.stop()
    await until_shared([first])
    credit = AdjustCredits(account_id=account, amount=1, reason="test")
    for expected in range(1, 6):
        answer = await client.send(topics.ACCOUNTS, partition, credit, context())
        assert answer.view == {"balance": expected}
    await client.stop()
    await first.stop()
    await log.close()

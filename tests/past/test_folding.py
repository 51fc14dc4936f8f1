"""An account as of a place in the log is what the read models said when they stood there."""

from datetime import timedelta
from typing import Any

import pytest

from adapters.kafka import topics
from domain.account import events as e
from processors.past.folding import SEALED, NoSuchPlace, past_of
from tests.projections.handmade import CREDIT, cancelled
from tests.verify.history import History, some_history


async def test_at_each_offset_the_wallet_and_the_tasks_of_then() -> None:
    history = History()
    await history.begin()
    account = await history.user(3)
    tp, opened = topics.ACCOUNTS.name, history.end(topics.ACCOUNTS, account)[1] - 1
    task = await history.request(account)
    requested = opened + 1
    await history.start(account, task)
    await history.succeed(account, task)
    _, last = history.end(topics.ACCOUNTS, account)

    def wallet(past: Any) -> tuple[int, int, int]:
        (row,) = past.rows["accounts"]
        return row["balance"], row["reserved"], row["charged"]

    at = {offset: await past_of(history.log, account, offset=offset) for offset in range(opened, last)}
    assert wallet(at[opened]) == (10 * CREDIT, 0, 0)
    assert "tasks" not in at[opened].rows
    assert wallet(at[requested]) == (9 * CREDIT, CREDIT, 0)
    assert [row["status"] for row in at[requested].rows["tasks"]] == ["queued"]
    assert [row["status"] for row in at[requested + 1].rows["tasks"]] == ["running"]
    assert wallet(at[last - 1]) == (9 * CREDIT, 0, CREDIT)
    assert [row["status"] for row in at[last - 1].rows["tasks"]] == ["completed"]
    assert at[last - 1].rows["tasks"][0]["prompt"] == SEALED
    assert at[last - 1].at == f"{tp}:3@{last - 1}"
    now = await past_of(history.log, account)
    assert now == at[last - 1]


async def test_at_a_time_what_stood_in_the_log_then() -> None:
    history, accounts = await some_history()
    before = history.time
    history.time += timedelta(minutes=5)
    await history.append(accounts[0], e.CreditsAdjusted(amount=CREDIT, reason="gift"))
    then = await past_of(history.log, accounts[0], time=before + timedelta(minutes=1))
    now = await past_of(history.log, accounts[0])
    assert now.rows["accounts"][0]["balance"] - then.rows["accounts"][0]["balance"] == CREDIT
    assert now.events == then.events + 1


async def test_a_file_that_was_deleted_later_is_there() -> None:
    history, accounts = await some_history()
    file_id = next(row["file_id"] for row in (await past_of(history.log, accounts[0])).rows["files"]
                   if row["format"] is None)  # fmt: skip
    _, place = history.end(topics.ACCOUNTS, accounts[0])
    await history.append(accounts[0], e.FileDeleted(file_id=file_id))
    ids = [row["file_id"] for row in (await past_of(history.log, accounts[0], offset=place - 1)).rows["files"]]
    assert file_id in ids
    ids = [row["file_id"] for row in (await past_of(history.log, accounts[0], offset=place)).rows["files"]]
    assert file_id not in ids


async def test_a_record_that_cannot_be_folded_ends_it() -> None:
    history, accounts = await some_history()
    _, place = history.end(topics.ACCOUNTS, accounts[0])
    await history.append(accounts[0], cancelled(history.new_id(3)), value=b"no JSON")
    await history.append(accounts[0], e.CreditsAdjusted(amount=CREDIT, reason="gift"))
    past = await past_of(history.log, accounts[0])
    assert past.stopped is not None
    assert past.stopped[0] == place
    assert past.rows == (await past_of(history.log, accounts[0], offset=place - 1)).rows


async def test_places_that_there_are_not() -> None:
    history, accounts = await some_history()
    with pytest.raises(NoSuchPlace, match="ends before offset 9999"):
        await past_of(history.log, accounts[0], offset=9999)
    with pytest.raises(NoSuchPlace, match="no account"):
        await past_of(history.log, history.account_in(3))
    with pytest.raises(NoSuchPlace, match="no account"):
        await past_of(history.log, accounts[1], offset=0)

"""Messages of the past, posted again from the log."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.command_api.world import World, until
from tests.webhooks.posting import Posting, add, cancelled, of_log
from tests.webhooks.receiver import Got, Receiver


async def test_redeliveries_take_any_time_of_the_log(here: World, there: Receiver, posting: Posting) -> None:
    """Also from before the webhook was there; and the read rule holds, wherever it begins."""
    ann = await here.user()
    await cancelled(here, ann, 2)
    await _pause_of_the_clock()
    middle = datetime.now(UTC)
    await _pause_of_the_clock()
    await cancelled(here, ann, 2)
    await posting.start()
    hook = await add(here, ann, there.url)
    await posting.caught_up()
    path = f"/webhooks/{hook['webhook_id']}/redeliveries"

    async def again(**order: Any) -> list[str]:
        there.got.clear()
        answer = await here.post(path, ann, json=order)
        assert answer.status_code == 202, answer.text

        async def done() -> bool:
            rows = await posting.rows(
                "SELECT state FROM ops.webhook_redeliveries WHERE redelivery_id = $1", answer.json()["redelivery_id"]
            )
            return bool(rows) and rows[0]["state"] == "done"

        await until(done, "the redelivery")
        await posting.settled()
        return there.ids

    all_of_them = of_log(here, ann)
    begin = (middle - timedelta(hours=1)).isoformat()
    assert await again(since=begin) == all_of_them
    assert await again(since=middle.isoformat()) == all_of_them[4:]
    assert await again(since=begin, until=middle.isoformat()) == all_of_them[:4]


async def test_a_redelivery_goes_on_after_a_death(here: World, there: Receiver, posting: Posting) -> None:
    ann = await here.user()
    await cancelled(here, ann, 5)
    await posting.start()
    hook = await add(here, ann, there.url)
    await posting.caught_up()
    slow: list[Got] = []

    def dies(got: Got) -> int:
        slow.append(got)
        return 204

    there.answer = dies
    order = {"since": (datetime.now(UTC) - timedelta(hours=1)).isoformat()}
    assert (await here.post(f"/webhooks/{hook['webhook_id']}/redeliveries", ann, json=order)).status_code == 202
    for _ in range(4):
        await posting.stop()
        await posting.start()
        await asyncio.sleep(0.05)

    async def done() -> bool:
        rows = await posting.rows("SELECT state FROM ops.webhook_redeliveries")
        return [row["state"] for row in rows] == ["done"]

    await until(done, "the redelivery")
    await posting.settled()
    assert list(dict.fromkeys(there.ids)) == of_log(here, ann)


async def _pause_of_the_clock() -> None:
    """Events are of whole milliseconds: let one pass."""
    now = datetime.now(UTC)
    while datetime.now(UTC) - now < timedelta(milliseconds=2):
        await asyncio.sleep(0)

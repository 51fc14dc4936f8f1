"""What the log tells of messages: whose they are, and of which event and task."""

from typing import Any

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from domain.account.messages import messages_of
from processors.webhooks import following
from processors.webhooks.schedule import Schedule
from tests.command_api.world import World, until
from tests.webhooks.posting import Posting, add, of_log
from tests.webhooks.receiver import Receiver


async def test_a_line_about_a_message_tells_whose_it_is(here: World, there: Receiver, posting: Posting) -> None:
    await posting.start(Schedule(delays_s=(3600,)))
    ann = await here.user()
    hook = await add(here, ann, there.url)
    there.answer = lambda got: 500
    with capture_logs([merge_contextvars]) as lines:
        task_id = await here.task(ann)
        await until(lambda: "a webhook did not take a message" in [line["event"] for line in lines], "the line")
    (told,) = [line for line in lines if line["event"] == "a webhook did not take a message"]
    ids = {name: told[name] for name in ("account", "webhook", "message", "task_id")}
    assert ids == {
        "account": ann.account_id,
        "webhook": hook["webhook_id"],
        "message": of_log(here, ann)[0],
        "task_id": task_id,
    }


async def test_an_event_of_which_no_message_can_be_made_is_told_and_passed_over(
    here: World, there: Receiver, posting: Posting, monkeypatch: pytest.MonkeyPatch
) -> None:
    first: list[str] = []

    def mistaken(envelope: Any, event: Any) -> Any:
        if "task.requested" in envelope.type and first in ([], [envelope.id]):
            first[:] = [envelope.id]
            raise ValueError("it carries no ce_taskseq")
        return messages_of(envelope, event)

    monkeypatch.setattr(following, "messages_of", mistaken)
    await posting.start()
    ann = await here.user()
    await add(here, ann, there.url)
    with capture_logs() as lines:
        await here.task(ann)
        await here.task(ann)
        await there.until(lambda: there.got)
    assert there.ids == of_log(here, ann)[1:]
    (line,) = [line for line in lines if line["event"] == "no message can be made of an event"]
    assert (line["event_id"], line["account"]) == (first[0], ann.account_id)

"""Webhooks of an account, and the messages that events mean to them."""

import json
from datetime import timedelta
from typing import Any

from domain.account import commands as c
from domain.account import events as e
from domain.account.messages import TYPES, messages_of
from domain.account.webhooks import MOST
from domain.errors import AccountIsClosed, AlreadyExists, NotFound, NotInState
from domain.personal import Sealed
from tests.domain.given_account import ACCOUNT, account, opened, request, run_started, run_succeeded, stored_file
from tests.domain.scenario import NOW, Scenario, new_id

WEBHOOK = new_id(900_050)
URL, SECRET, OTHER = Sealed(enc="v1:dXJs"), Sealed(enc="v1:c2VjcmV0"), Sealed(enc="v1:b3RoZXI")
ADD = c.AddWebhook(account_id=ACCOUNT, webhook_id=WEBHOOK, url=URL, secret=SECRET, types=("task.completed",))
ADDED = e.WebhookAdded(webhook_id=WEBHOOK, url=URL, secret=SECRET, types=("task.completed",))


def change(**fields: Any) -> c.ChangeWebhook:
    return c.ChangeWebhook(account_id=ACCOUNT, webhook_id=WEBHOOK, **fields)


def disable(scenario: Scenario, days: float) -> c.DisableWebhook:
    since = scenario.now - timedelta(days=days)
    return c.DisableWebhook(account_id=ACCOUNT, webhook_id=WEBHOOK, reason="failing", failing_since=since)


def test_a_webhook_is_added_and_keeps_its_texts_sealed() -> None:
    scenario = account(opened()).when(ADD).then(ADDED)
    view, event_id = scenario.view(WEBHOOK), scenario.log[-1][2].id
    assert view["url"] == {"event_id": event_id, "field": "url", "enc": "v1:dXJs"}
    assert view["secret"] == {"event_id": event_id, "field": "secret", "enc": "v1:c2VjcmV0"}
    assert (view["types"], view["enabled"]) == (["task.completed"], True)


def test_an_account_has_so_many_at_most_and_none_when_it_is_closed() -> None:
    many = [e.WebhookAdded(webhook_id=new_id(910_000 + i), url=URL, secret=SECRET) for i in range(MOST)]
    account(opened(), *many).when(ADD).fails(NotInState, most=MOST)
    account(opened(), ADDED).when(ADD).fails(AlreadyExists)
    account(opened(), e.AccountClosed()).when(ADD).fails(AccountIsClosed)


def test_what_is_given_changes_and_the_rest_stays() -> None:
    scenario = (
        account(opened(), ADDED)
        .when(change(url=OTHER, types=()))
        .then(e.WebhookChanged(webhook_id=WEBHOOK, url=OTHER, types=()))
    )
    view = scenario.view(WEBHOOK)
    assert (view["url"]["enc"], view["secret"]["enc"], view["types"]) == ("v1:b3RoZXI", "v1:c2VjcmV0", [])
    scenario.when(change(types=(), enabled=True)).replies(webhook_id=WEBHOOK)


def test_a_rotated_secret_leaves_the_one_before_it_for_a_while() -> None:
    until = NOW + timedelta(days=1)
    command = c.RotateWebhookSecret(account_id=ACCOUNT, webhook_id=WEBHOOK, secret=OTHER, previous_until=until)
    scenario = account(opened(), ADDED).when(command)
    webhook = scenario.state.accounts[ACCOUNT].webhooks[WEBHOOK]
    assert webhook.previous is not None
    assert (webhook.secret.enc, webhook.previous.enc, webhook.previous_until) == (OTHER.enc, SECRET.enc, until)


def test_one_that_failed_for_days_is_disabled_unless_it_was_changed_since() -> None:
    scenario = account(opened(), ADDED).later(6 * 86400)
    scenario.when(disable(scenario, 5))
    assert isinstance(scenario.event, e.WebhookDisabled)
    assert scenario.view(WEBHOOK)["disabled_because"] == "failing"
    scenario.when(disable(scenario, 5)).replies(enabled=False)
    scenario.later(60).when(change(enabled=True))
    assert scenario.view(WEBHOOK)["disabled_because"] is None
    scenario.when(disable(scenario, 5)).replies(enabled=True)


def test_a_removed_one_is_not_there_any_more() -> None:
    remove = c.RemoveWebhook(account_id=ACCOUNT, webhook_id=WEBHOOK)
    scenario = account(opened(), ADDED).when(remove).then(e.WebhookRemoved(webhook_id=WEBHOOK))
    for command in (remove, change(enabled=False), disable(scenario, 1)):
        scenario.when(command).fails(NotFound)
    scenario.when(c.DescribeWebhook(account_id=ACCOUNT, webhook_id=WEBHOOK)).fails(NotFound)


def test_a_fold_of_the_log_is_the_state() -> None:
    scenario = account(opened(), ADDED).when(change(url=OTHER)).when(change(enabled=False))
    assert scenario.refolded().accounts == scenario.state.accounts


def test_events_mean_messages_without_anything_personal() -> None:
    scenario = account(opened(), e.FileStored(file=stored_file()))
    for command in (request(), run_started(), run_succeeded()):
        scenario.when(command)
    messages = [message for _, event, envelope in scenario.log for message in messages_of(envelope, event)]
    assert [m.type for m in messages] == ["file.stored", "task.requested", "task.started", "task.completed"]
    assert [m.id for m in messages] == [envelope.id for _, _, envelope in scenario.log[1:]]
    for message in messages:
        assert message.type in TYPES
        assert "." not in message.id
        assert b"enc" not in message.body()
    done = json.loads(messages[-1].body())
    assert done["data"]["outputs"][0]["url"].startswith("/files/")
    assert (done["type"], done["timestamp"], done["data"]["charged"]) == (
        "task.completed",
        "2030-01-02T03:04:05.000Z",
        1,
    )


def test_a_batch_makes_a_message_of_its_own_for_each_task() -> None:
    items = tuple(request(task_id=new_id(920_000 + i)) for i in range(3))
    scenario = account(opened()).when(
        c.RequestBatch(account_id=ACCOUNT, batch_id=new_id(920_100), items=items, max_queued=20)
    )
    _, event, envelope = scenario.log[-1]
    messages = messages_of(envelope, event)
    assert [m.data["task_id"] for m in messages] == [item.task_id for item in items]
    assert [m.id for m in messages] == [f"{envelope.id}-{i}" for i in range(3)]

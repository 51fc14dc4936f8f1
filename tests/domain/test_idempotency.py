"""The same request twice is one event and one answer; the key with another request is refused."""

from datetime import UTC, datetime

import pytest

from domain.account import commands as c
from domain.account import events as e
from domain.envelope import Envelope
from domain.errors import InsufficientCredits, KeyReused
from domain.idempotency import Keys
from tests.domain.given_account import ACCOUNT, CREDIT, OTHER_TASK, TASK, account, cancel, opened, request, run_started

KEY, DIGEST = "a1" * 16, "b2" * 16
SAME = {"idempotency_key": KEY, "idempotency_digest": DIGEST}
OTHER = {"idempotency_key": KEY, "idempotency_digest": "c3" * 16}


def test_a_repeat_is_answered_with_the_first_ones_task() -> None:
    """Its handler made another task id for it, which is not used."""
    scenario = account(opened(CREDIT)).when(request(), **SAME)
    scenario.when(request(task_id=OTHER_TASK), **SAME).replies(task_id=TASK, status="queued", reserved=1)
    assert len(scenario.state.accounts[ACCOUNT].tasks) == 1


def test_the_answer_is_the_state_of_now() -> None:
    scenario = account(opened()).when(request(), **SAME).when(run_started())
    scenario.when(request(task_id=OTHER_TASK), **SAME).replies(task_id=TASK, status="running")


def test_a_repeat_is_answered_though_the_request_would_be_refused_by_now() -> None:
    scenario = account(opened(CREDIT)).when(request(), **SAME)
    scenario.when(request(task_id=OTHER_TASK)).fails(InsufficientCredits)
    scenario.when(c.CloseAccount(account_id=ACCOUNT)).when(request(), **SAME).replies(task_id=TASK)


def test_another_request_with_the_key_is_refused_and_writes_nothing() -> None:
    scenario = account(opened()).when(request(), **SAME)
    scenario.when(request(task_id=OTHER_TASK, seed=1), **OTHER).fails(KeyReused)
    scenario.when(cancel(), **OTHER).fails(KeyReused)
    assert scenario.view(ACCOUNT)["reserved"] == 1


def test_a_refused_request_does_not_use_its_key_up() -> None:
    scenario = account(opened(0)).when(request(), **SAME).fails(InsufficientCredits)
    scenario.when(c.AdjustCredits(account_id=ACCOUNT, amount=CREDIT, reason="gift")).when(request(), **SAME)
    assert isinstance(scenario.event, e.TaskRequested)


def test_a_key_lasts_a_year() -> None:
    scenario = account(opened()).when(request(), **SAME).later(366 * 86400)
    scenario.when(request(task_id=OTHER_TASK), **SAME).replies(task_id=TASK)


def test_keys_and_digests_take_sixteen_bytes() -> None:
    scenario = account(opened()).when(request(), **SAME)
    keys = scenario.state.keys
    assert (len(keys.packed), len(keys.odd)) == (1, 0)
    assert sum(map(len, keys.packed.rows)) == 16 + 16 + 4 + 16
    assert keys.seen(KEY).digest == bytes.fromhex(DIGEST)


@pytest.mark.parametrize("text", ["", "z" * 32, "reaction/1", "ü" * 16])
def test_a_fold_takes_any_text_as_key(text: str) -> None:
    keys = Keys()
    envelope = Envelope(
        id="x",
        type="t",
        source="s",
        time=datetime(2030, 1, 1, tzinfo=UTC),
        subject="s",
        actor="a",
        correlation_id="c",
        idempotency_key=text,
    )
    keys.remember("k", envelope)
    assert keys.seen(text) is not None

"""What is old takes a row, and a decision on it is the same as if it were whole."""

from typing import Any

import msgspec
import pytest
from hypothesis import settings

from domain.account import commands as c
from domain.account import events as e
from domain.account.decider import AccountDecider
from domain.account.state import Accounts
from domain.decider import Append, Context, NotAtHand, Recalled, Reply
from domain.errors import DomainError, NotFound, NotInState, PreconditionFailed
from tests.domain.given_account import ACCOUNT, CREDIT, FILE, PROMPT, TASK, opened, output, request, stored_file
from tests.domain.scenario import Scenario, new_id
from tests.domain.test_histories import Histories

OTHER = new_id(800_001)


class Frugal(AccountDecider):
    """Keeps hardly anything whole, and is handed every event that it asks for."""

    def __init__(self, log: Any, kept: int = 1) -> None:
        super().__init__(kept, kept)
        self.log = log
        self.asked = 0

    def decide(self, state: Accounts, command: c.AccountCommand, context: Context) -> Append | Reply:
        decided: Append | Reply = self._with_events(state, lambda: super(Frugal, self).decide(state, command, context))
        return decided

    def view(self, state: Accounts, key: str, subject: str) -> dict[str, Any]:
        view: dict[str, Any] = self._with_events(state, lambda: super(Frugal, self).view(state, key, subject))
        return view

    def _with_events(self, state: Accounts, ask: Any) -> Any:
        events: list[Recalled] = []
        before = msgspec.msgpack.encode(state)
        while True:
            had = {envelope.offset for _, _, envelope in events}
            try:
                with self.at_hand(state, events):
                    return ask()
            except NotAtHand as missing:
                events += [self.log[offset] for offset in missing.offsets if offset not in had]
                self.asked += 1
            finally:
                assert msgspec.msgpack.encode(state) == before, "what was at hand stayed"
            assert len(events) > len(had), "it asks for what it has"


def frugal(*events: e.Event, kept: int = 1) -> Scenario:
    scenario = Scenario(AccountDecider(), ACCOUNT)
    scenario.decider = Frugal(scenario.log, kept)
    return scenario.given(events)


class FrugalHistories(Histories):
    """The histories of `test_histories`, decided by an owner that puts everything away at once as well."""

    def __init__(self) -> None:
        super().__init__()
        self.frugal = frugal(kept=1)

    def try_(self, command: c.Command, key: str | None = None, **context: Any) -> None:
        super().try_(command, key, **context)
        digest = None if key is None else type(command).__name__
        self.frugal.now = self.scenario.now
        self.frugal.when(command, idempotency_key=key, idempotency_digest=digest, **context)
        told, asked = self.scenario.outcome, self.frugal.outcome
        assert type(told) is type(asked)
        if isinstance(told, DomainError) and isinstance(asked, DomainError):
            assert (told.detail, told.extra) == (asked.detail, asked.extra)
        else:
            assert told == asked

    def teardown(self) -> None:
        assert self.frugal.refolded() == self.frugal.state
        whole: Accounts = self.scenario.state
        for account_id, account in whole.accounts.items():
            for subject in (*account.tasks, *account.files, *account.batches):
                view = self.scenario.decider.view(whole, account_id, subject)
                assert self.frugal.decider.view(self.frugal.state, account_id, subject) == view
            for task_id in account.tasks:
                question = c.DescribeRequest(account_id=account_id, task_id=task_id)
                pinned = self.scenario.when(question).outcome
                assert self.frugal.when(question).outcome == pinned
        spared = self.frugal.state
        assert sum(task.status.terminal for a in spared.accounts.values() for task in a.tasks.values()) <= 1
        assert sum(len(account.files) for account in spared.accounts.values()) <= 1


TestFrugalHistories = FrugalHistories.TestCase
TestFrugalHistories.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)


def ended(count: int = 3) -> Scenario:
    """`count` tasks completed, the last of them whole."""
    scenario = frugal(opened(50 * CREDIT), e.FileStored(file=stored_file()))
    for number in range(count):
        task_id = TASK if number == 0 else new_id(800_100 + number)
        scenario.when(request(task_id=task_id, inputs=(("image", FILE),)))
        command = c.ApplyRunSucceeded(
            account_id=ACCOUNT, task_id=task_id, attempt=1, outputs=(output(), output("preview")), source_offset=number
        )
        scenario.when(command, causation_id=new_id(810_000 + number))
    return scenario


def test_an_old_task_takes_a_row_and_holds_no_text() -> None:
    scenario = ended(9)
    state: Accounts = scenario.state
    assert len(state.accounts[ACCOUNT].tasks) == 1
    assert (len(state.archive.tasks), len(state.archive.files)) == (8, 18)
    assert PROMPT.enc.encode() not in b"".join(state.archive.tasks.rows)
    assert msgspec.msgpack.encode(state).count(PROMPT.enc.encode()) == 1


def test_what_rules_ask_of_an_old_task_needs_no_event() -> None:
    scenario = ended()
    decider = scenario.decider
    assert isinstance(decider, Frugal)
    decider.asked = 0
    cancel = c.CancelTask(account_id=ACCOUNT, task_id=TASK)
    scenario.when(msgspec.structs.replace(cancel, expected_seqs=(1,))).fails(PreconditionFailed, task_seq=2)
    scenario.when(cancel).fails(NotInState, status="completed")
    scenario.when(c.ExpireAttempt(account_id=ACCOUNT, task_id=TASK, attempt=1)).fails(NotInState)
    scenario.when(c.DescribeRun(account_id=ACCOUNT, task_id=TASK, attempt=1)).fails(NotInState)
    assert decider.asked == 0


def test_an_old_task_is_told_whole_and_forked() -> None:
    scenario = ended()
    scenario.when(c.DescribeTask(account_id=ACCOUNT, task_id=TASK))
    assert isinstance(scenario.outcome, Reply)
    assert [each["format"] for each in scenario.outcome.view["outputs"]] == ["glb", "preview"]
    scenario.when(c.DescribeRequest(account_id=ACCOUNT, task_id=TASK)).replies(seed=42, prompt_length=4)
    scenario.when(request(task_id=OTHER, parent=TASK, inputs=(("image", FILE),)))
    assert scenario.event.inputs[0].file_id == FILE


def test_an_old_file_is_deleted_once() -> None:
    scenario = ended()
    file_id = scenario.decider.view(scenario.state, ACCOUNT, TASK)["outputs"][0]["file_id"]
    assert file_id not in scenario.state.accounts[ACCOUNT].files
    delete = c.DeleteFile(account_id=ACCOUNT, file_id=file_id)
    scenario.when(delete).then(e.FileDeleted(file_id=file_id))
    scenario.when(delete).fails(NotFound)
    assert scenario.view(TASK)["outputs"][0]["deleted"]
    assert scenario.refolded() == scenario.state
    scenario.when(c.StoreFile(account_id=ACCOUNT, file=stored_file(file_id)))
    scenario.when(c.StoreFile(account_id=ACCOUNT, file=stored_file(new_id(820_000))))
    assert scenario.view(file_id)["bytes"] == 1234
    assert scenario.refolded() == scenario.state


def test_an_id_that_looks_like_an_old_files_is_unknown() -> None:
    scenario = ended()
    file_id = scenario.decider.view(scenario.state, ACCOUNT, TASK)["outputs"][0]["file_id"]
    alike = "f" + file_id[1:]
    assert scenario.state.archive.file(0, alike) == scenario.state.archive.file(0, file_id)
    scenario.when(c.DeleteFile(account_id=ACCOUNT, file_id=alike)).fails(NotFound)
    scenario.when(c.DescribeFile(account_id=ACCOUNT, file_id=alike)).fails(NotFound)


def test_somebody_elses_old_task_is_unknown() -> None:
    scenario = ended()
    scenario.when(c.OpenAccount(account_id=OTHER, user_id=3, sign_up_credits=0))
    scenario.when(c.DescribeTask(account_id=OTHER, task_id=TASK)).fails(NotFound)


@pytest.mark.parametrize("task_id", ["task-1", TASK.upper()])
def test_a_task_whose_id_is_no_uuid_stays_whole(task_id: str) -> None:
    scenario = frugal(opened(), kept=1)
    for wanted in (task_id, TASK, OTHER):
        scenario.when(request(task_id=wanted)).when(c.CancelTask(account_id=ACCOUNT, task_id=wanted))
    assert list(scenario.state.accounts[ACCOUNT].tasks) == [task_id, OTHER]
    assert scenario.view(TASK)["status"] == "cancelled"

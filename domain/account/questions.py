"""Questions: answered from the state, never an event."""

from domain.account import commands as c
from domain.account.lookups import account_of, file_of, is_batch, standing_of
from domain.account.state import Accounts
from domain.account.views import account_view, batch_view, file_view, request_view, task_view
from domain.decider import Context, Reply
from domain.errors import NotFound, NotInState


def describe_account(state: Accounts, command: c.DescribeAccount, context: Context) -> Reply:
    return Reply(account_view(command.account_id, account_of(state, command.account_id)))


def describe_open_tasks(state: Accounts, command: c.DescribeOpenTasks, context: Context) -> Reply:
    return Reply({"task_ids": list(account_of(state, command.account_id).live)})


def describe_task(state: Accounts, command: c.DescribeTask, context: Context) -> Reply:
    account = account_of(state, command.account_id)
    return Reply(task_view(state, command.account_id, account, command.task_id))


def describe_file(state: Accounts, command: c.DescribeFile, context: Context) -> Reply:
    account = account_of(state, command.account_id)
    file = file_of(state, account, command.file_id)
    if file is None:
        raise NotFound("There is no such file.")
    return Reply(file_view(command.file_id, file))


def describe_batch(state: Accounts, command: c.DescribeBatch, context: Context) -> Reply:
    account = account_of(state, command.account_id)
    if not is_batch(state, account, command.batch_id):
        raise NotFound("There is no such batch.")
    return Reply(batch_view(state, command.account_id, account, command.batch_id))


def describe_request(state: Accounts, command: c.DescribeRequest, context: Context) -> Reply:
    account = account_of(state, command.account_id)
    return Reply(request_view(state, command.account_id, account, command.task_id))


def describe_run(state: Accounts, command: c.DescribeRun, context: Context) -> Reply:
    """The order for a worker. NotInState unless this attempt is the present one and has not ended.

    A cancelling one may still put its results: if it succeeds before it sees the cancellation, it is completed.
    """
    account = account_of(state, command.account_id)
    task = standing_of(state, account, command.task_id)
    if task.attempt != command.attempt or task.status.terminal:
        raise NotInState(
            f"The task is {task.status.value} at attempt {task.attempt}.",
            status=task.status.value,
            attempt=task.attempt,
        )
    return Reply(request_view(state, command.account_id, account, command.task_id))

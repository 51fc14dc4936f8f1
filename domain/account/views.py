"""What clients and workers are told about an account, a task, a file: plain JSON values.

Money is in credits. Sealed texts stay sealed (`{event_id, field, enc}`): the edge opens them when it renders.
"""

from typing import Any

import msgspec

from domain.account.lookups import batch_of, file_of, is_batch, is_task, task_of
from domain.account.names import ENDINGS
from domain.account.state import Account, Accounts, File, Status, Task, Webhook
from domain.decider import NotAtHand
from domain.money import to_credits
from domain.rendering import sealed_of, time_of


def view(state: Accounts, account_id: str, subject: str) -> dict[str, Any]:
    """The account itself, or its task, batch, webhook or file with the id `subject`. Raises NotAtHand."""
    account = state.accounts.get(account_id)
    if account is None:
        return {}
    if subject == account_id:
        return account_view(account_id, account)
    if is_task(state, account, subject):
        return task_view(state, account_id, account, subject)
    if is_batch(state, account, subject):
        return batch_view(state, account_id, account, subject)
    if subject in account.webhooks:
        return webhook_view(subject, account.webhooks[subject])
    if (file := file_of(state, account, subject)) is not None:
        return file_view(subject, file)
    return {"file_id": subject, "deleted": True}


def account_view(account_id: str, account: Account) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "user_id": account.user_id,
        "closed": account.closed,
        "balance": to_credits(account.wallet.balance),
        "reserved": to_credits(account.wallet.reserved),
    }


def file_view(file_id: str, file: File) -> dict[str, Any]:
    """`name` is a text (results) or a sealed value (uploads)."""
    return {
        "file_id": file_id,
        "name": f"{file.task_id}.{ENDINGS.get(file.media_type, file.format)}"
        if file.name is None
        else sealed_of(file.name),
        "media_type": file.media_type,
        "bytes": file.bytes,
        "sha256": file.sha256,
        "width": file.width,
        "height": file.height,
        "task_id": file.task_id,
        "created_at": time_of(file.created_at),
    }


def webhook_view(webhook_id: str, webhook: Webhook) -> dict[str, Any]:
    """Address, description and secrets are sealed values."""
    return {
        "webhook_id": webhook_id,
        "url": sealed_of(webhook.url),
        "description": sealed_of(webhook.description),
        "types": list(webhook.types),
        "enabled": webhook.enabled,
        "disabled_because": webhook.disabled_because,
        "secret": sealed_of(webhook.secret),
        "previous_until": time_of(webhook.previous_until),
        "created_at": time_of(webhook.created_at),
        "updated_at": time_of(webhook.updated_at),
    }


def task_view(state: Accounts, account_id: str, account: Account, task_id: str) -> dict[str, Any]:
    """`reserved` is what is still held: 0 once the task ended. `queue_position` counts this account's tasks only."""
    task = task_of(state, account, task_id)
    return _pinned(account_id, task_id, task) | {
        "task_seq": task.seq,
        "parent": task.parent,
        "queue_position": queue_position(account, task_id, task),
        "price": to_credits(task.price),
        "reserved": to_credits(task.reserved),
        "charged": to_credits(task.charged),
        "outputs": [_output(state, account, form, file_id) for form, file_id in task.outputs],
        "problem": None if task.problem is None else msgspec.to_builtins(task.problem),
        "reason": task.reason,
        "created_at": time_of(task.created_at),
        "started_at": time_of(task.started_at),
        "ended_at": time_of(task.ended_at),
    }


def batch_view(state: Accounts, account_id: str, account: Account, batch_id: str) -> dict[str, Any]:
    """`reserved` is what its tasks still hold together; `items` are task views, in the order they were asked for."""
    items: list[dict[str, Any]] = []
    missing: list[int] = []
    reserved = 0
    for task_id in batch_of(state, account, batch_id) or ():
        try:
            items.append(task_view(state, account_id, account, task_id))
            reserved += task_of(state, account, task_id).reserved
        except NotAtHand as old:  # all of them at once
            missing += old.offsets
    if missing:
        raise NotAtHand(missing)
    return {"batch_id": batch_id, "reserved": to_credits(reserved), "items": items}


def request_view(state: Accounts, account_id: str, account: Account, task_id: str) -> dict[str, Any]:
    """The pinned request of a task: all that a worker's order needs, texts sealed."""
    task = task_of(state, account, task_id)
    return _pinned(account_id, task_id, task) | {
        "prompt": sealed_of(task.prompt),
        "prompt_length": task.prompt_length,
        "inputs": [msgspec.to_builtins(item) for item in task.inputs],
    }


def queue_position(account: Account, task_id: str, task: Task) -> int | None:
    """1 = the account's next; None when it is not queued. Rough: the scheduler knows the queue of all accounts."""
    if task.status is not Status.QUEUED:
        return None
    behind = 0
    for other in reversed(account.live):
        if other == task_id:
            break
        behind += account.tasks[other].status is Status.QUEUED
    return account.queued - behind


def _pinned(account_id: str, task_id: str, task: Task) -> dict[str, Any]:
    return {
        "task_id": task_id,
        "account_id": account_id,
        "kind": task.kind,
        "status": task.status.value,
        "attempt": task.attempt,
        "model": task.model,
        "model_version": task.model_version,
        "params": msgspec.json.decode(task.params),
        "seed": task.seed,
        "priority": task.priority,
        "deadline": time_of(task.deadline),
    }


def _output(state: Accounts, account: Account, form: str, file_id: str) -> dict[str, Any]:
    file = file_of(state, account, file_id)
    if file is None:
        return {"format": form, "file_id": file_id, "deleted": True}
    return {
        "format": form,
        "file_id": file_id,
        "media_type": file.media_type,
        "bytes": file.bytes,
        "sha256": file.sha256,
    }

"""Files of an account: stored, deleted, and taken as inputs of tasks."""

from sys import intern

from domain.account import commands as c
from domain.account.events import FileDeleted, FileStored, StoredFile
from domain.account.lookups import file_of, is_batch, is_file, is_task, open_account_of
from domain.account.state import Account, Accounts, File
from domain.account.views import file_view
from domain.decider import Append, Context, Reply
from domain.envelope import Envelope
from domain.errors import AlreadyExists, NotFound, NotInState
from domain.personal import SealedAt


def store_file(state: Accounts, command: c.StoreFile, context: Context) -> Append | Reply:
    """Repeatable: the same id with the same bytes is answered with the file. Raises AlreadyExists for others."""
    account = open_account_of(state, command.account_id)
    known = file_of(state, account, command.file.file_id)
    if known is not None and known.sha256 == command.file.sha256:
        return Reply(file_view(command.file.file_id, known))
    require_new(state, account, command.file.file_id)
    return Append(command.account_id, FileStored(file=command.file), command.file.file_id)


def delete_file(state: Accounts, command: c.DeleteFile, context: Context) -> Append | Reply:
    """Raises NotFound; NotInState while a task that did not end yet has it as input."""
    account = open_account_of(state, command.account_id)
    if file_of(state, account, command.file_id) is None:
        raise NotFound("There is no such file.")
    for task_id in account.live:
        if any(item.file_id == command.file_id for item in account.tasks[task_id].inputs):
            raise NotInState(f"Task {task_id} still needs this file; cancel it first.", task_id=task_id)
    return Append(command.account_id, FileDeleted(file_id=command.file_id), command.file_id)


def require_new(state: Accounts, account: Account, identifier: str) -> None:
    """Raises AlreadyExists when a file, task, batch or webhook of the account has this id."""
    found = any(known(state, account, identifier) for known in (is_file, is_task, is_batch))
    if found or identifier in account.webhooks:
        raise AlreadyExists(f"The id {identifier} is taken.")


def stored(state: Accounts, key: str, event: FileStored, envelope: Envelope) -> None:
    keep(state, key, event.file, "file_name", envelope)


def deleted(state: Accounts, key: str, event: FileDeleted, envelope: Envelope) -> None:
    account = state.accounts[key]
    if account.files.pop(event.file_id, None) is None:
        state.archive.forget_file(account.number, event.file_id)


def keep(state: Accounts, key: str, file: StoredFile, field: str, envelope: Envelope) -> None:
    """Fold one uploaded file of account `key`; `field` is the field id of its sealed name in the event."""
    state.accounts[key].files[file.file_id] = uploaded(file, field, envelope)
    state.archive.stored.append((key, file.file_id))


def uploaded(file: StoredFile, field: str, envelope: Envelope) -> File:
    """An uploaded file as the state has it."""
    return File(
        name=SealedAt.of(envelope.id, field, file.name),
        media_type=intern(file.media_type),
        bytes=file.bytes,
        sha256=file.sha256,
        created_at=envelope.time,
        width=file.width,
        height=file.height,
        offset=envelope.offset,
    )

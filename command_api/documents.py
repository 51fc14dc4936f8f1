"""What the write side's answers look like, for the specification. The handlers make them without validation."""

from typing import Any

from pydantic import Field

from adapters.http.documents import Document


class AcceptedTask(Document):
    """A task as its owner knows it now. Amounts in credits, times in RFC 3339."""

    task_id: str
    status: str = Field(description="queued, running, cancelling, completed, failed or cancelled")
    queue_position: int | None = Field(description="1 = the next of your own tasks; a read has its place among all.")
    eta_s: float | None = Field(None, description="Seconds until it may be done, if nobody else waits.")
    attempt: int
    model: str
    params: dict[str, Any]
    seed: int
    price: float
    reserved: float = Field(description="Still held; 0 once the task ended")
    charged: float
    parent: str | None = Field(description="The task this one is a retry or a fork of")
    created_at: str


class BatchedTask(Document):
    task_id: str
    url: str
    status: str
    reserved: float
    queue_position: int | None
    eta_s: float | None


class AcceptedBatch(Document):
    """The tasks in the order they were asked for. From here on each goes its own way."""

    batch_id: str
    reserved: float = Field(description="What the tasks hold together")
    items: list[BatchedTask]


class StoredFileDocument(Document):
    """A file of yours."""

    file_id: str
    name: str
    stored_name: str
    media_type: str
    bytes: int
    sha256: str
    width: int | None = Field(description="Of an image, in pixels")
    height: int | None
    created_at: str
    url: str


class Wallet(Document):
    """In credits."""

    balance: float = Field(description="Free to spend")
    reserved: float = Field(description="Held by tasks that did not end")


class User(Document):
    """A user, without the wallet."""

    id: int
    uuid: str = Field(description="The account's id.")
    username: str
    name: str | None
    email: str = Field("", description="Missing when none was given.")
    role: str
    created_at: str
    updated_at: str


class DeletedUser(Document):
    """What becomes of a deleted user, by when. Ids, amounts and times stay: they are in the ledger."""

    id: int
    uuid: str = Field(description="The account's id.")
    deleted_at: str = Field(description="From then on nobody signs in, and the name is free.")
    unreadable_by: str = Field(description="No text of the account can be read any more: its key is destroyed.")
    emptied_by: str = Field(description="No task runs, and files and results are removed.")
    erased_by: str = Field(description="URLs given away before have expired, and what they brought is removed.")


class Tokens(Document):
    access_token: str
    token_type: str = Field(examples=["bearer"])
    expires_in: int = Field(description="Seconds")
    refresh_token: str | None = Field(None, description="Missing when it came as a cookie.")

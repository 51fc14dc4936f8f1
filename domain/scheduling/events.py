"""Events of topic `lathe.assignments`, keyed by worker id."""

from domain.account.events import Event


class RunAssigned(Event, frozen=True, kw_only=True):
    """`topic`, `partition`, `offset` name the record that requested the task; the order is fetched over HTTP."""

    task_id: str
    attempt: int
    account_id: str
    worker_id: str
    model: str
    topic: str
    partition: int
    offset: int


class RunRevoked(Event, frozen=True, kw_only=True):
    """`reason`: `cancelled`, `lease-expired`, `ended`, `worker-gone`."""

    task_id: str
    attempt: int
    worker_id: str
    reason: str

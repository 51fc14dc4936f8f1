"""Celery on Redis: the task that a prefork worker runs. Acknowledged late, so a killed worker's task runs again."""

import os
from datetime import UTC, datetime
from functools import cache

from celery import Celery
from celery.signals import worker_ready
from sqlalchemy import create_engine, update
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.peers.database import SYNC_URL, Task

app = Celery("peer", broker=os.environ["PEER_REDIS_URL"])
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,  # the row holds the result
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)


@cache
def sessions() -> sessionmaker[Session]:
    """Made in each worker process, after the fork."""
    return sessionmaker(create_engine(SYNC_URL, pool_size=2))


@app.task(name="generate")  # type: ignore[untyped-decorator]
def generate(task_id: str) -> None:
    """A no-op job: show that it runs, do nothing, show that it is done."""
    with sessions()() as session:
        session.execute(update(Task).where(Task.id == task_id).values(status="running", started_at=datetime.now(UTC)))
        session.commit()
        session.execute(
            update(Task).where(Task.id == task_id).values(status="completed", result={}, ended_at=datetime.now(UTC))
        )
        session.commit()


@worker_ready.connect
def tell(**_: object) -> None:
    """For the one who started the worker."""
    print("this worker is ready", flush=True)


async def start() -> None:
    """Celery connects when the first task is sent."""


async def enqueue(task_id: str) -> None:
    """Sent in the handler itself: on two cores that is faster than through the thread pool."""
    generate.delay(task_id)

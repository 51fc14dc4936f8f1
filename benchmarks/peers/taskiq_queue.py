"""taskiq on Redis streams: acknowledged after the task ran, so a killed worker's task runs again."""

import os
from datetime import UTC, datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from taskiq import TaskiqEvents, TaskiqState
from taskiq_redis import RedisStreamBroker

from benchmarks.peers.database import ASYNC_URL, Task

broker = RedisStreamBroker(os.environ["PEER_REDIS_URL"])
sessions = async_sessionmaker(create_async_engine(ASYNC_URL, pool_size=10, max_overflow=0))


@broker.task(task_name="generate")
async def generate(task_id: str) -> None:
    """A no-op job: show that it runs, do nothing, show that it is done."""
    async with sessions() as session:
        await session.execute(
            update(Task).where(Task.id == task_id).values(status="running", started_at=datetime.now(UTC))
        )
        await session.commit()
        await session.execute(
            update(Task).where(Task.id == task_id).values(status="completed", result={}, ended_at=datetime.now(UTC))
        )
        await session.commit()


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def tell(_: TaskiqState) -> None:
    """For the one who started the worker."""
    print("this worker is ready", flush=True)


async def start() -> None:
    await broker.startup()


async def enqueue(task_id: str) -> None:
    await generate.kiq(task_id)

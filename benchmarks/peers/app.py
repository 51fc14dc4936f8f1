"""The peers' API: verify the token, insert the row, enqueue. `PEER_QUEUE`: `celery` or `taskiq`."""

import importlib
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from benchmarks.peers.database import ASYNC_URL, Task

SECRET = os.environ["PEER_JWT_SECRET"]
queue = importlib.import_module(f"benchmarks.peers.{os.environ['PEER_QUEUE']}_queue")
sessions = async_sessionmaker(create_async_engine(ASYNC_URL, pool_size=20, max_overflow=10), expire_on_commit=False)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    await queue.start()
    yield


app = FastAPI(lifespan=lifespan)


class Generation(BaseModel):
    prompt: str | None = Field(None, max_length=2000)
    model: str
    params: dict[str, Any] = {}


async def user_of(authorization: Annotated[str, Header()] = "") -> str:
    try:
        claims = jwt.decode(authorization.removeprefix("Bearer "), SECRET, algorithms=["HS256"], audience="peer")
    except jwt.InvalidTokenError as error:
        raise HTTPException(401, "The access token is not accepted.") from error
    return str(claims["sub"])


async def session_of() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


User = Annotated[str, Depends(user_of)]
Database = Annotated[AsyncSession, Depends(session_of)]


@app.post("/generate", status_code=202)
async def generate(wanted: Generation, user: User, session: Database) -> dict[str, Any]:
    task_id = str(uuid.uuid4())
    session.add(
        Task(id=task_id, user_id=user, model=wanted.model, prompt=wanted.prompt, params=wanted.params, status="queued")
    )
    await session.commit()
    await queue.enqueue(task_id)
    return {"task_id": task_id, "status": "queued"}


@app.get("/generate")
async def history(user: User, session: Database, status: str, limit: int = 1) -> dict[str, Any]:
    mine = (Task.user_id == user, Task.status == status)
    total = await session.scalar(select(func.count()).select_from(Task).where(*mine))
    rows = await session.scalars(select(Task).where(*mine).order_by(Task.created_at.desc()).limit(limit))
    return {"total": total, "items": [{"task_id": row.id, "status": row.status} for row in rows]}


@app.get("/generate/{task_id}")
async def task(task_id: str, user: User, session: Database) -> dict[str, Any]:
    row = await session.get(Task, task_id)
    if row is None or row.user_id != user:
        raise HTTPException(404, "There is no such task.")
    return {"task_id": row.id, "status": row.status, "result": row.result}

"""The peers' one table, and how the API (asyncpg) and the Celery worker (psycopg) reach it."""

import os
from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

URL = os.environ.get("PEER_POSTGRES_URL", "")
ASYNC_URL = URL.replace("postgresql://", "postgresql+asyncpg://")
SYNC_URL = URL.replace("postgresql://", "postgresql+psycopg://")


class Base(DeclarativeBase):
    pass


class Task(Base):
    __tablename__ = "tasks"

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(index=True)
    model: Mapped[str]
    prompt: Mapped[str | None]
    params: Mapped[dict[str, Any]] = mapped_column(JSONB)
    status: Mapped[str]
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

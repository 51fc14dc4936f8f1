"""Orders as they are asked for: each under its own ids, and what goes wrong told without what opens an address."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.ids import new_id
from adapters.kafka import topics
from adapters.telemetry.subject import bind
from domain.scheduling.events import RunAssigned
from ml_worker.api import CommandApi
from ml_worker.engines.port import Retryable
from ml_worker.orders import Order, OrderInput, Orders
from tests.worker.workplace import SIGNED, TOKEN, CommandApiServer

TRACES = {"request-a": "a" * 32, "request-b": "b" * 32}


@pytest.fixture
async def server() -> AsyncIterator[CommandApiServer]:
    async with CommandApiServer().serve() as server:
        yield server


@pytest.fixture
async def orders(server: CommandApiServer) -> AsyncIterator[Orders]:
    api = CommandApi((server.url,), TOKEN)
    orders = Orders(api)
    yield orders
    await orders.stop()
    await api.stop()


def given(server: CommandApiServer) -> RunAssigned:
    task_id, account_id = new_id(), new_id()
    server.order(task_id, account_id)
    return RunAssigned(
        task_id=task_id,
        attempt=1,
        account_id=account_id,
        worker_id="w",
        model="test/steps",
        topic=topics.ACCOUNTS.name,
        partition=0,
        offset=0,
    )


@pytest.mark.parametrize("refused", [False, True])
async def test_what_is_asked_for_one_run_is_asked_under_its_ids(
    server: CommandApiServer, orders: Orders, refused: bool
) -> None:
    """`refused`: together; then each is asked for alone, on the way of whoever asked first."""
    runs = {request: given(server) for request in TRACES}
    server.failures = [400] if refused else []

    async def fetch(request: str) -> Order:
        bind(correlation_id=request, traceparent=f"00-{TRACES[request]}-{'c' * 16}-01")
        return await orders.fetch(runs[request])

    found = await asyncio.gather(*(fetch(request) for request in TRACES))
    assert [order.task_id for order in found] == [run.task_id for run in runs.values()]
    together, *alone = server.heard
    assert together == ("POST", "/internal/runs", None, "")
    asked = {(f"/internal/runs/{run.task_id}/1", request, TRACES[request]) for request, run in runs.items()}
    assert {tuple(heard[1:]) for heard in alone} == (asked if refused else set())


async def test_an_answer_that_is_no_http_is_told_without_the_address(
    orders: Orders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml_worker.orders._TRIES", 1)

    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 what?\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(babble, "127.0.0.1", 0) as store:
        url = f"http://127.0.0.1:{store.sockets[0].getsockname()[1]}/photo{SIGNED}"
        item = OrderInput(role="image", url=url, sha256="0" * 64, media_type="image/png", bytes=1)
        order = Order(task_id="t", account_id="a", attempt=1, model="m", version="1", params={}, seed=1, inputs=(item,))
        with pytest.raises(Retryable) as failure:
            await orders.download(order, tmp_path / "in")
    assert "could not be read" in failure.value.message
    assert SIGNED[1:] not in failure.value.message

"""`lathe ops workers`: who runs models, and taking one out of service without losing a run."""

import asyncio
import getpass
import json
import time
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from adapters.ids import new_id
from adapters.kafka import topics
from adapters.kafka.analysis.tailing import last_entries
from adapters.kafka.port import AppendFailed
from adapters.kafka.position import TP
from adapters.kafka.writer import EventWriter
from cli.client.failures import Failure, Misused
from cli.events.failing import bootstrap_servers
from cli.ops.failing import ending_clearly
from cli.ops.workers_heard import HEARTBEATS, Heard, heard_workers
from domain.runs.events import DrainRequested

app = typer.Typer(help="The processes that run models.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of lines.")]
TAILS: Final[dict[TP, int]] = {
    (topics.ASSIGNMENTS.name, 0): 2_000,
    **{(topics.RUNS.name, p): 500 for p in range(topics.ACCOUNT_PARTITIONS)},
}
"""How many records are looked at from the end of each, beside the heartbeats."""
LOOK_S: Final = 2.0
"""As often as a worker beats: nothing is new in between, and each look reads thousands of records."""


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Show the workers whose heartbeat came within the last 10 s. Exit code 1 when there is none."""
    with ending_clearly():
        live = [worker for worker in asyncio.run(_heard(bootstrap_servers())) if worker.alive]
    if as_json:
        typer.echo(msgspec.json.encode(live).decode())
    else:
        _show(live, Console(highlight=False, soft_wrap=True))
    raise typer.Exit(0 if live else 1)


@app.command()
def drain(
    worker: Annotated[str, typer.Argument(metavar="WORKER", help="Its id, or the beginning of one.")],
    leave: Annotated[
        bool, typer.Option("--leave", help="It ends its process then. Who started it may start a new one.")
    ] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait until its runs ended; 0: not at all.")] = 900,
    as_json: AsJson = False,
) -> None:
    """Let a worker finish the runs it has and give it no more.

    Then it waits until somebody stops it, and takes nothing in the meantime; with --leave it ends by itself. The order
    stands in the log, so it outlives the scheduler. Exit codes: 0 done, 1 not in time.
    """
    with ending_clearly():
        told = asyncio.run(_drain(bootstrap_servers(), worker, leave, wait))
    if as_json:
        typer.echo(json.dumps(told))
    elif told["done"]:
        typer.echo(f"{told['worker_id']} " + ("has left." if told["left"] else "has no run any more, and gets none."))
    else:
        typer.echo(f"{told['worker_id']} gets no more runs; it has {told['running']} still.")
    raise typer.Exit(0 if told["done"] or wait == 0 else 1)


async def _heard(bootstrap: str) -> list[Heard]:
    return heard_workers(await last_entries(bootstrap, TAILS, HEARTBEATS), time.time())


async def _drain(bootstrap: str, wanted: str, leave: bool, wait_s: float) -> dict[str, object]:
    if not wanted.strip():
        raise Misused("Name a worker: its id, or the beginning of one. `lathe ops workers list` shows them.")
    found = [w for w in await _heard(bootstrap) if w.alive and w.worker_id.startswith(wanted)]
    if len(found) != 1:
        how = "several workers have such an id" if found else "no worker that is heard has such an id"
        raise Misused(f"{wanted!r}: {how}. `lathe ops workers list` shows them.")
    worker_id = found[0].worker_id
    await _ask(bootstrap, DrainRequested(worker_id=worker_id, leave=leave))
    deadline = time.monotonic() + wait_s
    while True:
        mine = next((w for w in await _heard(bootstrap) if w.worker_id == worker_id), None)
        gone = mine is None or not mine.alive
        idle = mine is not None and mine.draining and not mine.running and not mine.waiting
        done = gone or (idle and not leave)
        if done or time.monotonic() >= deadline:
            return {"worker_id": worker_id, "done": done, "left": gone, "running": 0 if mine is None else mine.running}
        await asyncio.sleep(LOOK_S)


async def _ask(bootstrap: str, event: DrainRequested) -> None:
    writer = EventWriter(bootstrap, "lathe/ops")
    try:
        await writer.write(
            topics.WORKERS, 0, event.worker_id, event, subject=event.worker_id,
            actor=f"operator/{getpass.getuser()}", correlation_id=new_id(),
        )  # fmt: skip
    except AppendFailed as error:
        raise Failure(f"Whether it was written is not known ({error}). Repeat the command: that is safe.") from None
    finally:
        await writer.stop()


def _show(workers: list[Heard], console: Console) -> None:
    if not workers:
        console.print("No worker is heard. `lathe doctor` says more.")
        return
    table = Table(box=None, header_style="bold")
    table.add_column("worker", no_wrap=True)
    for column in ("host", "device", "engines", "runs", "waiting", ""):
        table.add_column(column, overflow="fold")
    for worker in workers:
        table.add_row(
            worker.worker_id, worker.host, worker.device, ", ".join(worker.engines), f"{worker.running}/{worker.slots}",
            str(worker.waiting), "draining" if worker.draining else "",
        )  # fmt: skip
    console.print(table)

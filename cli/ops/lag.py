"""`lathe ops lag`: how far everybody who reads the log is behind it."""

import asyncio
import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.ops.failing import ending_clearly
from cli.ops.place import place
from cli.ops.readers import Reading, read_lag

BEHIND = "bold yellow"


def lag(as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False) -> None:
    """Show how far read models, reactors, owners, the scheduler, the publisher and workers are behind the log.

    Exit code 1 when a reader that should be there is not: nobody owns a partition, or no worker is heard.
    """
    with ending_clearly():
        reading = asyncio.run(read_lag(place()))
    if as_json:
        typer.echo(json.dumps(document(reading)))
    else:
        _show(reading, Console(highlight=False, soft_wrap=True))
    raise typer.Exit(1 if reading.missing else 0)


def document(reading: Reading) -> dict[str, Any]:
    return {
        "readers": [
            {"reader": r.name, "topic": r.tp[0], "partition": r.tp[1], "position": r.position, "end": r.end,
             "behind": r.behind} for r in reading.readers
        ],
        "processes": [{"process": p, "reader": n, "topic": t, "behind": b, "seconds": s}
                      for p, n, t, b, s in reading.processes],
        "owners": [
            {"topic": o.tp[0], "partition": o.tp[1], "owner": o.address, "epoch": o.epoch, "answers": o.answers,
             "undecided_runs": o.undecided} for o in reading.owners
        ],
        "workers": [
            {"worker_id": w.worker_id, "host": w.host, "silent_s": round(w.silent_s, 1), "slots": w.slots,
             "running": w.running, "waiting": w.waiting, "draining": w.draining} for w in reading.workers
        ],
        "missing": reading.missing,
    }  # fmt: skip


def _show(reading: Reading, console: Console) -> None:
    table = Table("reader", "topic", "behind", "slowest partition", box=None, header_style="bold")
    totals: dict[tuple[str, str], list[Any]] = {}
    for reader in reading.readers:
        totals.setdefault((reader.name, reader.tp[0]), []).append(reader)
    for (name, topic), several in totals.items():
        worst = max(several, key=lambda reader: int(reader.behind))
        behind = sum(reader.behind for reader in several)
        where = f"{worst.tp[1]}: {worst.position:,} of {worst.end:,}" if worst.behind else ""
        table.add_row(name, topic, _count(behind), where)
    for process, name, topic, behind, seconds in reading.processes:
        table.add_row(f"{name} ({process})", topic, _count(behind), f"{seconds:.0f} s" if seconds else "")
    console.print(table)
    owners = Table(box=None, header_style="bold")
    for column in ("owner", "owns", "epochs", "undecided runs"):
        owners.add_column(column, overflow="fold")
    by_address: dict[str | None, list[Any]] = {}
    for owner in reading.owners:
        by_address.setdefault(owner.address, []).append(owner)
    for address, owned in by_address.items():
        names: dict[str, list[int]] = {}
        for owner in owned:
            names.setdefault(owner.tp[0], []).append(owner.tp[1])
        told = ", ".join(f"{topic}/{','.join(map(str, numbers))}" for topic, numbers in names.items())
        state = "nobody" if address is None else address + ("" if owned[0].answers else "  does not answer")
        runs = [owner.undecided for owner in owned if owner.undecided is not None]
        epochs = sorted({owner.epoch for owner in owned if owner.epoch})
        owners.add_row(state, told, "–".join(dict.fromkeys(map(str, epochs[:1] + epochs[-1:]))), _count(sum(runs)))
    console.print(owners)
    workers = Table(box=None, header_style="bold")
    workers.add_column("worker", no_wrap=True)
    for column in ("host", "silent", "runs", "waiting", ""):
        workers.add_column(column, overflow="fold")
    for worker in reading.workers:
        workers.add_row(worker.worker_id, worker.host, f"{worker.silent_s:.0f} s", f"{worker.running}/{worker.slots}",
                        _count(worker.waiting), "draining" if worker.draining else "")  # fmt: skip
    console.print(workers)
    for line in reading.missing:
        console.print(f"[bold red]{line}[/]")


def _count(number: int) -> str:
    return f"[{BEHIND}]{number:,}[/]" if number else "0"

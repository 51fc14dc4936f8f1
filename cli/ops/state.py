"""`lathe ops state`: an account as it was at a place in the log."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from adapters.kafka import topics
from cli.client.failures import Misused
from cli.events.options import account_id, moment
from cli.ops.failing import ending_clearly
from cli.ops.place import environment

_POSITION: Final = re.compile(r"([\w.]+):(\d{1,4})@(\d{1,18})")
MICRO: Final = 1_000_000
MONEY: Final = ("balance", "reserved", "granted", "charged", "forfeited")
SHOWN: Final = 20


def state(
    account: Annotated[str, typer.Option(help="The account's id (a UUID).")],
    at: Annotated[
        str | None,
        typer.Option(help="`lathe.accounts:5@1200` (a Lathe-Position: that event is the last one that counts), a time "
                     "(2026-11-01T10:00Z), or how long ago (90m, 7d). Default: now."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document, with every row.")] = False,
) -> None:  # fmt: skip
    """Show an account as it was: wallet, ledger, tasks and files, folded from its first event up to there.

    Nothing is read but the log, and nothing is changed. Texts of users stay sealed. Exit codes: 2 there is no such
    place, 75 the broker does not answer.
    """
    with ending_clearly():
        account = account_id(account)
        place = _place(account, at)
    done = subprocess.run(
        [sys.executable, "-m", "processors.past", account, *place],
        env=environment(),
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        raise typer.Exit(done.returncode)
    if as_json:
        typer.echo(done.stdout.decode(), nl=False)
    else:
        _show(json.loads(done.stdout), Console(highlight=False, soft_wrap=True))


def _place(account: str, at: str | None) -> list[str]:
    """The options of `processors.past`. Raises Misused."""
    if at is None:
        return []
    if (position := _POSITION.fullmatch(at.strip())) is not None:
        tp = (position[1] if position[1].startswith("lathe.") else f"lathe.{position[1]}", int(position[2]))
        expected = (topics.ACCOUNTS.name, topics.account_partition(account))
        if tp != expected:
            raise Misused(f"--at: this account's events stand in {expected[0]}:{expected[1]}, not in {tp[0]}:{tp[1]}.")
        return ["--offset", position[3]]
    found = moment(at, "--at", datetime.now(UTC))
    assert found is not None
    return ["--time", found.isoformat()]


def _show(past: dict[str, Any], console: Console) -> None:
    rows = past["rows"]
    console.print(f"Account {past['account_id']} at {past['at']}, after {past['events']:,} of its events; "
                  f"the last was decided at {past['time']}.", markup=False)  # fmt: skip
    if past["stopped"]:
        offset, why = past["stopped"]
        console.print(f"[bold red]The record at offset {offset} cannot be folded[/] ({why}); what follows is not told.")
    for account in rows.get("accounts", []):
        wallet = ", ".join(f"{name} {_credits(account[name])}" for name in MONEY)
        console.print(f"It is {account['status']}, of user {account['user_id']}. Credits: {wallet}.")
    _list(console, "tasks", rows.get("tasks", []), ("task_id", "status", "attempt", "model", "reserved", "charged",
                                                    "created_at", "ended_at"))  # fmt: skip
    _list(console, "files", rows.get("files", []), ("file_id", "media_type", "bytes", "sha256", "created_at"))
    _list(console, "ledger", rows.get("ledger", []), ("version", "kind", "time", "task_id", "balance", "reserved",
                                                      "charged"))  # fmt: skip


def _list(console: Console, name: str, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    """The last ones; `--json` has all."""
    if not rows:
        return
    more = f", the last {SHOWN}" if len(rows) > SHOWN else ""
    console.print(f"\n[bold]{len(rows):,} {name}[/]{more}")
    table = Table(box=None, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows[-SHOWN:]:
        table.add_row(*(_credits(row[c]) if c in MONEY else "" if row[c] is None else str(row[c]) for c in columns))
    console.print(table)


def _credits(micro: int) -> str:
    return f"{micro / MICRO:,.6f}".rstrip("0").rstrip(".")

"""`lathe ops erasures`: who was deleted, how far the erasure of each account is, and who must stay erased."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from adapters.postgres.engine import make_pool
from adapters.postgres.erasures import Erasure, Erasures
from cli.client.failures import Misused
from cli.ops.failing import ending_clearly
from cli.ops.place import environment
from domain.ids import partition_in

Done = TypeVar("Done")
app = typer.Typer(help="Deleted users whose accounts are erased, or are being erased.", no_args_is_help=True)
STEPS: Final = (("done_at", "erased"), ("emptied_at", "empty"), ("key_gone_at", "unreadable"))


@app.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line: what `order` takes.")] = False,
) -> None:
    """List all of them, the oldest deletion first. There is nothing personal in the list: keep it beside backups."""
    with ending_clearly():
        found = _with_list(Erasures.all, environment()["LATHE_POSTGRES_URL"])
    if as_json:
        for erasure in found:
            typer.echo(json.dumps(_document(erasure)))
        return
    console = Console(highlight=False, soft_wrap=True)
    if not found:
        console.print("Nobody was deleted.")
        return
    table = Table("account", "deleted", "state", box=None, header_style="bold")
    for erasure in found:
        table.add_row(erasure.account_id, _time(erasure.deleted_at), _state(erasure))
    console.print(table)


@app.command()
def order(
    file: Annotated[typer.FileText, typer.Argument(help="Lines of `list --json`; `-`: from standard input.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """After a restore: erase everybody on a list that is newer than the backup. There is no way back.

    Their keys are destroyed at once, the rest is done by the processors as soon as they run. Repeatable. Exit codes:
    2 the file is no such list, 75 PostgreSQL does not answer.
    """
    with ending_clearly():
        accounts = listed(file)
        if not yes:
            if not sys.stdin.isatty():
                raise Misused("This destroys data; say --yes when nobody can be asked.")
            typer.confirm(f"Erase {len(accounts)} accounts for good?", abort=True)
        erase_again(accounts, environment()["LATHE_POSTGRES_URL"])


def listed(lines: Iterable[str]) -> list[str]:
    """The accounts of a list that `list --json` made. Raises Misused."""
    try:
        accounts = [_account(line, number) for number, line in enumerate(lines, start=1) if line.strip()]
    except UnicodeDecodeError:
        raise Misused("This is no such list: it is not even text.") from None
    if not accounts:
        raise Misused("There is nobody on this list.")
    return accounts


def erase_again(accounts: list[str], postgres_url: str) -> None:
    """Raises DependencyDown, and asyncpg's errors."""
    ordered = _with_list(lambda erasures: erasures.order_all(accounts), postgres_url)
    typer.echo(f"{len(ordered)} accounts are being erased; `lathe ops erasures list` shows how far it is.", err=True)


def _account(line: str, number: int) -> str:
    """Raises Misused."""
    try:
        account_id = json.loads(line)["account_id"]
        partition_in(account_id)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Misused(f'Line {number} is no entry of the list: {{"account_id": "<UUID>", …}} is one.') from None
    return str(account_id)


def _with_list(act: Callable[[Erasures], Awaitable[Done]], postgres_url: str) -> Done:
    async def run() -> Done:
        pool = await make_pool(postgres_url, size=1)
        try:
            return await act(Erasures(pool))
        finally:
            await pool.close()

    return asyncio.run(run())


def _document(erasure: Erasure) -> dict[str, Any]:
    return {
        "account_id": erasure.account_id,
        "deleted_at": _time(erasure.deleted_at),
        "key_gone_at": _time(erasure.key_gone_at),
        "emptied_at": _time(erasure.emptied_at),
        "done_at": _time(erasure.done_at),
    }


def _state(erasure: Erasure) -> str:
    for name, state in STEPS:
        if getattr(erasure, name) is not None:
            return state
    return "ordered"


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")

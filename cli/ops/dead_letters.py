"""`lathe ops deadletters`: records that could not be folded, and what to do with them.

The same rows and orders as `/admin/dead-letters`, without a login: whoever may open the database is an operator.
"""

import asyncio
import getpass
import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

import asyncpg
import typer
from rich.console import Console

from adapters.postgres.dead_letters import Action, DeadLetterOrders, Place, place_of
from adapters.postgres.read.migrate import live_schema
from cli.ops.failing import ending_clearly
from cli.ops.place import environment

app = typer.Typer(help="Records that the read models could not take in.", no_args_is_help=True)
Letter = Annotated[str, typer.Argument(metavar="PLACE", help="As `show` names it: lathe.accounts:5@1200.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of lines.")]
Wait = Annotated[float, typer.Option(min=0, help="Seconds to wait for what comes of it.")]
_LOOK_S: Final = 0.1
_LETTERS: Final = """
SELECT topic, partition, "offset", convert_from(key, 'UTF8') AS key, event_type, event_id, why, parked_at,
    (SELECT count(*) FROM {schema}.parked_records b WHERE b.role = 'behind' AND b.topic = p.topic
        AND b.partition = p.partition AND b.key IS NOT DISTINCT FROM p.key AND b."offset" > p."offset") AS behind
FROM {schema}.parked_records p WHERE role = 'poison' ORDER BY topic, partition, "offset"
"""
_ORDER: Final = "SELECT * FROM ops.dead_letter_orders WHERE order_id = $1"


@app.command()
def show(as_json: AsJson = False) -> None:
    """List the records that are the cause, with what waits behind each. Exit code 1 when there are some."""

    async def listed(pool: Any) -> list[dict[str, Any]]:
        async with pool.acquire() as connection:
            schema = await live_schema(connection)
            if await connection.fetchval("SELECT to_regclass($1)", f"{schema}.parked_records") is None:
                return []
            return [dict(row) for row in await connection.fetch(_LETTERS.format(schema=schema))]

    letters = _with_database(listed)
    for letter in letters:
        letter["id"] = str(Place(letter.pop("topic"), letter.pop("partition"), letter.pop("offset")))
        letter["parked_at"] = letter["parked_at"].isoformat()
    console = Console(highlight=False, soft_wrap=True)
    if as_json:
        typer.echo(json.dumps(letters))
    elif not letters:
        console.print("No record is parked.")
    for letter in [] if as_json else letters:
        console.print(f"{letter['id']}  {letter['event_type']}  of {letter['key']}", markup=False)
        console.print(f"  {letter['why']}", markup=False)
        console.print(f"  {letter['behind']:,} records of its stream wait behind it, since {letter['parked_at']}")
    raise typer.Exit(1 if letters else 0)


@app.command()
def retry(letter: Letter, wait: Wait = 30, as_json: AsJson = False) -> None:
    """Fold its stream again, from its first parked record on, in order: after the cause was put right. Repeatable."""
    _order(letter, "retry", wait, as_json)


@app.command()
def skip(letter: Letter, wait: Wait = 30, as_json: AsJson = False) -> None:
    """Leave this one record out of the read models for good, and take in those behind it. The log keeps it."""
    _order(letter, "skip", wait, as_json)


def _order(letter: str, action: Action, wait_s: float, as_json: bool) -> None:
    async def ordered(pool: Any) -> dict[str, Any]:
        order = await DeadLetterOrders(pool).place(place_of(letter), action, f"operator/{getpass.getuser()}")
        try:
            async with asyncio.timeout(wait_s):
                row = await _done(pool, order.order_id)
        except TimeoutError:
            return {"letter": letter, "action": action, "outcome": None, "folded": 0, "left": None, "why": None}
        return {"letter": letter, "action": action} | {n: row[n] for n in ("outcome", "folded", "left", "why")}

    told = _with_database(ordered)
    if as_json:
        typer.echo(json.dumps(told))
    else:
        typer.echo(_worded(told))
    raise typer.Exit(0 if told["outcome"] in ("folded", "skipped") and not told["left"] else 1)


async def _done(pool: Any, order_id: int) -> Any:
    """The order once the projector has carried it out."""
    while True:
        row = await pool.fetchrow(_ORDER, order_id)
        if row["done_at"] is not None:
            return row
        await asyncio.sleep(_LOOK_S)


def _worded(told: dict[str, Any]) -> str:
    match told["outcome"]:
        case None:
            return "It is ordered, and was not done in time: is `processors` running? Its projector carries it out."
        case "failed":
            return f"It cannot be folded yet: {told['why']}. {told['left']:,} records wait."
        case "not-parked":
            return "It is parked no longer: somebody was faster, or the read models were built anew."
        case "not-first":
            return "It is not the first parked record of its stream. `lathe ops deadletters show` names that."
    done = "It is left out" if told["outcome"] == "skipped" else "Its stream was folded"
    more = f"; {told['left']:,} wait still: {told['why']}" if told["left"] else ""
    return f"{done}: {told['folded']:,} records taken in{more}."


def _with_database(do: Callable[[Any], Awaitable[Any]]) -> Any:
    url = environment()["LATHE_POSTGRES_URL"]

    async def work() -> Any:
        async with asyncpg.create_pool(url, min_size=1, max_size=2, timeout=10) as pool:
            return await do(pool)

    with ending_clearly():
        return asyncio.run(work())

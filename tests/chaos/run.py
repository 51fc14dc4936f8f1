"""One chaos of the whole service: start it, load it, hurt it, let it heal, judge what was told."""

import asyncio
import random
import signal
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import aiohttp
import msgspec
import uvloop

from adapters.settings import load_settings
from tests.chaos.checker import Anomaly, check
from tests.chaos.clients import Load
from tests.chaos.faults import Done, Faults
from tests.chaos.history import History, now
from tests.chaos.stack import ChaosStack
from tests.chaos.truth import Truth, read_truth

LIVELY: Final = 20
"""Commands that are answered between two faults."""
DOWN_S: Final = 300.0
"""Nobody hurts it, and yet it has not answered so many for so long: it does not come back by itself."""
LOOKING_S: Final = 1_800.0
"""For settling everything and looking at all that was done, when everything is well again."""


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how hard. It goes on until there were enough faults and commands, or the time is up."""

    seconds: float
    """For the faults; longer only while there were fewer than `least_faults`."""
    faults: int
    commands: int
    seed: int
    least_faults: int = 0
    """However long they take."""
    between_s: tuple[float, float] = (0.3, 2.5)
    """Between the end of one fault and the beginning of the next."""
    pace_s: float = 0.1
    """How long a client rests after each command."""
    disk_mb: int = 2_400
    """Size of the file system that all state lies on; it is memory, as far as it is used."""
    rest_s: float = 8.0
    """How long those who generate rest between two tasks."""


class Outcome(msgspec.Struct, kw_only=True):
    """What happened, for docs/reports."""

    seed: int
    seconds: float = 0.0
    commands: int = 0
    kinds: dict[str, int] = {}
    results: dict[str, int] = {}
    requests: int = 0
    repeated: int = 0
    """Requests that had no definite answer and were sent again."""
    repeats: int = 0
    """Commands sent again on purpose after their answer."""
    reads: int = 0
    tasks: dict[str, int] = {}
    events: int = 0
    claims: int = 0
    void: int = 0
    faults: list[Done] = []
    missing: list[str] = []
    healed_s: float = 0.0
    """From the end of the last fault until everything answered again."""
    settled_s: float = 0.0
    """From then on until every command had its answer and every task had ended, and all was looked at."""
    verified: str = ""
    """What `lathe ops verify` says of the log at the end."""
    anomalies: list[Anomaly] = []

    def lines(self) -> list[str]:
        def told(counts: dict[str, int]) -> str:
            return ", ".join(f"{n:,} {what}" for what, n in sorted(counts.items()))

        kinds = Counter(fault.kind for fault in self.faults)
        parts = Counter(fault.on for fault in self.faults)
        return [
            f"{self.seconds:.0f} s, seed {self.seed}, durability {load_settings().durability}",
            f"commands: {self.commands:,} with a definite answer ({told(self.kinds)}): {told(self.results)}",
            f"requests: {self.requests:,}, of them {self.repeated:,} repeats for want of a definite answer; "
            f"{self.repeats:,} commands repeated on purpose; {self.reads:,} reads",
            f"tasks: {told(self.tasks)}",
            f"lathe.accounts: {self.events:,} valid events, {self.claims:,} valid claims, {self.void:,} void records",
            f"faults: {len(self.faults)} ({told(kinds)})",
            f"on: {told(parts)}",
            *(f"left out: {why}" for why in self.missing),
            f"well again {self.healed_s:.0f} s after the last fault, everything settled {self.settled_s:.0f} s later",
            *([f"lathe ops verify: {self.verified}"] if self.verified else []),
            f"anomalies: {len(self.anomalies)}",
            *(f"  {a.kind}: {a.what}: {a.seen}" for a in self.anomalies[:20]),
        ]


def play(orders: Orders, keep: Path | None = None, say: Callable[[str], None] = lambda line: None) -> Outcome:
    """`keep`: a folder for the history, the faults and the parts' logs, for whoever looks for a cause."""
    with tempfile.TemporaryDirectory(prefix="lathe-chaos-") as folder:
        return uvloop.run(_play(orders, Path(folder), keep, say))


async def _play(orders: Orders, folder: Path, keep: Path | None, say: Callable[[str], None]) -> Outcome:
    folder.chmod(0o755)  # PostgreSQL runs as another user
    _end_as_by_ctrl_c()
    stack = ChaosStack(folder, orders.disk_mb)
    async with AsyncExitStack() as after:
        after.callback(stack.disk.unmount)
        after.push_async_callback(stack.close_lines)
        await stack.open_lines()
        if keep is not None:
            after.callback(_keep_logs, stack, keep)
        after.push_async_callback(asyncio.to_thread, stack.stop)
        after.callback(stack.disk.free)
        await asyncio.to_thread(stack.start)
        say("started")
        return await _hurt(orders, stack, keep, say)


def _end_as_by_ctrl_c() -> None:
    """Whoever ends this run by SIGTERM finds no process and no file system of it left, either."""
    task = asyncio.current_task()
    if task is not None and threading.current_thread() is threading.main_thread():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


async def _hurt(orders: Orders, stack: ChaosStack, keep: Path | None, say: Callable[[str], None]) -> Outcome:
    faults = Faults(stack, orders.seed)
    outcome = Outcome(seed=orders.seed)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=35)) as http:
        load = Load(http, stack.url, orders.seed, orders.pace_s, orders.rest_s)
        try:
            await load.start()
            began = now()
            await _one_after_another(orders, faults, load, outcome, say)
            faults.end_all()
            over = now()
            outcome.seconds = over - began
            await _heal(stack, load, outcome, say)
        finally:
            faults.end_all()
            await load.stop()
    if keep is not None:
        load.history.save(keep / "history.json")
        faults.save(keep / "faults.json")
    truth = await read_truth(stack.broker)
    outcome.verified = await asyncio.to_thread(stack.verify)
    say(f"verified: {outcome.verified}")
    if not outcome.verified.startswith("exit code 0"):
        outcome.anomalies.append(Anomaly("verify", outcome.verified))
    _tell(outcome, load.history, truth, faults)
    return outcome


async def _one_after_another(
    orders: Orders, faults: Faults, load: Load, outcome: Outcome, say: Callable[[str], None]
) -> None:
    chance = random.Random(orders.seed)
    began = now()
    while now() - began < orders.seconds or len(faults.done) < orders.least_faults:
        if len(faults.done) >= orders.faults and load.commands() >= orders.commands:
            break
        await asyncio.sleep(chance.uniform(*orders.between_s))
        if not await _is_alive(load):
            outcome.anomalies.append(
                Anomaly("stood still", f"not {LIVELY} answers in {DOWN_S:.0f} s", faults.done[-1:])
            )
            break
        fault = await faults.one()
        say(f"{now() - began:6.0f} s  {load.commands():7,}  {fault.on} {fault.kind} {fault.detail}")


async def _is_alive(load: Load) -> bool:
    """Waits until some commands were answered: who hurts what is down already learns nothing."""
    answered, until = load.commands() + LIVELY, now() + DOWN_S
    while load.commands() < answered and now() < until:
        await asyncio.sleep(0.1)
    return load.commands() >= answered


async def _heal(stack: ChaosStack, load: Load, outcome: Outcome, say: Callable[[str], None]) -> None:
    """Nobody hurts it any more: everything answers, is settled, and is looked at, or that is an anomaly."""
    began = now()
    try:
        await asyncio.to_thread(stack.wait_ready)
    except AssertionError as error:
        outcome.anomalies.append(Anomaly("not well again", str(error)))
    outcome.healed_s = now() - began
    say(f"well again after {outcome.healed_s:.0f} s")
    began = now()
    try:
        async with asyncio.timeout(LOOKING_S):
            await load.finish()
    except TimeoutError:
        outcome.anomalies.append(Anomaly("not well again", f"not everything was settled after {LOOKING_S:.0f} s"))
    outcome.settled_s = now() - began
    say(f"settled after {outcome.settled_s:.0f} s")


def _tell(outcome: Outcome, history: History, truth: Truth, faults: Faults) -> None:
    settled = [c for c in history.commands if c.result != "open"]
    outcome.commands = len(settled)
    outcome.kinds = Counter(c.kind for c in settled)
    outcome.results = Counter(c.code if c.result == "refused" else c.result for c in history.commands)
    outcome.requests = sum(len(c.attempts) for c in history.commands)
    outcome.repeated = sum(len(c.attempts) - 1 for c in history.commands)
    outcome.repeats = sum(c.repeats_of is not None for c in history.commands)
    outcome.reads = len(history.reads)
    outcome.tasks = Counter(task.status for task in history.tasks)
    outcome.events, outcome.claims, outcome.void = len(truth.steps), truth.claims, truth.void
    outcome.faults, outcome.missing = faults.done, faults.missing
    outcome.anomalies += check(history, truth)


def _keep_logs(stack: ChaosStack, keep: Path) -> None:
    for log in (*(stack.home / "logs").glob("*"), stack.log):
        if log.exists():
            (keep / log.name).write_bytes(log.read_bytes())


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)

"""One chaos of the whole service: start it, load it, hurt it, let it heal, judge what was told."""

import asyncio
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

import aiohttp
import msgspec
import uvloop

from tests.chaos.checker import Anomaly, check
from tests.chaos.clients import Load
from tests.chaos.faults import Done, Faults
from tests.chaos.history import History, now
from tests.chaos.stack import ChaosStack
from tests.chaos.truth import Truth, read_truth

LIVELY: Final = 20
"""Commands that are answered between two faults."""


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how hard. It goes on until there were enough faults and commands, or the time is up."""

    seconds: float
    """At most, for the faults."""
    faults: int
    commands: int
    seed: int
    between_s: tuple[float, float] = (0.5, 4.0)
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
    verified: str = ""
    """What `lathe ops verify` says of the log at the end."""
    anomalies: list[Anomaly] = []

    def lines(self) -> list[str]:
        def told(counts: dict[str, int]) -> str:
            return ", ".join(f"{n:,} {what}" for what, n in sorted(counts.items()))

        kinds = Counter(fault.kind for fault in self.faults)
        parts = Counter(fault.on for fault in self.faults)
        return [
            f"{self.seconds:.0f} s, seed {self.seed}",
            f"commands: {self.commands:,} with a definite answer ({told(self.kinds)}): {told(self.results)}",
            f"requests: {self.requests:,}, of them {self.repeated:,} repeats for want of a definite answer; "
            f"{self.repeats:,} commands repeated on purpose; {self.reads:,} reads",
            f"tasks: {told(self.tasks)}",
            f"lathe.accounts: {self.events:,} valid events, {self.claims:,} valid claims, {self.void:,} void records",
            f"faults: {len(self.faults)} ({told(kinds)})",
            f"on: {told(parts)}",
            *(f"left out: {why}" for why in self.missing),
            f"well again {self.healed_s:.0f} s after the last fault",
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
    stack = ChaosStack(folder, orders.disk_mb)
    try:
        await stack.open_lines()
        await asyncio.to_thread(stack.start)
        say("started")
        return await _hurt(orders, stack, keep, say)
    finally:
        stack.disk.free()
        await asyncio.to_thread(stack.stop)
        if keep is not None:
            _keep_logs(stack, keep)
        await stack.close_lines()
        stack.disk.unmount()


async def _hurt(orders: Orders, stack: ChaosStack, keep: Path | None, say: Callable[[str], None]) -> Outcome:
    chance = random.Random(orders.seed)
    faults = Faults(stack, orders.seed)
    began = now()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=35)) as http:
        load = Load(http, stack.url, orders.seed, orders.pace_s, orders.rest_s)
        try:
            await load.start()
            while now() - began < orders.seconds:
                if len(faults.done) >= orders.faults and load.commands() >= orders.commands:
                    break
                await asyncio.sleep(chance.uniform(*orders.between_s))
                if len(faults.done) < orders.faults:
                    await _until_alive(load, began + orders.seconds)
                    fault = await faults.one()
                    say(f"{now() - began:6.0f} s  {load.commands():7,}  {fault.on} {fault.kind} {fault.detail}")
            faults.end_all()
            over = now()
            await asyncio.to_thread(stack.wait_ready)
            healed = now() - over
            say("well again")
            await load.finish()
        finally:
            await load.stop()
    truth = await read_truth(stack.broker)
    verified = await asyncio.to_thread(stack.verify)
    if keep is not None:
        load.history.save(keep / "history.json")
        faults.save(keep / "faults.json")
    outcome = _told(orders, load.history, truth, faults)
    outcome.seconds, outcome.healed_s, outcome.verified = over - began, healed, verified
    if not verified.startswith("exit code 0"):
        outcome.anomalies.append(Anomaly("verify", verified))
    return outcome


async def _until_alive(load: Load, until: float) -> None:
    """Until some commands were answered, `until` at most: who hurts what is down already learns nothing."""
    answered = load.commands() + LIVELY
    while load.commands() < answered and now() < until:
        await asyncio.sleep(0.1)


def _told(orders: Orders, history: History, truth: Truth, faults: Faults) -> Outcome:
    settled = [c for c in history.commands if c.result != "open"]
    return Outcome(
        seed=orders.seed,
        commands=len(settled),
        kinds=Counter(c.kind for c in settled),
        results=Counter(c.code if c.result == "refused" else c.result for c in history.commands),
        requests=sum(len(c.attempts) for c in history.commands),
        repeated=sum(len(c.attempts) - 1 for c in history.commands),
        repeats=sum(c.repeats_of is not None for c in history.commands),
        reads=len(history.reads),
        tasks=Counter(task.status for task in history.tasks),
        events=len(truth.steps),
        claims=truth.claims,
        void=truth.void,
        faults=faults.done,
        missing=faults.missing,
        anomalies=check(history, truth),
    )


def _keep_logs(stack: ChaosStack, keep: Path) -> None:
    for log in (*(stack.home / "logs").glob("*"), stack.log):
        if log.exists():
            (keep / log.name).write_bytes(log.read_bytes())


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)

"""Rival owners, frozen, killed and cut off, while clients append: `python -m tests.log.chaos --seconds 300`.

It lasts so long, and longer on a slow machine: until there were enough faults and answers to judge.

Each owner reaches the broker through its own proxy. Faults: SIGSTOP/SIGCONT and kill -9 of owners and of the broker,
two owners told to own the same partition, a connection that is held and released later. At the end the whole history
is checked against the log (history.py).
"""

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import uvloop

from adapters.commands.client import CommandClient
from adapters.errors import Unavailable
from adapters.ids import new_id
from adapters.kafka import topics
from adapters.kafka.directory import Directory
from adapters.kafka.follower import Entry, Follower
from adapters.kafka.kafka_log import KafkaLog
from adapters.kafka.position import Position
from domain.account.commands import AdjustCredits, DescribeAccount, OpenAccount
from domain.decider import Context
from domain.errors import DomainError
from tests.log.broker import Broker, free_port
from tests.log.history import Anomaly, Operation, check, fold, now
from tests.log.owner_process import KEY
from tests.log.proxy import Proxy

PARTITIONS = 2
TOPIC = topics.Topic(topics.ACCOUNTS.name, PARTITIONS, owned=True)
CONNECTIONS = (1, 6, 6)
"""Of each owner, for its appends: as without, and twice as with LATHE_DURABILITY=fsync."""
OWNERS = len(CONNECTIONS)
CLIENTS = 24


class Report:
    """What happened, for the reader of docs/reports."""

    def __init__(self) -> None:
        self.faults: Counter[str] = Counter()
        self.results: Counter[str] = Counter()
        self.claims = self.events = self.void = 0
        self.seconds = 0.0
        self.anomalies: list[Anomaly] = []

    def lines(self) -> list[str]:
        faults = ", ".join(f"{n} {kind}" for kind, n in sorted(self.faults.items()))
        results = ", ".join(f"{n:,} {kind}" for kind, n in sorted(self.results.items()))
        return [
            f"{self.seconds:.0f} s, {OWNERS} rival owners, {CLIENTS} clients, {PARTITIONS} partitions",
            f"operations: {results}",
            f"log: {self.events:,} valid events, {self.claims} valid claims, {self.void} void records",
            f"faults: {sum(self.faults.values())} ({faults})",
            f"anomalies: {len(self.anomalies)}",
            *(f"  {a.what}: {a.operation}" for a in self.anomalies[:20]),
        ]


class Rival:
    """One owner's process behind its proxy."""

    def __init__(self, name: int, port: int, proxy: Proxy, listener: str) -> None:
        self.name, self.port, self.proxy, self.listener = name, port, proxy, listener
        self.process: asyncio.subprocess.Process | None = None
        self.reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.log.owner_process",
            self.listener,
            str(self.port),
            str(PARTITIONS),
            str(CONNECTIONS[self.name]),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert self.process.stdout is not None
        while (line := await self.process.stdout.readline()) and b"ready" not in line:
            pass
        self.reading = asyncio.create_task(_read_on(self.process.stdout))

    def signal(self, number: int) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(number)

    async def kill(self) -> None:
        self.signal(signal.SIGKILL)
        if self.process is not None:
            await self.process.wait()
        if self.reading is not None:
            await self.reading


async def _read_on(output: asyncio.StreamReader) -> None:
    """An owner that nobody reads from would stand still when the pipe is full, by no fault of ours."""
    while await output.read(65536):
        pass


class Chaos:
    def __init__(self, seconds: float, seed: int, folder: Path, faults: int = 0, applied: int = 0) -> None:
        self.seconds, self.random, self.folder = seconds, random.Random(seed), folder
        self.wanted_faults, self.wanted_applied = faults, applied
        self.report = Report()
        self.history: list[Operation] = []
        self.over = False

    async def run(self) -> Report:
        ports = [free_port() for _ in range(OWNERS)]
        self.broker = Broker(self.folder, extra=[(f"VIA{i}", free_port(), port) for i, port in enumerate(ports)])
        await self.broker.start()
        await self.broker.create([TOPIC, topics.OWNERS])
        self.rivals = []
        for i, port in enumerate(ports):
            proxy = Proxy(port, self.broker.extra[i][1])
            await proxy.start()
            self.rivals.append(Rival(i, free_port(), proxy, f"127.0.0.1:{port}"))
        try:
            await asyncio.gather(*(rival.start() for rival in self.rivals))
            await self._play()
        finally:
            for rival in self.rivals:
                rival.signal(signal.SIGCONT)
                await rival.kill()
                await rival.proxy.stop()
            await self.broker.stop()
        return self.report

    async def _play(self) -> None:
        log = KafkaLog(self.broker.address, "clients")
        directory = Directory(log)
        await directory.start()
        clients = CommandClient(directory, KEY)
        self.http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2))
        began = now()
        rulers = asyncio.create_task(self._rule())
        calls = [asyncio.create_task(self._client(clients)) for _ in range(CLIENTS)]
        await self._break(began + self.seconds)
        self.over = True
        await asyncio.gather(*calls)
        rulers.cancel()
        self.report.seconds = now() - began
        await self.http.close()
        await clients.stop()
        await directory.stop()
        await self._judge(log)
        await log.close()

    async def _rule(self) -> None:
        """Tell owners what to want: mostly one for each partition, now and then two."""
        while True:
            wants: dict[int, set[int]] = {rival.name: set() for rival in self.rivals}
            for partition in range(PARTITIONS):
                for name in self.random.sample(range(OWNERS), 2 if self.random.random() < 0.3 else 1):
                    wants[name].add(partition)
            for rival in self.rivals:
                try:
                    body = json.dumps(sorted(wants[rival.name]))
                    async with self.http.post(f"http://127.0.0.1:{rival.port}/want", data=body):
                        pass
                except (aiohttp.ClientError, TimeoutError, OSError):
                    continue
            await asyncio.sleep(self.random.uniform(1, 4))

    def _enough(self) -> bool:
        applied = sum(op.result == "applied" for op in self.history)
        return sum(self.report.faults.values()) >= self.wanted_faults and applied >= self.wanted_applied

    async def _break(self, end: float) -> None:
        while now() < end or not self._enough():
            await asyncio.sleep(self.random.uniform(0.5, 2.5))
            rival = self.random.choice(self.rivals)
            pause = self.random.choice([0.3, 1.0, 3.0, 7.0])
            match self.random.choices(["freeze", "kill", "cut", "freeze broker", "kill broker"], [4, 3, 5, 2, 1])[0]:
                case "freeze":
                    self.report.faults["owner frozen"] += 1
                    rival.signal(signal.SIGSTOP)
                    await asyncio.sleep(pause)
                    rival.signal(signal.SIGCONT)
                case "kill":
                    self.report.faults["owner killed"] += 1
                    await rival.kill()
                    await rival.start()
                case "cut":
                    self.report.faults["connection held and released"] += 1
                    rival.proxy.hold()
                    await asyncio.sleep(pause)
                    rival.proxy.release()
                case "freeze broker":
                    self.report.faults["broker frozen"] += 1
                    self.broker.signal(signal.SIGSTOP)
                    await asyncio.sleep(min(pause, 3.0))
                    self.broker.signal(signal.SIGCONT)
                case "kill broker":
                    self.report.faults["broker killed"] += 1
                    await self.broker.kill()
                    await self.broker.start()

    async def _client(self, commands: CommandClient) -> None:
        keys: list[tuple[str, str, int, str]] = []
        while not self.over:
            account = f"account-{self.random.randrange(6)}"
            partition = self.random.randrange(PARTITIONS)
            choice = self.random.random()
            op = Operation(id=new_id(), tp=(TOPIC.name, partition), account=account, kind="adjust")
            if choice < 0.03:
                op.kind, op.amount = "open", 50
            elif choice < 0.13:
                op.kind = "describe"
            elif choice < 0.2 and keys:
                account, key, amount, _ = self.random.choice(keys)
                op.account, op.idempotency_key, op.amount = account, key, amount
                op.tp = (TOPIC.name, int(key[0]))
            else:
                op.amount = self.random.choice([-30, -10, 5, 10, 20])
                if self.random.random() < 0.2:
                    op.idempotency_key = f"{partition}{new_id()}"
                    keys.append((account, op.idempotency_key, op.amount, op.id))
            await self._call(commands, op)

    async def _call(self, commands: CommandClient, op: Operation) -> None:
        command: OpenAccount | AdjustCredits | DescribeAccount
        match op.kind:
            case "open":
                command = OpenAccount(account_id=op.account, user_id=1, sign_up_credits=op.amount)
            case "adjust":
                command = AdjustCredits(account_id=op.account, amount=op.amount, reason="test")
            case "describe":
                command = DescribeAccount(account_id=op.account)
        context = Context(
            now=datetime.now(UTC),
            event_id=new_id(),
            command_id=new_id(),
            actor="test",
            correlation_id=op.id,
            idempotency_key=op.idempotency_key,
            idempotency_digest="same" if op.idempotency_key else None,
        )
        self.history.append(op)
        op.invoked = now()
        try:
            applied = await commands.send(TOPIC, op.tp[1], command, context, timeout_s=15)
            op.offset = int(applied.position.rpartition("@")[2])
            op.balance = applied.view["balance"]
            op.result = "replied" if applied.replayed else "applied"
        except DomainError as refusal:
            op.result, op.refusal = "refused", refusal.code
        except Unavailable as error:
            op.result = "unknown" if error.code == "outcome-pending" else "not-applied"
        op.answered = now()

    async def _judge(self, log: KafkaLog) -> None:
        for op in self.history:
            self.report.results[op.result] += 1
        for partition in range(PARTITIONS):
            tp = (TOPIC.name, partition)
            entries = await read_all(log, partition)
            self.report.claims += sum(e.kind == "claim" for e in entries)
            self.report.void += sum(e.kind == "void" for e in entries)
            steps = fold(entries)
            self.report.events += len(steps)
            self.report.anomalies += check([op for op in self.history if op.tp == tp], steps)


async def read_all(log: KafkaLog, partition: int) -> list[Entry]:
    follower = Follower(log, {(TOPIC.name, partition): Position()})
    await follower.start()
    ends = await follower.ends()
    entries: list[Entry] = []
    while not follower.has_passed(ends):
        entries += await follower.poll(500)
    await follower.stop()
    return entries


def play(seconds: float, seed: int, *, faults: int = 0, applied: int = 0) -> Report:
    """Run a chaos of so many seconds, and of so many faults and applied commands at least, and judge it."""
    with tempfile.TemporaryDirectory(prefix="lathe-chaos-") as folder:
        return uvloop.run(Chaos(seconds, seed, Path(folder), faults, applied).run())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    arguments = parser.parse_args()
    report = play(arguments.seconds, arguments.seed)
    print(f"seed {arguments.seed}")
    print("\n".join(report.lines()))
    sys.exit(1 if report.anomalies else 0)

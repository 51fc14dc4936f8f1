"""What is done to a running Lathe, one fault after another: a nemesis, as Jepsen calls it."""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec

from tests.chaos.stack import PARTS, SERVICES, ChaosStack
from tests.log.proxy import Proxy

DISK_S: Final = (2.0, 5.0)
JUMPS_S: Final = (-86_400, -3_600, -45, -5, 5, 45, 3_600, 86_400)
LATENCIES_S: Final = (0.02, 0.1, 0.4)
PAUSES_S: Final = (0.3, 1.0, 3.0, 8.0, 14.0)
"""The longest is more than a lease and more than an owner's deadline."""
ONE_FAULT_S: Final = 300.0
"""Whoever is to be hurt is being started again just now; for longer than this it is not."""


class Done(msgspec.Struct, frozen=True):
    """One fault, for the record. Times are seconds of the history's clock."""

    began: float
    ended: float
    kind: str
    on: str
    detail: str = ""


class Faults:
    """`kinds`: weight of each; a kind that this machine cannot do is left out, with the reason in `missing`."""

    def __init__(self, stack: ChaosStack, seed: int) -> None:
        self._stack, self._chance = stack, random.Random(seed)
        self.done: list[Done] = []
        self.missing: list[str] = []
        self._kinds: dict[str, tuple[int, Callable[[], Awaitable[tuple[str, str]]]]] = {
            "frozen": (6, self._freeze),
            "killed": (6, self._kill),
            "slow line": (3, self._slow),
            "line reset": (3, self._reset),
            "line half open": (3, self._half_open),
            "line held and released": (4, self._hold),
            "clock jumped": (4, self._jump),
            "disk full": (1, self._fill),
        }
        if not stack.disk.can_fill:
            self.missing.append("disk full: no small file system could be mounted (not root)")
            del self._kinds["disk full"]
        if stack.clocks is None:
            self.missing.append("clock jumped: there is no C compiler")
            del self._kinds["clock jumped"]
        self._order: list[str] = []
        self._victims: list[str] = []

    def counts(self) -> Counter[str]:
        return Counter(f"{fault.on} {fault.kind}" for fault in self.done)

    async def one(self) -> Done:
        """The next fault, from its beginning to its end."""
        if not self._order:  # first each kind once, then each as often as its weight, in any order
            self._order = [kind for kind, (n, _) in self._kinds.items() for _ in range(n if self.done else 1)]
            self._chance.shuffle(self._order)
        kind = self._order.pop()
        began = time.monotonic()
        async with asyncio.timeout(ONE_FAULT_S):
            on, detail = await self._kinds[kind][1]()
        fault = Done(began, time.monotonic(), kind, on, detail)
        self.done.append(fault)
        return fault

    def end_all(self) -> None:
        """Nothing is wrong any more by our doing."""
        for part in PARTS:
            self._stack.send(part, signal.SIGCONT)
            if self._stack.clocks is not None and part != "s3":
                self._stack.clocks.shift(part, 0)
        for proxy in (*self._stack.to_kafka.values(), *self._stack.to_postgres.values()):
            proxy.delay_s = 0.0
            proxy.release()
        self._stack.disk.free()

    def save(self, path: Path) -> None:
        path.write_bytes(msgspec.json.encode(self.done))

    def _victim(self) -> str:
        """Every part as often as the others, in any order."""
        if not self._victims:
            self._victims = self._chance.sample(PARTS, len(PARTS))
        return self._victims.pop()

    def _pause(self) -> float:
        return self._chance.choice(PAUSES_S)

    async def _freeze(self) -> tuple[str, str]:
        part, pause = self._victim(), self._pause()
        while not self._stack.send(part, signal.SIGSTOP):  # it is being started just now
            await asyncio.sleep(0.1)
        await asyncio.sleep(pause)
        self._stack.send(part, signal.SIGCONT)
        return part, f"{pause} s"

    async def _kill(self) -> tuple[str, str]:
        part = self._victim()
        while not self._stack.kill(part):
            await asyncio.sleep(0.1)
        return part, ""

    def _line(self) -> tuple[str, str]:
        """A service, and what it is cut off from: one that has a connection now, if there is any."""
        for _ in range(20):
            service = self._chance.choice(SERVICES)
            to = "kafka" if service == "ml_worker" else self._chance.choice(("kafka", "kafka", "postgres"))
            if self._proxy(service, to).connections:
                break
        return service, to

    async def _slow(self) -> tuple[str, str]:
        service, to = self._line()
        proxy = self._proxy(service, to)
        proxy.delay_s = self._chance.choice(LATENCIES_S)
        detail, pause = f"to {to}, {proxy.delay_s} s", self._pause()
        await asyncio.sleep(pause)
        proxy.delay_s = 0.0
        return service, f"{detail}, for {pause} s"

    async def _reset(self) -> tuple[str, str]:
        service, to = self._line()
        return service, f"to {to}, {self._proxy(service, to).reset()} connections"

    async def _half_open(self) -> tuple[str, str]:
        service, to = self._line()
        return service, f"to {to}, {self._proxy(service, to).half_open()} connections"

    async def _hold(self) -> tuple[str, str]:
        service, to = self._line()
        proxy, pause = self._proxy(service, to), self._pause()
        proxy.hold()
        await asyncio.sleep(pause)
        proxy.release()
        return service, f"to {to}, {pause} s"

    def _proxy(self, service: str, to: str) -> Proxy:
        return (self._stack.to_kafka if to == "kafka" else self._stack.to_postgres)[service]

    async def _jump(self) -> tuple[str, str]:
        assert self._stack.clocks is not None
        part = self._chance.choice([name for name in PARTS if name != "s3"])  # its program does not ask the C library
        shift, pause = self._chance.choice(JUMPS_S), self._pause()
        self._stack.clocks.shift(part, shift)
        await asyncio.sleep(pause)
        self._stack.clocks.shift(part, 0)
        return part, f"{shift:+} s, for {pause} s"

    async def _fill(self) -> tuple[str, str]:
        pause = self._chance.uniform(*DISK_S)
        taken = await asyncio.to_thread(self._stack.disk.fill)
        await asyncio.sleep(pause)
        self._stack.disk.free()
        return "disk", f"{taken // 1_000_000} MB taken for {pause:.1f} s"

"""The load: admins who give and take credits, owners who watch their balance, users who generate."""

import asyncio
import random
import secrets
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import aiohttp

from adapters.kafka.topics import account_partition
from domain.money import MICRO, to_micro
from tests.chaos.caller import Caller
from tests.chaos.history import Command, Ending, History, Task, now
from tests.system.stack import ADMIN_PASSWORD

WALLETS: Final = 24
ADMINS: Final = 32
READERS: Final = 4
MAKERS: Final = 3
ONE_TRY_S: Final = 10.0
SETTLING_S: Final = 180.0
"""How long a command may be repeated after everything is well again, and a queue of tasks may stand still."""
PROMPTS: Final = ("a blue mug", "a red wooden chair", "a round table")
SMALL: Final = {"quality": "draft", "target_faces": 2000}


class Load:
    """Everybody's work until `over`. `pace_s`: how long each admin rests between two commands."""

    def __init__(self, http: aiohttp.ClientSession, url: str, seed: int, pace_s: float, rest_s: float) -> None:
        self._http, self._url = http, url
        self._chance = random.Random(seed)
        self._pace_s, self._rest_s = pace_s, rest_s
        self.history = History()
        self.deadline = float("inf")
        """Set when everything is well again: until then a command may be repeated."""
        self._over = asyncio.Event()
        self._answered = 0
        self._newest: dict[str, int] = {}
        """By account: the newest offset that an answer named."""
        self._queues: dict[str, tuple[int, float]] = {}
        """By account, when everything is well again: how many tasks are queued, and since when so many."""
        self._working: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._admin = await self._enter("admin", ADMIN_PASSWORD)
        self._wallets = [await self._enter(f"wallet-{n}-{secrets.token_hex(3)}") for n in range(WALLETS)]
        self._makers = [await self._enter(f"maker-{n}-{secrets.token_hex(3)}") for n in range(MAKERS)]
        work = [self._give_and_take() for _ in range(ADMINS)]
        work += [self._watch(f"reader-{n}") for n in range(READERS)]
        work += [self._generate(maker) for maker in self._makers]
        self._working = [asyncio.create_task(one) for one in work]

    def commands(self) -> int:
        """How many have a definite answer."""
        return self._answered

    async def finish(self) -> None:
        """When everything is well again: settle what is open, and look at what everybody has."""
        self.deadline = now() + SETTLING_S
        self._over.set()
        await asyncio.gather(*self._working)
        for maker in self._makers:
            await self._look_at_tasks(maker)
        for owner in (*self._wallets, *self._makers):
            await self._look_at_wallet(owner)

    async def stop(self) -> None:
        """End everybody's work at once, if there is any left."""
        for work in self._working:
            work.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)

    async def _enter(self, name: str, password: str = "correct horse") -> Caller:
        caller = Caller(self._http, self._url, name, password)
        if name == "admin":
            await caller.log_in()
        else:
            await caller.register()
        return caller

    async def _give_and_take(self) -> None:
        done: list[Command] = []
        while not self._over.is_set():
            command = self._next(done)
            self.history.commands.append(command)
            answer = await self._adjust(command)
            if command.result == "applied":
                command.balance = to_micro(str(answer["balance"]), "")
                command.reserved = to_micro(str(answer["reserved"]), "")
                if command.offset is not None:
                    self._newest[command.account] = max(self._newest.get(command.account, 0), command.offset)
                if command.repeats_of is None:
                    done.append(command)
                    del done[:-50]
            await self._rest(self._pace_s)

    def _next(self, done: list[Command]) -> Command:
        """Mostly something new; now and then what was done already, with its key, or another thing under that key."""
        if done and (choice := self._chance.random()) < 0.08:
            old = self._chance.choice(done)
            amount = old.amount if choice < 0.06 else old.amount + MICRO
            return Command(kind="adjust", account=old.account, key=old.key, amount=amount, repeats_of=old.key)
        amount = self._chance.randrange(1, 60 * MICRO) * self._chance.choice((1, -1))
        if self._chance.random() < 0.05:
            amount = -200_000 * MICRO + amount  # more than there ever is
        return Command(
            kind="adjust", account=self._chance.choice(self._wallets).account, key=secrets.token_hex(16), amount=amount
        )

    async def _adjust(self, command: Command) -> dict[str, object]:
        path = f"/admin/accounts/{command.account}/credits"
        body = {"amount": float(Decimal(command.amount) / MICRO), "reason": "chaos"}
        # Not what may be refused: a refusal appends nothing, so the other of the two may still be accepted.
        twice = self._chance.random() < 0.02 and command.repeats_of is None and command.amount > 0
        beside = asyncio.create_task(self._same_again(command, path, body)) if twice else None
        answer = await self._repeat(self._admin, command, path, body)
        if beside is not None:
            await beside
        return answer

    async def _same_again(self, command: Command, path: str, body: dict[str, object]) -> None:
        """The same request at the same time, as an impatient client sends it."""
        repeat = Command(
            kind="adjust",
            account=command.account,
            key=command.key,
            amount=command.amount,
            repeats_of=command.key,
        )
        await self._repeat(self._admin, repeat, path, body)
        # Which of the two made the event is nobody's business: they are one command.
        command.attempts[:0] = repeat.attempts

    async def _repeat(
        self, caller: Caller, command: Command, path: str, body: dict[str, object] | None
    ) -> dict[str, object]:
        """Until the answer is definite, or the deadline is over."""
        while True:
            answer = await caller.do(command, "POST", path, body, min(self.deadline, now() + ONE_TRY_S))
            self._answered += command.result != "open"
            if command.result != "open" or now() > self.deadline:
                return answer if isinstance(answer, dict) else {}

    async def _watch(self, reader: str) -> None:
        while not self._over.is_set():
            owner = self._chance.choice(self._wallets)
            at_least = self._newest.get(owner.account) if self._chance.random() < 0.5 else None
            position = None
            if at_least is not None:
                position = f"lathe.accounts:{account_partition(owner.account)}@{at_least}"
            read = await owner.read_balance(reader, at_least, position)
            if read is not None:
                self.history.reads.append(read)
            await self._rest(self._pace_s * 2)

    async def _generate(self, maker: Caller) -> None:
        while not self._over.is_set():
            body: dict[str, object] = {"prompt": self._chance.choice(PROMPTS), "params": SMALL}
            command = Command(kind="generate", account=maker.account, key=secrets.token_hex(16))
            self.history.commands.append(command)
            answer = await self._repeat(maker, command, "/generate", body)
            command.task_id = str(answer.get("task_id"))
            if command.result == "applied" and self._chance.random() < 0.25:
                await self._rest(self._chance.uniform(0, 2))
                cancel = Command(
                    kind="cancel", account=maker.account, key=secrets.token_hex(16), task_id=command.task_id
                )
                self.history.commands.append(cancel)
                await self._repeat(maker, cancel, f"/generate/{command.task_id}/cancel", None)
            await self._rest(self._rest_s * self._chance.uniform(0.5, 1.5))

    async def _look_at_tasks(self, maker: Caller) -> None:
        mine = [c for c in self.history.commands if c.account == maker.account]
        cancelled = {c.task_id for c in mine if c.kind == "cancel"}
        for command in mine:
            if command.kind != "generate" or command.result != "applied":
                continue
            task = await self._ended(maker, str(command.task_id))
            has_result = False
            if task["status"] == "completed":
                result = await maker.get(f"/generate/{command.task_id}/result")
                has_result = (await maker.download(result["outputs"][0]["url"])).startswith(b"glTF")
            self.history.tasks.append(
                Task(
                    task_id=str(command.task_id),
                    status=task["status"],
                    charged=to_micro(str(task["charged"]), ""),
                    price=to_micro(str(task["price"]), ""),
                    wanted_cancelled=command.task_id in cancelled,
                    has_result=has_result,
                    problem=str(task.get("problem")),
                )
            )

    async def _ended(self, maker: Caller, task_id: str) -> dict[str, str]:
        """The task when it has ended, or as it is when the queue of its maker stands still."""
        is_over: Callable[[str], bool] = ("completed", "failed", "cancelled").__contains__
        while True:
            task: dict[str, str] = await maker.get(f"/generate/{task_id}")
            if is_over(task["status"]) or await self._stands_still(maker):
                return task
            await asyncio.sleep(0.5)

    async def _stands_still(self, maker: Caller) -> bool:
        """However long the queue is and however slow the machine: nothing of it has ended for `SETTLING_S`."""
        length = (await maker.get("/generate", status="queued", limit=1))["total"]
        if self._queues.get(maker.account, (-1, 0.0))[0] != length:
            self._queues[maker.account] = (length, now())
        return now() - self._queues[maker.account][1] > SETTLING_S

    async def _look_at_wallet(self, owner: Caller) -> None:
        at = self._newest.get(owner.account, 0)
        wallet = await owner.get(
            "/api/v1/billing/balance", min_position=f"lathe.accounts:{account_partition(owner.account)}@{at}"
        )
        listed = await owner.get("/generate", limit=1)
        self.history.finals.append(
            Ending(
                account=owner.account,
                available=to_micro(str(wallet["available"]), ""),
                reserved=to_micro(str(wallet["reserved"]), ""),
                tasks=listed["total"],
            )
        )

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._over.wait()
        except TimeoutError:
            return

"""Processes killed at random under load: `python -m tests.system.kills --kills 30` (docs/reports/kills.md).

Users register, generate, cancel some, follow, and compare what they were told with what they have at the end. Parts of
the stack get SIGKILL at random moments. Nothing accepted may be lost or doubled, and every balance must be exact.
"""

import argparse
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tests.system.client import TERMINAL, Client
from tests.system.stack import Stack, lathe_up

PARTS: Final = ("command_api-1", "command_api-2", "query_api", "processors", "ml_worker", "kafka", "postgres", "s3")
PROMPTS: Final = ("a blue mug", "a red wooden chair", "a round table")
GRANTED: Final = 100


class Report:
    def __init__(self) -> None:
        self.kills: Counter[str] = Counter()
        self.users = self.tasks = self.repeats = 0
        self.ends: Counter[str] = Counter()
        self.attempts: Counter[int] = Counter()
        self.wrong: list[str] = []
        self.seconds = 0.0

    def lines(self) -> list[str]:
        kills = ", ".join(f"{n} {part}" for part, n in sorted(self.kills.items()))
        ends = ", ".join(f"{n} {status}" for status, n in sorted(self.ends.items()))
        attempts = ", ".join(f"{n} at attempt {a}" for a, n in sorted(self.attempts.items()))
        return [
            f"{self.seconds:.0f} s, {self.users} users, {self.tasks} tasks, {self.repeats} requests repeated",
            f"kill -9: {sum(self.kills.values())} ({kills})",
            f"ends: {ends} ({attempts})",
            f"wrong: {len(self.wrong)}",
            *(f"  {line}" for line in self.wrong[:20]),
        ]


def play(stack: Stack, kills: int, seed: int, users: int = 6) -> Report:
    """Hurt a running stack so often while users work, then wait until it is well and judge."""
    report, chance, over = Report(), random.Random(seed), threading.Event()
    began = time.monotonic()
    with ThreadPoolExecutor(users) as pool:
        work = [pool.submit(_user, stack, random.Random(seed + n), over.is_set) for n in range(users)]
        try:
            for part in victims(chance, kills):
                time.sleep(chance.uniform(1.0, 5.0))
                while not stack.kill(part):  # it is being restarted just now
                    time.sleep(0.1)
                report.kills[part] += 1
        finally:
            over.set()
        stack.wait_ready()
        for done in work:
            client, expected = done.result()
            report.users += 1
            _judge(client, expected, report)
            client.close()
    report.seconds = time.monotonic() - began
    return report


def victims(chance: random.Random, kills: int) -> list[str]:
    """Every part as often as the others, in any order."""
    order: list[str] = []
    while len(order) < kills:
        order += chance.sample(PARTS, len(PARTS))
    return order[:kills]


def _user(stack: Stack, chance: random.Random, is_over: Callable[[], bool]) -> tuple[Client, dict[str, bool]]:
    """Ask for tasks until it is over, at most what the sign-up credits pay. Returns task id -> asked to cancel."""
    client = Client(stack.url, patience_s=180)
    client.register()
    asked: dict[str, bool] = {}
    while not is_over() and len(asked) < GRANTED // 2:
        task_id = client.generate(prompt=chance.choice(PROMPTS), params={"quality": "draft", "target_faces": 2000})
        asked[task_id] = False
        if chance.random() < 0.2:
            time.sleep(chance.uniform(0, 1))
            asked[task_id] = client.call("POST", f"/generate/{task_id}/cancel").status_code == 202
        time.sleep(chance.uniform(0.2, 2.0))
    return client, asked


def _judge(client: Client, asked: dict[str, bool], report: Report) -> None:
    charged = 0.0
    client.log_in()
    for task_id, cancel in asked.items():
        told, _ = client.follow(task_id)
        task = client.task(task_id)
        report.tasks += 1
        report.ends[task["status"]] += 1
        report.attempts[task["attempt"]] += 1
        charged += task["charged"]
        terminal = [event for event in told if event["status"] in TERMINAL]
        if len(terminal) != 1:
            report.wrong.append(f"{task_id}: {len(terminal)} ends")
        if task["status"] == "cancelled" and not cancel:
            report.wrong.append(f"{task_id}: cancelled, and nobody asked for it")
        if task["status"] == "failed":
            report.wrong.append(f"{task_id}: failed: {task['problem']}")
        if task["status"] == "completed":
            if task["charged"] != task["price"]:
                report.wrong.append(f"{task_id}: charged {task['charged']} of {task['price']}")
            if not client.download(client.result(task_id)["outputs"][0]["url"]).startswith(b"glTF"):
                report.wrong.append(f"{task_id}: its file is no GLB")
    profile = client.profile()
    if profile["reserved"] != 0 or abs(profile["balance"] + charged - GRANTED) > 1e-9:
        report.wrong.append(f"{client.name}: {profile['balance']} + {profile['reserved']} + {charged} != {GRANTED}")
    history = client.call("GET", "/generate", params={"limit": 1}).json()
    if history["total"] != len(asked):
        report.wrong.append(f"{client.name}: {history['total']} tasks in the history, asked for {len(asked)}")
    report.repeats += client.repeats


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lathe-kills-") as folder, lathe_up(Path(folder) / "home") as running:
        outcome = play(running, arguments.kills, arguments.seed)
    print(f"seed {arguments.seed}")
    print("\n".join(outcome.lines()))
    sys.exit(1 if outcome.wrong else 0)

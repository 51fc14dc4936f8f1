"""`make chaos`: the model in its long form, rival owners, and the whole service. The report: docs/reports/chaos.md."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos import report
from tests.chaos.run import Orders, play, tell
from tests.log.chaos import play as play_rivals

ROOT = Path(__file__).parents[2]
CHECK = ROOT / "docs" / "ownership-model" / "check.sh"


def model() -> tuple[list[str], bool]:
    """The long form of the model; whether all is as expected."""
    ran = subprocess.run(["bash", str(CHECK), "long"], stdout=subprocess.PIPE, text=True, check=False)
    return ran.stdout.splitlines(), ran.returncode == 0


def rivals(seconds: float, seed: int) -> tuple[list[str], bool]:
    outcome = play_rivals(seconds, seed)
    return [f"seed {seed}", *outcome.lines()], not outcome.anomalies


def service(orders: Orders, keep: Path) -> tuple[list[str], bool]:
    keep.mkdir(parents=True, exist_ok=True)
    outcome = play(orders, keep, tell)
    return outcome.lines(), not outcome.anomalies


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", choices=[*report.PARTS, []], help="by default all three, in this order")
    parser.add_argument("--minutes", type=float, default=35, help="of faults on the whole service, at most")
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--commands", type=int, default=100_000)
    parser.add_argument("--rivals", type=float, default=300, help="seconds of rival owners")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    parser.add_argument("--pace", type=float, default=0.1, help="seconds that a client rests after each command")
    parser.add_argument(
        "--keep", type=Path, default=ROOT / "build" / "chaos", help="folder for the history and the logs"
    )
    parser.add_argument("--report", action="store_true", help="write docs/reports/chaos.md")
    given = parser.parse_args()
    orders = Orders(
        seconds=given.minutes * 60,
        faults=given.faults,
        commands=given.commands,
        seed=given.seed,
        pace_s=given.pace,
    )
    work: dict[str, Callable[[], tuple[list[str], bool]]] = {
        "model": model,
        "rivals": lambda: rivals(given.rivals, given.seed),
        "service": lambda: service(orders, given.keep),
    }
    good = True
    for part in given.only or report.PARTS:
        began = datetime.now(UTC)
        lines, is_good = work[part]()
        good &= is_good
        print("\n".join([f"== {part}", *lines]), flush=True)
        if given.report:
            report.write(part, began, lines)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

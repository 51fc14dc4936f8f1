"""`python -m tests.chaos --seconds 120`: see docs/reports/chaos.md and `make chaos`."""

import argparse
import os
import sys
from pathlib import Path

from tests.chaos.run import Orders, play, tell

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2400, help="of faults, at most")
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--commands", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    parser.add_argument("--pace", type=float, default=0.1, help="seconds that a client rests after each command")
    parser.add_argument("--keep", type=Path, help="folder for the history and the logs")
    given = parser.parse_args()
    if given.keep is not None:
        given.keep.mkdir(parents=True, exist_ok=True)
    orders = Orders(
        seconds=given.seconds, faults=given.faults, commands=given.commands, seed=given.seed, pace_s=given.pace
    )
    outcome = play(orders, given.keep, tell)
    print("\n".join(outcome.lines()))
    sys.exit(1 if outcome.anomalies else 0)

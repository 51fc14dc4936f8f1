"""`python -m benchmarks.load`: carries out one Order (JSON on standard input), and writes what was Seen."""

import sys

import msgspec
import uvloop

from benchmarks.load.scenarios import SCENARIOS
from benchmarks.load.target import Order


def main() -> None:
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(SCENARIOS[order.scenario](order))))


if __name__ == "__main__":
    main()

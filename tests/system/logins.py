"""Register, log in, read the profile, without delay: `python -m tests.system.logins --times 1000`."""

import argparse
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.system.client import Client
from tests.system.stack import lathe_up


def once(url: str) -> bool:
    """Whether a new user found the own profile with the sign-up credits at the first try."""
    user = Client(url)
    try:
        user.register()
        profile = user.profile()
        return bool((profile["balance"], profile["username"], user.repeats) == (100, user.name, 0))
    finally:
        user.close()


def play(url: str, times: int) -> int:
    """The number of failures."""
    with ThreadPoolExecutor(4) as pool:
        return times - sum(pool.map(lambda _: once(url), range(times)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=1000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lathe-logins-") as folder, lathe_up(Path(folder) / "home") as stack:
        began = time.monotonic()
        failures = play(stack.url, arguments.times)
    print(f"{arguments.times} times in {time.monotonic() - began:.1f} s, failures: {failures}")
    sys.exit(failures > 0)

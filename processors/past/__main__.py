"""`python -m processors.past ACCOUNT [--offset N | --time T]`: one JSON document.

Exit code 2: there is no such place.
"""

import argparse
import sys
from datetime import datetime

import msgspec
import uvloop

from adapters.kafka.port import LogTruncated, LogUnavailable
from adapters.settings import SettingsError, load_settings
from processors.bootstrap import make_parts
from processors.past.folding import NoSuchPlace, Past, past_of
from processors.telling import logs_to_stderr


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m processors.past")
    parser.add_argument("account")
    parser.add_argument("--offset", type=int)
    parser.add_argument("--time", type=datetime.fromisoformat)
    asked = parser.parse_args()
    logs_to_stderr()
    try:
        past = uvloop.run(_past(asked.account, asked.offset, asked.time))
    except NoSuchPlace as problem:
        print(problem, file=sys.stderr)
        return 2
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 78
    except (LogUnavailable, LogTruncated, OSError, TimeoutError) as error:
        print(f"The broker does not answer ({error}). See `lathe doctor`.", file=sys.stderr)
        return 75
    sys.stdout.buffer.write(msgspec.json.encode(past) + b"\n")
    return 0


async def _past(account: str, offset: int | None, time: datetime | None) -> Past:
    parts = make_parts(load_settings())
    try:
        return await past_of(parts.log, account, offset=offset, time=time)
    finally:
        await parts.log.close()


if __name__ == "__main__":
    sys.exit(main())

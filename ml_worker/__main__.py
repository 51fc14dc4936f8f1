"""`python -m ml_worker`: a worker process."""

import sys

import uvloop

from adapters.settings import SettingsError
from adapters.telemetry.logging import configure_logging
from ml_worker.bootstrap import run
from ml_worker.settings import load_worker_settings


def main() -> int:
    configure_logging("ml_worker")
    try:
        uvloop.run(run(*load_worker_settings()))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

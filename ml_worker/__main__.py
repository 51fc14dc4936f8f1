"""`python -m ml_worker`: a worker process."""

import sys

import uvloop

from adapters.settings import SettingsError
from adapters.telemetry import tracing
from adapters.telemetry.start import start_telemetry
from ml_worker.bootstrap import run
from ml_worker.settings import load_worker_settings


def main() -> int:
    try:
        settings, own = load_worker_settings()
        start_telemetry("ml_worker", settings)
        uvloop.run(run(settings, own))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    finally:
        tracing.flush(tracing.LAST_WORDS_S)
    return 0


if __name__ == "__main__":
    sys.exit(main())

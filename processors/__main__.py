"""`python -m processors`: the readers of the log, in one process."""

import sys

import uvloop

from adapters.collector import BATCHES, collect_rarely
from adapters.settings import SettingsError, load_settings
from adapters.telemetry import tracing
from adapters.telemetry.start import start_telemetry
from processors.bootstrap import serve


def main(service: str = "processors", roles: str | None = None) -> int:
    """`roles` as in LATHE_PROCESSORS, which is asked otherwise. Returns the exit code."""
    collect_rarely(BATCHES)
    try:
        settings = load_settings()
        start_telemetry(service, settings)
        uvloop.run(serve(settings, roles))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 78
    finally:
        tracing.flush(tracing.LAST_WORDS_S)
    return 0


if __name__ == "__main__":
    sys.exit(main())

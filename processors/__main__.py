"""`python -m processors`: the readers of the log, in one process."""

import sys

import uvloop

from adapters.collector import BATCHES, collect_rarely
from adapters.security.master_key import WrongMasterKey
from adapters.settings import SettingsError, load_settings
from adapters.telemetry import tracing
from adapters.telemetry.start import start_telemetry
from processors.bootstrap import serve
from processors.telling import first_of


def main(service: str = "processors", roles: str | None = None) -> int:
    """`roles` as in LATHE_PROCESSORS, which is asked otherwise. Returns the exit code."""
    collect_rarely(BATCHES)
    code = 0
    try:
        settings = load_settings()
        start_telemetry(service, settings)
        uvloop.run(serve(settings, roles))
    except* (SettingsError, WrongMasterKey) as refused:
        print(first_of(refused), file=sys.stderr)
        code = 78
    finally:
        tracing.flush(tracing.LAST_WORDS_S)
    return code


if __name__ == "__main__":
    sys.exit(main())

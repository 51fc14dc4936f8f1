"""`python -m processors`: the readers of the log, in one process."""

import sys

import uvloop

from adapters.settings import SettingsError, load_settings
from adapters.telemetry.logging import configure_logging
from processors.bootstrap import serve


def main() -> int:
    configure_logging("processors")
    try:
        uvloop.run(serve(load_settings()))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 78
    return 0


if __name__ == "__main__":
    sys.exit(main())

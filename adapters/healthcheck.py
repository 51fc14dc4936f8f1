"""`python -m adapters.healthcheck`: whether the service of this container is ready. Exit code 0 when it is, else 1.

It asks what `lathe up` asks (`cli/stack/readiness.py`): /readyz on LATHE_BIND, or whether LATHE_READY_FILE was touched.
Only the standard library, because it runs every few seconds.
"""

import http.client
import os
import sys
from pathlib import Path
from typing import Final

TIMEOUT_SECONDS: Final = 4.0


def is_ready() -> bool:
    if file := os.environ.get("LATHE_READY_FILE"):
        return Path(file).exists()
    port = int(os.environ.get("LATHE_BIND", "127.0.0.1:8000").rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_ready() else 1)

"""How services say that they are ready: GET /readyz on their own address, or a file that they touch."""

import http.client
from pathlib import Path


def answers_ready(host: str, port: int, timeout: float = 1.0) -> bool:
    """Whether `/readyz` answers 200 there."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def was_touched(file: Path) -> bool:
    return file.exists()

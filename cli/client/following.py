"""Following a task to its end, by live events that go on where they broke off."""

import json
import time
from collections.abc import Iterator
from typing import Any, Final

import httpx

from cli.client.api import Api, refusal
from cli.client.failures import Unreachable
from cli.client.sse import messages

TERMINAL: Final = frozenset({"completed", "failed", "cancelled"})
_PASSING: Final = frozenset({429, 502, 503, 504})
PATIENCE_S: Final = 60.0
"""So long without a word from the server, and following is given up; the task goes on."""


def follow(
    api: Api, task_id: str, patience_s: float = PATIENCE_S, *, exists: bool = False
) -> Iterator[tuple[str, dict[str, Any]]]:
    """("task" | "progress", data) until the terminal event, each task event once. Raises Refused, Unreachable.

    `exists`: the task is known to be there, so that 404 means that the reading side has not heard of it yet.
    """
    passing = _PASSING | {404} if exists else _PASSING
    last = 0
    heard = time.monotonic()
    wait = 0.2

    def timed(lines: Iterator[str]) -> Iterator[str]:
        nonlocal heard
        for line in lines:
            heard = time.monotonic()
            yield line

    while True:
        try:
            headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": str(last)} if last else {})
            with api.stream(f"/generate/{task_id}/events", headers) as response:
                if response.status_code == 204:
                    return
                if response.status_code == 401:
                    api.renew()
                elif response.status_code >= 400 and response.status_code not in passing:
                    raise refusal(response)
                elif response.status_code == 200:
                    for message in messages(timed(response.iter_lines())):
                        wait = 0.2
                        if message.id is not None and message.id.isdigit():
                            if int(message.id) <= last:
                                continue
                            last = int(message.id)
                        data = json.loads(message.data)
                        yield message.event, data
                        if message.event == "task" and data.get("status") in TERMINAL:
                            return
        except (httpx.TransportError, json.JSONDecodeError) as error:
            if time.monotonic() - heard > patience_s:
                raise _silent(task_id, error) from None
        if time.monotonic() - heard > patience_s:
            raise _silent(task_id, None)
        time.sleep(wait)
        wait = min(5.0, wait * 2)


def _silent(task_id: str, error: Exception | None) -> Unreachable:
    why = "" if error is None else f" ({error})"
    return Unreachable(f"The server fell silent{why}. The task goes on; `lathe follow {task_id}` fetches its result.")

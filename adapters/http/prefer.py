"""`Prefer: respond-async` and `wait=N` (RFC 7240, sections 4.1 and 4.3)."""

import re
from typing import Final

import msgspec
from starlette.datastructures import Headers

LONGEST_WAIT_S: Final = 60
_WAIT: Final = re.compile(r'wait\s*=\s*(?:(\d{1,9})|"(\d{1,9})")\Z')


class Preference(msgspec.Struct, frozen=True):
    """`wait_s` seconds, 0 when the client does not want to wait."""

    wait_s: int = 0
    asynchronous: bool = False

    @property
    def applied(self) -> str | None:
        """`Preference-Applied` of an answer that was not waited for to the end; None: nothing was preferred."""
        if self.asynchronous:
            return "respond-async"
        return f"wait={self.wait_s}" if self.wait_s else None


def preference_of(headers: Headers) -> Preference:
    """What the client prefers. What is not understood is passed over, as the RFC demands; waits end after 60 s."""
    wait_s: int | None = None
    asynchronous = False
    for line in headers.getlist("prefer"):
        for item in line.split(","):
            preference = item.partition(";")[0].strip().lower()
            if preference == "respond-async":
                asynchronous = True
            elif wait_s is None and (match := _WAIT.match(preference)):
                wait_s = min(int(match[1] or match[2]), LONGEST_WAIT_S)
    return Preference(wait_s or 0, asynchronous)

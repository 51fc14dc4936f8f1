"""What must not stand in a log: personal text, prompts, tokens.

Code does not log them in the first place; these two are for what it cannot know: a field with a telling name, and the
message of an exception that somebody else's code raised, which may repeat a person's words.
"""

import traceback
from collections.abc import MutableMapping
from typing import Any, Final

PRIVATE: Final = frozenset(
    {
        "authorization", "cookie", "email", "master_key", "name_given", "new_password", "password", "prompt",
        "refresh_token", "secret", "service_token", "text", "ticket", "token", "username",
    }
)  # fmt: skip
REMOVED: Final = "[removed]"


def without_private_fields(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: fields of these names lose their value."""
    for name in PRIVATE & event.keys():
        event[name] = REMOVED
    return event


def silent_trace(error: BaseException) -> dict[str, Any]:
    """Fields for a log line that name an exception and where it came from, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    chain = [type(error).__qualname__]
    cause = error.__cause__ or error.__context__
    while cause is not None and len(chain) < 10:
        chain.append(type(cause).__qualname__)
        cause = cause.__cause__ or cause.__context__
    return {"error": chain, "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-20:]]}

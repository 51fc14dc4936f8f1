"""Reading Server-Sent Events (WHATWG HTML, section 9.2.6: interpreting an event stream)."""

from collections.abc import Iterable, Iterator

import msgspec


class Message(msgspec.Struct, frozen=True):
    """`id` is None when the event had none of its own."""

    event: str
    data: str
    id: str | None


def messages(lines: Iterable[str]) -> Iterator[Message]:
    """Messages of a stream of lines without their ends. A message that the stream's end cuts off is dropped."""
    event: str = ""
    identifier: str | None = None
    data: list[str] = []
    for line in lines:
        if not line:
            if data:
                yield Message(event or "message", "\n".join(data), identifier)
            event, identifier, data = "", None, []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "event":
                event = value
            case "data":
                data.append(value)
            case "id" if "\0" not in value:
                identifier = value
            case _:
                pass  # A comment (keep-alive), `retry`, or a field of the future.

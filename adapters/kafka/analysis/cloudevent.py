"""An event as one line of JSON: CloudEvents 1.0, JSON format, with the place in the log as extension attributes."""

import base64
from typing import Any, Final

import msgspec

from adapters.kafka.analysis.told import ReadEvent

_NUMBERS: Final = frozenset(("ownerepoch", "ownerseq", "streamversion", "taskseq"))
_encoder: Final = msgspec.json.Encoder()


def json_line(read: ReadEvent) -> bytes:
    """One line, with its newline. Personal fields stay sealed, as they are in the log.

    A value that is no JSON goes into `data_base64` (CloudEvents JSON format, section 3.1.1); `undecodable` says why.
    """
    record = read.record
    line: dict[str, Any] = {
        "kafkatopic": record.topic,
        "kafkapartition": record.partition,
        "kafkaoffset": record.offset,
        "partitionkey": read.key,
    }
    for name, value in record.by_name.items():
        text = value.decode(errors="replace") if value is not None else None
        if name.startswith("ce_"):
            attribute = name.removeprefix("ce_")
            line[attribute] = int(text) if attribute in _NUMBERS and text and text.isdigit() else text
        elif name == "content-type":
            line["datacontenttype"] = text
        elif name == "traceparent":
            line[name] = text
    if read.undecodable is not None:
        line["undecodable"] = read.undecodable
    line |= _data(record.value)
    return _encoder.encode(line) + b"\n"


def _data(value: bytes | None) -> dict[str, Any]:
    if value is None:
        return {"data": None}
    try:
        parsed = msgspec.json.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {"data_base64": base64.b64encode(value).decode()}
    return {"data": parsed if b"\n" in value or b"\r" in value else msgspec.Raw(value)}

"""Golden samples: one record of every event and revision ever published, as it stood in the log. They never change."""

import json
from functools import cache
from typing import Any

import msgspec

from adapters.contract.landed import SAMPLES, sample_of
from adapters.kafka.record import Record


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """`after` names the samples (`<type>/<revision>`) that come before it in its history, oldest first."""

    name: str
    topic: str
    key: str
    after: tuple[str, ...]
    headers: dict[str, str]
    value: dict[str, Any]

    @property
    def type(self) -> str:
        return self.name.rpartition("/")[0]

    @property
    def revision(self) -> int:
        return int(self.name.rpartition("/")[2])

    def record(self, partition: int, offset: int) -> Record:
        headers = {name: value.encode() for name, value in self.headers.items()}
        return Record(self.topic, partition, offset, 0, self.key.encode(), json.dumps(self.value).encode(), headers)

    def history(self) -> list["Sample"]:
        """What comes before it, and itself."""
        return [*(sample(name) for name in self.after), self]


@cache
def sample(name: str) -> Sample:
    """The sample `<type>/<revision>`."""
    event, _, revision = name.rpartition("/")
    content = json.loads(sample_of(event, int(revision)).read_bytes())
    return msgspec.convert(content | {"name": name}, Sample)


NAMES = sorted(path.relative_to(SAMPLES).with_suffix("").as_posix() for path in SAMPLES.rglob("*.json"))

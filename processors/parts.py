"""What every role is given: the settings and the log of this process."""

from collections.abc import Callable

import msgspec

from adapters.kafka.kafka_log import KafkaLog
from adapters.object_store.s3 import S3Store
from adapters.settings import Settings


class Parts(msgspec.Struct, frozen=True):
    """Shared by all roles of a process. `kafka_url` and `postgres_url` are set, whoever runs those parts."""

    settings: Settings
    kafka_url: str
    postgres_url: str
    log: KafkaLog
    object_store: Callable[[], S3Store]
    """A client of it; raises SettingsError when nobody said where it is. Whoever makes it closes it."""

"""aiokafka's clients, mended for uvloop: a request over a connection that is gone is a connection error.

There asyncio's transports say nothing, and uvloop's raise RuntimeError. aiokafka expects OSError alone (its issue
1038), so whatever of it wrote ends for good and without a word: what fetches, what beats for the group, what renews
the metadata.
"""

from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

__all__ = ["AIOKafkaConsumer", "AIOKafkaProducer"]
_send = AIOKafkaConnection.send


def _send_or_close(self: AIOKafkaConnection, request: Any, expect_response: bool = True) -> Any:
    try:
        return _send(self, request, expect_response)
    except RuntimeError as error:
        self.close(reason=CloseReason.CONNECTION_BROKEN, exc=error)
        raise KafkaConnectionError(f"the connection to {self.host}:{self.port} is gone: {error}") from error


AIOKafkaConnection.send = _send_or_close

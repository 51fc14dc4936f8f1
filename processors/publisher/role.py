"""The role `publisher` of the process `processors`: for installations that have foreign readers."""

from collections.abc import Callable

from adapters.kafka.publication import KafkaPublication
from processors.parts import Parts
from processors.publisher.publisher import Publisher


async def run_publisher(parts: Parts, ready: Callable[[], None]) -> None:
    """Publish until cancelled."""
    ready()
    await Publisher(parts.log, KafkaPublication(parts.kafka_url)).run()

"""A broker of its own for a test that kills it: the one of `lathe up`, with listeners reached through proxies."""

import asyncio
import signal
from dataclasses import dataclass
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from adapters.kafka.topics import Topic
from cli.stack.kafka import KafkaConfig, kafka_part
from cli.stack.process import RunningPart, kill_session, session_members, start
from tests.embedded import PORTS, kafka_config

Listener = tuple[str, int, int]
"""(name, port, advertised port)."""


@dataclass(frozen=True, slots=True)
class ProxiedKafka(KafkaConfig):
    extra: tuple[Listener, ...] = ()

    def properties(self) -> dict[str, str]:
        known = KafkaConfig.properties(self)
        names = "".join(f",{name}:PLAINTEXT" for name, _, _ in self.extra)
        known["listeners"] += "".join(f",{name}://127.0.0.1:{port}" for name, port, _ in self.extra)
        known["advertised.listeners"] += "".join(f",{name}://127.0.0.1:{port}" for name, _, port in self.extra)
        known["listener.security.protocol.map"] = f"PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT{names}"
        known["inter.broker.listener.name"] = "PLAINTEXT"
        return known


class Broker:
    def __init__(self, folder: Path, extra: list[Listener]) -> None:
        plain = kafka_config(folder)
        self._config = ProxiedKafka(
            plain.folder,
            plain.port,
            plain.controller_port,
            plain.java,
            plain.class_path,
            plain.durability,
            tuple(extra),
        )
        self._process: RunningPart | None = None
        self.address = plain.url
        self.extra = extra

    async def start(self) -> None:
        part = kafka_part(self._config)
        self._process = start(part, self._config.folder / "kafka.log")
        await asyncio.to_thread(self._process.wait_ready)

    async def create(self, topics: list[Topic]) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.address)
        await admin.start()
        await admin.create_topics([NewTopic(topic.name, topic.partitions, 1) for topic in topics])
        await admin.close()

    def signal(self, number: int) -> None:
        if self._process is not None:
            for member in session_members(self._process.pid):
                member.send_signal(number)

    async def kill(self) -> None:
        if self._process is not None:
            kill_session(self._process.pid)
            await asyncio.to_thread(self._process.finish)

    async def stop(self) -> None:
        self.signal(signal.SIGCONT)
        await self.kill()


def free_port() -> int:
    return PORTS.choose(0)

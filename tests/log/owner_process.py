"""A rival owner in a process of its own.

    python -m tests.log.owner_process <bootstrap> <port> <partitions> <connections>

It owns what it is told to want (`POST /want`), and takes forwarded commands as command_api does. It appends over so
many connections; over more than one as with LATHE_DURABILITY=fsync.
"""

import asyncio
import json
import signal
import sys

import msgspec
import uvloop
from aiohttp import web

from adapters.commands.gate import Gate
from adapters.commands.wire import SIGNATURE, is_signed
from adapters.kafka import topics
from adapters.kafka.host import Host
from adapters.kafka.kafka_log import KafkaLog
from tests.log.ledger import Ledger

KEY = b"the key of the test"


async def main(bootstrap: str, port: int, partitions: int, connections: int) -> None:
    topic = topics.Topic(topics.ACCOUNTS.name, partitions, owned=True)
    log = KafkaLog(bootstrap, f"owner-{port}")
    host = Host(
        log,
        {topic: Ledger()},
        address=f"http://127.0.0.1:{port}",
        source=f"owner-{port}",
        group=None,
        connections=connections,
    )
    gate = Gate(host.owners)

    async def command(request: web.Request) -> web.Response:
        body = await request.read()
        if not is_signed(KEY, body, request.headers[SIGNATURE]):
            return web.Response(status=401)
        return web.Response(body=msgspec.json.encode(await gate.command(body)))

    async def commands(request: web.Request) -> web.Response:
        body = await request.read()
        if not is_signed(KEY, body, request.headers[SIGNATURE]):
            return web.Response(status=401)
        return web.Response(body=msgspec.json.encode(await gate.commands(body)))

    async def outcome(request: web.Request) -> web.Response:
        return web.Response(body=msgspec.json.encode(await gate.outcome(await request.read())))

    async def want(request: web.Request) -> web.Response:
        wanted = set(json.loads(await request.read()))
        for (_, partition), owner in host.owners.items():
            owner.want(partition in wanted)
        return web.Response()

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await host.start()
    for owner in host.owners.values():
        owner.want(False)
    app = web.Application()
    app.add_routes(
        [
            web.post("/internal/commands", command),
            web.post("/internal/commands/batch", commands),
            web.post("/internal/outcomes", outcome),
            web.post("/want", want),
        ]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print("ready", flush=True)
    await stop.wait()
    await runner.cleanup()
    await host.stop()
    await log.close()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], *map(int, sys.argv[2:])))

"""`python -m tests.publisher.dying <where>`: the process `processors`, killed by itself (SIGKILL) at a chosen place.

`copy`: among the copies of its first transaction; `place`: before the first place is sent; `commit`: before the commit;
`committed`: right after it. What was sent before that stands on the broker.
"""

import os
import signal
import sys
from typing import Any

from aiokafka import AIOKafkaProducer

from adapters.kafka.topics import PUBLIC_POSITIONS
from processors.__main__ import main

WHERE = sys.argv[1]
COPIES = 300
send, commit = AIOKafkaProducer.send, AIOKafkaProducer.commit_transaction
sent = 0


async def die(producer: Any) -> None:
    await producer.flush()
    os.kill(os.getpid(), signal.SIGKILL)


async def dying_send(self: Any, topic: str, *arguments: Any) -> Any:
    global sent
    sent += 1
    if (WHERE == "copy" and sent == COPIES) or (WHERE == "place" and topic == PUBLIC_POSITIONS):
        await die(self)
    return await send(self, topic, *arguments)


async def dying_commit(self: Any) -> None:
    if WHERE == "commit":
        await die(self)
    await commit(self)
    if WHERE == "committed":
        await die(self)


AIOKafkaProducer.send, AIOKafkaProducer.commit_transaction = dying_send, dying_commit
sys.exit(main())

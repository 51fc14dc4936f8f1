"""`python -m tests.erasure.dying <step>`: the process `processors`, killed by itself (SIGKILL) right after a step.

`key`: the account's key is destroyed, and nobody noted it; `closed`: the account is closed; `object`: one of its
objects is deleted; `emptied`: it was noted that the account is empty.
"""

import os
import signal
import sys
from typing import Any

from adapters.commands.client import CommandClient
from adapters.object_store.s3 import S3Store
from adapters.postgres.erasures import Erasures
from adapters.security.account_keys import AccountKeys
from domain.account.commands import CloseAccount
from processors.__main__ import main

STEPS: dict[str, tuple[type, str]] = {
    "key": (AccountKeys, "destroy"),
    "closed": (CommandClient, "send"),
    "object": (S3Store, "delete"),
    "emptied": (Erasures, "note_emptied"),
}


def die_after(step: str) -> None:
    owner, name = STEPS[step]
    method = getattr(owner, name)

    async def last(self: Any, *arguments: Any, **named: Any) -> Any:
        answer = await method(self, *arguments, **named)
        if step != "closed" or any(isinstance(argument, CloseAccount) for argument in arguments):
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    setattr(owner, name, last)


if __name__ == "__main__":
    die_after(sys.argv[1])
    sys.exit(main())

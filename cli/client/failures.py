"""What can go wrong for a user of the command line, and the exit code of each kind."""

from collections.abc import Mapping
from typing import Any, ClassVar


class Failure(Exception):
    """The command cannot be done. `str(failure)` is for the person: what happened, and what to do."""

    exit_code: ClassVar[int] = 1


class TaskFailed(Failure):
    """The server could not make a model of it; nothing was charged."""

    exit_code = 1


class Misused(Failure):
    """An option or a file is wrong; nothing was sent."""

    exit_code = 2


class NotLoggedIn(Failure):
    exit_code = 3


class Refused(Failure):
    """The server refused the request (4xx); nothing was charged. `problem` is the RFC 9457 document."""

    exit_code = 4

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(_worded(status, problem))
        self.status = status
        self.problem = problem


class Unreachable(Failure):
    """The server does not answer, or not yet."""

    exit_code = 5


class Cancelled(Failure):
    """The task was cancelled, by Ctrl-C or by somebody else."""

    exit_code = 130


def _worded(status: int, problem: Mapping[str, Any]) -> str:
    title = str(problem.get("title") or f"The server answered {status}")
    lines = [f"{title}: {problem['detail']}" if problem.get("detail") else title]
    if "balance" in problem and "price" in problem:
        lines.append(f"You have {problem['balance']} credits; it costs {problem['price']}.")
    for row in problem.get("errors") or ():
        place = row.get("pointer") or row.get("parameter") or ""
        if row.get("detail") and row["detail"] != problem.get("detail"):
            lines.append(f"  {place}: {row['detail']}".rstrip())
    if problem.get("request_id"):
        lines.append(f"(request {problem['request_id']})")
    return "\n".join(lines)

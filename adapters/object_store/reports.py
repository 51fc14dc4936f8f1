"""Reports: objects of an account in which a run says what may repeat the user's words."""

from typing import Any, Final

import orjson
import structlog

from adapters.object_store.port import ObjectMissing, ObjectStore, object_key
from domain.account.results import Told, no_result, report_hash, result_document

_MOST_BYTES: Final = 4 * 1024 * 1024
log = structlog.get_logger(__name__)


async def result_of(store: ObjectStore, account_id: str, task: Told) -> dict[str, Any]:
    """The result document of a task that ended. Raises NoResult with the reason if it failed or was cancelled."""
    if task["status"] != "completed":
        raise no_result(task, await problem_text(store, account_id, task))
    report = report_hash(task)
    return result_document(task, {} if report is None else await read_report(store, account_id, report))


async def problem_text(store: ObjectStore, account_id: str, task: Told) -> str | None:
    """What the engine wrote for the person about a failure, if it did and it is still there."""
    sha256 = (task["problem"] or {}).get("message_sha256")
    if sha256 is None:
        return None
    message = (await read_report(store, account_id, sha256)).get("message")
    return message if isinstance(message, str) else None


async def read_report(store: ObjectStore, account_id: str, sha256: str) -> dict[str, Any]:
    """The report object of a run; empty when its object is missing (collected, or lost)."""
    try:
        content = orjson.loads(await store.get(object_key(account_id, sha256), _MOST_BYTES))
    except (ObjectMissing, ValueError) as error:
        log.error("a report cannot be read", sha256=sha256, why=repr(error))
        return {}
    return content if isinstance(content, dict) else {}

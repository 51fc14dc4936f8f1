"""How the processors' commands end: an exit code, and a last line that says why."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from adapters.errors import DependencyDown
from adapters.kafka.port import LogTruncated, LogUnavailable
from adapters.settings import Settings, SettingsError
from processors import telling


class Refused(Exception):
    pass


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is of the whole process is left as it is."""
    monkeypatch.setattr(telling, "logs_to_stderr", lambda level: None)
    monkeypatch.setattr(telling, "collect_rarely", lambda thresholds: None)
    monkeypatch.setattr(telling, "load_settings", Settings)


def failing(error: BaseException) -> Callable[[Settings], Coroutine[Any, Any, int]]:
    async def work(settings: Settings) -> int:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "code", "why"),
    [
        (Refused("there is one already"), 1, "there is one already"),
        (ExceptionGroup("tasks", [ExceptionGroup("more", [Refused("deep")])]), 1, "deep"),
        (LogUnavailable("no broker"), 75, "no broker"),
        (LogTruncated("it was cut"), 75, "it was cut"),
        (DependencyDown("no store", dependency="object_store"), 75, "no store"),
        (TimeoutError(), 75, "TimeoutError()"),
        (SettingsError("LATHE_PORT: a number"), 78, "LATHE_PORT: a number"),
        (asyncio.CancelledError(), 130, "it was interrupted"),
    ],
)
def test_the_last_line_and_the_exit_code(
    error: BaseException, code: int, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert telling.carry_out(failing(error), Refused) == code
    assert json.loads(capsys.readouterr().out) == {"state": "refused", "why": why}


def test_what_is_refused_is_not_what_did_not_answer() -> None:
    assert telling.carry_out(failing(LogTruncated("it was cut")), LogTruncated) == 1


def test_a_mistake_of_ours_is_told_as_one() -> None:
    with pytest.raises(ZeroDivisionError):
        telling.carry_out(failing(ZeroDivisionError()))


def test_its_own_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    async def work(settings: Settings) -> int:
        telling.tell({"state": "done"})
        return 3

    assert telling.carry_out(work) == 3
    assert json.loads(capsys.readouterr().out) == {"state": "done"}

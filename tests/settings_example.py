"""Writes `.env.example` from the settings themselves: `python -m tests.settings_example`. A test compares the two."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import AliasChoices
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from adapters.settings import PREFIX, Limits, Settings
from ml_worker.settings import WorkerSettings

FILE: Final = Path(__file__).parents[1] / ".env.example"
GROUPS: Final[tuple[tuple[str, type[BaseSettings]], ...]] = (
    ("The installation", Settings),
    ("Limits of one client", Limits),
    ("Workers", WorkerSettings),
)
SET_BY_UP: Final = {"bind", "internal_url", "api_url", "ready_file", "command_url", "metrics_bind", "usage_bind"}
"""`lathe up` sets these for each process; people do, when they run the processes themselves."""


def example() -> str:
    lines = [
        "# Settings of Lathe. Copy this file to `.env` and change what you need; every line shows the default.",
        "# Variables of the environment win over this file.",
    ]
    for title, settings in GROUPS:
        lines += ["", f"# --- {title} ---"]
        for name, field in settings.model_fields.items():
            if name != "limits":
                lines += ["", *_described(name, field)]
    return "\n".join(lines) + "\n"


def _described(name: str, field: FieldInfo) -> Iterator[str]:
    assert field.description, f"{name} has no description"
    yield f"# {field.description}"
    if isinstance(field.validation_alias, AliasChoices):
        others = [str(alias) for alias in field.validation_alias.choices if re.fullmatch("[A-Z0-9_]+", str(alias))][1:]
        yield f"# Also read from {', '.join(others)}."
    if name in SET_BY_UP:
        yield "# Set by `lathe up`; only for processes that are started one by one."
    yield f"#{PREFIX}{name.upper()}={_shown(field.default)}"


def _shown(default: Any) -> str:
    if default is None:
        return ""
    if isinstance(default, tuple):
        return ",".join(str(part) for part in default)
    return str(default)


if __name__ == "__main__":
    FILE.write_text(example())

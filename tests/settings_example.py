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
from processors.roles import USUAL

FILE: Final = Path(__file__).parents[1] / ".env.example"
GROUPS: Final[tuple[tuple[str, type[BaseSettings]], ...]] = (
    ("The installation", Settings),
    ("Limits of one client", Limits),
    ("Workers", WorkerSettings),
)
SET_BY_UP: Final = {"bind", "internal_url", "api_url", "ready_file", "command_url", "metrics_bind", "usage_bind"}
"""`lathe up` sets these for each process; people do, when they run the processes themselves."""
FROM_THE_ENVIRONMENT: Final = "Of commands: from the environment alone, never from `.env`"
COMMANDS: Final[tuple[tuple[str, str], ...]] = (
    (
        "LATHE_URL",
        "Server that `lathe generate` and its kin ask. Default: that of LATHE_HOST and LATHE_PORT, which are read from "
        "`.env`, too.",
    ),
    ("LATHE_USER", "User name for `lathe login` and `register`, and for a command that finds no login."),
    ("LATHE_PASSWORD", "Its password."),
    ("LATHE_TOKEN", "Access token to be used instead of a login."),
    ("LATHE_PROCESSORS", f"Roles of `python -m processors`, comma separated. Default: {','.join(USUAL)}."),
)
"""Variables that are no fields of a settings class, and what each is for."""


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
    lines += ["", f"# --- {FROM_THE_ENVIRONMENT} ---"]
    for variable, meaning in COMMANDS:
        lines += ["", f"# {meaning}", f"# {variable}"]
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

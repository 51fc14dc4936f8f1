"""The files in docker/ as data: compose files, and the Dockerfile's stages."""

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

PROJECT: Final = Path(__file__).parents[2]
FOLDER: Final = PROJECT / "docker"


def compose(name: str = "compose.yaml") -> dict[str, Any]:
    """A compose file with its anchors merged and its variables as they stand."""
    read: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text())
    return read


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def built() -> dict[str, dict[str, Any]]:
    """The services that run an image of ours."""
    return {name: service for name, service in services().items() if "build" in service}


@dataclass
class Stage:
    name: str
    base: str
    """An image, or the stage it builds on."""
    instructions: list[tuple[str, str]] = field(default_factory=list)
    """Keyword and rest, lines joined."""

    def all(self, keyword: str) -> list[str]:
        return [rest for name, rest in self.instructions if name == keyword]

    def last(self, keyword: str) -> str | None:
        found = self.all(keyword)
        return found[-1] if found else None


def stages() -> dict[str, Stage]:
    """The Dockerfile's stages by name, in order."""
    found: dict[str, Stage] = {}
    for keyword, rest in _instructions((FOLDER / "Dockerfile").read_text()):
        if keyword == "FROM":
            base, _, name = rest.split()
            found[name] = Stage(name, base)
        elif found:
            list(found.values())[-1].instructions.append((keyword, rest))
    return found


def filled(value: str, demanded: str = "the-secret") -> str:
    """A value with its variables filled in: by their defaults, or by `demanded` where compose insists on one."""
    while found := re.search(r"\$\{(\w+)(:-|:\?)([^${}]*)\}", value):
        value = value.replace(found[0], found[3] if found[2] == ":-" else demanded)
    return value


def lineage(target: str) -> list[Stage]:
    """The stages that end up in the image of `target`, the base first."""
    known = stages()
    line = [known[target]]
    while line[0].base in known:
        line.insert(0, known[line[0].base])
    return line


def environment(target: str) -> dict[str, str]:
    """What ENV gives the processes of an image."""
    told: dict[str, str] = {}
    for stage in lineage(target):
        for rest in stage.all("ENV"):
            for pair in shlex.split(rest):
                name, _, value = pair.partition("=")
                told[name] = value
    return told


def command(target: str) -> list[str]:
    """CMD of an image, in its JSON form."""
    words: list[str] = json.loads(next(rest for stage in reversed(lineage(target)) if (rest := stage.last("CMD"))))
    return words


def _instructions(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    pending = ""
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        pending += line.strip().removesuffix("\\")
        if not line.rstrip().endswith("\\"):
            keyword, _, rest = pending.partition(" ")
            found.append((keyword.upper(), rest.strip()))
            pending = ""
    return found

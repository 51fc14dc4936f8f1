"""Finds engines: those of this package, those that installed packages registered, and those named by a setting.

A third party registers its own by the entry-point group `lathe.engines` (name: the engine's id, value: its class).
"""

from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.metadata import entry_points
from typing import Final, cast

from ml_worker.engines.port import Engine

GROUP: Final = "lathe.engines"
BUILT_IN: Final = {
    "lathe/form": "ml_worker.engines.form.engine:FormEngine",
    "lathe/relief": "ml_worker.engines.relief.engine:ReliefEngine",
}
Maker = Callable[[], Engine]


class EngineMissing(Exception):
    """An engine that was asked for cannot be imported. The message names it and why."""


def sources(names: Iterable[str]) -> dict[str, str]:
    """Where to import each engine from. `builtin` stands for this package's and all registered ones.

    Keys are the names known before an import: an engine's id, or `module:Class` as given.
    """
    found: dict[str, str] = {}
    for name in names:
        if name == "builtin":
            found |= BUILT_IN
            found |= {entry.name: entry.value for entry in entry_points(group=GROUP)}
        else:
            found[name] = name
    return found


def make(source: str) -> Engine:
    """Import `module:Class` and make the engine. Raises EngineMissing."""
    module, separator, attribute = source.partition(":")
    if not separator or not module or not attribute:
        raise EngineMissing(f"{source!r} must look like package.module:Class")
    try:
        maker = cast(Maker, getattr(import_module(module), attribute))
    except (ImportError, AttributeError) as error:
        raise EngineMissing(f"{source}: {error}") from error
    return maker()


def find(engine: str, names: Iterable[str]) -> Engine:
    """The engine with an id, among those named. Raises EngineMissing, which says what there is."""
    missing, known = [], []
    for name, source in sources(names).items():
        if name in BUILT_IN and name != engine:
            known.append(name)
            continue
        try:
            made = make(source)
        except EngineMissing as error:
            missing.append(str(error))
            continue
        if made.describe().id == engine:
            return made
        known.append(made.describe().id)
    raise EngineMissing(f"There is no engine {engine} here; there are {', '.join(known)}. {' '.join(missing)}".strip())

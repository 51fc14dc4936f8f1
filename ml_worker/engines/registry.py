"""Finds engines: those of this package, those that installed packages registered, remote ones, and those of a setting.

A third party registers its own by the entry-point group `lathe.engines` (name: the engine's id, value: its class).
Whatever is wrong with one source is that source's own failure: the others are found all the same.
"""

from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Final, NamedTuple, NoReturn, cast

from ml_worker.engines.descriptions import description_faults
from ml_worker.engines.port import Description, Engine

GROUP: Final = "lathe.engines"
ALL: Final = "builtin"
"""In a list of names: this package's engines, all registered ones and all remote ones."""
REGISTERED: Final = "registered"
"""In a list of names: those that other packages registered, alone."""
REMOTE: Final = "remote"
"""In a list of names: those of LATHE_REMOTE_ENGINES, alone."""
BUILT_IN: Final = {
    "lathe/form": "ml_worker.engines.form.engine:FormEngine",
    "lathe/relief": "ml_worker.engines.relief.engine:ReliefEngine",
}


class EngineMissing(Exception):
    """An engine that was asked for cannot be had. The message names it and why."""


class Source(NamedTuple):
    """Where an engine comes from; nothing of it is imported yet."""

    name: str
    """The engine's id, or `module:Class` where only that is known."""
    origin: str
    """For the operator: which package or file it is from."""
    make: Callable[[], Engine]
    """Import and make it. Raises EngineMissing for whatever goes wrong there."""


def sources(names: Iterable[str], remote: Path | None = None) -> list[Source]:
    """`names` as in LATHE_ENGINES; `remote`: the file of LATHE_REMOTE_ENGINES. Lathe's own come first.

    Ids are unique: a built-in one cannot be taken, and of two packages the first by name has it; the other becomes a
    source that fails and says so.
    """
    found: list[Source] = []
    for name in names:
        if name == ALL:
            found += [Source(known, "Lathe", partial(make, path)) for known, path in BUILT_IN.items()]
        if name in (ALL, REGISTERED):
            found += _registered()
        if name in (ALL, REMOTE):
            found += _remote(remote)
        if name not in (ALL, REGISTERED, REMOTE):
            found.append(Source(name, "LATHE_ENGINES", partial(make, name)))
    return _unique(found)


def make(source: str) -> Engine:
    """Import `module:Class` and make the engine. Raises EngineMissing."""
    module, separator, attribute = source.partition(":")
    if not separator or not module or not attribute:
        raise EngineMissing(f"{source!r} must look like package.module:Class")
    return _made(source, lambda: getattr(import_module(module), attribute))


def described(source: Source) -> tuple[Engine, Description]:
    """The engine and what it says of itself. Raises EngineMissing when it cannot be made, or cannot be offered so."""
    engine = source.make()
    try:
        told = engine.describe()
        wrong = description_faults(told)
    except (Exception, SystemExit) as error:
        raise EngineMissing(f"{source.name}: describe(): {type(error).__name__}: {error}") from error
    if wrong:
        raise EngineMissing(f"{source.name} ({source.origin}) cannot be offered: {'; '.join(wrong)}")
    if ":" not in source.name and told.id != source.name:
        raise EngineMissing(f"{source.name} ({source.origin}) calls itself {told.id}")
    return engine, told


def find(engine: str, names: Iterable[str], remote: Path | None = None) -> Engine:
    """The engine with an id (or `module:Class`). Raises EngineMissing, which says what there is."""
    missing, known = [], []
    for source in sources([engine]) if ":" in engine else sources(names, remote):
        if "/" in source.name and ":" not in source.name and source.name != engine:
            known.append(source.name)
            continue
        try:
            made, told = described(source)
        except EngineMissing as error:
            missing.append(str(error))
            continue
        if engine in (told.id, source.name):
            return made
        known.append(told.id)
    there = f"there are {', '.join(known)}." if known else "there is none."
    raise EngineMissing(" ".join(missing) if missing else f"There is no engine {engine} here; {there}")


def _registered() -> list[Source]:
    found = sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, _package(entry)))
    return [Source(entry.name, f"package {_package(entry)}", partial(_load, entry)) for entry in found]


def _package(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else "unknown"


def _load(entry: EntryPoint) -> Engine:
    return _made(f"{entry.value} of package {_package(entry)}", entry.load)


def _remote(file: Path | None) -> list[Source]:
    if file is None:
        return []
    from ml_worker.engines.remote.config import RemoteConfigError, load_remote
    from ml_worker.engines.remote.engine import RemoteEngine

    try:
        told = load_remote(file)
    except RemoteConfigError as error:
        return [Source("LATHE_REMOTE_ENGINES", str(file), partial(_fail, str(error)))]
    return [Source(remote.id, str(file), partial(RemoteEngine, remote)) for remote in told]


def _unique(found: list[Source]) -> list[Source]:
    owners = {known: Source(known, "Lathe", partial(make, path)) for known, path in BUILT_IN.items()}
    kept = []
    for source in {(source.name, source.origin): source for source in found}.values():
        first = owners.setdefault(source.name, source)
        if first.origin == source.origin:
            kept.append(source)
        else:
            why = f"{source.name} of {source.origin} is left out: {first.origin} has an engine of that id"
            kept.append(Source(f"{source.name} ({source.origin})", source.origin, partial(_fail, why)))
    return kept


def _made(what: str, load: Callable[[], object]) -> Engine:
    """Foreign code runs here: its failures, also its attempts to end the process, become EngineMissing."""
    try:
        maker = cast(Callable[[], Engine], load())
        return maker()
    except (Exception, SystemExit) as error:
        raise EngineMissing(f"{what}: {type(error).__name__}: {error}") from error


def _fail(why: str) -> NoReturn:
    raise EngineMissing(why)

"""The engines of one child process: all are offered; as many stay loaded as fit into memory (least recently used go).

An engine is unloaded by letting go of the object that `load` was called on, and made anew when it is wanted again.
"""

from collections.abc import Callable

import structlog

from ml_worker.device import free_memory, is_out_of_memory
from ml_worker.engines.port import Description, Engine
from ml_worker.engines.registry import EngineMissing, Source, described

log = structlog.get_logger(__name__)


class Shelf:
    """`on_unload` is called with the id of an engine that is in memory no more."""

    def __init__(self, device: str, on_unload: Callable[[str], None]) -> None:
        self._device, self._on_unload = device, on_unload
        self._sources: dict[str, Source] = {}
        self._made: dict[str, Engine] = {}
        """Described, not loaded."""
        self._loaded: dict[str, Engine] = {}
        """The one that was used longest ago comes first."""

    def put(self, source: Source) -> Description:
        """Describe an engine. Raises EngineMissing."""
        engine, told = described(source)
        if told.id in self._sources:
            raise EngineMissing(f"{source.origin} has a second engine with the id {told.id}")
        self._sources[told.id], self._made[told.id] = source, engine
        return told

    def source(self, engine: str) -> str:
        """The name of the source of an engine. Raises KeyError."""
        return self._sources[engine].name

    def is_loaded(self, engine: str) -> bool:
        return engine in self._loaded

    def load(self, engine: str) -> Engine:
        """Load an engine that is not loaded. Raises what its `load` raises."""
        made = self._made.pop(engine, None) or self._sources[engine].make()
        made.load(self._device)
        self._loaded[engine] = made
        return made

    def take(self, engine: str) -> Engine:
        """The engine, loaded; others make room for it where memory is short. Raises what its `load` raises."""
        while engine not in self._loaded and not self._fits(engine):
            self._unload(next(iter(self._loaded)))
        taken = self._loaded[engine] = self._loaded.pop(engine)
        return taken

    def _fits(self, engine: str) -> bool:
        """Load it if there is room. What failed to load is let go of when this returns, so that its memory is free."""
        try:
            self.load(engine)
        except Exception as error:
            if not is_out_of_memory(error) or not self._loaded:
                raise
            return False
        return True

    def keep_only(self, engine: str) -> None:
        """Unload the others: a run of this one found too little memory."""
        for other in [one for one in self._loaded if one != engine]:
            self._unload(other)

    def _unload(self, engine: str) -> None:
        log.warning("an engine is unloaded: memory is short", engine=engine)
        del self._loaded[engine]
        free_memory()
        self._on_unload(engine)

"""Work beside other work, where a slot has more than one thread.

The loops that take long (compiled ones, tensors, rays, encoders) leave the interpreter's lock alone, so two of them run
at once. What is done beside is given everything it needs and changes nothing that others see: results do not depend on
how many threads there are.
"""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from threading import Lock
from types import TracebackType
from typing import Any, Generic, TypeVar

R = TypeVar("R")
T = TypeVar("T")
PATIENCE = 0.1
"""Seconds between two looks for a cancellation."""


class _Work(Generic[R]):
    """Done once, by whichever thread comes to it first."""

    def __init__(self, do: Callable[[], R]) -> None:
        self._do = do
        self._claim = Lock()
        self.done: Future[R] = Future()

    def run(self) -> None:
        if not self._claim.acquire(blocking=False):
            return
        try:
            self.done.set_result(self._do())
        except BaseException as error:  # noqa: BLE001 - raised again where the result is wanted
            self.done.set_exception(error)


class Lane:
    """One more thread, if there is one; else everything is done at once, where it is asked for.

    Who waits for a result does meanwhile what nobody has begun. Work that is done beside may itself hand out work
    (`each`), but only such as waits for nothing.

    `watch` is called while something is waited for, and may raise. What is still going on when the lane is left is
    waited for.
    """

    def __init__(self, threads: int = 1, watch: Callable[[], None] = lambda: None) -> None:
        self._watch = watch
        self._pool = ThreadPoolExecutor(1, "beside") if threads > 1 else None
        self._begun: deque[_Work[Any]] = deque()

    def __enter__(self) -> "Lane":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def beside(self, do: Callable[[], R]) -> Callable[[], R]:
        """Begin `do`, after what was begun before it; the answer gives its result, or raises what it raised."""
        if self._pool is None:
            result = do()
            return lambda: result
        work = _Work(do)
        self._begun.append(work)
        self._pool.submit(self._take_next)
        return lambda: self._result(work)

    def each(self, do: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """What `do` gives for each item, in their order."""
        return [result() for result in [self.beside(partial(do, item)) for item in items]]

    def _take_next(self) -> bool:
        """Do what was begun first, if nobody else does; False when nothing is left."""
        try:
            work = self._begun.popleft()
        except IndexError:
            return False
        work.run()
        return True

    def _result(self, wanted: _Work[R]) -> R:
        wanted.run()
        while not wanted.done.done():
            if not self._take_next():
                wait([wanted.done], PATIENCE)
            self._watch()
        return wanted.done.result()

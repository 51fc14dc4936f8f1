"""Work beside other work, where a slot has more than one thread.

The loops that take long (compiled ones, tensors, rays, encoders) leave the interpreter's lock alone, so two of them run
at once. What is done beside is given everything it needs and changes nothing that others see: results do not depend on
how many threads there are.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any, TypeVar

R = TypeVar("R")
PATIENCE = 0.1
"""Seconds between two looks for a cancellation."""


class Lane:
    """One more thread, if there is one; else everything is done at once, where it is asked for.

    `watch` is called while something is waited for, and may raise. What is still going on when the lane is left is
    waited for.
    """

    def __init__(self, threads: int, watch: Callable[[], None] = lambda: None) -> None:
        self._watch = watch
        self._pool = ThreadPoolExecutor(1, "beside") if threads > 1 else None

    def __enter__(self) -> "Lane":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def beside(self, work: Callable[[], R]) -> Callable[[], R]:
        """Begin `work`, after what was begun before it; the answer gives its result, or raises what it raised."""
        if self._pool is None:
            result = work()
            return lambda: result
        future = self._pool.submit(work)
        return lambda: self._result(future)

    def _result(self, future: Future[Any]) -> Any:
        while not wait([future], PATIENCE).done:
            self._watch()
        return future.result()

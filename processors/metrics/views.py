"""What the page and its JSON say: usage by model and minute, newest last."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from domain.money import MICRO
from processors.metrics.tables import MINUTE_S, Tables
from processors.metrics.usage import FIELDS, Window, added, empty

MOST_MINUTES: Final = 24 * 60


def usage_document(tables: Tables, minutes: int, now: float) -> dict[str, Any]:
    """The last `minutes` (1 to 1440), without those in which nothing happened. Credits, not micro-credits."""
    first = (now // MINUTE_S - min(max(1, minutes), MOST_MINUTES) + 1) * MINUTE_S
    return document_of(tables.windows(first), first, now)


def document_of(windows_: Iterable[tuple[str, float, Window]], first: float, now: float) -> dict[str, Any]:
    """The document from windows that begin at `first` or later; those of one model and minute are added up."""
    by_model: defaultdict[str, defaultdict[float, Window]] = defaultdict(lambda: defaultdict(empty))
    for model, begin, amounts in windows_:
        by_model[model][begin] = added(by_model[model][begin], amounts)
    models = {
        model: {
            "total": _shown(_sum(windows.values())),
            "minutes": [{"minute": int(begin), **_shown(windows[begin])} for begin in sorted(windows)],
        }
        for model, windows in sorted(by_model.items())
    }
    return {"from": int(first), "to": int(now), "models": models}


def _sum(windows: Any) -> Window:
    total = empty()
    for window in windows:
        total = added(total, window)
    return total


def _shown(window: Window) -> dict[str, float]:
    shown = dict(zip(FIELDS, window, strict=True))
    shown["credits"] = shown["credits"] / MICRO
    return {name: round(value, 6) for name, value in shown.items()}

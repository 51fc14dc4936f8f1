"""Our own processes: the gateway, the services behind it, and the workers."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import httpx
import msgspec

from cli.doctor.finding import Finding, fail, ok, warn
from domain.ownership import OwnerAnnounced
from domain.runs.events import WorkerBeat

TIMEOUT_S: Final = 5.0
SILENT_S: Final = 10.0
"""A worker beats every 2 s; one that was silent for so long is taken for gone."""
SKEW_S: Final = 2.0
LOADING_S: Final = 60.0
"""How long a worker that has just started may take to describe its engines."""
LEADERS: Final = {
    "lathe_scheduler_leading": (
        "No process assigns runs: tasks stay queued",
        "A `processors` takes it over after its start. First it reads the whole log, which may take minutes: its own"
        " log (logs/processors*.log) tells how far it is, or why it does not.",
    ),
    "lathe_projector_leading": (
        "No process projects: what can be read stays as it is",
        "A `processors` takes it over within seconds of its start; if none does, see logs/processors*.log.",
    ),
}
"""Figures that are 0 in a process that could lead and does not; what it means when none does, and what to do."""
_ENDED: Final = "`lathe up` starts it again by itself; why it ended stands in logs/{}*.log."


async def check_gateway(http: httpx.AsyncClient, url: str) -> list[Finding]:
    """The page, and whether a query gets through."""
    page = await _asked(http, f"{url}/")
    if isinstance(page, httpx.HTTPError):
        return [_silent("gateway", f"The gateway does not answer at {url}", page, "gateway")]
    findings = [ok("gateway", f"It answers at {url}")]
    if page.status_code != 200:
        findings.append(warn("gateway", f"The page is not there ({page.status_code})", "Build it: `make up` does."))
    ready = await _asked(http, f"{url}/readyz")
    if isinstance(ready, httpx.HTTPError) or ready.status_code != 200:
        why = type(ready).__name__ if isinstance(ready, httpx.HTTPError) else ready.status_code
        findings.append(fail("gateway", f"No query gets through it ({why})", "See the services below."))
    return findings


async def check_service(http: httpx.AsyncClient, name: str, address: str) -> list[Finding]:
    """Ask /readyz of one process, and say which of its dependencies is missing."""
    answer = await _asked(http, f"{address if '://' in address else f'http://{address}'}/readyz")
    if isinstance(answer, httpx.HTTPError):
        return [_silent("services", f"{name} does not answer at {address}", answer, name)]
    if answer.status_code == 200:
        return [ok("services", f"{name} is ready at {address}")]
    missing = ", ".join(_missing(answer)) or f"{answer.status_code}"
    return [fail("services", f"{name} at {address} is not ready: {missing}", "Mend that; it goes on by itself.")]


async def check_background(http: httpx.AsyncClient, addresses: Mapping[str, str]) -> list[Finding]:
    """Processes without an API, by what they tell at /metrics: whether they live, and whether anybody leads."""
    answers = await asyncio.gather(*(_asked(http, f"http://{address}/metrics") for address in addresses.values()))
    findings, figures = [], ""
    for (name, address), answer in zip(addresses.items(), answers, strict=True):
        if isinstance(answer, httpx.HTTPError):
            findings.append(_silent("services", f"{name} does not answer at {address}", answer, name))
        elif answer.status_code != 200:
            findings.append(fail("services", f"{name} at {address} answers {answer.status_code}", _ENDED.format(name)))
        else:
            findings.append(ok("services", f"{name} is alive at {address}"))
            figures += answer.text
    for figure, (what, do) in LEADERS.items():
        told = re.findall(rf"^{figure} ([0-9.]+)$", figures, re.MULTILINE)
        if told and not any(map(float, told)):
            findings.append(warn("services", what, do))
    return findings


async def _asked(http: httpx.AsyncClient, url: str) -> httpx.Response | httpx.HTTPError:
    try:
        return await http.get(url)
    except httpx.HTTPError as error:
        return error


def _silent(area: str, what: str, error: httpx.HTTPError, name: str) -> Finding:
    """A process that is gone is started again; one that hangs waits for something, or has to be ended first."""
    if isinstance(error, httpx.ReadTimeout):
        return fail(
            area,
            f"{what} within {TIMEOUT_S:.0f} s, though it takes connections",
            "It waits for what fails above; if nothing does, end the process: `lathe up` starts it again.",
        )
    return fail(
        area,
        f"{what} ({type(error).__name__})",
        _ENDED.format(name),
    )


def _missing(answer: httpx.Response) -> Iterator[str]:
    try:
        told: Any = answer.json()
    except ValueError:
        return
    dependencies = told.get("dependencies", {}) if isinstance(told, dict) else {}
    for name, state in dependencies.items():
        if isinstance(state, dict) and not state.get("ok", True):
            detail = state.get("detail")
            yield f"{name} ({detail})" if detail else str(name)


def owners_of(announced: Iterable[tuple[int, msgspec.Struct]]) -> dict[str, str]:
    """`<topic>:<partition>` to the address of its newest owner."""
    newest: dict[str, OwnerAnnounced] = {}
    for _, event in announced:
        if isinstance(event, OwnerAnnounced):
            name = f"{event.topic}:{event.partition}"
            if name not in newest or event.epoch > newest[name].epoch:
                newest[name] = event
    return {name: event.address for name, event in newest.items()}


def check_workers(beats: Iterable[tuple[int, msgspec.Struct]], now_s: float | None = None) -> Iterator[Finding]:
    """`beats`: (ms since 1970, event) of the last records of lathe.workers."""
    now = time.time() if now_s is None else now_s
    last: dict[str, tuple[float, WorkerBeat]] = {}
    for timestamp, event in beats:
        if isinstance(event, WorkerBeat):
            last[event.worker_id] = (timestamp / 1000, event)
    if any(time_s - now > SKEW_S for time_s, _ in last.values()):
        ahead = max(time_s - now for time_s, _ in last.values())
        yield warn("workers", f"A worker's clock is {ahead:.0f} s ahead of this machine's", "Start NTP on both.")
    live = [beat for time_s, beat in last.values() if now - time_s < SILENT_S and not beat.stopping]
    if not live:
        heard = f"the last was heard {now - max(t for t, _ in last.values()):.0f} s ago" if last else "none was heard"
        yield fail("workers", f"No worker is alive ({heard})", "Tasks stay queued. Its log: logs/ml_worker.log.")
        return
    engines = Counter(engine.id for beat in live for engine in beat.engines)
    slots, running = sum(beat.slots for beat in live), sum(len(beat.running) for beat in live)
    room = f"{slots} slot{'' if slots == 1 else 's'}, {running} run{'' if running == 1 else 's'}"
    yield ok("workers", f"{len(live)} alive with {room}; engines: {', '.join(sorted(engines))}")
    if not engines and all(now - beat.started_at.timestamp() < LOADING_S for beat in live):
        yield warn("workers", "No worker has described its engines yet", "Wait a moment: they have just started.")
    elif not engines:
        yield fail("workers", "No worker has an engine", "LATHE_ENGINES; the worker's log says why one did not load.")

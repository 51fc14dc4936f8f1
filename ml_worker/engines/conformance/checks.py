"""The checks, in the order in which an author wants to know of them. Each returns what it saw, or raises Broken."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from domain.catalog.schema import validate_params
from domain.errors import InvalidInput
from ml_worker.answers import CODE, formats_of
from ml_worker.engines.conformance.findings import Broken, NotUsed
from ml_worker.engines.conformance.leaks import Footprint
from ml_worker.engines.conformance.outputs import READABLE, require_clean_meshes, require_files, require_preview
from ml_worker.engines.conformance.suite import SEED, Suite
from ml_worker.engines.descriptions import description_faults
from ml_worker.engines.port import Input, Inputs
from ml_worker.stages import Stages

STOPS_WITHIN_S: Final = 1.0
"""A cancelled run has ended so long after it could know; two seconds later its process is killed."""


def description(suite: Suite) -> str:
    """`describe()` is valid, says the same each time, and needs no `load`."""
    told = suite.told
    wrong = description_faults(told)
    if wrong:
        raise Broken("; ".join(wrong))
    engine = suite.make()
    if not engine.describe() == engine.describe() == told:
        raise Broken("describe() says something else each time; version, schema and price must stand still")
    return (
        f"{told.id} {told.version}, takes {', '.join(told.kinds)}, {len(told.params_schema['properties'])} parameters"
    )


def parameters(suite: Suite) -> str:
    """The schema takes its own defaults, and refuses unknown members and values of a wrong type or out of bounds."""
    schema = suite.told.params_schema
    tried = 0
    for wrong in _wrong_params(schema):
        tried += 1
        try:
            validate_params({**schema, "required": []}, wrong)
        except InvalidInput:
            continue
        raise Broken(f"the schema lets {wrong} through; give the parameter a type and bounds")
    return f"{tried} wrong parameters refused, the sample's {len(suite.params)} taken"


def _wrong_params(schema: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{"no-such-parameter": 1}]
    for name, said in schema.get("properties", {}).items():
        # An object is wrong for all but those that take objects; no sane parameter is a boolean and an object.
        found.append({name: True if said.get("type") == "object" else {"strange": True}})
        found += [{name: said[bound] - step} for bound, step in (("minimum", 1), ("maximum", -1)) if bound in said]
        if "enum" in said:
            found.append({name: "none-of-these"})
    return found


def result(suite: Suite) -> str:
    """A run ends with every format that was asked for, in its folder, under the right media type."""
    ran = suite.first
    wanted = formats_of(suite.params)
    require_files(ran.result, ran.run.folder, wanted)
    strange = [name for name, value in ran.result.metrics.items() if not math.isfinite(float(value))]
    if strange:
        raise Broken(f"the metrics {strange} are not finite numbers")
    kinds = suite.told.kinds[1:]
    for kind in kinds:
        other = suite.run_to_end(SEED, kind=kind)
        require_files(other.result, other.run.folder, wanted)
    return f"{', '.join(ran.hashes)} in {ran.seconds:.1f} s" + (f"; also from {', '.join(kinds)}" if kinds else "")


def meshes(suite: Suite) -> str:
    """Model files are closed, 2-manifold, wound outwards, without degenerate faces; there is a preview."""
    if not any(made.format in READABLE for made in suite.first.result.files):
        raise NotUsed("no model files in the result")
    checked = require_clean_meshes(suite.first.result)
    require_preview(suite.first.result)
    return ", ".join(checked)


def determinism(suite: Suite) -> str:
    """Same inputs, parameters and seed: the same bytes, also after another run in between."""
    one, two = suite.first.hashes, suite.again.hashes
    differ = sorted(name for name in one | two if one.get(name) != two.get(name))
    if differ:
        raise Broken(f"{', '.join(differ)} came out different; use run.seed for every chance, and keep no state")
    return f"{len(one)} outputs, the same bytes twice"


def progress(suite: Suite) -> str:
    """Progress goes through the stages of `describe()` in order, each 0..1, never back, and ends at 1."""
    told = suite.first.run.told
    if not told:
        raise Broken("the run told no progress")
    codes = [code for code, _ in suite.told.stages]
    last, stages = (-1, 0.0), Stages(suite.told.stages)
    for step in told:
        if step.stage not in codes:
            raise Broken(f"the stage {step.stage!r} is not in describe().stages {codes}")
        if not 0 <= step.fraction <= 1:
            raise Broken(f"{step.stage}: {step.fraction} is not within 0..1")
        at = (codes.index(step.stage), step.fraction)
        if at < last:
            raise Broken(f"it went back, to {step.stage} {step.fraction:g} from {codes[last[0]]} {last[1]:g}")
        last = at
        stages.reach(step.stage, step.fraction)
    if stages.fraction < 1:
        raise Broken(f"it ended at {stages.fraction:.2f}; tell the last stage's 1.0")
    return f"{len(told)} reports through {len({step.stage for step in told})} stages"


def cancellation(suite: Suite) -> str:
    """A cancelled run stops within a second, wherever it is, and its engine can run again."""
    checks = suite.first.run.checks
    if not checks:
        raise Broken("the run never called check_cancel()")
    slowest = 0.0
    for number in sorted({1, max(1, checks // 3), max(1, 2 * checks // 3)}):
        slowest = max(slowest, suite.run_until_stopped(suite.inputs(), suite.watched(cancel_at=number)))
    _require_quick(suite, slowest, "it was cancelled")
    return f"stopped {slowest:.2f} s after the check at the latest, {checks} checks a run"


def deadline(suite: Suite) -> str:
    """A run whose deadline passes stops within a second: no part of the work is blind for longer."""
    slowest = 0.0
    for share in (0.3, 0.7):
        after = suite.first.seconds * share
        run = suite.watched(ends_after_s=after, deadline=datetime.now(UTC) + timedelta(seconds=after))
        try:
            slowest = max(slowest, suite.run_until_stopped(suite.inputs(), run))
        except Broken:
            if run.cancelled_at is None:
                continue  # It was quicker this time than its deadline.
            raise
    _require_quick(suite, slowest, "its deadline")
    return f"stopped {slowest:.2f} s after the deadline at the latest"


def _require_quick(suite: Suite, seconds: float, since: str) -> None:
    most = STOPS_WITHIN_S * suite.patience
    if seconds > most:
        raise Broken(f"it stopped {seconds:.2f} s after {since}; call check_cancel() at least every 0.5 s ({most:g} s)")


def errors(suite: Suite) -> str:
    """Inputs that are no good are refused as BadInput: a stable code, and words that help the person."""
    seen = []
    for name, inputs in _bad_inputs(suite):
        try:
            refused = suite.refusal(inputs)
        except Broken as broken:
            raise Broken(f"{name}: {broken}") from broken
        if not CODE.fullmatch(refused.code):
            raise Broken(f"{name}: the code {refused.code!r} is not like `not-understood`")
        if len(refused.message) < 10 or "Traceback" in refused.message:
            raise Broken(f"{name}: the message {refused.message!r} tells a person nothing")
        seen.append(f"{name}: {refused.code}")
    return ", ".join(seen)


def _bad_inputs(suite: Suite) -> list[tuple[str, Inputs]]:
    kinds = suite.told.kinds
    found = [("nothing", Inputs())]
    if "text" in kinds:
        found.append(("blank prompt", Inputs(prompt="  ")))
    if {"image", "images"} & set(kinds):
        path = suite.folder("bad") / "photo.png"
        path.write_bytes(b"\x89PNG\r\n\x1a\nthis is no picture")
        roles = ("image",) if "image" in kinds else ("front", "back")
        found.append(("broken photo", Inputs(files=tuple(_png(path, role) for role in roles))))
    return found


def _png(path: Path, role: str) -> Input:
    return Input(role=role, path=path, media_type="image/png")


def scratch(suite: Suite) -> str:
    """A run writes into its own folder only (as far as Python sees it)."""
    outside = [str(path) for path in suite.first.outside]
    if outside:
        raise Broken(f"it wrote to {', '.join(outside[:5])}; write into run.folder only")
    return "nothing written elsewhere"


def checkpoints(suite: Suite) -> str:
    """A run that goes on from saved stages makes the same as one in a single go."""
    saved = suite.first.run.saved
    if not saved:
        raise NotUsed("the engine saves no stages")
    kept = suite.folder("checkpoints")
    suite.run_until_stopped(suite.inputs(), suite.watched(checkpoints=kept, cancel_after_save=True))
    resumed = suite.run_to_end(SEED, checkpoints=kept)
    if not resumed.run.loaded:
        raise Broken(f"it saved {saved[0]!r} and did not load it in the next attempt")
    if resumed.hashes != suite.first.hashes:
        raise Broken("the resumed run made other outputs than the one in a single go")
    return f"resumed from {', '.join(dict.fromkeys(resumed.run.loaded))}: the same outputs"


def leftovers(suite: Suite) -> str:
    """Runs leave no memory, threads, processes or open files behind."""
    assert suite.again.hashes  # What an engine makes at its first runs and keeps is no leak.
    before = Footprint.now()
    suite.run_to_end(SEED)
    return Footprint.now().require_no_more_than(before)


CHECKS: Final[dict[str, Callable[[Suite], str]]] = {
    "description": description,
    "parameters": parameters,
    "result": result,
    "meshes": meshes,
    "progress": progress,
    "determinism": determinism,
    "scratch": scratch,
    "errors": errors,
    "cancellation": cancellation,
    "deadline": deadline,
    "checkpoints": checkpoints,
    "leftovers": leftovers,
}
"""By name, in the order in which they are run."""

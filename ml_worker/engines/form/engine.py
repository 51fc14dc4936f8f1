"""The engine `lathe/form`: prompt -> request -> solid -> files."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from ml_worker.engines.form.answer import understood
from ml_worker.engines.form.families.registry import FAMILIES
from ml_worker.engines.form.make import detail, make_solid, make_wish
from ml_worker.engines.form.refusals import not_understood
from ml_worker.engines.form.solid import rows
from ml_worker.engines.form.understand import Understanding
from ml_worker.engines.port import Description, Inputs, Result, Run
from ml_worker.mesh.params import PROPERTIES, Options
from ml_worker.mesh.pipeline import STAGES, build

READING = 0.02
"""The share of the work that reading the prompt and setting up the field takes."""


@contextmanager
def one_thread() -> Iterator[int]:
    """A field is asked in many small steps: on a busy machine, threads would wait for each other at every one.

    Gives the number of threads that the run has: for larger steps, one beside the other.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield before
    finally:
        torch.set_num_threads(before)


class FormEngine:
    """Makes the families of `families/registry.py` from English words. Everything runs on the CPU."""

    def __init__(self) -> None:
        self._understanding = Understanding(FAMILIES)

    def describe(self) -> Description:
        return Description(
            id="lathe/form",
            version="1.5.0",
            title="Form: a parametric model from words",
            kinds=("text",),
            params_schema={"type": "object", "additionalProperties": False, "properties": PROPERTIES},
            price=1_000_000,
            typical_seconds=2.0,
            stages=(("understand", READING), *((stage, weight * (1 - READING)) for stage, weight in STAGES)),
        )

    def load(self, device: str) -> None:
        """Nothing to load: the fields are small enough that a GPU would only wait for its driver."""

    def run(self, inputs: Inputs, params: Mapping[str, Any], run: Run) -> Result:
        """Raises BadInput (`not-understood`, `language-not-supported`, `cannot-make`), and what the pipeline raises."""
        run.progress("understand", 0.0)
        if not inputs.prompt or not inputs.prompt.strip():
            raise not_understood("There is nothing to read in the request.", FAMILIES)
        request = self._understanding.read(inputs.prompt)
        with one_thread() as threads:
            wish = make_wish(request, run.seed)
            solid = make_solid(request, wish)
            run.progress("understand", 1.0)
            built = build(
                solid,
                Options.of(params),
                run,
                name=request.family.id,
                fineness=detail(request, wish),
                places=rows(solid, request.count),
                threads=threads,
            )
        return Result(
            files=built.files,
            report=built.report,
            understood=understood(request, solid),
            ignored=tuple(request.ignored),
            metrics=built.metrics,
        )

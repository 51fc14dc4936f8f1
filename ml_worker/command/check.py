"""`lathe engines check`: the conformance suite, for a terminal."""

import json
from typing import TYPE_CHECKING, Annotated, Final, TextIO

import typer

from adapters.telemetry.stdout import stdout_apart
from ml_worker.command.options import (
    Device,
    EngineName,
    Images,
    Names,
    Params,
    Remote,
    images_by_role,
    parameters,
)
from ml_worker.command.watching import Begin, watched
from ml_worker.device import choose_device
from ml_worker.engines.registry import ALL, EngineMissing, find

if TYPE_CHECKING:
    from ml_worker.engines.conformance import Finding

_MARKS: Final = {"passed": "ok  ", "failed": "FAIL", "not-used": "-   "}
_WIDTH: Final = 13


def check(
    engine: EngineName,
    prompt: Annotated[str | None, typer.Option(help="What to make; default: a red mug.")] = None,
    image: Images = None,
    param: Params = None,
    device: Device = "cpu",
    names: Names = ALL,
    remote: Remote = None,
    patience: Annotated[float, typer.Option(min=1, help="How many times slower than usual this machine is.")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Tell the findings as JSON.")] = False,
) -> None:
    """Put an engine through the conformance suite. Exit code 0: it keeps every promise; 1: it does not."""
    images, params = images_by_role(image), parameters(param)
    results = stdout_apart(2)  # for them alone: what an engine prints is none

    def work(begin: Begin) -> bool:
        from ml_worker.engines.conformance import LIMIT_S, Sample, Suite  # with PyTorch and all: not in the parent

        begin("import", patience * LIMIT_S)
        try:
            find(engine, names.split(","), remote)
        except EngineMissing as missing:
            typer.echo(str(missing), err=True)
            return False
        with Suite(
            lambda: find(engine, names.split(","), remote),
            Sample(prompt=prompt, images=images, params=params),
            device=choose_device(device),
            patience=patience,
        ) as suite:
            findings = suite.findings(lambda finding: None if as_json else _tell(finding, results), begin)
        if as_json:
            told = json.dumps(findings.plain(), indent=1, ensure_ascii=False)
        else:
            failed = sum(finding.verdict == "failed" for finding in findings.found)
            told = f"{findings.engine} " + ("conforms." if findings.conforms else f"fails {failed} checks.")
        typer.echo(told, file=results)
        return findings.conforms

    conforms = watched(work)
    if isinstance(conforms, str):
        typer.echo(conforms, err=True)
    if conforms is not True:
        raise typer.Exit(1)


def _tell(finding: "Finding", results: TextIO) -> None:
    typer.echo(f"{_MARKS[finding.verdict]} {finding.check:{_WIDTH}}  {finding.detail}", file=results)

"""Fetching a result: the file whole and checked against its hash, or not at all."""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any, Final

import httpx
from rich.console import Console

from cli.client.api import Api, refusal
from cli.client.failures import Failure, Unreachable
from cli.request import Target

_TRIES: Final = 3


def save(api: Api, result: dict[str, Any], target: Target, *, force: bool) -> Path:
    """Download the output of the target's format. Raises Failure, Refused, Unreachable."""
    outputs = {output["format"]: output for output in result["outputs"]}
    output = outputs.get(target.form)
    if output is None:
        made = ", ".join(form for form in outputs if form not in ("preview", "report"))
        raise Failure(f"There is no {target.form} in the result; it has {made}.")
    for attempt in range(1, _TRIES + 1):
        try:
            return _download(api, output, target.path, force=force)
        except OSError as error:
            raise Failure(
                f"{target.path} cannot be written: {error.strerror}. `lathe follow {result['task_id']} -o …` fetches "
                "it to another place, for nothing."
            ) from None
        except (httpx.TransportError, _Damaged) as error:
            if attempt == _TRIES:
                raise Unreachable(
                    f"The result was not downloaded ({error}). `lathe follow {result['task_id']} -o {target.path}`"
                    " tries again, for nothing."
                ) from None
    raise AssertionError("the last try returns or raises")


class _Damaged(Exception):
    """What came is not what was made."""


def _download(api: Api, output: dict[str, Any], path: Path, *, force: bool) -> Path:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    part = Path(name)
    try:
        digest = hashlib.sha256()
        with os.fdopen(descriptor, "wb") as file, api.stream(output["url"], {}) as response:
            if response.status_code != 200:
                raise refusal(response)
            for chunk in response.iter_bytes():
                digest.update(chunk)
                file.write(chunk)
        if digest.hexdigest() != output["sha256"]:
            raise _Damaged("its content hash is wrong")
        part.chmod(0o666 & ~_umask())
        if force:
            part.replace(path)
        else:
            _move_unless_there(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _move_unless_there(part: Path, path: Path) -> None:
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise Failure(f"{path} was made by somebody else in the meantime; -f replaces it.") from None
    except OSError:  # a file system without hard links
        part.replace(path)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def credits_told(amount: float) -> str:
    """`1 credit`, `0.51 credits`."""
    return f"{amount:g} credit" if amount == 1 else f"{amount:g} credits"


def tell(console: Console, result: dict[str, Any], task: dict[str, Any], path: Path) -> None:
    """The result in a line or two, on the error output: the standard output has the path alone."""
    report = result.get("report") or {}
    facts = [f"{path.stat().st_size / 1024:,.0f} KB"]
    if "faces" in report:
        facts.append(f"{report['faces']:,} faces")
    size = report.get("size_mm")
    if isinstance(size, list) and len(size) == 3 and all(isinstance(side, int | float) for side in size):
        facts.append(" x ".join(f"{side:,.0f}" for side in size) + " mm")
    if report.get("watertight"):
        facts.append("watertight")
    facts.append(credits_told(task.get("charged") or 0))
    console.print("  ".join(facts), style="dim", markup=False)
    if result.get("ignored"):
        console.print(f"Not used: {', '.join(result['ignored'])}", style="yellow", markup=False)

"""`lathe generate` and `lathe follow`: from a prompt or a photo to a file, with a progress bar."""

import signal
import time
import uuid
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from cli.client.api import Api
from cli.client.failures import Cancelled, Failure, Misused, Refused, TaskFailed, Unreachable
from cli.client.following import PATIENCE_S, TERMINAL
from cli.client.following import follow as events_of
from cli.progress import Bar
from cli.request import Target, parameters, require_writable, target
from cli.results import credits_told, save, tell
from cli.session import errors, require_session, server

Output = Annotated[Path | None, typer.Option("-o", "--output", help="Result file; its ending decides the format.")]
Format = Annotated[
    str | None, typer.Option("--format", help="glb, fbx, stl, 3mf, usdz, webp or obj (a zip); default by -o, else glb.")
]
Force = Annotated[bool, typer.Option("-f", "--force", help="Replace the result file if it is there.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No progress; only the result's path.")]


def generate(
    prompt: Annotated[str | None, typer.Argument(help="What to make, in words.")] = None,
    output: Output = None,
    image: Annotated[Path | None, typer.Option(help="A photo to make it from.", exists=True, dir_okay=False)] = None,
    model: Annotated[
        str | None, typer.Option(help="A model of `lathe models`; chosen by the input if left out.")
    ] = None,
    param: Annotated[list[str] | None, typer.Option(help="A parameter of the model, name=value; repeatable.")] = None,
    form: Format = None,
    seed: Annotated[int | None, typer.Option(min=0, max=2**31 - 1, help="The same seed makes the same model.")] = None,
    max_credits: Annotated[float | None, typer.Option(min=0, help="Refuse if it would cost more.")] = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Make a 3D model from a prompt or a photo. Ctrl-C cancels it on the server too."""
    with server() as api:
        if (prompt is None) == (image is None):
            raise Misused("Give a prompt or --image, and not both.")
        goal = target(output, form, prompt or (image.stem if image else ""))
        require_writable(goal.path, force=force)
        params = parameters(param or []) | {"formats": [goal.form]} | ({} if seed is None else {"seed": seed})
        require_session(api)
        body: dict[str, Any] = {"params": params}
        if prompt is not None:
            body["prompt"] = prompt
        if image is not None:
            body["image_file_id"] = _upload(api, image)
        if model is not None:
            body["model"] = model
        if max_credits is not None:
            body["max_credits"] = max_credits
        _see_through(api, body, goal, force=force, quiet=quiet)


def follow(
    task_id: Annotated[str, typer.Argument(help="A task, as `lathe generate` or the page names it.")],
    output: Output = None,
    form: Format = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Follow a task to its end and fetch its result. Ctrl-C leaves the task alone."""
    with server() as api:
        goal = target(output, form, task_id)
        require_writable(goal.path, force=force)
        require_session(api)
        try:
            _finish(api, task_id, goal, force=force, quiet=quiet)
        except KeyboardInterrupt:
            raise Cancelled("The task goes on.") from None


def _see_through(api: Api, body: dict[str, Any], goal: Target, *, force: bool, quiet: bool) -> None:
    """Ask for a task and see it to its end; an interruption cancels it, even one before its id was learnt."""
    key = str(uuid.uuid4())  # However often this is sent with one key, one task comes of it, and one charge.
    task_id = None
    try:
        task_id = api.call("POST", "/generate", json=body, key=key).json()["task_id"]
        _finish(api, task_id, goal, force=force, quiet=quiet, exists=True)
    except KeyboardInterrupt:
        errors.print("Cancelling…")
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # A second Ctrl-C does not wait for the answer.
        if task_id is None:
            task_id = api.call("POST", "/generate", json=body, key=key).json()["task_id"]
        _cancel(api, task_id, goal)


def _cancel(api: Api, task_id: str, goal: Target) -> NoReturn:
    finished = Failure(f"It was finished already; `lathe follow {task_id} -o {goal.path}` fetches it.")
    try:
        task = api.call("POST", f"/generate/{task_id}/cancel", key=str(uuid.uuid4())).json()
    except Refused as refused:
        raise (finished if refused.status == 409 else refused) from None
    for kind, told in events_of(api, task_id, exists=True):
        task = told if kind == "task" else task
    if task["status"] == "completed":
        raise finished
    raise Cancelled(f"Cancelled; charged: {credits_told(task.get('charged') or 0)}.") from None


def _finish(api: Api, task_id: str, goal: Target, *, force: bool, quiet: bool, exists: bool = False) -> None:
    """Follow until the end and save the result. Raises TaskFailed, Cancelled."""
    with Bar(task_id, quiet=quiet) as bar:
        for kind, told in events_of(api, task_id, exists=exists):
            bar.update(kind, told)
    task = _ended(api, task_id)
    match task["status"]:
        case "completed":
            result = api.call("GET", f"/generate/{task_id}/result", exists=True).json()
            path = save(api, result, goal, force=force)
            if not quiet:
                tell(errors, result, task, path)
            typer.echo(path)
        case "cancelled":
            raise Cancelled(f"The task was cancelled ({task.get('reason') or 'client'}).")
        case _:
            problem = task.get("problem") or {}
            raise TaskFailed(
                f"{problem.get('detail') or _FAILED.get(problem.get('kind', ''), 'It failed.')}\n{_REFUND}"
            )


def _ended(api: Api, task_id: str) -> dict[str, Any]:
    """The task as it ended: live events may be ahead of what a GET tells, by moments. Raises Unreachable."""
    end = time.monotonic() + PATIENCE_S
    while True:
        task: dict[str, Any] = api.call("GET", f"/generate/{task_id}", exists=True).json()
        if task["status"] in TERMINAL:
            return task
        if time.monotonic() > end:
            raise Unreachable(f"The task ended, but the server does not tell how; try `lathe follow {task_id}` later.")
        time.sleep(0.1)


_FAILED = {"retryable": "It did not work in several attempts.", "deadline": "The deadline passed."}
_REFUND = "Nothing was charged."


def _upload(api: Api, image: Path) -> str:
    """Store a photo; returns its file id. Raises Misused, Refused."""
    try:
        content = image.read_bytes()
    except OSError as error:
        raise Misused(f"{image} cannot be read: {error.strerror}.") from None
    answer = api.call("POST", "/upload", files={"file": (image.name, content)}, key=str(uuid.uuid4()))
    return str(answer.json()["file_id"])

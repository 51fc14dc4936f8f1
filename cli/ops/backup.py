"""`lathe ops backup` and `lathe ops restore`: the processors' own commands, with the parts they need around them."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from adapters.settings import SettingsError, load_settings
from cli.doctor.place import Place, find_place
from cli.ops.backup_screen import BackupScreen
from cli.ops.bare_parts import bare_parts
from cli.ops.carrying_out import carry_out
from cli.ops.erasures import erase_again, listed
from cli.ops.failing import ending_clearly
from cli.ops.place import environment, place
from cli.ops.verify import run_verify
from cli.stack.errors import StackError

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the backup lies.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, as it goes.")]
SECRETS = ("master.key", "admin-password")


def backup(
    folder: Folder,
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="Put the master key there too: the folder then opens everything.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Copy keys, sessions, the log and the objects into a folder, while everything goes on.

    The next call on the same folder copies what is new, and killed on its way it leaves the backup before it as it was.
    The read models are not part of it: they are folded from the log. Exit codes: 1 refused, 75 something does not
    answer.
    """
    folder = folder.expanduser()
    code = _run("make", folder, environment(), as_json)
    if code == 0 and with_secrets:
        copy_secrets(place(), folder)
    elif code == 0 and not as_json and not (folder / SECRETS[0]).exists():
        typer.echo("The master key is not in it: keep <LATHE_HOME>/master.key (or LATHE_MASTER_KEY) elsewhere, safely.")
    raise typer.Exit(code)


def restore(
    folder: Folder,
    objects_only: Annotated[
        bool, typer.Option("--objects-only", help="Only put objects that are missing into a running installation.")
    ] = False,
    erased: Annotated[
        typer.FileText | None,
        typer.Option(metavar="LIST", help="A newer `lathe ops erasures list --json`: who is on it stays erased."),
    ] = None,
    verify: Annotated[bool, typer.Option(help="Check everything afterwards, as `lathe ops verify` does.")] = True,
    as_json: AsJson = False,
) -> None:
    """Put a backup into an empty installation: a new LATHE_HOME, or new external parts, without any service running.

    Every record gets the offset that it had. Start Lathe afterwards: the read models are folded from the log, and runs
    that were under way are given out anew. Exit codes: 1 refused, broken, or broken off halfway (the
    last line says what must go before it is run again), 75 something does not answer.
    """
    folder = folder.expanduser()
    if objects_only:
        raise typer.Exit(_run("put-objects", folder, environment(), as_json))
    with ending_clearly():
        accounts = [] if erased is None else listed(erased)
    try:
        found = find_place(load_settings())
        _require_stopped(found)
        _give_secrets(folder, found)
        with bare_parts(found.settings) as told:
            around = os.environ | told
            code = _run("restore", folder, around, as_json)
            if code == 0 and accounts:
                erase_again(accounts, found.settings.postgres_url or around["LATHE_POSTGRES_URL"])
            if code == 0 and verify:
                code = run_verify("hash", around, as_json)
    except (SettingsError, StackError) as problem:
        Console(stderr=True, highlight=False, soft_wrap=True).print(str(problem), markup=False)
        raise typer.Exit(1) from None
    raise typer.Exit(code)


def _require_stopped(found: Place) -> None:
    if found.problem is not None:
        raise StackError(found.problem)
    if found.running:
        raise StackError(
            f"Lathe runs on {found.home.path}. Stop it (`lathe down`), and restore into an empty LATHE_HOME."
        )


def copy_secrets(found: Place, folder: Path) -> None:
    """Those that the installation has in files. Says on stderr why the master key is not among them."""
    for name in SECRETS:
        if _named(found, name) is None and (found.home.path / name).exists():
            _copy_secret(found.home.path / name, folder / name)
        elif name == SECRETS[0]:
            kept = "it is in LATHE_MASTER_KEY"
            why = f"there is no {found.home.path / name}" if _named(found, name) is None else kept
            typer.echo(f"The master key was not put there: {why}. Keep it elsewhere, safely.", err=True)


def _named(found: Place, name: str) -> str | None:
    """What a setting says: a file of that name is not used then."""
    return found.settings.master_key if name == SECRETS[0] else found.settings.admin_password


def _give_secrets(folder: Path, found: Place) -> None:
    """Those that the backup brings, where the installation has none yet. Raises StackError."""
    if not folder.is_dir():
        raise StackError(f"{folder} is no folder that is there: restore from one that `lathe ops backup` made.")
    found.home.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in SECRETS:
        if _named(found, name) is None and (folder / name).exists() and not (found.home.path / name).exists():
            _copy_secret(folder / name, found.home.path / name)
    if found.settings.master_key is None and not (found.home.path / SECRETS[0]).exists():
        raise StackError(
            f"The backup is opened by its master key, which is not here: set LATHE_MASTER_KEY, or put the file "
            f"{SECRETS[0]} into {found.home.path}."
        )


def _copy_secret(source: Path, target: Path) -> None:
    """Nobody else can read it, not for a moment."""
    beside = target.with_name(f".{target.name}.tmp")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(source.read_bytes())
    beside.replace(target)


def _run(what: str, folder: Path, around: Mapping[str, str], as_json: bool) -> int:
    arguments = [what, str(folder.absolute())]
    return carry_out("processors.backup", arguments, BackupScreen, around, as_json)

"""`lathe login`, `register` and `logout`, and how other commands get a session."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.prompt import Confirm, Prompt

from cli.client.api import Api
from cli.client.failures import Failure, NotLoggedIn, Refused

User = Annotated[str | None, typer.Argument(help="User name; asked for when left out.", envvar="LATHE_USER")]
Password = Annotated[
    str | None, typer.Option(help="Asked for when left out.", envvar="LATHE_PASSWORD", show_envvar=True)
]
errors = Console(stderr=True, highlight=False)


@contextmanager
def server() -> Iterator[Api]:
    """The server of LATHE_URL, or the one that runs here; failures become a message and an exit code."""
    try:
        api = Api()
        try:
            yield api
        finally:
            api.close()
    except Failure as failure:
        errors.print(str(failure), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(failure.exit_code) from None


def login(user: User = None, password: Password = None) -> None:
    """Log in; the session is remembered for this server."""
    with server() as api:
        _log_in(api, *_credentials(user, password))


def register(user: User = None, password: Password = None) -> None:
    """Create an account, which comes with credits, and log in."""
    with server() as api:
        _register(api, *_credentials(user, password, new=True))


def logout() -> None:
    """End the session, on the server too."""
    with server() as api:
        if api.login is None:
            errors.print("You are not logged in.")
            return
        api.log_out()
        errors.print("Logged out.")


def require_session(api: Api) -> None:
    """Use what there is: LATHE_TOKEN, a remembered login, LATHE_USER and LATHE_PASSWORD; or ask. Raises NotLoggedIn."""
    if api.has_token:
        return
    user, password = os.environ.get("LATHE_USER"), os.environ.get("LATHE_PASSWORD")
    if user and password:
        _log_in(api, user, password)
        return
    if not sys.stdin.isatty():
        raise NotLoggedIn("You are not logged in: set LATHE_TOKEN, or LATHE_USER and LATHE_PASSWORD, or `lathe login`.")
    if Confirm.ask(f"You are not logged in at {api.server}. Do you have an account?", console=errors):
        _log_in(api, *_credentials(user, password))
    else:
        _register(api, *_credentials(user, password, new=True))


def _log_in(api: Api, user: str, password: str) -> None:
    try:
        api.log_in(user, password)
    except Refused as refused:
        if refused.status == 401:
            raise NotLoggedIn("The user name or the password is wrong.") from None
        raise
    errors.print(f"Logged in as {user}.", markup=False)


def _register(api: Api, user: str, password: str) -> None:
    try:
        api.register(user, password)
    except Refused as refused:
        if refused.status == 409:
            raise NotLoggedIn(f"The name {user} is taken: choose another, or `lathe login`.") from None
        raise
    _log_in(api, user, password)


def _credentials(user: str | None, password: str | None, *, new: bool = False) -> tuple[str, str]:
    """Raises NotLoggedIn where nobody can be asked."""
    if (user is None or password is None) and not sys.stdin.isatty():
        raise NotLoggedIn("Give a user name and a password (LATHE_USER, LATHE_PASSWORD): nobody can be asked here.")
    user = user or Prompt.ask("User name", console=errors)
    if password is None:
        password = Prompt.ask("Password", console=errors, password=True)
        if new and Prompt.ask("Password again", console=errors, password=True) != password:
            raise NotLoggedIn("The two passwords differ.")
    return user, password

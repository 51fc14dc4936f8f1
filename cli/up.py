"""`lathe up`: run everything in the foreground until Ctrl-C or SIGTERM."""

import signal
from collections.abc import Callable
from contextlib import closing
from types import FrameType
from typing import Annotated

import typer

from adapters.settings import Settings, SettingsError, load_settings
from adapters.unused_settings import unused_settings
from cli.stack import terminal
from cli.stack.errors import StackError
from cli.stack.home import Home, lock, open_home
from cli.stack.jars import Report
from cli.stack.plan import Plan, announce, make_plan
from cli.stack.screen import Screen
from cli.stack.secrets import admin_password_file
from cli.stack.services import USAGE
from cli.stack.slot import Slot, State
from cli.stack.supervisor import Supervisor

Planned = Callable[[Settings, Home, Report], Plan]


def up(
    publish: Annotated[
        bool, typer.Option("--publish", help="Copy the events into lathe.public.* too, for foreign readers.")
    ] = False,
) -> None:
    """Start Kafka, PostgreSQL, S3, the services and the gateway; Ctrl-C stops them all."""
    console = terminal.console()
    try:
        settings = load_settings(publish=True) if publish else load_settings()
        home = open_home(settings.home)
        with closing(lock(home)):
            run(settings, home, Screen(console))
    except (SettingsError, StackError) as problem:
        terminal.console(stderr=True).out(f"\n{problem}", style="red", highlight=False)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:  # before any part was started
        console.print("Stopped.")
        raise typer.Exit(130) from None


def run(settings: Settings, home: Home, screen: Screen, planned: Planned = make_plan) -> None:
    """Run the stack until a signal asks it to stop. Raises StackError."""
    interrupted = Interrupted()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # `nohup` ignores it
            signal.signal(number, interrupted)
    screen.say("Lathe is starting.")
    for line in unused_settings():
        screen.say(line)
    Supervisor([], home).end_leftovers()
    plan = planned(settings, home, screen.download)
    announce(home, plan)
    supervisor = Supervisor(
        plan.stages,
        home,
        changed=lambda slot: _changed(slot, plan, screen),
        ticked=screen.tick,
        came_up=lambda: _welcome(settings, home, plan, screen),
    )
    interrupted.supervisor = supervisor
    screen.show(supervisor.slots)
    try:
        supervisor.run()
    finally:
        screen.close()
        (home.run / "stack.json").unlink(missing_ok=True)
    screen.say("Lathe has stopped. Its state is kept in " + str(home.path))


class Interrupted:
    """The signal handler: the first signal stops the stack cleanly, the second at once."""

    def __init__(self) -> None:
        self.supervisor: Supervisor | None = None
        self.seen = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.supervisor is not None:
            if self.seen:
                self.supervisor.kill()
            self.supervisor.ask_to_stop()
        else:
            raise KeyboardInterrupt
        self.seen = True


def _welcome(settings: Settings, home: Home, plan: Plan, screen: Screen) -> None:
    screen.say(f"The page is at {settings.page_url()}  (Ctrl-C stops everything)")
    if settings.admin_password is None:
        screen.say(f"User `admin`: its password is in {admin_password_file(home)}")


def _changed(slot: Slot, plan: Plan, screen: Screen) -> None:
    screen.changed(slot)
    if slot.part.name == USAGE and slot.state is State.READY:
        screen.say(f"Usage by model and minute, on this machine only: http://{plan.addresses.usage}/")

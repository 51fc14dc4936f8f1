"""A stack of two small parts under the real supervisor: `small_stack.py HOME [options]`. Prints what happens."""

import signal
import sys
from pathlib import Path

from cli.stack.errors import StackError
from cli.stack.home import open_home
from cli.stack.part import Part
from cli.stack.slot import Slot, State
from cli.stack.supervisor import Supervisor

PART = Path(__file__).with_name("small_part.py")


def small_part(folder: Path, name: str, *options: str) -> Part:
    ready = folder / f"{name}.ready"
    return Part(
        name,
        (sys.executable, str(PART), str(folder), name, *options),
        prepare=lambda: ready.unlink(missing_ok=True),
        is_ready=ready.exists,
        stop_seconds=1,
    )


def say(slot: Slot) -> None:
    reason = f": {slot.problem}" if slot.state is State.DOWN else ""
    print(f"{slot.part.name} {slot.state}{reason}", flush=True)


def main() -> None:
    home = open_home(Path(sys.argv[1]))
    options = set(sys.argv[2:])
    of_second = [*(["--child"] if "--with-child" in options else []), *(options & {"--stubborn"})]
    second = small_part(home.path, "second", *of_second)
    if "--broken" in options:
        second = Part("second", (sys.executable, "-c", "print('I cannot go on'); raise SystemExit(3)"))
    task = [Part("task", (sys.executable, "-c", "print('work')"), is_task=True)] if "--task" in options else []
    stages = [[small_part(home.path, "first")], task, [second]]
    supervisor = Supervisor(stages, home, changed=say, came_up=lambda: print("up", flush=True))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: supervisor.ask_to_stop())
    for name in supervisor.end_leftovers(patience=1):
        print(f"left over: {name}", flush=True)
    try:
        for name in supervisor.run():
            print(f"killed {name}", flush=True)
    except StackError as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()

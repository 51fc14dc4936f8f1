"""How a verification looks: a bar in a terminal, and what was found."""

from typing import Any, Final

from rich.console import Console

from cli.ops.carrying_out import BarScreen

WORDS: Final = {
    "copying": ("copying", "rows"),
    "reading": ("reading the log", "records"),
    "comparing": ("comparing", "rows"),
    "objects": ("looking at", "objects"),
}
SHOWN: Final = 10


class VerifyScreen(BarScreen):
    """`show` takes the lines of `python -m processors.verify`."""

    def __init__(self, console: Console) -> None:
        super().__init__(console, 15)

    def show(self, line: dict[str, Any]) -> None:
        match line["state"]:
            case "verified":
                self._say(f"All holds: {self._looked_at(line)}.")
                self._left_out(line)
            case "broken":
                self._broken(line)
            case "refused":
                self._say(f"Nothing can be said: {line['why']}. See `lathe doctor`.")
            case state:
                what, unit = WORDS[state]
                eta = "" if line["eta_s"] is None else f", {line['eta_s']:,.0f} s left"
                words = f"{line['done']:,} of {line['total']:,} {unit}, {line['rate']:,}/s{eta}"
                self._move(what, line, words)

    def _broken(self, line: dict[str, Any]) -> None:
        first = line["first"]
        self._say(f"Broken at {first['place']}: {first['invariant']}.")
        if first["subject"]:
            self._say(f"  {first['subject']}")
        self._say(f"  It says: {first['detail']}.")
        self._say(f"  It means: {first['means']}")
        self._say(f"  What to do: {first['do']}")
        others = line["findings"][1 : SHOWN + 1]
        if others:
            self._say("Then:")
        for found in others:
            self._say(f"  {found['place']}  {found['invariant']}: {found['detail']}")
        counts = ", ".join(f"{count:,} {invariant}" for invariant, count in sorted(line["counts"].items()))
        self._say(f"In all: {counts}; {self._looked_at(line)}.")
        self._left_out(line)

    def _left_out(self, line: dict[str, Any]) -> None:
        if line["excepted"]:
            self._say(f"Rows of {line['excepted']:,} streams were not compared: they are broken, or were skipped.")
        if line["foreign"]:
            self._say(f"{line['foreign']:,} records without an owner stand in owned topics. They count for nothing; "
                      "who wrote them should not be able to.")  # fmt: skip

    def _looked_at(self, line: dict[str, Any]) -> str:
        void = f" ({line['void']:,} of them void)" if line["void"] else ""
        return f"{line['records']:,} records{void}, {line['rows']:,} rows, {line['objects']:,} objects"

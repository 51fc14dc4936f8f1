"""`python -m tests.web.accessibility`: axe-core on every page and state, written to docs/reports/axe.md.

Each state is reached in both languages, and looked at in light and dark, on a desktop and on a phone of 360 pixels.
Exits with 1 when anything serious or critical is found. `--pictures FOLDER` keeps a picture of each look.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from playwright.sync_api import Browser, sync_playwright

from tests.system.browser import ARGUMENTS, PATIENCE, chromium
from tests.web.axe import Look, look_at
from tests.web.mock import mock_server
from tests.web.states import STATES, settle, slug
from tests.web.visit import Visit

REPORT: Final = Path(__file__).resolve().parents[2] / "docs" / "reports" / "axe.md"
LANGUAGES: Final = ("en", "ru")
THEMES: Final = ("light", "dark")
SCREENS: Final = {"desktop": (1280, 860), "phone": (360, 740)}


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at one state."""

    state: str
    way: str
    """Screen, theme and language."""
    look: Look


def looks(browser: Browser, address: str, state: str, pictures: Path | None) -> Iterator[Seen]:
    """All looks at one state, told as they come."""
    for language in LANGUAGES:
        context = browser.new_context(locale=language, reduced_motion="reduce")
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        STATES[state](Visit(page, address, language=language))
        for screen, (width, height) in SCREENS.items():
            page.set_viewport_size({"width": width, "height": height})
            for theme in THEMES:
                page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
                settle(page)
                seen = Seen(state, f"{screen}, {theme}, {language}", look_at(page))
                if pictures is not None:
                    page.screenshot(path=pictures / f"{slug(state)}--{slug(seen.way)}.png")
                print(f"{state} ({seen.way}): {len(seen.look.grave)} of {len(seen.look.findings)}", flush=True)
                for finding in seen.look.findings:
                    print(f"  {finding.impact}: {finding.rule}: {' | '.join(finding.places[:3])}", flush=True)
                yield seen
        context.close()


def report(seen: Sequence[Seen], browser: str) -> str:
    """The report in Markdown."""
    found = [(each, finding) for each in seen for finding in each.look.findings]
    grave = [each for each in found if each[1].is_grave]
    lines = [
        "# Accessibility of the page, by axe-core",
        "",
        f"axe-core {seen[0].look.version}, all rules that it runs by itself (WCAG 2.0 to 2.2, A and AA, and best"
        f" practices), in {browser}, on the built page before the mock server. Made by",
        "",
        "    python -m tests.web.accessibility",
        "",
        f"{len({each.state for each in seen})} pages and states, each in English and Russian, light and dark, at 1280"
        f" and at 360 pixels: {len(seen)} looks. **Serious or critical findings: {len(grave)}.**"
        f" Lesser ones: {len(found) - len(grave)}.",
        "",
        "| page, state | looks | serious, critical | moderate, minor |",
        "|---|--:|--:|--:|",
    ]
    for state in dict.fromkeys(each.state for each in seen):
        mine = [each.look for each in seen if each.state == state]
        bad = sum(len(look.grave) for look in mine)
        lesser = sum(len(look.findings) for look in mine) - bad
        lines.append(f"| {state} | {len(mine)} | {bad} | {lesser} |")
    lines += ["", "What axe-core cannot see, such as whether a text says what it should, it does not judge.", ""]
    if found:
        lines += ["## Findings", ""]
        for each, finding in found:
            places = ", ".join(f"`{place}`" for place in finding.places[:5])
            lines.append(f"- {each.state} ({each.way}): {finding.impact}, {finding.rule}: {finding.help}. {places}")
        lines.append("")
    return "\n".join(lines)


def version_of(program: str | None) -> str:
    """What a browser calls itself, without the words after its number."""
    told = subprocess.run([program or "chromium", "--version"], capture_output=True, text=True, check=True).stdout
    return " ".join(told.split()[:2])


class Kept:
    """Looks in a file, a line each, so that a run that was broken off goes on where it was."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        lines = path.read_bytes().splitlines() if path is not None and path.exists() else []
        self.seen = [msgspec.json.decode(line, type=Seen) for line in lines]

    def keep(self, seen: Sequence[Seen]) -> None:
        self.seen.extend(seen)
        if self._path is not None:
            with self._path.open("ab") as file:
                file.writelines(msgspec.json.encode(each) + b"\n" for each in seen)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", action="append", choices=list(STATES), help="only this one, without a report")
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--resume", type=Path, help="keep looks in this file, and leave out the states that it has")
    options = parser.parse_args()
    if options.pictures is not None:
        options.pictures.mkdir(parents=True, exist_ok=True)
    kept = Kept(options.resume)
    with mock_server() as address:
        for state in options.state or list(STATES):
            if any(each.state == state for each in kept.seen):
                continue
            # A browser of its own for each state: what one leaves behind, the next does not meet.
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
                kept.keep(list(looks(browser, address, state, options.pictures)))
                browser.close()
    if options.state is None:
        REPORT.write_text(report(kept.seen, version_of(chromium())))
    return 1 if any(each.look.grave for each in kept.seen) else 0


if __name__ == "__main__":
    sys.exit(main())

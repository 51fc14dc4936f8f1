"""Findings of axe-core (Deque's checker of WCAG rules, MPL-2.0) on what a browser shows."""

from dataclasses import dataclass
from functools import cache
from typing import Final

from playwright.sync_api import Page

from cli.stack import web

GRAVE: Final = frozenset({"serious", "critical"})
_SOURCE: Final = web.SOURCES / "node_modules" / "axe-core" / "axe.min.js"
_RUN: Final = """async () => {
  const { violations, passes, testEngine } = await axe.run(document, { resultTypes: ['violations'] })
  return {
    version: testEngine.version,
    rules: passes.length + violations.length,
    violations: violations.map(({ id, impact, help, nodes }) => ({
      rule: id, impact: impact ?? 'minor', help, places: nodes.map((node) => node.target.flat().join(' ')),
    })),
  }
}"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule. `impact` is minor, moderate, serious or critical; `places` are CSS selectors."""

    rule: str
    impact: str
    help: str
    places: tuple[str, ...]

    @property
    def is_grave(self) -> bool:
        return self.impact in GRAVE


@dataclass(frozen=True, slots=True)
class Look:
    """What axe-core said of one look at a page: all its rules, the best practices too."""

    version: str
    rules: int
    """Rules that had something to say, good or bad."""
    findings: tuple[Finding, ...]

    @property
    def grave(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.is_grave)


def look_at(page: Page) -> Look:
    """Run every rule of axe-core on the page as it is now."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_source())
    told = page.evaluate(_RUN)
    findings = tuple(
        Finding(each["rule"], each["impact"], each["help"], tuple(each["places"])) for each in told["violations"]
    )
    return Look(told["version"], told["rules"], findings)


@cache
def _source() -> str:
    if not _SOURCE.exists():
        web.install()
    return _SOURCE.read_text()

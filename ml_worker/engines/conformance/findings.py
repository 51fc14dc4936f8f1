"""What the conformance suite found."""

from typing import Any, Literal

import msgspec

Verdict = Literal["passed", "failed", "not-used"]
"""`not-used`: the engine does not do what this would check (a text engine and photos, checkpoints)."""


class Broken(Exception):
    """A check failed. The message tells the engine's author what is wrong and what is wanted."""


class NotUsed(Exception):
    """There is nothing to check here. The message says why."""


class Finding(msgspec.Struct, frozen=True):
    """One check's outcome. `detail` is one or a few sentences, or the figures that were seen."""

    check: str
    verdict: Verdict
    detail: str
    seconds: float = 0.0


class Findings(msgspec.Struct, frozen=True):
    engine: str
    found: tuple[Finding, ...]

    @property
    def conforms(self) -> bool:
        return all(finding.verdict != "failed" for finding in self.found)

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {"engine": self.engine, "conforms": self.conforms, "checks": msgspec.to_builtins(self.found)}

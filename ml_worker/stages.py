"""From an engine's own stages to one number that only rises, and to the share a cancelled run pays for."""

from collections.abc import Sequence


class Stages:
    """`stages`: (code, weight) in order, weights summing to 1, as in `Description.stages`."""

    def __init__(self, stages: Sequence[tuple[str, float]]) -> None:
        total = sum(weight for _, weight in stages) or 1.0
        self._starts: dict[str, float] = {}
        self._weights: dict[str, float] = {}
        start = 0.0
        for code, weight in stages:
            self._starts[code], self._weights[code] = start, weight / total
            start += weight / total
        self.fraction = 0.0
        """0..1 of the whole work; never falls."""
        self.used = 0.0
        """Weights of the stages done, 0..1; never falls."""

    def reach(self, stage: str, fraction_of_stage: float) -> None:
        """The engine stands at `fraction_of_stage` (0..1) of `stage`. An unknown stage changes nothing."""
        start = self._starts.get(stage)
        if start is None:
            return
        within = min(1.0, max(0.0, fraction_of_stage))
        weight = self._weights[stage]
        self.fraction = min(1.0, max(self.fraction, start + weight * within))
        self.used = min(1.0, max(self.used, start + weight if within >= 1.0 else start))

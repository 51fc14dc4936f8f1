"""What a prompt asks for, as far as it was understood."""

from dataclasses import dataclass, field

from ml_worker.engines.form.families.family import Family, Finish
from ml_worker.engines.form.palette import Rgb

MOST_OBJECTS = 12


@dataclass(slots=True)
class Request:
    """Filled in by the grammar; lengths in metres."""

    family: Family
    variant: str
    count: int = 1
    counts: dict[str, int] = field(default_factory=dict)
    """Asked numbers of parts, by feature id."""
    options: dict[str, str] = field(default_factory=dict)
    finishes: dict[str, Finish] = field(default_factory=dict)
    """By feature id, `main` or `accent`."""
    measures: dict[str, float] = field(default_factory=dict)
    """`width`, `height`, `depth`, `diameter` or `longest`."""
    scale: float = 1.0
    stretches: dict[str, float] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=dict)
    """The person's own words for what was understood, by field."""
    ignored: list[str] = field(default_factory=list)
    corrected: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def say(self, field_name: str, words: str) -> None:
        said = self.names.setdefault(field_name, [])
        if words not in said:
            said.append(words)

    def color_of(self, role: str) -> Rgb | None:
        return self.finishes[role].color if role in self.finishes else None

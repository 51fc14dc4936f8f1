"""The languages in which the documentation is told."""

from typing import Literal

Language = Literal["en", "ru"]

"""Settings that other deployments set and that do nothing here: accepted, and said to do nothing."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

_REDIS: Final = "Lathe needs no Redis: Kafka and PostgreSQL do its work"
_JOBS: Final = "no job goes to an external ML service in this version"
UNUSED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("REDIS_URL", "REDIS_HOST", "REDIS_PORT", "REDIS_DB", "REDIS_PASSWORD"), _REDIS),
    **dict.fromkeys(("ML_SERVICE_URL", "ML_SERVICE_TOKEN", "ML_DEFAULT_PROFILE", "ML_DECISION_THRESHOLD"), _JOBS),
}
"""Name to why it does nothing."""


def unused_settings(environment: Mapping[str, str] | None = None, file: Path = Path(".env")) -> list[str]:
    """A sentence for each reason, naming the variables that are set in vain in the environment or in `.env`."""
    known = {**dotenv_values(file), **(os.environ if environment is None else environment)}
    names = [name for name in UNUSED if known.get(name) or known.get(f"LATHE_{name}")]
    reasons = dict.fromkeys(UNUSED[name] for name in names)
    return [f"{', '.join(n for n in names if UNUSED[n] == why)}: set, but not used ({why})." for why in reasons]

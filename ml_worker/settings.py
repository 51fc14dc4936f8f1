"""Settings of a worker besides those of every process (`adapters/settings.py`)."""

from pathlib import Path
from typing import Annotated

import msgspec
from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode

from adapters.settings import CONFIG, Settings, SettingsError, load_settings
from ml_worker.cores import usable_cores

BUILT_IN = "builtin"
"""In LATHE_ENGINES: the engines of this package and those that other packages registered."""


def _comma_separated(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_separated)]


class WorkerSettings(BaseSettings):
    """Read from the environment as `LATHE_<FIELD>`."""

    model_config = CONFIG

    command_url: Names = Field((), description="Addresses of command_api, comma separated. Default: LATHE_API_URL.")
    engines: Names = Field(
        (BUILT_IN,),
        description="Engines to run, comma separated: `builtin` (all that are installed here), `registered` (those of "
        "other packages), `remote` (those of LATHE_REMOTE_ENGINES), or `module:Class`.",
    )
    remote_engines: Path | None = Field(
        None, description="TOML file that names model servers to be used as engines. Default: none."
    )
    worker_slots: int | None = Field(
        None, ge=1, le=64, description="Runs at once. Default: one per GPU, else one per two cores, at most 4."
    )
    worker_device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$", description="auto, cpu, cuda or cuda:<n>.")
    worker_drain_seconds: float = Field(
        8, ge=0, description="How long a worker that is told to stop lets its runs go on before it gives them back."
    )
    worker_run_seconds: float = Field(900, gt=0, description="The longest one run may take, in seconds.")


class Plan(msgspec.Struct, frozen=True):
    """What the settings come to on this machine."""

    devices: tuple[str, ...]
    """One for each slot: `auto`, `cpu`, `cuda:<n>`."""
    threads: int
    """Threads of one slot's engine."""


def load_worker_settings() -> tuple[Settings, WorkerSettings]:
    """Raises SettingsError that names the bad variable."""
    settings = load_settings()
    try:
        return settings, WorkerSettings()
    except ValidationError as error:
        problems = (f"LATHE_{str(p['loc'][0]).upper()}: {p['msg']}" for p in error.errors(include_input=False))
        raise SettingsError("\n".join(problems)) from None


def plan(settings: WorkerSettings, cores: int | None = None, gpus: int | None = None) -> Plan:
    """Slots and threads: one slot per GPU, else one per two cores (1 to 4); the cores are shared out among them."""
    cores = cores or usable_cores()
    if gpus is None:
        gpus = 0 if settings.worker_device == "cpu" else len(list(Path("/dev").glob("nvidia[0-9]*")))
    slots = settings.worker_slots or gpus or max(1, min(4, cores // 2))
    device = settings.worker_device
    spread = device == "auto" and gpus > 1
    devices = tuple(f"cuda:{i % gpus}" if spread else device for i in range(slots))
    return Plan(devices=devices, threads=max(1, cores // slots))

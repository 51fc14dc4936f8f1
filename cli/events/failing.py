"""How the commands end: what went wrong, what to do, and an exit code that scripts can tell apart."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Final

import typer
from rich.console import Console

from adapters.kafka.analysis import WrongBookmark
from adapters.kafka.port import LogTruncated, LogUnavailable
from adapters.settings import SettingsError, load_settings
from cli.client.failures import Failure, Misused
from cli.doctor.place import find_place

TEMPORARY: Final = 75
"""EX_TEMPFAIL of sysexits.h: the same command may succeed later."""


class BrokerAway(Failure):
    exit_code: ClassVar[int] = TEMPORARY


def bootstrap_servers() -> str:
    """Where the log is: of the running stack, or as the settings say. Raises Failure, SettingsError."""
    place = find_place(load_settings())
    if place.kafka_url is None and place.problem is not None:
        raise Failure(place.problem)
    if place.kafka_url is None:
        raise BrokerAway(
            f"Lathe does not run on {place.home.path}, so there is no broker to ask. "
            "Start it (`lathe up`), or name a broker: LATHE_KAFKA_URL=host:port."
        )
    return place.kafka_url


@contextmanager
def failing_clearly() -> Iterator[None]:
    """Turn what may go wrong into a message and an exit code: 2 misused, 75 broker away, 130 interrupted."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it tells is told below, once
    try:
        yield
    except SettingsError as error:
        _end(Misused(str(error)))
    except WrongBookmark as error:
        _end(Misused(str(error)))
    except LogUnavailable as error:
        _end(
            BrokerAway(
                f"The broker does not answer ({error}). See `lathe doctor`, then repeat the command: an export goes on "
                "where it was."
            )
        )
    except LogTruncated as error:
        _end(Failure(f"The log does not hold what should come next: {error}. See `lathe doctor`."))
    except Failure as failure:
        _end(failure)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except BrokenPipeError:  # whoever read our output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None


def _end(failure: Failure) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(str(failure), markup=False)
    raise typer.Exit(failure.exit_code)

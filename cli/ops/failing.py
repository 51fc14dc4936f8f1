"""How these commands end: what did not answer, or what was refused, and an exit code that scripts can tell apart."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from adapters.errors import DependencyDown
from cli.client.failures import Failure, Misused
from cli.events.failing import TEMPORARY, BrokerAway, failing_clearly
from domain.errors import DomainError, NotFound

AWAY = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


class Away(Failure):
    """PostgreSQL or the object store does not answer."""

    exit_code = TEMPORARY


@contextmanager
def ending_clearly() -> Iterator[None]:
    """2: misused or not found, 4: refused, 75: something does not answer, 130: interrupted."""
    with failing_clearly():
        try:
            yield
        except (Failure, BrokenPipeError):
            raise
        except NotFound as refusal:
            raise Misused(refusal.detail) from None
        except DomainError as refusal:
            raise Refused(refusal.detail) from None
        except DependencyDown as error:
            raise Away(f"{error.detail} See `lathe doctor`.") from None
        except AWAY as error:
            raise Away(f"PostgreSQL does not answer ({error!r}). See `lathe doctor`.") from None


class Refused(Failure):
    exit_code = 4


__all__ = ["Away", "BrokerAway", "Refused", "ending_clearly"]

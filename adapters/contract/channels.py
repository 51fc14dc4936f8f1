"""Which event stands in which topic. A new event follows its module; an exception is one line here."""

from types import ModuleType
from typing import Final

import msgspec

from adapters.kafka import topics
from adapters.kafka.topics import Topic
from domain import ownership
from domain.account import events as account
from domain.catalog import events as catalog
from domain.identity import events as identity
from domain.runs import events as runs
from domain.scheduling import events as scheduling

OF_MODULE: Final[dict[ModuleType, Topic]] = {
    account: topics.ACCOUNTS,
    identity: topics.IDENTITY,
    catalog: topics.CATALOG,
    scheduling: topics.ASSIGNMENTS,
    runs: topics.RUNS,
}
EXCEPTIONS: Final[dict[type[msgspec.Struct], tuple[Topic, ...]]] = {
    runs.RunProgressed: (topics.PROGRESS,),
    runs.QueueChanged: (topics.PROGRESS,),
    runs.WorkerBeat: (topics.WORKERS,),
    runs.DrainRequested: (topics.WORKERS,),
    ownership.OwnerAnnounced: (topics.OWNERS,),
    ownership.OwnershipClaimed: tuple(topic for topic in topics.ALL if topic.owned),
}


class Untold(LookupError):
    """Something that nobody can guess is not said of an event: its topic, or a number's unit."""


class Place(msgspec.Struct, frozen=True):
    """What a topic's records have in common."""

    key: str
    """What a record's key is."""
    writer: str
    """Who alone writes it."""
    holds: str


PLACES: Final[dict[Topic, Place]] = {
    topics.IDENTITY: Place("the user's integer id, as text", "command_api", "Users, roles and credentials."),
    topics.CATALOG: Place("`model/<model id>`", "command_api", "Models and their prices."),
    topics.ACCOUNTS: Place(
        "the account's id (UUID)", "command_api", "Wallets, files and tasks: all that one account decides by itself."
    ),
    topics.ASSIGNMENTS: Place("the worker's id", "processors/scheduler", "Which worker runs which attempt."),
    topics.RUNS: Place(
        "the account's id (UUID)",
        "ml_worker",
        "What became of runs. Readers deduplicate by (task, attempt, run sequence).",
    ),
    topics.PROGRESS: Place("the account's id (UUID)", "ml_worker, processors/scheduler", "Progress of runs, queues."),
    topics.WORKERS: Place("the worker's id", "ml_worker, operators", "Heartbeats; who is to be drained."),
    topics.OWNERS: Place("`<topic>/<partition>`", "the owners", "Claims of ownership that were read as valid."),
}


def topics_of(event: type[msgspec.Struct]) -> tuple[Topic, ...]:
    """The topics in which such an event stands. Raises Untold for a module that no topic is given for."""
    if event in EXCEPTIONS:
        return EXCEPTIONS[event]
    for module, topic in OF_MODULE.items():
        if event.__module__ == module.__name__:
            return (topic,)
    raise Untold(f"adapters/contract/channels.py does not say in which topic {event.__qualname__} stands")

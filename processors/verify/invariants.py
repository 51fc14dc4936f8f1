"""What must hold, by name: what it means when it does not, and what to do then."""

from typing import Final

import msgspec

_RESTORE: Final = (
    "Stop the services that write (`lathe down`), keep the broker's data as it is, and restore the log from the last "
    "backup (`lathe ops restore`); what was accepted after it is in the broken log only."
)
_PARKED: Final = (
    "Nothing of other streams is touched. `lathe ops deadletters show` says why it is parked; deploy the version that "
    "can read it, then `lathe ops deadletters retry`. Never rewrite the record: its offset is in use."
)
_BUG: Final = (
    "The decision itself was wrong: keep this report and the record (`lathe events cat --from-position …`) for those "
    "who mend it. Until then correct the account by an adjustment of credits, which stands in the ledger."
)
_REBUILD: Final = "Build the read models anew from the log: `lathe ops rebuild`."


class Invariant(msgspec.Struct, frozen=True):
    """`means`: what it says about the installation when this is broken. `do`: the remedy."""

    means: str
    do: str


INVARIANTS: Final[dict[str, Invariant]] = {
    "offsets": Invariant(
        "A record that was written is not in the log any more: it was deleted, or a broker lost its disk.", _RESTORE
    ),
    "owner-epochs": Invariant(
        "A record is of an epoch that nobody claimed before it: a claim is missing, or was forged.", _RESTORE
    ),
    "owner-sequence": Invariant(
        "The owner in force went on after a record that is not there: an acknowledged event is lost.", _RESTORE
    ),
    "stream-versions": Invariant(
        "The events of one stream are not numbered 1, 2, 3…: one is lost, or counts that should not.", _RESTORE
    ),
    "partition": Invariant(
        "A record is not in the partition of its key: its owner does not see it, and nobody reads it in order.",
        "Find what writes there beside Lathe, and take its right to write to these topics away.",
    ),
    "readable": Invariant("A record that counts cannot be read by this version, so its stream stands still.", _PARKED),
    "history": Invariant("A record contradicts the ones before it in its stream.", _PARKED),
    "balance": Invariant("An account's balance + reserved is not granted - charged - forfeited, or is negative.", _BUG),
    "settlement": Invariant(
        "What was reserved for a task was not settled exactly once, by its price at most, and charged only for results "
        "or for the used share of a cancelled run.",
        _BUG,
    ),
    "task-sequence": Invariant("The events of one task are not numbered 1, 2, 3….", _RESTORE),
    "task-life": Invariant("A task did what none can: it moved after its end, or without its attempt.", _BUG),
    "run-source": Invariant(
        "A task's event names a run's record that does not stand there: the topics are not of one history.", _RESTORE
    ),
    "run-assigned": Invariant(
        "A worker reports a run that was never given to it.",
        "See who holds the service token and who may write to lathe.runs: somebody else writes there.",
    ),
    "assignment-requested": Invariant(
        "A run was assigned for a task that was not requested where the assignment says.", _RESTORE
    ),
    "claim-announced": Invariant(
        "lathe.owners tells of a claim that does not stand in the log: the log was replaced by another.", _RESTORE
    ),
    "users": Invariant("Two users share an id, a name or an account, or an account has no user.", _BUG),
    "models": Invariant("A task was requested of a model's version that was never published.", _BUG),
    "objects": Invariant(
        "A file's content is not in the object store, or is not what its hash says: clients cannot download it.",
        "Put it back from a backup (`lathe ops restore --objects-only`), or from the store's own versions.",
    ),
    "read-models": Invariant("A row that clients read is not what the log says.", _REBUILD),
    "read-models-log": Invariant("The read models were built from another log than this one.", _REBUILD),
}
ORDER: Final = tuple(INVARIANTS)

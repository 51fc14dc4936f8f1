"""The checker must see what it is there to see."""

import pytest

from tests.log.history import Operation, Step, check

TP = ("lathe.accounts", 0)
OPENED = Operation(
    id="o", tp=TP, account="a", kind="open", amount=50, invoked=0, answered=1, result="applied", offset=1
)


def spent(**fields: object) -> Operation:
    known: dict[str, object] = {
        "id": "s", "tp": TP, "account": "a", "kind": "adjust", "amount": -50,
        "invoked": 2.0, "answered": 3.0, "result": "applied", "offset": 2,
    }  # fmt: skip
    return Operation(**{**known, **fields})  # type: ignore[arg-type]


STEPS = [Step(1, "o", "a", 50), Step(2, "s", "a", 0)]


def test_a_true_history_has_no_anomaly() -> None:
    asked = Operation(
        id="d", tp=TP, account="a", kind="describe", invoked=4, answered=5, result="replied", offset=2, balance=0
    )
    refused = spent(id="r", invoked=4, answered=5, result="refused", offset=None, refusal="insufficient-credits")
    assert check([OPENED, spent(), asked, refused], STEPS) == []


@pytest.mark.parametrize(
    ("operation", "steps"),
    [
        (spent(), STEPS[:1]),
        (spent(), [*STEPS, Step(3, "s", "a", -50)]),
        (spent(result="refused", offset=None, refusal="insufficient-credits"), STEPS),
        (spent(result="not-applied", offset=None), STEPS),
        (spent(offset=3), STEPS),
        (spent(), [Step(1, "s", "a", 0), Step(2, "o", "a", 50)]),
        (spent(result="refused", offset=None, refusal="insufficient-credits"), STEPS[:1]),
        (spent(kind="describe", result="replied", offset=1, balance=0), STEPS[:1]),
        (spent(kind="describe", result="replied", offset=0, balance=None), STEPS[:1]),
        (spent(), [*STEPS, Step(3, "nobody", "a", 1)]),
    ],
    ids=[
        "lost", "doubled", "refused but applied", "not applied but applied", "wrong place", "against real time",
        "refused without a reason", "wrong balance", "stale reply", "out of nothing",
    ],
)  # fmt: skip
def test_an_anomaly_is_found(operation: Operation, steps: list[Step]) -> None:
    assert check([OPENED, operation], steps) != []

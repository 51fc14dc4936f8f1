"""Amounts and derived identifiers."""

import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from domain.ids import derived_id, partition_in
from domain.money import MAX_AMOUNT, in_words, share, to_credits, to_micro
from tests.domain.scenario import new_id


@given(st.integers(-MAX_AMOUNT, MAX_AMOUNT))
def test_every_amount_is_told_exactly_with_six_decimals_at_most(micro: int) -> None:
    told = to_credits(micro)
    assert Decimal(repr(told)) * 1_000_000 == micro
    assert to_micro(told, "/amount") == micro


@pytest.mark.parametrize(
    ("micro", "said"), [(1_000_000, "1 credit"), (2_000_000, "2 credits"), (510_000, "0.51 credits"), (0, "0 credits")]
)
def test_amounts_in_sentences(micro: int, said: str) -> None:
    assert in_words(micro) == said


@pytest.mark.parametrize("amount", ["NaN", "inf", "1e400", "1e1000000", "x", "", "0.0000001", 2**63, -(2**63)])
def test_what_is_no_amount_is_refused(amount: str | int) -> None:
    with pytest.raises(InvalidInput) as refusal:
        to_micro(amount, "/max_credits")
    assert refusal.value.extra["pointer"] == "/max_credits"


@given(st.integers(0, MAX_AMOUNT), st.floats())
def test_a_share_lies_between_nothing_and_everything(price: int, fraction: float) -> None:
    assert 0 <= share(price, fraction) <= price


@given(st.integers(0, 10_000), st.integers(0, 100))
def test_a_share_is_rounded_down_from_the_decimal(price: int, percent: int) -> None:
    assert share(price, percent / 100) == price * percent // 100


def test_derived_ids_are_stable_distinct_and_hold_the_partition() -> None:
    ids = [derived_id(new_id(1), i, 11) for i in range(5)]
    assert ids == [derived_id(new_id(1), i, 11) for i in range(5)]
    assert len({*ids, *(derived_id(new_id(2), i, 11) for i in range(5))}) == 10
    assert {partition_in(i) for i in ids} == {11}
    assert uuid.UUID(ids[0]).int >> 80 == uuid.UUID(new_id(1)).int >> 80
    with pytest.raises(ValueError, match="badly formed"):
        derived_id("no uuid", 0, 0)

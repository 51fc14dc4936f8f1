"""The read rule, case by case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.kafka.position import Position
from adapters.kafka.readrule import CLAIM_TYPE, claim_headers, event_headers, judge
from adapters.kafka.record import Headers, Record

BEFORE_ANY_CLAIM = Position(offset=7)
IN_FORCE = Position(offset=7, epoch=3, nonce="n3", seq=5)


def record(headers: list[tuple[str, bytes]]) -> Record:
    return Record("lathe.accounts", 0, 7, 0, b"k", b"{}", tuple(headers))


def claim(epoch: int, nonce: str = "new") -> Record:
    return record([("ce_type", CLAIM_TYPE), *claim_headers(epoch, nonce)])


def test_events_before_the_first_claim_are_void() -> None:
    assert judge(BEFORE_ANY_CLAIM, record(event_headers(0, 1))) == ("void", Position(offset=8))


def test_the_next_epoch_is_the_only_one_that_can_be_claimed() -> None:
    assert judge(IN_FORCE, claim(4)) == ("claim", Position(8, 4, "new", 0))
    for epoch in (1, 3, 5):
        assert judge(IN_FORCE, claim(epoch)) == ("void", Position(8, 3, "n3", 5))


def test_only_the_next_sequence_of_the_epoch_in_force_is_valid() -> None:
    assert judge(IN_FORCE, record(event_headers(3, 6))) == ("event", Position(8, 3, "n3", 6))
    for epoch, seq in ((3, 5), (3, 7), (2, 6), (4, 1), (4, 6)):
        assert judge(IN_FORCE, record(event_headers(epoch, seq)))[0] == "void"


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("ce_ownerepoch", b"3"),),
        (("ce_ownerseq", b"6"),),
        (("ce_ownerepoch", b"3"), ("ce_ownerseq", b"+6")),
        (("ce_ownerepoch", b"3"), ("ce_ownerseq", b"")),
        (("ce_ownerepoch", b"3"), ("ce_ownerseq", "٦".encode())),
        (("ce_ownerepoch", b"3"), ("ce_ownerseq", b"6" * 40)),
        (("ce_ownerepoch", b"3"), ("ce_ownerepoch", b"3"), ("ce_ownerseq", b"6")),
    ],
)
def test_missing_or_malformed_headers_are_void(headers: Headers) -> None:
    assert judge(IN_FORCE, record(list(headers)))[0] == "void"


def test_a_claim_without_a_nonce_is_void() -> None:
    assert judge(IN_FORCE, claim(4, ""))[0] == "void"


@given(st.lists(st.tuples(st.text(max_size=16), st.binary(max_size=24)), max_size=8))
def test_no_headers_can_make_it_fail(headers: list[tuple[str, bytes]]) -> None:
    kind, after = judge(IN_FORCE, record(headers))
    assert after.offset == 8
    assert kind == "void" or ("ce_ownerepoch", b"3") in headers

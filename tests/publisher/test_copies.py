"""What a foreign reader gets to see."""

import msgspec
import pytest

from processors.publisher.copies import copy_of, without_sealed
from tests.projections.handmade import HandmadeLog, batch, file, requested


async def test_nothing_personal_and_nothing_of_the_owner() -> None:
    log = HandmadeLog()
    account, task = log.account_in(5), log.new_id(5)
    await log.append(account, requested(task, files=(file("f"),)), idempotency_key="secret", traceparent="00-1-2-01")
    await log.append(account, batch(log.new_id(5), log.new_id(5), log.new_id(5)))
    for entry in log.entries():
        if entry.kind != "event":
            continue
        copy = copy_of(entry)
        assert b"$enc" not in copy.value
        names = {name for name, _ in copy.headers}
        assert not names & {"ce_ownerepoch", "ce_ownerseq", "ce_idempotencykey", "traceparent"}
        assert {"ce_id", "ce_type", "ce_time", "ce_subject", "ce_streamversion", "content-type"} <= names
        assert dict(copy.headers)["ce_sourceposition"] == b"lathe.accounts:5@%d" % entry.record.offset
        assert copy.key == account.encode()
        assert copy.timestamp == entry.record.timestamp
    first = msgspec.json.decode(copy_of(log.entries()[1]).value)
    assert (first["task_id"], first["price"], first["prompt_length"]) == (task, 1_000_000, 7)
    assert "prompt" not in first
    assert "name" not in first["files"][0]


@pytest.mark.parametrize("value", [b"", b"no json", b"\xff", b"[" * 5000])
async def test_a_value_that_is_no_json_is_not_handed_out(value: bytes) -> None:
    log = HandmadeLog()
    await log.append(log.account_in(5), requested(log.new_id(5)), value=value)
    assert copy_of(log.entries()[1]).value == b"null"


def test_sealed_members_are_left_out_wherever_they_stand() -> None:
    sealed = {"$enc": "v1:x"}
    assert without_sealed({"a": sealed, "b": [sealed, {"c": sealed, "d": 1}], "e": {"f": sealed}}) == {
        "b": [None, {"d": 1}], "e": {},
    }  # fmt: skip

"""Packed tables are dicts that take little room."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from domain.packed import PackedTable, pack_id, unpack_id
from tests.domain.scenario import new_id

keys = st.binary(min_size=10, max_size=10) | st.integers(0, 300).map(lambda n: n.to_bytes(10))
steps = st.lists(st.tuples(keys, st.binary(min_size=3, max_size=3), st.booleans()), max_size=300)


@given(steps)
def test_it_answers_as_a_dict_does(steps: list[tuple[bytes, bytes, bool]]) -> None:
    table, kept = PackedTable(10, 3), dict[bytes, bytes]()
    for key, value, replace in steps:
        if replace and key in kept:
            table.replace(key, value)
            kept[key] = value
        else:
            assert table.add(key, value) == (key not in kept)
            kept.setdefault(key, value)
    assert len(table) == len(kept)
    assert {key: table.get(key) for key in kept} == kept
    assert all(table.get(key) == kept.get(key) for key, _, _ in [(bytes(10), b"", True), *steps])
    written = msgspec.msgpack.decode(msgspec.msgpack.encode(table), type=PackedTable)
    assert written == table
    assert all(written.get(key) == value for key, value in kept.items())


def test_it_takes_hardly_more_room_than_its_rows() -> None:
    table, rows = PackedTable(16, 20), 20_000
    for number in range(rows):
        packed = pack_id(new_id(number * 7919))
        assert packed is not None
        assert table.add(packed, bytes(20))
    taken = sum(part.__sizeof__() for parts in (table.rows, table.slots) for part in parts)
    assert taken < rows * (36 + 16)


@given(st.uuids() | st.text())
def test_only_canonical_uuids_are_packed(given: object) -> None:
    text = str(given)
    packed = pack_id(text)
    assert packed is None or unpack_id(packed) == text
    if not isinstance(given, str):
        assert packed is not None
        assert pack_id(text.upper()) is None or text.upper() == text
        assert pack_id(text.replace("-", "_")) is None

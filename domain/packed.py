"""Tables of many small rows: a few bytes each where Python's dicts and objects would take hundreds.

Rows have one width. They lie one after another in byte arrays, in the order they came, and are found by an index of
row numbers with open addressing and linear probing (Knuth, The Art of Computer Programming, vol. 3, 6.4). A table is
split into shards, so that no insertion has to make a large index anew. Its shape depends on the insertions alone: the
same history gives the same bytes. A table written in a snapshot is as good as new when it is read: nothing is rebuilt.
"""

from typing import Final

import msgspec

SHARDS: Final = 64
"""By the last byte of the key, which is random in every key that is used here."""
_FULLEST: Final = 0.7
"""Share of an index's slots that may be taken: a search that fails looks at 6 slots then, on average."""
_GROWTH: Final = 1.5
_SLOT: Final = 4


class PackedTable(msgspec.Struct):
    """Values of `value_bytes` by keys of `key_bytes` (at least 8, the last 8 of them well spread)."""

    key_bytes: int
    value_bytes: int
    rows: list[bytearray] = msgspec.field(default_factory=lambda: [bytearray() for _ in range(SHARDS)])
    """By shard: key and value, again and again."""
    slots: list[bytearray] = msgspec.field(default_factory=lambda: [bytearray() for _ in range(SHARDS)])
    """By shard: numbers of rows from 1, 4 bytes each, little-endian; 0 is a free slot."""

    def __len__(self) -> int:
        return sum(map(len, self.rows)) // (self.key_bytes + self.value_bytes)

    def get(self, key: bytes) -> bytes | None:
        """The value under the key."""
        shard = key[-1] % SHARDS
        start = self._find(shard, key)
        if start < 0:
            return None
        start += self.key_bytes
        return bytes(self.rows[shard][start : start + self.value_bytes])

    def add(self, key: bytes, value: bytes) -> bool:
        """Keep a value. False, and nothing changed, when there is one under this key."""
        shard = key[-1] % SHARDS
        if self._find(shard, key) >= 0:
            return False
        rows = self.rows[shard]
        width = self.key_bytes + self.value_bytes
        number = len(rows) // width + 1
        rows += key + value
        if number * _SLOT > len(self.slots[shard]) * _FULLEST:
            self._grow(shard, width, number)
        else:
            _enter(self.slots[shard], key, number)
        return True

    def replace(self, key: bytes, value: bytes) -> None:
        """Another value under a key that is there. Raises KeyError."""
        shard = key[-1] % SHARDS
        start = self._find(shard, key)
        if start < 0:
            raise KeyError(key)
        start += self.key_bytes
        self.rows[shard][start : start + self.value_bytes] = value

    def _find(self, shard: int, key: bytes) -> int:
        """Where the key's row begins in its shard; -1: nowhere."""
        slots = self.slots[shard]
        if not slots:
            return -1
        rows, width = self.rows[shard], self.key_bytes + self.value_bytes
        at = _home(key, len(slots))
        while number := int.from_bytes(slots[at : at + _SLOT], "little"):
            start = (number - 1) * width
            if rows.startswith(key, start):
                return start
            at += _SLOT
            if at == len(slots):
                at = 0
        return -1

    def _grow(self, shard: int, width: int, rows: int) -> None:
        slots = bytearray(int(max(8, rows / _FULLEST * _GROWTH)) * _SLOT)
        kept = self.rows[shard]
        for number in range(1, rows + 1):
            start = (number - 1) * width
            _enter(slots, kept[start : start + self.key_bytes], number)
        self.slots[shard] = slots


def _home(key: bytes | bytearray, size: int) -> int:
    """Where in an index of `size` bytes the search for a key begins."""
    return int.from_bytes(key[-8:-1], "little") % (size // _SLOT) * _SLOT


def _enter(slots: bytearray, key: bytes | bytearray, number: int) -> None:
    at = _home(key, len(slots))
    while slots[at : at + _SLOT] != b"\0\0\0\0":
        at += _SLOT
        if at == len(slots):
            at = 0
    slots[at : at + _SLOT] = number.to_bytes(_SLOT, "little")


def pack_id(text: str) -> bytes | None:
    """The 16 bytes of a canonical UUID; None for any other text."""
    if len(text) != 36:
        return None
    try:
        packed = bytes.fromhex(text[:8] + text[9:13] + text[14:18] + text[19:23] + text[24:])
    except ValueError:
        return None
    return packed if len(packed) == 16 and unpack_id(packed) == text else None


def unpack_id(packed: bytes) -> str:
    """The canonical UUID of 16 bytes."""
    digits = packed.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

"""Identifiers.

Account ids are UUIDv7; the Kafka partition of an account is Kafka's own murmur2 of its id. Task, file and batch
ids are UUIDv7 whose 12 bits after the version (`rand_a`, RFC 9562 section 5.7) hold that partition, so that whoever
meets such an id knows which partition owns it without a lookup.
"""

import functools
import hashlib
import uuid

PARTITION_BITS = 12


def uuid7(unix_ms: int, randomness: bytes, rand_a: int | None = None) -> str:
    """A UUIDv7 from milliseconds since 1970 and 10 random bytes. `rand_a` (12 bits) replaces the random ones."""
    if len(randomness) != 10:
        raise ValueError("uuid7 needs 10 random bytes")
    high = int.from_bytes(randomness[:2]) & 0xFFF if rand_a is None else rand_a
    if not 0 <= high < 1 << PARTITION_BITS:
        raise ValueError(f"rand_a must fit {PARTITION_BITS} bits")
    low = int.from_bytes(randomness[2:]) & ((1 << 62) - 1)
    value = (unix_ms & ((1 << 48) - 1)) << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def partition_in(identifier: str) -> int:
    """The partition inside a task, file or batch id. Raises ValueError if it is no UUIDv7."""
    value = uuid.UUID(identifier)
    if value.version != 7 or str(value) != identifier:
        raise ValueError(f"not a canonical UUIDv7: {identifier!r}")
    return (value.int >> 64) & 0xFFF


def murmur2(data: bytes) -> int:
    """Kafka's partitioner hash (org.apache.kafka.common.utils.Utils.murmur2), as an unsigned 32-bit number."""
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    h = (0x9747B28C ^ len(data)) & mask
    whole = len(data) & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * m & mask
        k = (k ^ (k >> 24)) * m & mask
        h = (h * m & mask) ^ k
    rest = data[whole:]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ (h >> 13)) * m & mask
    return h ^ (h >> 15)


@functools.lru_cache(maxsize=10_000)
def partition_of(key: str, partitions: int) -> int:
    """The partition Kafka's default partitioner gives to `key`."""
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions


def derived_id(event_id: str, index: int, partition: int) -> str:
    """The id of the `index`-th thing that event `event_id` brought (a result file): the same whenever it is asked.

    A UUIDv7 of the event's millisecond with `partition` in its 12 bits; the rest is SHA-256 of (event id, index).
    Raises ValueError if `event_id` is no UUID.
    """
    unix_ms = uuid.UUID(event_id).int >> 80
    return uuid7(unix_ms, hashlib.sha256(f"{event_id}/{index}".encode()).digest()[:10], partition)

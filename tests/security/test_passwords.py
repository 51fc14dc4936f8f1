"""Passwords (bad-inputs 38, 39) and the service token."""

import asyncio
import statistics
import time

import pytest
from passlib.hash import pbkdf2_sha256

from adapters.errors import Unavailable
from adapters.security.passwords import Passwords
from adapters.security.service_token import ServiceToken
from domain.errors import InvalidInput


@pytest.fixture
def passwords() -> Passwords:
    return Passwords()


async def test_right_and_wrong(passwords: Passwords) -> None:
    known = await passwords.hash("correct horse")
    assert known.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (await passwords.verify("correct horse", known)).right
    assert (await passwords.verify("correct horse", known)).fresh_hash is None
    for wrong in ("correct hors", "Correct horse", "", "correct horse\x00", "x" * 1_000_000):
        assert not (await passwords.verify(wrong, known)).right


async def test_the_whole_password_counts(passwords: Passwords) -> None:
    known = await passwords.hash("a" * 72 + "b")
    assert not (await passwords.verify("a" * 72 + "c", known)).right
    longest = "\U0001f511" * 128
    assert (await passwords.verify(longest, await passwords.hash(longest))).right


async def test_unicode_variants_are_one_password(passwords: Passwords) -> None:
    known = await passwords.hash("caf\u00e9 noir")
    assert (await passwords.verify("cafe\u0301 noir", known)).right


@pytest.mark.parametrize("unacceptable", ["", "12345", "x" * 129, "x" * 1_000_000, "abc\x00def"])
async def test_unacceptable_passwords(passwords: Passwords, unacceptable: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await passwords.hash(unacceptable)
    assert refusal.value.extra["pointer"] == "/password"
    assert len(refusal.value.detail) < 200


async def test_imported_and_outdated_hashes_are_renewed(passwords: Passwords) -> None:
    imported = pbkdf2_sha256.using(rounds=1000).hash("imported")
    verdict = await passwords.verify("imported", imported)
    assert verdict.right
    assert verdict.fresh_hash is not None
    assert verdict.fresh_hash.startswith("$argon2id$")
    weaker = await Passwords(memory_kib=8192).hash("imported")
    assert (await passwords.verify("imported", weaker)).fresh_hash is not None
    assert (await passwords.verify("wrong", weaker)).fresh_hash is None


async def test_unknown_users_take_as_long(passwords: Passwords) -> None:
    await passwords.prepare()
    known = await passwords.hash("correct horse")
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(7):
        for exists in (True, False):
            began = time.perf_counter()
            assert not (await passwords.verify("wrong", known if exists else None)).right
            seconds[exists].append(time.perf_counter() - began)
    ratio = min(seconds[False]) / min(seconds[True])
    assert 0.5 < ratio < 2, statistics.mean(seconds[False])


async def test_overload_is_refused_not_queued_for_ever(passwords: Passwords) -> None:
    known = await passwords.hash("correct horse")
    results = await asyncio.gather(*(passwords.verify("wrong", known) for _ in range(300)), return_exceptions=True)
    assert sum(isinstance(result, Unavailable) for result in results) == 300 - 256


def test_service_tokens() -> None:
    token = ServiceToken("0123456789abcdef")
    assert token.matches("0123456789abcdef")
    for wrong in ("", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF", "\udcff"):
        assert not token.matches(wrong)
    with pytest.raises(ValueError, match="at least 16"):
        ServiceToken("short")

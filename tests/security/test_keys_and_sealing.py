"""The master key, the accounts' keys, and sealed fields (bad-inputs 63)."""

import asyncio
import base64
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.ids import new_id
from adapters.object_store.memory import MemoryStore
from adapters.postgres.engine import make_pool
from adapters.postgres.ops_migrate import migrate_ops
from adapters.security.account_keys import AccountKeys, Erased, UnreadableKey
from adapters.security.digests import Digests
from adapters.security.master_key import MasterKey, WrongMasterKey, load_master_key, require_master_key
from adapters.security.sealed_objects import SealedObjects
from adapters.security.sealing import Sealer, Unreadable
from domain.personal import SealedAt


def sealer_of(keys: AccountKeys, store: MemoryStore | None = None) -> Sealer:
    return Sealer(keys, SealedObjects(store or MemoryStore()))


def test_the_key_file_is_made_once_and_private(tmp_path: Path) -> None:
    first = load_master_key(tmp_path)
    file = tmp_path / "master.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(base64.b64decode(file.read_text())) == 32
    assert load_master_key(tmp_path).fingerprint == first.fingerprint
    assert [p.name for p in tmp_path.iterdir()] == ["master.key"]


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    load_master_key(tmp_path)
    (tmp_path / "master.key").chmod(0o644)
    with pytest.raises(WrongMasterKey, match="chmod 600"):
        load_master_key(tmp_path)


def test_a_configured_key_wins_and_is_checked(tmp_path: Path) -> None:
    key = base64.b64encode(b"k" * 32).decode()
    assert load_master_key(tmp_path, key).fingerprint == MasterKey(b"k" * 32).fingerprint
    assert not (tmp_path / "master.key").exists()
    for wrong in ("", "short", base64.b64encode(b"k" * 31).decode(), "!" * 44):
        with pytest.raises(WrongMasterKey, match="LATHE_MASTER_KEY must be 32 bytes"):
            load_master_key(tmp_path, wrong)


def test_each_use_has_its_own_subkey(master: MasterKey) -> None:
    subkeys = {master.blind_index, master.digests, master.internal_header, master.key_wrapping, master.sessions}
    assert len(subkeys) == 5
    assert all(len(key) == 32 for key in subkeys)
    assert master.key_wrapping.hex() not in repr(master)


async def test_another_master_key_is_refused(fresh_database: Callable[[], str], master: MasterKey) -> None:
    url = await asyncio.to_thread(fresh_database)
    await migrate_ops(url)
    pool = await make_pool(url)
    await require_master_key(pool, master)
    await require_master_key(pool, master)
    with pytest.raises(WrongMasterKey, match="made with another master key"):
        await require_master_key(pool, MasterKey(b"x" * 32))
    await pool.close()


async def test_a_field_opens_where_it_was_sealed_and_nowhere_else(account_keys: AccountKeys) -> None:
    sealer = sealer_of(account_keys)
    account, other, event = new_id(), new_id(), new_id()
    await account_keys.create(account)
    await account_keys.create(other)
    sealed = await sealer.seal(account, event, "prompt", "a red chair \U0001fa91")
    again = await sealer.seal(account, event, "prompt", "a red chair \U0001fa91")
    assert sealed.enc.startswith("v1:")
    assert sealed.enc != again.enc, "nonces must differ"
    at = SealedAt.of(event, "prompt", sealed)
    assert await sealer.open(account, at) == "a red chair \U0001fa91"
    flipped = sealed.enc[:-2] + ("A" if sealed.enc[-2] != "A" else "B") + sealed.enc[-1]
    for where, moved in (
        (other, at),
        (account, SealedAt(new_id(), "prompt", sealed.enc)),
        (account, SealedAt(event, "title", sealed.enc)),
        (account, SealedAt(event, "prompt", flipped)),
        (account, SealedAt(event, "prompt", "v1:")),
        (account, SealedAt(event, "prompt", "v1:!!!!")),
        (account, SealedAt(event, "prompt", "v2" + sealed.enc[2:])),
    ):
        with pytest.raises(Unreadable):
            await sealer.open(where, moved)


async def test_the_format_is_the_documented_one(pool: "asyncpg.Pool[Any]", master: MasterKey) -> None:
    keys = AccountKeys(pool, master.key_wrapping)
    account, event = new_id(), new_id()
    await keys.create(account)
    sealed = await sealer_of(keys).seal(account, event, "prompt", "hello")
    wrapped = bytes(await pool.fetchval("SELECT wrapped FROM ops.account_keys WHERE account_id = $1", account))
    key = AESGCM(master.key_wrapping).decrypt(wrapped[:12], wrapped[12:], account.encode())
    assert len(key) == 32
    raw = base64.urlsafe_b64decode(sealed.enc.removeprefix("v1:") + "==")
    bound = f"lathe/sealed/v1\0{account}\0{event}\0prompt".encode()
    assert AESGCM(key).decrypt(raw[:12], raw[12:], bound) == b"hello"


async def test_a_key_that_does_not_open_says_so(pool: "asyncpg.Pool[Any]", account_keys: AccountKeys) -> None:
    account = new_id()
    await account_keys.create(account)
    for wrapped in (bytes(60), b"short"):
        await pool.execute("UPDATE ops.account_keys SET wrapped = $2 WHERE account_id = $1", account, wrapped)
        with pytest.raises(UnreadableKey, match=account):
            await account_keys.get(account)
        with pytest.raises(UnreadableKey, match=account):
            await account_keys.get_many([account])


async def test_destroying_the_key_erases(pool: "asyncpg.Pool[Any]", master: MasterKey) -> None:
    now = [0.0]
    here = AccountKeys(pool, master.key_wrapping)
    elsewhere = AccountKeys(pool, master.key_wrapping, lifetime_s=60, clock=lambda: now[0])
    account, event = new_id(), new_id()
    await here.create(account)
    at = SealedAt.of(event, "prompt", await sealer_of(here).seal(account, event, "prompt", "secret"))
    assert await sealer_of(elsewhere).open(account, at) == "secret"
    assert await here.destroy(account)
    assert not await here.destroy(account)
    with pytest.raises(Erased):
        await sealer_of(here).open(account, at)
    with pytest.raises(Erased):
        await sealer_of(here).seal(account, event, "prompt", "again")
    now[0] = 61.0
    with pytest.raises(Erased):
        await sealer_of(elsewhere).open(account, at)
    assert await sealer_of(here).open_or_none(account, at) is None


async def test_a_list_takes_one_query_and_shows_gaps(pool: "asyncpg.Pool[Any]", master: MasterKey) -> None:
    keys = AccountKeys(pool, master.key_wrapping)
    sealer = sealer_of(keys)
    accounts = [new_id() for _ in range(5)]
    rows: list[tuple[str, SealedAt | None]] = []
    for number, account in enumerate(accounts):
        await keys.create(account)
        event = new_id()
        rows.append((account, SealedAt.of(event, "name", await sealer.seal(account, event, "name", f"n{number}"))))
    await keys.destroy(accounts[1])
    rows.append((accounts[0], None))
    fresh = sealer_of(AccountKeys(pool, master.key_wrapping))
    assert await fresh.open_many(rows) == ["n0", None, "n2", "n3", "n4", None]


async def test_what_is_too_large_for_an_event_is_sealed_in_an_object(account_keys: AccountKeys) -> None:
    store, account, other, event = MemoryStore(), new_id(), new_id(), new_id()
    await account_keys.create(account)
    await account_keys.create(other)
    sealer = sealer_of(account_keys, store)
    texts = {f"items.{i}.prompt": f"prompt {i}" * 100 for i in range(100)}
    sealed = await sealer.seal_fields(account, event, texts)
    sha256 = await sealer.objects.put(account, sealed)
    assert await sealer.objects.put(account, sealed) == sha256
    (key,) = await store.keys("")
    assert key == f"acct/{account}/{sha256}"
    assert b"prompt 1" not in await store.get(key, 1 << 20)
    rows: list[tuple[str, SealedAt | None]] = [(account, SealedAt(event, field, "", sha256)) for field in texts]
    for reader in (sealer, sealer_of(account_keys, store)):
        assert await reader.open_many(rows) == list(texts.values())
    with pytest.raises(Unreadable):
        await sealer.open(account, SealedAt(event, "items.100.prompt", "", sha256))
    with pytest.raises(Unreadable):
        await sealer.open(account, SealedAt(new_id(), "items.1.prompt", "", sha256))
    await store.put_bytes(f"acct/{other}/{sha256}", await store.get(key, 1 << 20), "application/json")
    with pytest.raises(Unreadable):
        await sealer.open(other, SealedAt(event, "items.1.prompt", "", sha256))
    await store.delete(key)
    late = sealer_of(account_keys, store)
    with pytest.raises(Erased):
        await late.open(account, SealedAt(event, "items.1.prompt", "", sha256))
    assert await late.open_many(rows[:2]) == [None, None]
    await account_keys.destroy(account)
    assert await sealer.open_many(rows[:1]) == [None]


async def test_creating_twice_keeps_the_key_and_the_cache_is_bounded(
    pool: "asyncpg.Pool[Any]", master: MasterKey
) -> None:
    keys = AccountKeys(pool, master.key_wrapping, capacity=2)
    accounts = [new_id() for _ in range(3)]
    event = new_id()
    for account in accounts:
        await keys.create(account)
    sealed = SealedAt.of(event, "f", await sealer_of(keys).seal(accounts[0], event, "f", "kept"))
    await asyncio.gather(*(keys.create(accounts[0]) for _ in range(5)))
    for account in accounts:
        await keys.get(account)
    assert await sealer_of(keys).open(accounts[0], sealed) == "kept"


async def test_a_key_row_moved_to_another_account_does_not_unwrap(
    pool: "asyncpg.Pool[Any]", account_keys: AccountKeys
) -> None:
    mine, victim = new_id(), new_id()
    await account_keys.create(mine)
    await pool.execute(
        "INSERT INTO ops.account_keys (account_id, wrapped)"
        " SELECT $2, wrapped FROM ops.account_keys WHERE account_id = $1",
        mine,
        victim,
    )
    with pytest.raises(UnreadableKey, match=victim):
        await account_keys.get(victim)


def test_names_are_unique_under_case_and_width(master: MasterKey) -> None:
    digests = Digests(master)
    same = ["Straße", "STRASSE", "strasse", "\uff33trasse", "str\u200basse\u202e"]
    assert len({digests.blind_index(name) for name in same}) == 1
    assert digests.blind_index("anna") != digests.blind_index("hanna")
    assert digests.blind_index("anna") != Digests(MasterKey(b"x" * 32)).blind_index("anna")


def test_request_digests_depend_on_meaning_not_on_spelling(master: MasterKey) -> None:
    digests = Digests(master)
    one = digests.request_digest({"prompt": "mug", "params": {"a": 1, "b": [1, 2]}}, ["ab" * 32])
    assert one == digests.request_digest({"params": {"b": [1, 2], "a": 1}, "prompt": "mug"}, ["ab" * 32])
    assert len(bytes.fromhex(one)) == 16
    assert one != digests.request_digest({"prompt": "mug", "params": {"a": 1, "b": [2, 1]}}, ["ab" * 32])
    assert one != digests.request_digest({"prompt": "mug", "params": {"a": 1, "b": [1, 2]}}, [])


def test_the_scope_of_a_key_is_caller_method_and_route(master: MasterKey) -> None:
    digests = Digests(master)
    scope = ("account", "POST", "/generate", "k")
    assert digests.idempotency_key(*scope) == digests.idempotency_key("account", "post", "/generate", "k")
    others = [
        ("b", *scope[1:]),
        ("account", "PUT", "/generate", "k"),
        ("account", "POST", "/upload", "k"),
        (*scope[:3], "l"),
    ]
    assert len({digests.idempotency_key(*s) for s in (scope, *others)}) == 5


async def test_the_key_of_a_deleted_user_is_not_used_though_its_row_is_there(
    pool: "asyncpg.Pool[Any]", master: MasterKey
) -> None:
    deleted: set[str] = set()
    keys = AccountKeys(pool, master.key_wrapping, deleted=deleted.__contains__)
    account, other = new_id(), new_id()
    for one in (account, other):
        await keys.create(one)
        await keys.get(one)
    deleted.add(account)
    with pytest.raises(Erased):
        await keys.get(account)
    assert set(await keys.get_many([account, other])) == {other}


async def test_a_key_that_is_forgotten_while_it_is_fetched_does_not_come_back(
    pool: "asyncpg.Pool[Any]", master: MasterKey
) -> None:
    deleted: set[str] = set()

    class Slow:
        """The deletion is read while PostgreSQL answers."""

        async def fetchval(self, *arguments: Any) -> Any:
            found = await pool.fetchval(*arguments)
            deleted.add(arguments[1])
            return found

    account = new_id()
    await AccountKeys(pool, master.key_wrapping).create(account)
    keys = AccountKeys(Slow(), master.key_wrapping, deleted=deleted.__contains__)  # type: ignore[arg-type]
    with pytest.raises(Erased):
        await keys.get(account)
    assert len(keys) == 0

"""What is backed up comes back, offset by offset; what cannot be is refused; a backup is whole or the one before."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from adapters.errors import DependencyDown
from adapters.kafka import topics
from adapters.kafka.memory import MemoryLog
from adapters.kafka.port import LogUnavailable
from adapters.kafka.position import TP
from adapters.object_store.port import object_key
from adapters.postgres.ops_migrate import migrate_ops
from adapters.settings import Settings
from cli.doctor.place import Place as Installation
from cli.ops.backup import copy_secrets
from cli.stack.home import Home
from domain.account import events as e
from processors.backup.making import Making
from processors.backup.manifest import BadBackup, Manifest
from processors.backup.restoring import NotEmpty, Restoring, Unfinished
from tests.backup.place import FINGERPRINT, Place, identity_of
from tests.projections.handmade import CREDIT
from tests.verify.history import History, some_history

RUNS, ACCOUNTS = topics.RUNS.name, topics.ACCOUNTS.name


@pytest.fixture
def database(fresh_database: Callable[[], str]) -> Callable[[], str]:
    """Calls make databases with an empty schema `ops`."""

    def made() -> str:
        url = fresh_database()
        asyncio.run(migrate_ops(url))
        return url

    return made


@pytest.fixture
def urls(database: Callable[[], str]) -> tuple[str, str]:
    return database(), database()


async def filled(url: str) -> tuple[History, list[str], Place]:
    history, accounts = await some_history()
    place = Place(history.log, url)
    await history.store_objects(place.store)
    await place.keys_for(*accounts)
    await place.execute(
        "INSERT INTO ops.sessions VALUES ('s1', $1, 1, 1, now(), now() + interval '1 day', NULL, NULL)", accounts[0]
    )
    await place.execute("INSERT INTO ops.refresh_tokens VALUES ($1, 's1', now(), NULL)", b"hash")
    await place.execute("INSERT INTO ops.cursors VALUES ('reactors', 'lathe.identity', 0, 3, 1, 'nonce-1', 2)")
    return history, accounts, place


async def backed_up(place: Place, folder: Path, log: Any = None) -> Manifest:
    place.told = []
    making = Making(log or place.log, identity_of(), place.url, place.store, folder, place.told.append)
    return await making.run()


async def restored(folder: Path, url: str) -> Place:
    place = Place(MemoryLog(), url)
    await Restoring(place.log, url, place.store, folder, place.told.append).run(FINGERPRINT)
    return place


async def test_everything_comes_back_where_it_was(urls: tuple[str, str], tmp_path: Path) -> None:
    history, _, place = await filled(urls[0])
    odd: Any = None
    await history.put((RUNS, 2), odd, odd, [("ce_id", b"x"), ("ce_id", b"y")])  # no key, no value, a header twice
    made = await backed_up(place, tmp_path)
    there = await restored(tmp_path, urls[1])
    assert there.records() == place.records()
    assert made.records == sum(map(len, history.log.partitions.values()))
    for key in await place.store.keys(""):
        assert await there.store.get(key, 1 << 20) == await place.store.get(key, 1 << 20)
        assert (await there.store.stat(key)).media_type == (await place.store.stat(key)).media_type
    for table in ("account_keys", "sessions", "refresh_tokens", "cursors", "master_fingerprint"):
        mine, theirs = [await p.execute(f"SELECT * FROM ops.{table} ORDER BY 1") for p in (place, there)]
        assert mine == theirs
        assert mine
    assert (await there.verified()).findings.counts == (await place.verified()).findings.counts


async def test_the_next_one_copies_what_is_new(urls: tuple[str, str], tmp_path: Path) -> None:
    history, accounts, place = await filled(urls[0])
    first = await backed_up(place, tmp_path)
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "log").rglob("*.z")}
    files |= {path: path.stat().st_mtime_ns for path in (tmp_path / "objects").rglob("*") if path.is_file()}
    await history.complete(accounts[2])
    await history.store_objects(place.store)
    second = await backed_up(place, tmp_path)
    assert second.records - first.records == 6
    assert second.objects - first.objects == 1
    assert {path: path.stat().st_mtime_ns for path in files} == files
    assert (await restored(tmp_path, urls[1])).records() == place.records()


class Stale:
    """A log whose ends of some partitions were told a moment ago: since then more was written."""

    def __init__(self, log: MemoryLog, ends: dict[TP, int]) -> None:
        self._log, self._ends = log, ends

    async def ends(self, tps: Iterable[TP]) -> dict[TP, int]:
        return {tp: min(end, self._ends.get(tp, end)) for tp, end in (await self._log.ends(tps)).items()}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


async def test_what_is_written_meanwhile_is_cut_off_with_all_that_follows_from_it(
    urls: tuple[str, str], tmp_path: Path
) -> None:
    history, accounts, place = await filled(urls[0])
    ends = {(RUNS, p): len(history.log.partitions[RUNS, p]) for p in range(12)}
    before = len(history.log.partitions[ACCOUNTS, 7])
    assigned = len(history.log.partitions["lathe.assignments", 0])
    # After the ends of lathe.runs were told: a run begins, and behind it a task is requested and given to a worker.
    task = await history.request(accounts[2])
    await history.start(accounts[2], task)
    later = await history.request(accounts[2])
    await history.append(accounts[0], e.CreditsAdjusted(amount=CREDIT, reason="elsewhere"))
    made = await backed_up(place, tmp_path, Stale(history.log, ends))
    cut = {partition.tp: partition.end.offset for partition in made.partitions}
    assert cut[ACCOUNTS, 7] == before + 1, "up to the request; what the run led to is left out"
    assert cut["lathe.assignments", 0] == assigned + 1, f"the assignment of {later} is left out"
    assert cut[ACCOUNTS, 3] == len(history.log.partitions[ACCOUNTS, 3]), "other accounts lose nothing"
    there = await restored(tmp_path, urls[1])
    assert (await there.verified()).findings.told() == []
    # The next backup takes up what was left out.
    await backed_up(place, tmp_path)


async def test_one_that_fails_leaves_the_one_before(urls: tuple[str, str], tmp_path: Path) -> None:
    history, accounts, place = await filled(urls[0])
    await backed_up(place, tmp_path)
    then = place.records()
    await history.complete(accounts[2])
    await history.store_objects(place.store)

    async def away(key: str) -> Any:
        raise DependencyDown("The object store does not answer.", dependency="object_store")

    whole, place.store.stat = place.store.stat, away  # type: ignore[method-assign]
    with pytest.raises(BaseExceptionGroup):
        await backed_up(place, tmp_path)
    there = await restored(tmp_path, urls[1])
    assert there.records() == then
    place.store.stat = whole  # type: ignore[method-assign]
    assert (await backed_up(place, tmp_path)).records == sum(map(len, place.records().values()))


async def test_an_erased_account_leaves_the_backup_too(urls: tuple[str, str], tmp_path: Path) -> None:
    _, accounts, place = await filled(urls[0])
    await backed_up(place, tmp_path)
    assert (tmp_path / "objects" / "acct" / accounts[1]).exists()
    await place.execute("DELETE FROM ops.account_keys WHERE account_id = $1", accounts[1])
    for key in await place.store.keys(f"acct/{accounts[1]}/"):
        await place.store.delete(key)
    made = await backed_up(place, tmp_path)
    assert not (tmp_path / "objects" / "acct" / accounts[1]).exists()
    kept = (tmp_path / next(table.file for table in made.tables if table.name == "account_keys")).read_text()
    assert accounts[1] not in kept
    assert accounts[0] in kept
    assert len(list((tmp_path / "ops").iterdir())) == 1


async def test_one_that_fails_after_an_erasure_leaves_the_one_before(urls: tuple[str, str], tmp_path: Path) -> None:
    _, accounts, place = await filled(urls[0])
    await backed_up(place, tmp_path)
    then = place.records()
    await place.execute("DELETE FROM ops.account_keys WHERE account_id = $1", accounts[1])

    async def away(prefix: str) -> Any:
        raise DependencyDown("The object store does not answer.", dependency="object_store")

    place.store.keys = away  # type: ignore[method-assign]
    with pytest.raises(DependencyDown):
        await backed_up(place, tmp_path)
    assert not (tmp_path / "objects" / "acct" / accounts[1]).exists()
    there = await restored(tmp_path, urls[1])
    assert there.records() == then
    assert accounts[0] in "".join(await there.store.keys("acct/"))


async def test_what_one_that_failed_has_copied_is_deleted_by_the_next(urls: tuple[str, str], tmp_path: Path) -> None:
    history, accounts, place = await filled(urls[0])
    others = tmp_path / "log" / "syslog.z"
    others.parent.mkdir()
    others.touch()

    async def away(prefix: str) -> Any:
        raise DependencyDown("The object store does not answer.", dependency="object_store")

    async def fail() -> None:
        whole, place.store.keys = place.store.keys, away  # type: ignore[method-assign]
        with pytest.raises(DependencyDown):
            await backed_up(place, tmp_path)
        place.store.keys = whole  # type: ignore[method-assign]

    def copies() -> set[str]:
        found = [path for folder in ("log", "ops") for path in (tmp_path / folder).rglob("*") if path.is_file()]
        return {str(path.relative_to(tmp_path)) for path in found if path != others}

    await fail()  # there is no backup yet
    first = copies()
    await fail()
    assert not copies() & first, "each one copies to places of its own"
    made = await backed_up(place, tmp_path)
    assert copies() == made.files
    await history.complete(accounts[2])
    await fail()
    await fail()
    assert len(list((tmp_path / "ops").iterdir())) == 2, "the backup's, and those of the last one that failed"
    made = await backed_up(place, tmp_path)
    assert copies() == made.files
    assert len(list((tmp_path / "ops").iterdir())) == 1
    assert others.exists(), "it was none of ours"
    assert (await restored(tmp_path, urls[1])).records() == place.records()


class Deleting(Stale):
    """Somebody is deleted and erased as soon as all ends were told."""

    def __init__(self, log: MemoryLog, erase: Callable[[], Awaitable[None]]) -> None:
        super().__init__(log, {})
        self._erase = erase

    async def ends(self, tps: Iterable[TP]) -> dict[TP, int]:
        told = await super().ends(tps)
        if (topics.CATALOG.name, 0) in told:
            await self._erase()
        return told


async def test_who_is_erased_while_a_backup_is_made_is_to_be_erased_again(
    urls: tuple[str, str], tmp_path: Path
) -> None:
    history, accounts, place = await filled(urls[0])
    await place.execute("INSERT INTO ops.erasures VALUES ('before', 'e0', now(), now(), now(), now())")

    async def erase() -> None:
        await place.execute("INSERT INTO ops.erasures VALUES ($1, 'e1', now(), now(), now())", accounts[1])
        await place.execute("DELETE FROM ops.account_keys WHERE account_id = $1", accounts[1])
        for key in await place.store.keys(f"acct/{accounts[1]}/"):
            await place.store.delete(key)
        await history.append(accounts[1], e.AccountClosed())

    await backed_up(place, tmp_path, Deleting(history.log, erase))
    there = await restored(tmp_path, urls[1])
    rows = await there.execute("SELECT account_id, done_at IS NULL, key_gone_at IS NULL FROM ops.erasures ORDER BY 2")
    assert [tuple(row) for row in rows] == [("before", False, False), (accounts[1], True, True)]
    assert (await there.verified()).findings.told() == []


async def test_objects_that_the_store_lost_are_kept_and_given_back(urls: tuple[str, str], tmp_path: Path) -> None:
    history, accounts, place = await filled(urls[0])
    await backed_up(place, tmp_path)
    lost = next(key for key in history.objects if accounts[0] in key)
    await place.store.delete(lost)
    await backed_up(place, tmp_path)
    restoring = Restoring(place.log, place.url, place.store, tmp_path, place.told.append)
    assert await restoring.put_objects() == 1
    content = await place.store.get(lost, 1 << 20)
    assert object_key(accounts[0], hashlib.sha256(content).hexdigest()) == lost


async def test_cursors_never_stand_behind_the_cut(urls: tuple[str, str], tmp_path: Path) -> None:
    _, _, place = await filled(urls[0])
    await place.execute("UPDATE ops.cursors SET next_offset = 999, epoch = 9, nonce = 'other', seq = 7")
    await backed_up(place, tmp_path)
    there = await restored(tmp_path, urls[1])
    (row,) = await there.execute("SELECT next_offset, epoch, nonce, seq FROM ops.cursors")
    assert tuple(row) == (len(place.records()["lathe.identity", 0]), 1, "nonce-1", 3)


async def test_what_a_backup_that_was_killed_has_fetched_is_not_fetched_again(
    urls: tuple[str, str], tmp_path: Path
) -> None:
    _, _, place = await filled(urls[0])
    first = await backed_up(place, tmp_path)
    for name in ("objects.jsonl", "manifest.json"):  # they are written last
        (tmp_path / name).unlink()
    one = next(path for path in (tmp_path / "objects").rglob("*") if path.is_file())
    one.write_bytes(b"half of")
    fetched: list[str] = []
    stream = place.store.stream

    def counted(key: str, start: int = 0, length: int | None = None) -> AsyncGenerator[bytes, None]:
        fetched.append(key)
        return stream(key, start, length)

    place.store.stream = counted  # type: ignore[method-assign]
    again = await backed_up(place, tmp_path)
    assert fetched == [str(one.relative_to(tmp_path / "objects"))]
    assert (again.objects, again.object_bytes) == (first.objects, first.object_bytes)
    there = await restored(tmp_path, urls[1])
    assert sorted(await there.store.keys("acct/")) == sorted(await place.store.keys("acct/"))


def test_secrets_are_never_readable_by_others(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "backup"
    home.mkdir()
    folder.mkdir(mode=0o755)
    (home / "master.key").write_bytes(b"key")
    (folder / "master.key").write_bytes(b"older")
    (folder / "master.key").chmod(0o644)
    copy_secrets(installation(home), folder)
    assert (folder / "master.key").read_bytes() == b"key"
    assert (folder / "master.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == ["master.key"]


@pytest.mark.parametrize(("named", "why"), [("key", "it is in LATHE_MASTER_KEY"), (None, "there is no ")])
def test_a_master_key_that_is_no_file_is_told(
    named: str | None, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is there all the same is not the key in force."""
    if named is not None:
        (tmp_path / "master.key").write_bytes(b"older")
    folder = tmp_path / "backup"
    folder.mkdir()
    copy_secrets(installation(tmp_path, named), folder)
    assert list(folder.iterdir()) == []
    told = capsys.readouterr()
    assert told.err.startswith(f"The master key was not put there: {why}")
    assert told.out == ""


def installation(home: Path, master_key: str | None = None) -> Installation:
    settings = Settings(home=home, master_key=master_key, admin_password=None)
    return Installation(settings=settings, home=Home(home), running=False)


async def test_a_restore_that_breaks_off_says_what_must_go_first(urls: tuple[str, str], tmp_path: Path) -> None:
    """…and after that it can be run again."""
    _, _, place = await filled(urls[0])
    await backed_up(place, tmp_path)
    there = Place(MemoryLog(), urls[1])
    appender = there.log.appender

    async def away() -> Any:
        raise LogUnavailable("no broker")

    there.log.appender = away
    restoring = Restoring(there.log, there.url, there.store, tmp_path, there.told.append)
    with pytest.raises(Unfinished, match=r"no broker.*kafka/ and postgres/.*DROP SCHEMA ops CASCADE"):
        await restoring.run(FINGERPRINT)
    there.log.appender = appender
    with pytest.raises(NotEmpty, match="schema ops"):
        await restoring.run(FINGERPRINT)
    await there.execute("DROP SCHEMA ops CASCADE")
    await restoring.run(FINGERPRINT)
    assert there.records() == place.records()


async def test_what_is_refused(urls: tuple[str, str], tmp_path: Path) -> None:
    history, accounts, place = await filled(urls[0])
    with pytest.raises(BadBackup, match="no finished backup"):
        await restored(tmp_path, urls[1])
    await backed_up(place, tmp_path)
    with pytest.raises(NotEmpty, match="log is not empty"):
        await Restoring(place.log, urls[1], place.store, tmp_path, place.told.append).run(FINGERPRINT)
    with pytest.raises(NotEmpty, match="schema ops"):
        await restored(tmp_path, urls[0])
    with pytest.raises(BadBackup, match="another master key"):
        await Restoring(MemoryLog(), urls[1], place.store, tmp_path, place.told.append).run(b"g" * 32)
    with pytest.raises(BadBackup, match="another installation"):
        await Making(place.log, identity_of("cluster-2"), place.url, place.store, tmp_path, place.told.append).run()
    await history.complete(accounts[0])
    damaged = next((tmp_path / "log" / ACCOUNTS / "3").glob("*.z"))
    damaged.write_bytes(damaged.read_bytes()[:-1])
    with pytest.raises(BadBackup, match="changed or damaged"):
        await restored(tmp_path, urls[1])

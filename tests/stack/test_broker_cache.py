"""The broker's start-up cache: used where it fits and is whole; else the broker starts as ever."""

import os
import subprocess
from pathlib import Path

import pytest

from cli.stack import broker_cache, kafka
from cli.stack.broker_cache import cache_parts
from cli.stack.jars import default_repository, ensure_jars
from cli.stack.java import find_java
from cli.stack.kafka import KafkaConfig, cache_name, digest_of, find_cache, kafka_part

JARS = "/jars/a.jar:/jars/b.jar"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(kafka, "default_repository", lambda: tmp_path)
    monkeypatch.setattr(broker_cache, "default_repository", lambda: tmp_path)
    return tmp_path


def java(folder: Path, version: str) -> Path:
    program = folder / version / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.touch()
    (folder / version / "release").write_text(f'JAVA_VERSION="{version}"\n')
    return program


def command(program: Path, class_path: str) -> tuple[str, ...]:
    return kafka_part(KafkaConfig(Path("kafka"), 1, 2, program, class_path)).command


def test_it_is_used_by_the_java_and_the_jars_it_was_made_for(repository: Path, tmp_path: Path) -> None:
    ours, other = java(tmp_path, "25.0.2"), java(tmp_path, "26.0.1")
    assert [part.name for part in cache_parts(ours, JARS)] == ["broker-cache"]
    assert "-Xshare:auto" in command(ours, JARS)
    made = tmp_path / "made"
    made.write_bytes(b"classes")
    name = f"{cache_name(ours, JARS)}-{digest_of(made)}.aot"
    broker_cache._keep(made, repository, name)
    assert cache_parts(ours, JARS) == []
    assert f"-XX:AOTCache={repository / name}" in command(ours, JARS)
    assert "-Xshare:auto" in command(ours, JARS + ":/jars/c.jar")
    assert "-Xshare:auto" in command(other, JARS)


def test_a_damaged_one_is_not_used_and_is_made_anew(repository: Path, tmp_path: Path) -> None:
    ours = java(tmp_path, "25.0.2")
    made = tmp_path / "made"
    made.write_bytes(b"classes" * 1000)
    name = f"{cache_name(ours, JARS)}-{digest_of(made)}.aot"
    (repository / name).write_bytes(b"classes" * 999 + b"cl\0sses")
    assert "-Xshare:auto" in command(ours, JARS)
    assert cache_parts(ours, JARS)
    broker_cache._keep(made, repository, other := name.replace(digest_of(made), "0" * 16))
    assert [file.name for file in repository.glob("broker-*")] == [other]


@pytest.mark.parametrize("version", ["17.0.15", "24.0.1"])
def test_an_older_java_has_none(repository: Path, tmp_path: Path, version: str) -> None:
    assert cache_parts(java(tmp_path, version), JARS) == []


def test_a_java_that_does_not_tell_its_version_has_none(repository: Path, tmp_path: Path) -> None:
    assert cache_parts(tmp_path / "bin" / "java", JARS) == []


def test_what_was_made_is_taken_by_the_real_java() -> None:
    """`lathe fetch`, which `make test` runs, has made it."""
    program, class_path = find_java(), ensure_jars(default_repository(), lambda done, total: None)
    made = find_cache(program, class_path)
    if made is None:
        assert os.environ.get("CI") != "true"
        pytest.skip("`lathe fetch` makes it")
    options = (f"-XX:AOTCache={made}", "-XX:AOTMode=on", *kafka.JVM_OPTIONS)  # on: it ends where the cache does not fit
    ran = subprocess.run(
        [program, *options, "-cp", class_path, "-version"], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, "[warning]" in ran.stdout) == (0, False), ran.stdout + ran.stderr


def test_a_failure_is_told_and_is_none_of_whoever_waits(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = find_java()
    monkeypatch.setattr(broker_cache, "ensure_jars", lambda *_: "/nowhere.jar")
    broker_cache.main()
    if cache_name(program, "/nowhere.jar") is not None:
        assert "the broker starts without its cache: Kafka cannot format" in capsys.readouterr().out
    assert not list(repository.glob("broker-*"))

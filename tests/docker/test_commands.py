"""The operator's commands run with what their image holds: its packages, its code, its variables, and nothing else."""

import base64
import json
import os
import re
import subprocess
import sys
import sysconfig
import uuid
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path

import pytest

from tests.conftest import S3
from tests.docker import files

SITE = sysconfig.get_path("purelib", vars={"base": "", "platbase": ""}).lstrip("/")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the image's code, and an interpreter in `.venv` that has its packages."""
    root = tmp_path_factory.mktemp("image")
    for stage in files.lineage("lathe"):
        for source in (rest.split()[0] for rest in stage.all("COPY") if not rest.startswith("--from=")):
            (root / source.rstrip("/")).symlink_to(files.PROJECT / source)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", root / ".venv"], check=True)
    wanted = packages("commands-packages")
    for installed in distributions():
        if canonical(installed.name) in wanted:
            for part in {file.parts[0] for file in installed.files or ()} - {"..", "__pycache__"}:
                link = root / ".venv" / SITE / part
                if not link.exists():
                    link.symlink_to(Path(str(installed.locate_file(part))))
    return root


def packages(target: str) -> set[str]:
    """What the stages install: names in the files of requirements, and those that are picked out of one."""
    found: set[str] = set()
    for stage in files.lineage(target):
        for rest in stage.all("RUN"):
            for name in re.findall(r"-r requirements/([\w.]+)", rest):
                if name != "uv.txt":
                    found |= {canonical(one) for one in re.findall(r"^([\w.-]+)==", requirements(name), re.MULTILINE)}
            for name, source in re.findall(r"'\^([\w.-]+)==\[\^ \]\*' requirements/([\w.]+)", rest):
                assert len(re.findall(rf"^{name}==[^ ]*", requirements(source), re.MULTILINE)) == 1
                found.add(canonical(name))
    return found


def requirements(name: str) -> str:
    return (files.PROJECT / "requirements" / name).read_text()


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def run(image: Path, *arguments: str, **told: str) -> subprocess.CompletedProcess[str]:
    """`python …` as in the image."""
    given = {name: files.filled(str(value)) for name, value in files.services()["lathe"]["environment"].items()}
    environment = {"PATH": os.environ["PATH"], **files.environment("lathe"), **given, **told}
    command = [str(image / ".venv/bin/python"), *arguments]
    return subprocess.run(command, cwd=image, env=environment, capture_output=True, text=True, check=False)


def test_all_code_of_the_image_can_be_imported_there(image: Path) -> None:
    """Also what commands import as late as when they need it."""
    paths = [
        path.relative_to(files.PROJECT).with_suffix("")
        for package in image.iterdir()
        if package.name != ".venv"
        for path in package.resolve().rglob("*.py")
        if path.stem not in ("__main__", "env")  # Alembic runs its env.py itself
    ]
    modules = [".".join(path.parts).removesuffix(".__init__") for path in sorted(paths)]
    assert {"cli.ops.backup", "cli.events.parquet", "processors.backup.making"} <= set(modules)
    told = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]"
    done = run(image, "-c", told, *modules)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("module", ["backup", "past", "rebuild", "verify"])
def test_what_the_commands_run_as_processes_is_there(image: Path, module: str) -> None:
    done = run(image, "-m", f"processors.{module}", "--help")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_the_commands_do_their_work_in_the_image(
    image: Path, kafka_url: str, fresh_read_models: Callable[[], str], s3: S3, tmp_path: Path
) -> None:
    told = {
        "LATHE_HOME": str(tmp_path / "home"),
        "LATHE_KAFKA_URL": kafka_url,
        "LATHE_POSTGRES_URL": fresh_read_models(),
        "LATHE_S3_URL": s3.url,
        "LATHE_S3_ACCESS_KEY": s3.access_key,
        "LATHE_S3_SECRET_KEY": s3.secret_key,
        "LATHE_MASTER_KEY": base64.b64encode(bytes(32)).decode(),
    }

    def lathe(*words: str, code: int = 0) -> str:
        done = run(image, *entry, *words, **told)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    program, *entry = json.loads(files.stages()["lathe"].last("ENTRYPOINT") or "")
    assert program == "python"
    assert "events added" in lathe("events", "export", str(tmp_path / "parquet"))
    assert "There is no account" in lathe("ops", "state", "--account", str(uuid.uuid4()), code=2)
    lathe("ops", "rebuild", "--dry-run")
    made = lathe("ops", "backup", str(tmp_path / "backup"), "--json").splitlines()[-1]
    assert json.loads(made)["state"] == "made"


def test_a_backup_has_somewhere_to_go_and_state_need_not_be_written(image: Path) -> None:
    """The file system is read-only; the volume's folder is made in the image, so that it is its user's."""
    service = files.services()["lathe"]
    assert service["volumes"] == ["backups:/backups"]
    (made,) = [rest for rest in files.stages()["lathe"].all("RUN") if "/backups" in rest]
    assert "--owner=lathe" in made
    assert service["read_only"] is True
    assert service["environment"]["LATHE_HOME"].startswith("/tmp/")

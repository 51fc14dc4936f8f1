"""Somebody with recognisable words is erased from a running stack; whoever erases is killed after each step."""

import base64
import os
import secrets
import signal
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.command_api.pictures import picture
from tests.erasure.engine import MODEL
from tests.erasure.traces import search
from tests.system.client import Client
from tests.telemetry.stack import Stack, running_stack, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ROLES = "projections,scheduler,reactors,publisher,webhooks"
"""All but `erasure`, which the tests start and kill."""
MESSAGES_OF = (
    "SELECT 1 FROM ops.webhook_deliveries WHERE account_id = '{0}'"
    " UNION ALL SELECT 1 FROM ops.webhooks WHERE account_id = '{0}'"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("erasure")
    folder.chmod(0o755)  # PostgreSQL may run as another user
    folder.parent.chmod(0o755)
    (folder / "tmp").mkdir()
    return folder


@pytest.fixture(scope="module")
def stack(folder: Path) -> Iterator[Stack]:
    told = {
        "LATHE_PROCESSORS": ROLES,
        "LATHE_ENGINES": "tests.telemetry.engine:SmallEngine,tests.erasure.engine:Echo",
        "LATHE_SNAPSHOT_EVENTS": "5",
        "LATHE_WEBHOOK_NETWORKS": "127.0.0.0/8",
        "TMPDIR": str(folder / "tmp"),
    }
    with running_stack(folder, told, usage=False) as running:
        yield running


class Endpoint:
    """Somebody's own server, for webhooks: it notes their paths."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        paths = self.paths

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                paths.append(self.path)
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self._thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


class Person:
    """Somebody whose every word can be found again."""

    def __init__(self, stack: Stack) -> None:
        self.endpoint = Endpoint()
        mark = secrets.token_hex(4)
        self.username, self.name = f"zaphod-{mark}", f"Beeblebrox {mark}"
        self.email = f"president-{mark}@galaxy.example"
        self.prompt = f"a heart of gold number {mark}"
        self.file_name = f"my-second-head-{mark}.png"
        self.password = f"pan-galactic-{mark}"
        self.in_photo = f"taken at home {mark}".encode()
        self.photo = _with_text(picture(), self.in_photo)
        self.api, self.queries = stack.addresses.command_api[0], stack.addresses.query_api[0]
        self.hook, self.about_hook = f"/hooks/of-{mark}", f"tells my butler {mark}"
        self.client = Client(f"http://{self.api}", self.username)
        self.client.password = self.password
        self.user: dict[str, Any] = {}

    @property
    def words(self) -> list[bytes]:
        """What must not be found anywhere: the texts, as they are and in base64, and what the photo holds."""
        given = (self.username, self.name, self.email, self.prompt, self.file_name, self.password, self.hook,
                 self.about_hook)  # fmt: skip
        texts = [text.encode() for text in given]
        in_base64 = [base64.b64encode(text)[:-4] for text in texts]
        return [*texts, *in_base64, self.in_photo]

    def come(self) -> None:
        body = {"username": self.username, "password": self.password, "email": self.email, "name": self.name}
        answer = self.client.call("POST", "/auth/register", json=body)
        assert answer.status_code == 201, answer.text
        self.user = answer.json()
        self.client.log_in()

    def leave_traces(self) -> None:
        """A webhook, a photo, a task of it, one of a prompt, and logins that failed."""
        wanted = {"url": self.endpoint.url + self.hook, "description": self.about_hook}
        added = self.client.call("POST", "/webhooks", json=wanted)
        assert added.status_code == 201, added.text
        files = {"file": (self.file_name, self.photo, "image/png")}
        stored = self.client.call("POST", "/upload", files=files)
        assert stored.status_code == 201, stored.text
        for inputs in ({"prompt": self.prompt}, {"image_file_id": stored.json()["file_id"]}):
            task_id = self.make(**inputs)
            wait_until(lambda made=task_id: self.status(made) == "completed", "the task's end")  # type: ignore[misc]
        wait_until(lambda: self.hook in self.endpoint.paths, "the first webhook")
        for _ in range(2):
            self.client.http.post("/auth/login", json={"username": self.username, "password": "wrong " + self.password})

    def begin(self) -> str:
        """A task that runs until it is cancelled; its id."""
        task_id = self.make(prompt=self.prompt, params={"wait": True})
        wait_until(lambda: self.status(task_id) == "running", "the run")
        return task_id

    def make(self, **wanted: Any) -> str:
        answer = self.client.call("POST", "/generate", json={"model": MODEL, **wanted})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["task_id"])

    def status(self, task_id: str) -> str:
        return str(self.client.call("GET", f"http://{self.queries}/generate/{task_id}").json().get("status"))


def _person(stack: Stack) -> Iterator[Person]:
    person = Person(stack)
    yield person
    person.client.close()
    person.endpoint.close()


gone = pytest.fixture(_person, name="gone")
staying = pytest.fixture(_person, name="staying")


def _with_text(png: bytes, text: bytes) -> bytes:
    """The picture with a tEXt chunk before its end."""
    content = b"tEXtComment\x00" + text
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    return png[:-12] + chunk + png[-12:]


def environment(stack: Stack, **more: str) -> dict[str, str]:
    """That of the stack's own processors, without their addresses."""
    theirs = {**os.environ, **stack.parts["processors"].part.environment, **more}
    own = {"LATHE_METRICS_BIND", "LATHE_READY_FILE"}
    return {name: value for name, value in theirs.items() if value is not None and name not in own}


def run(stack: Stack, folder: Path, *module: str, **more: str) -> "subprocess.Popen[bytes]":
    with (folder / "erasers.log").open("ab") as output:
        command = [sys.executable, "-m", *module]
        return subprocess.Popen(command, env=environment(stack, **more), stdout=output, stderr=output)


def sql(stack: Stack, statement: str) -> list[dict[str, Any]]:
    script = (
        "import asyncio, asyncpg, json, sys\n"
        "async def main():\n"
        "    c = await asyncpg.connect(sys.argv[1])\n"
        "    print(json.dumps([dict(r) for r in await c.fetch(sys.argv[2])], default=str))\n"
        "asyncio.run(main())"
    )
    url = environment(stack)["LATHE_POSTGRES_URL"]
    told = subprocess.run([sys.executable, "-c", script, url, statement], capture_output=True, check=True)
    found: list[dict[str, Any]] = orjson.loads(told.stdout)
    return found


def find(stack: Stack, folder: Path, *words: bytes) -> dict[bytes, list[str]]:
    told = environment(stack)
    return search(words, folder, told["LATHE_KAFKA_URL"], told["LATHE_POSTGRES_URL"], stack.metrics_urls())


def test_after_an_erasure_that_was_killed_at_each_step_nothing_of_the_person_is_found(
    stack: Stack, folder: Path, gone: Person, staying: Person
) -> None:
    for person in (gone, staying):
        person.come()
        person.leave_traces()
    running = gone.begin()
    before = find(stack, folder, *gone.words)
    assert all(name.startswith("objects/") for names in before.values() for name in names), before
    assert len(before[gone.in_photo]) == 2, "the photo and its copy by the engine are not found"
    assert len(before[gone.prompt.encode()]) >= 2, "the results that repeat the prompt are not found"

    answer = gone.client.http.delete(f"/users/{gone.user['id']}")
    assert answer.status_code == 202, answer.text
    for step in ("key", "closed", "object", "emptied"):
        process = run(stack, folder, "tests.erasure.dying", step, LATHE_PROCESSORS="erasure")
        assert process.wait(120) == -signal.SIGKILL, step
    sql(stack, "UPDATE ops.erasures SET emptied_at = emptied_at - interval '2 hours'")  # the URLs have expired
    eraser = run(stack, folder, "processors", LATHE_PROCESSORS="erasure")
    try:
        open_ = "SELECT 1 FROM ops.erasures WHERE done_at IS NULL"
        wait_until(lambda: sql(stack, open_) == [], "the end of the erasure")
    finally:
        eraser.terminate()
        assert eraser.wait(30) == 0

    assert_out(gone, stack)
    assert_told_and_kept(stack, gone, running)
    posted = len(gone.endpoint.paths)
    with (folder / "export.jsonl.log").open("wb") as output:
        target = str(folder / "export.jsonl")
        command = [sys.executable, "-m", "cli.main", "events", "export", target]
        subprocess.run(command, env=environment(stack), stdout=output, stderr=output, check=True)
    for module in ("processors.rebuild", "processors.verify"):
        process = run(stack, folder, module)
        assert process.wait(300) == 0, (folder / "erasers.log").read_text()[-3000:]

    account = gone.user["uuid"].encode()
    after = find(stack, folder, account, *gone.words)
    stays = after.pop(account)
    for kind in ("lathe.accounts:", "lathe.public.accounts:", "ops.erasures", "read_v2.tasks", "home/logs/", "export",
                 "objects/lathe/snapshots/lathe.accounts"):  # fmt: skip
        assert any(name.startswith(kind) for name in stays), f"no {kind}: the search sees nothing"
    assert after == {word: [] for word in gone.words}
    assert [name for name in map(str, (folder / "objects").rglob("*")) if gone.user["uuid"] in name] == []
    told = len(staying.endpoint.paths)
    assert staying.status(staying.make(prompt=staying.prompt)) != "None"
    wait_until(lambda: len(staying.endpoint.paths) > told, "a webhook of somebody else")
    assert (len(gone.endpoint.paths), sql(stack, MESSAGES_OF.format(gone.user["uuid"]))) == (posted, [])
    assert sql(stack, "SELECT schema FROM ops.live_read_schema") == [{"schema": "read_v2"}]
    assert staying.client.call("GET", f"http://{staying.queries}/auth/profile").json()["name"] == staying.name


def assert_out(gone: Person, stack: Stack) -> None:
    """Refused by every process, whatever it had cached."""
    for address in stack.addresses.command_api:
        asked = gone.client.http.post(f"http://{address}/generate", json={"prompt": gone.prompt, "model": MODEL})
        assert asked.status_code == 401, asked.text
    body = {"username": gone.username, "password": gone.password}
    assert gone.client.http.post("/auth/login", json=body).status_code == 401
    assert gone.client.http.get(f"http://{gone.queries}/auth/profile").status_code == 401


def assert_told_and_kept(stack: Stack, gone: Person, running: str) -> None:
    """The ledger adds up, and says how the last task ended."""
    account = gone.user["uuid"]

    def task() -> list[dict[str, Any]]:
        return sql(stack, f"SELECT status, reason FROM read_v1.tasks WHERE task_id = '{running}'")

    def money() -> list[dict[str, Any]]:
        return sql(
            stack,
            "SELECT status, balance::bigint, reserved::bigint, (granted - charged - forfeited)::bigint AS left"
            f" FROM read_v1.accounts WHERE account_id = '{account}'",
        )

    wait_until(lambda: task() == [{"status": "cancelled", "reason": "account-closed"}], "the cancelled run")
    closed = [{"status": "closed", "balance": 0, "reserved": 0, "left": 0}]
    wait_until(lambda: money() == closed, "the closed account")

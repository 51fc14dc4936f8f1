"""Generated requests, sensible and senseless, over the whole specification, as nobody, a user and an admin.

`python -m tests.system.conformance --examples 50 --report docs/reports/conformance.md`: no server error, and no answer
that the specification does not declare. By schemathesis, in a process of its own.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import httpx

from tests.system.client import Client
from tests.system.stack import ADMIN_PASSWORD, lathe_up

CHECKS: Final = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance"
)
ROLES: Final = ("nobody", "user", "admin")


def token_of(url: str, role: str) -> str | None:
    """An access token of a new user, or of the admin; None for nobody."""
    if role == "nobody":
        return None
    if role == "admin":
        body = {"username": "admin", "password": ADMIN_PASSWORD}
        return str(httpx.post(f"{url}/auth/login", json=body, timeout=30).raise_for_status().json()["access_token"])
    user = Client(url)
    try:
        user.register()
        return user.http.headers["authorization"].removeprefix("Bearer ")
    finally:
        user.close()


def play(url: str, role: str, examples: int, folder: Path, seed: int = 1) -> tuple[dict[str, int], str]:
    """(answers by class of status, what was found: empty when nothing)."""
    events = folder / f"{role}.ndjson"
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json"),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", str(examples), "--seed", str(seed)),
        *("--checks", CHECKS, "--continue-on-failure", "--suppress-health-check", "all", "--warnings", "off"),
        *("--workers", "2", "--request-timeout", "40", "--generation-database", "none", "--no-color"),
        *("--report", "ndjson", "--report-ndjson-path", str(events)),
    ]
    token = token_of(url, role)
    if token is not None:
        command += ["--header", f"Authorization: Bearer {token}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    told = done.stdout + done.stderr
    counted = re.search(r"(\d+) generated", told)
    assert counted, told[-3000:]
    return dict(_answers(events)), "" if done.returncode == 0 else told


def _answers(events: Path) -> Counter[str]:
    """How many answers of each status were seen."""
    found: Counter[str] = Counter()
    for line in events.read_text().splitlines():
        for status in _statuses(json.loads(line)):
            found[f"{status // 100}xx"] += 1
    return found


def _statuses(node: Any) -> Iterable[int]:
    if isinstance(node, dict):
        if isinstance(node.get("status_code"), int):
            yield node["status_code"]
        for child in node.values():
            yield from _statuses(child)
    elif isinstance(node, list):
        for child in node:
            yield from _statuses(child)


def report(results: dict[str, tuple[dict[str, int], str]], examples: int) -> str:
    rows = [
        f"| {role} | {sum(answers.values())} | "
        + " | ".join(str(answers.get(kind, 0)) for kind in ("2xx", "3xx", "4xx", "5xx"))
        + f" | {'none' if not found else 'see below'} |"
        for role, (answers, found) in results.items()
    ]
    text = [
        "# The API against its specification",
        f"`python -m tests.system.conformance --examples {examples}`: schemathesis sends examples, boundary cases and "
        "random requests, valid and invalid, for every operation of `/openapi.json` to a running Lathe. Checked: no "
        "server error, and no status, media type, header or body that the specification does not declare.",
        "\n".join(["| as | answers | 2xx | 3xx | 4xx | 5xx | findings |", "|---|---|---|---|---|---|---|", *rows]),
    ]
    text += [f"```\n{found}\n```" for _, found in results.values() if found]
    return "\n\n".join(text) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--url", help="A running Lathe whose admin has the tests' password; default: one of its own.")
    parser.add_argument("--report", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lathe-conformance-") as name:
        folder = Path(name)

        def play_all(url: str) -> dict[str, tuple[dict[str, int], str]]:
            return {role: play(url, role, given.examples, folder, given.seed) for role in ROLES}

        if given.url:
            results = play_all(given.url)
        else:
            with lathe_up(folder / "home") as stack:
                results = play_all(stack.url)
    text = report(results, given.examples)
    print(text)
    if given.report:
        given.report.write_text(text)
    sys.exit(any(found for _, found in results.values()))

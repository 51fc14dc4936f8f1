"""What `lathe ops verify` says in a terminal."""

import io

from rich.console import Console

from adapters.kafka import topics
from cli.ops.verify_screen import VerifyScreen
from processors.verify.__main__ import document
from processors.verify.findings import Findings, Place
from processors.verify.verifying import Report


def shown(findings: Findings) -> str:
    told = io.StringIO()
    with VerifyScreen(Console(file=told, soft_wrap=True)) as screen:
        screen.show({"state": "reading", "done": 500, "total": 1000, "rate": 250, "eta_s": 2.0})
        screen.show(document(Report(1000, 2, 1, 30, 4, 1, findings)))
    return told.getvalue()


def test_all_holds() -> None:
    assert shown(Findings()).startswith("All holds: 1,000 records (2 of them void), 30 rows, 4 objects.\n")


def test_the_first_place_what_it_means_and_what_to_do() -> None:
    findings = Findings()
    findings.add("read-models", Place(topics.ACCOUNTS.name, 2, 7), "tasks has other values", "tasks t1")
    findings.add("balance", Place(topics.ACCOUNTS.name, 5, 90), "the account has less than nothing", "a2")
    findings.add("balance", Place(topics.ACCOUNTS.name, 5, 12), "the account has less than nothing", "a1")
    lines = shown(findings).splitlines()
    assert lines[0] == "Broken at lathe.accounts:5@12: balance."
    assert lines[1].strip() == "a1"
    assert lines[2].strip() == "It says: the account has less than nothing."
    assert lines[3].startswith("  It means: An account's balance + reserved")
    assert lines[4].startswith("  What to do: The decision itself was wrong")
    assert lines[6:8] == [
        "  lathe.accounts:5@90  balance: the account has less than nothing",
        "  lathe.accounts:2@7  read-models: tasks has other values",
    ]
    assert lines[8].startswith("In all: 2 balance, 1 read-models; 1,000 records")

"""What an operator reads of a part that ended: the end of its log, in words."""

import json
from pathlib import Path

from cli.stack.process import tail


def test_a_services_json_is_told_in_words_and_the_rest_as_it_is(tmp_path: Path) -> None:
    log = tmp_path / "query_api.log"
    lines = [
        "INFO:  started",
        json.dumps({"event": "cannot go on\nmore", "level": "error", "service": "query_api", "port": 8003,
                    "timestamp": "2026-01-01T00:00:00Z", "exception": "Traceback…\n  File\nOSError: taken"}),
        json.dumps({"event": "", "level": "info"}),
        json.dumps({"unlike": "a log line"}),
        json.dumps(["event", "level"]),
    ]  # fmt: skip
    log.write_text("\n".join(lines))
    assert tail(log).splitlines()[1:] == [
        "    INFO:  started",
        "    error: cannot go on port=8003: OSError: taken",
        "    info: ",
        '    {"unlike": "a log line"}',
        '    ["event", "level"]',
        f"  The whole log: {log}",
    ]


def test_only_what_was_written_since_the_start_is_told(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    log.write_text("of the last start\n")
    begun = log.stat().st_size
    assert tail(log, begun) == f"\n  Its log is empty: {log}"
    log.write_text("rotated\n")
    assert "rotated" in tail(log, begun)
    assert tail(tmp_path / "none.log") == ""

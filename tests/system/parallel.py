"""Many clients at once: `python -m tests.system.parallel --clients 50`.

Each registers, uploads a photo, generates from a prompt and from the photo, follows by SSE and downloads.
"""

import argparse
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.system.client import Client
from tests.system.stack import lathe_up


def play(url: str, clients: int) -> list[str]:
    """Lines of a report; the last one is `errors: <n>`."""
    began = time.monotonic()
    with ThreadPoolExecutor(clients) as pool:
        outcomes = list(pool.map(lambda _: _client(url), range(clients)))
    errors = [error for error, _ in outcomes if error]
    seconds = [taken for error, taken in outcomes if not error]
    lines = [f"{clients} clients in {time.monotonic() - began:.1f} s"]
    if seconds:
        lines.append(f"each took {statistics.median(seconds):.1f} s (median), {max(seconds):.1f} s (longest)")
    return [*lines, *errors[:10], f"errors: {len(errors)}"]


def _client(url: str) -> tuple[str, float]:
    from tests.system.test_main_job import photo

    began = time.monotonic()
    client = Client(url, patience_s=600)
    try:
        client.register()
        uploaded = client.upload("pear.jpg", photo(), "image/jpeg")
        tasks = [
            client.generate(prompt="a blue mug", params={"quality": "draft", "target_faces": 2000}),
            client.generate(image_file_id=uploaded["file_id"], params={"quality": "draft", "target_faces": 2000}),
        ]
        for task_id in tasks:
            told, _ = client.follow(task_id)
            assert told[-1]["status"] == "completed", told[-1]
            output = client.result(task_id)["outputs"][0]
            assert len(client.download(output["url"])) == output["bytes"]
        profile = client.profile()
        assert (profile["balance"], profile["reserved"]) == (97, 0), profile
        assert client.repeats == 0, f"{client.repeats} requests had to be repeated"
    except Exception as error:  # noqa: BLE001 - every failure is counted and shown
        return f"{client.name}: {error!r}", 0.0
    finally:
        client.close()
    return "", time.monotonic() - began


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=50)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lathe-parallel-") as folder, lathe_up(Path(folder) / "home") as stack:
        report = play(stack.url, arguments.clients)
    print("\n".join(report))
    sys.exit(report[-1] != "errors: 0")

"""ProcessDown fires also for what is not there any more."""

import re
import shutil
import subprocess

import pytest
import yaml

from tests.docker import files

RULES = files.FOLDER / "prometheus/rules/lathe.yml"


def test_every_job_without_which_something_stops_must_be_there() -> None:
    rules = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
    expression = next(rule["expr"] for rule in rules if rule["alert"] == "ProcessDown")
    scraped = yaml.safe_load((files.FOLDER / "prometheus/prometheus.yml").read_text())["scrape_configs"]
    jobs = [job["job_name"] for job in scraped if job["job_name"] not in ("usage", "prometheus")]
    assert re.findall(r'absent\(up\{job="(\w+)"\}\)', expression) == jobs
    assert set(re.findall(r'up\{job=~"(\S+)"\}', expression)) == {"|".join(jobs)}


def test_prometheus_itself_finds_the_alerts_as_they_should_be() -> None:
    """Where its promtool is installed."""
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed")
    cases = files.PROJECT / "tests/docker/alerts.yml"
    done = subprocess.run(["promtool", "test", "rules", cases], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

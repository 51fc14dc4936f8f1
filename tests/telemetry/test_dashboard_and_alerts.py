"""The dashboard and the alerts ask for figures that exist, by queries that can be read; every alert has a runbook."""

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import promql_parser
import pytest
import yaml
from prometheus_client import REGISTRY

PROJECT: Final = Path(__file__).parents[2]
MODULES: Final = (
    "adapters.commands.metrics", "adapters.http.metrics", "adapters.kafka.metrics", "adapters.object_store.metrics",
    "adapters.telemetry.start", "ml_worker.metrics", "processors.metrics.figures", "processors.erasure.metrics",
    "processors.projections.metrics", "processors.scheduler.metrics", "processors.webhooks.metrics",
)  # fmt: skip
FOREIGN: Final = {"up"}
"""Prometheus makes it itself."""
RULES: Final = PROJECT / "docker/prometheus/rules/lathe.yml"
DASHBOARD: Final = PROJECT / "docker/grafana/dashboards/lathe.json"
RUNBOOKS: Final = PROJECT / "docs/runbooks"


def alerts() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]


def expressions() -> list[str]:
    asked = [alert["expr"] for alert in alerts()]
    return asked + [target["expr"] for panel in panels() for target in panel["targets"]]


def existing() -> dict[str, frozenset[str]]:
    """Names of samples, and the labels each may have."""
    for module in MODULES:
        importlib.import_module(module)
    found = {}
    for family in list(REGISTRY._collector_to_names):
        labels = frozenset(getattr(family, "_labelnames", ()))
        for name in REGISTRY._collector_to_names[family]:
            found[name] = labels | ({"le"} if name.endswith("_bucket") else set())
    return found


def selectors(node: Any) -> Iterator[promql_parser.VectorSelector]:
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    for name in ("expr", "lhs", "rhs", "vector_selector", "param", "args"):
        child = getattr(node, name, None)
        for each in child if isinstance(child, list) else [child]:
            if each is not None and not isinstance(each, str | int | float):
                yield from selectors(each)


@pytest.mark.parametrize("expression", expressions())
def test_a_query_can_be_read_and_asks_for_what_exists(expression: str) -> None:
    known = existing()
    asked = list(selectors(promql_parser.parse(expression)))
    assert asked, expression
    for selector in asked:
        assert selector.name in known or selector.name in FOREIGN, f"{selector.name} in {expression}"
        for matcher in selector.matchers.matchers:
            labels = known.get(selector.name, frozenset()) | {"job", "instance"}
            assert matcher.name in labels, f"{selector.name} has no label {matcher.name}"


def test_labels_of_alerts_and_legends_are_kept_by_their_queries() -> None:
    texts = [(a["expr"], a["annotations"]["summary"].replace("$labels.", "")) for a in alerts()]
    texts += [(t["expr"], t["legendFormat"]) for p in panels() for t in p["targets"]]
    for expression, text in texts:
        for label in re.findall(r"{{\s*(\w+)\s*}}", text):
            assert label == "value" or label in expression or expression.startswith("up"), (label, expression)


def test_every_alert_has_its_runbook_and_every_runbook_its_alert() -> None:
    named = {alert["alert"]: alert["annotations"]["runbook_url"] for alert in alerts()}
    assert all(url == f"docs/runbooks/{name}.md" for name, url in named.items())
    written = {path.stem for path in RUNBOOKS.glob("*.md")} - {"index"}
    assert set(named) == written
    for name in named:
        text = (RUNBOOKS / f"{name}.md").read_text()
        assert text.startswith(f"# {name}\n")
        for part in ("**Means**", "**Look**", "**Do**"):
            assert part in text
    assert all(f"({name}.md)" in (RUNBOOKS / "index.md").read_text() for name in named)


def test_runbooks_name_figures_that_exist() -> None:
    known = existing()
    for path in RUNBOOKS.glob("*.md"):
        for name in re.findall(r"\blathe_[a-z_]+\b", path.read_text()):
            assert name in known or f"{name}_count" in known or f"{name}_total" in known, f"{name} in {path.name}"


def test_names_follow_the_conventions_of_prometheus() -> None:
    for name in (n for n in existing() if n.startswith("lathe_")):
        assert re.fullmatch(r"lathe_[a-z0-9_]+", name)
        assert not re.search(r"_(ms|milliseconds|minutes|mb|kb|percent)(_|$)", name)


def test_every_scraped_service_exists_and_every_process_is_scraped() -> None:
    configured = yaml.safe_load((PROJECT / "docker/prometheus/prometheus.yml").read_text())["scrape_configs"]
    scraped = {job["job_name"]: job["dns_sd_configs"][0]["names"][0] for job in configured if "dns_sd_configs" in job}
    services = set(yaml.safe_load((PROJECT / "docker/compose.yaml").read_text())["services"])
    assert set(scraped.values()) - {"usage"} <= services
    assert set(scraped) == {"command_api", "query_api", "processors", "publisher", "ml_worker", "usage"}


def test_the_dashboard_is_provisioned_as_it_stands() -> None:
    folder = PROJECT / "docker/grafana/provisioning"
    source = yaml.safe_load((folder / "datasources/prometheus.yaml").read_text())["datasources"][0]
    uids = {panel["datasource"]["uid"] for panel in panels()}
    assert uids == {source["uid"]}
    provider = yaml.safe_load((folder / "dashboards/lathe.yaml").read_text())["providers"][0]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in (PROJECT / "docker/compose.yaml").read_text()

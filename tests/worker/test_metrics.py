"""Figures of a worker whose engines are other people's code."""

from prometheus_client import REGISTRY

from ml_worker.metrics import observe_stages


def test_an_engine_makes_no_series_but_those_of_its_stages() -> None:
    told = {"shape_s": 1.5, "paint_s": -1.0, "person-17_s": 2.0, "faces": 12.0, "fetch_s": 0.5}
    observe_stages("test/metrics", ("shape", "paint"), told)
    counted = {
        sample.labels["stage"]: sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name == "lathe_run_stage_duration_seconds_sum" and sample.labels["model"] == "test/metrics"
    }
    assert counted == {"shape": 1.5, "fetch": 0.5}

"""Metrics: the table of names and labels, on which dashboards and alerts rest."""

import re
import socket
from urllib.request import urlopen

import pytest
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from assay.observability import metrics

GOLDEN = {
    "assay_assessments": ("counter", "event track"),
    "assay_cache_lookups": ("counter", "cache outcome"),
    "assay_calls_spared": ("counter", "provider fault"),
    "assay_circuit_openings": ("counter", "provider fault"),
    "assay_circuit_state": ("gauge", "provider"),
    "assay_comments_corrected": ("counter", "producer kind track"),
    "assay_dead_letters": ("gauge", "cause"),
    "assay_db_pool_in_use": ("gauge", ""),
    "assay_db_pool_size": ("gauge", ""),
    "assay_db_pool_timeouts": ("counter", ""),
    "assay_db_pool_waiting": ("gauge", ""),
    "assay_degraded_stages": ("counter", "stage cause track"),
    "assay_doorbell_depth": ("gauge", "queue"),
    "assay_doorbell_rings": ("counter", "outcome"),
    "assay_essay_twins": ("counter", "outcome producer track"),
    "assay_heals": ("counter", "job_type outcome track"),
    "assay_http_request_seconds": ("histogram", "method route status role track"),
    "assay_job_attempts": ("counter", "job_type attempt track"),
    "assay_job_seconds": ("histogram", "job_type outcome track"),
    "assay_job_wait_seconds": ("histogram", "job_type track"),
    "assay_jobs_fenced": ("counter", "job_type"),
    "assay_jobs_in_flight": ("gauge", ""),
    "assay_jobs_reclaimed": ("counter", "job_type"),
    "assay_key_age_seconds": ("gauge", "purpose"),
    "assay_levels_capped": ("counter", "flag track"),
    "assay_levels_held": ("counter", "producer track"),
    "assay_model_call_seconds": ("histogram", "purpose model outcome track"),
    "assay_model_cost_usd": ("counter", "purpose model track"),
    "assay_model_replies_reused": ("counter", "purpose track"),
    "assay_model_tokens": ("counter", "purpose model kind track"),
    "assay_queue_depth": ("gauge", "job_type status"),
    "assay_queue_oldest_seconds": ("gauge", "job_type"),
    "assay_quotes_rejected": ("counter", "producer track"),
    "assay_retrieval_seconds": ("histogram", "track"),
    "assay_rate_limited": ("counter", "route_class"),
    "assay_rate_limits_unshared": ("counter", "route_class"),
    "assay_results_last_hour": ("gauge", "state"),
    "assay_retention_removed": ("counter", "kind"),
    "assay_retention_run_at_seconds": ("gauge", ""),
    "assay_rings_repeated": ("counter", "job_type"),
    "assay_sentences_dropped": ("counter", "producer track"),
    "assay_sweeps": ("counter", "outcome"),
    "assay_turnaround_seconds": ("histogram", "track"),
    "assay_webhook_attempts": ("counter", "event outcome"),
    "assay_webhook_seconds": ("histogram", "outcome"),
    "assay_workers_live": ("gauge", ""),
}
EVERY = [metric for metric in vars(metrics).values() if isinstance(metric, MetricWrapperBase)]


def test_names_kinds_and_labels_are_as_agreed() -> None:
    """A renamed metric or label breaks a dashboard somewhere: it is changed here, on purpose, or not at all."""
    families = [(next(iter(metric.describe())), metric._labelnames) for metric in EVERY]
    found = {family.name: (family.type, " ".join(labels)) for family, labels in families}
    assert found == GOLDEN


@pytest.mark.parametrize("metric", EVERY, ids=lambda metric: metric._name)
def test_every_metric_says_what_it_is(metric: Counter | Gauge | Histogram) -> None:
    """Each has a sentence and follows the naming of units; no label could hold a person."""
    (family,) = metric.describe()
    assert len(family.documentation) > 10
    assert re.fullmatch(r"assay_[a-z_]+[a-z]", family.name)
    assert not set(metric._labelnames) & {"student", "user", "email", "name", "assessment_id", "correlation_id"}
    if isinstance(metric, Histogram):
        assert family.name.endswith("_seconds")


def test_lookups_are_counted_by_cache_and_outcome() -> None:
    """Hits and misses as often as there were, and no series for what there was not."""
    metrics.looked_up("c-counted", 2, 0)
    metrics.looked_up("c-counted", 1, 0)
    text = metrics.exposition()[0].decode()
    assert 'assay_cache_lookups_total{cache="c-counted",outcome="hit"} 3.0' in text
    assert 'cache="c-counted",outcome="miss"' not in text


def test_a_process_without_http_tells_them_on_one_address_alone() -> None:
    """The worker and the reconciler, where they are told to listen and nowhere else; nowhere at all without a port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    metrics.serve("127.0.0.1", None)
    metrics.serve("127.0.0.1", port)
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        assert b"assay_jobs_in_flight" in answer.read()
    with socket.socket() as elsewhere:
        assert elsewhere.connect_ex(("127.0.0.2", port)) != 0


def test_a_block_is_timed_also_when_it_fails() -> None:
    """One observation per block, whatever its end."""
    histogram = metrics.RETRIEVAL_SECONDS
    count = 'assay_retrieval_seconds_count{track="t-timed"}'
    with metrics.timed(histogram, track="t-timed"):
        pass
    with pytest.raises(KeyError), metrics.timed(histogram, track="t-timed"):
        raise KeyError
    text, kind = metrics.exposition()
    assert f"{count} 2.0" in text.decode()
    assert kind.startswith("text/plain")

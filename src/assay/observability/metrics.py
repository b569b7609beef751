"""Every metric on one page. Names are under test; `track` is a track's slug, never a person."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Gauge, Histogram, generate_latest, start_http_server

_FAST: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.4, 0.5, 1, 2.5, 5)
_SLOW: Final = (0.05, 0.1, 0.25, 0.5, 1, 2, 3, 4, 6, 8, 10, 15, 20, 30, 60)

REQUEST_SECONDS: Final = Histogram(
    "assay_http_request_seconds", "HTTP request duration", ["method", "route", "status", "role", "track"], buckets=_FAST
)
QUEUE_DEPTH: Final = Gauge("assay_queue_depth", "Jobs due or in hand in the ledger", ["job_type", "status"])
QUEUE_OLDEST_SECONDS: Final = Gauge("assay_queue_oldest_seconds", "Age of the oldest job that is due", ["job_type"])
DOORBELL_DEPTH: Final = Gauge("assay_doorbell_depth", "RQ messages waiting", ["queue"])
DOORBELL_RINGS: Final = Counter("assay_doorbell_rings_total", "Rings after commit", ["outcome"])
JOB_SECONDS: Final = Histogram("assay_job_seconds", "Job duration, claim to effect", ["job_type", "outcome", "track"], buckets=_SLOW)
JOB_WAIT_SECONDS: Final = Histogram("assay_job_wait_seconds", "Due to claimed", ["job_type", "track"], buckets=_SLOW)
JOB_ATTEMPTS: Final = Counter(
    "assay_job_attempts_total", "Attempts begun, by the how manieth of its job it is", ["job_type", "attempt", "track"]
)
JOBS_FENCED: Final = Counter("assay_jobs_fenced_total", "Effects refused because the lease had gone to another", ["job_type"])
JOBS_RECLAIMED: Final = Counter("assay_jobs_reclaimed_total", "Leases taken back by the sweeper", ["job_type"])
RINGS_REPEATED: Final = Counter("assay_rings_repeated_total", "Rings for jobs whose own had been lost", ["job_type"])
SWEEPS: Final = Counter("assay_sweeps_total", "Rounds of this reconciler, done or postponed for want of the database", ["outcome"])
DB_POOL_SIZE: Final = Gauge("assay_db_pool_size", "Database connections that this process may have at most")
DB_POOL_IN_USE: Final = Gauge("assay_db_pool_in_use", "Database connections of this process that are at work")
DB_POOL_WAITING: Final = Gauge("assay_db_pool_waiting", "Units of work that wait in line for a database connection")
DB_POOL_TIMEOUTS: Final = Counter("assay_db_pool_timeouts_total", "Units of work that found no database connection in time")
JOBS_IN_FLIGHT: Final = Gauge("assay_jobs_in_flight", "Jobs this worker has in hand")
MODEL_SECONDS: Final = Histogram("assay_model_call_seconds", "Model call duration", ["purpose", "model", "outcome", "track"], buckets=_SLOW)
MODEL_TOKENS: Final = Counter("assay_model_tokens_total", "Tokens as the provider counted them", ["purpose", "model", "kind", "track"])
CACHE_LOOKUPS: Final = Counter(
    "assay_cache_lookups_total", "Look-ups in what is kept to be spared work, by whether it was there", ["cache", "outcome"]
)
MODEL_REPLIES_REUSED: Final = Counter("assay_model_replies_reused_total", "Stored replies used instead of a call", ["purpose", "track"])
MODEL_COST: Final = Counter("assay_model_cost_usd_total", "Estimated cost of calls with a known price", ["purpose", "model", "track"])
CIRCUIT_STATE: Final = Gauge(
    "assay_circuit_state", "A provider's circuit as this process sees it: 0 closed, 1 half open, 2 open", ["provider"]
)
CIRCUIT_OPENINGS: Final = Counter(
    "assay_circuit_openings_total", "Circuits opened by this process, by what opened them", ["provider", "fault"]
)
CALLS_SPARED: Final = Counter("assay_calls_spared_total", "Calls that were not made because the circuit was open", ["provider", "fault"])
QUOTES_REJECTED: Final = Counter("assay_quotes_rejected_total", "Quotes that are not in the essay", ["producer", "track"])
COMMENTS_CORRECTED: Final = Counter(
    "assay_comments_corrected_total", "Graders' sentences that did not fit the level", ["producer", "kind", "track"]
)
LEVELS_HELD: Final = Counter("assay_levels_held_total", "Levels left to a person", ["producer", "track"])
LEVELS_CAPPED: Final = Counter("assay_levels_capped_total", "Levels that count for less, by what was noticed", ["flag", "track"])
ESSAY_TWINS: Final = Counter("assay_essay_twins_total", "Flagged essays graded without the flagged spans", ["outcome", "producer", "track"])
SENTENCES_DROPPED: Final = Counter("assay_sentences_dropped_total", "Summary sentences without proof", ["producer", "track"])
RETRIEVAL_SECONDS: Final = Histogram("assay_retrieval_seconds", "Retrieval and rerank duration", ["track"], buckets=_FAST)
DEGRADED_STAGES: Final = Counter("assay_degraded_stages_total", "Stages that ran on a substitute", ["stage", "cause", "track"])
HEALS: Final = Counter("assay_heals_total", "Jobs that were to heal a result, by what came of it", ["job_type", "outcome", "track"])
ASSESSMENTS: Final = Counter("assay_assessments_total", "Assessments by what happened to them", ["event", "track"])
RATE_LIMITED: Final = Counter("assay_rate_limited_total", "Requests refused because there were too many", ["route_class"])
RATE_LIMITS_UNSHARED: Final = Counter(
    "assay_rate_limits_unshared_total", "Requests that could not be counted in Redis, which is away", ["route_class"]
)
WEBHOOK_ATTEMPTS: Final = Counter("assay_webhook_attempts_total", "Posts to endpoints of webhooks", ["event", "outcome"])
WEBHOOK_SECONDS: Final = Histogram("assay_webhook_seconds", "How long an endpoint took to answer", ["outcome"], buckets=_SLOW)
RETENTION_REMOVED: Final = Counter("assay_retention_removed_total", "Rows removed because their time was over", ["kind"])
RETENTION_RUN_AT: Final = Gauge("assay_retention_run_at_seconds", "When this process last ended a run of retention, in Unix time")
WORKERS_LIVE: Final = Gauge("assay_workers_live", "Worker processes that are registered or have jobs in hand; NaN while nobody knows")
DEAD_LETTERS: Final = Gauge("assay_dead_letters", "Jobs that were given up and that nobody has sent again", ["cause"])
RESULTS_LAST_HOUR: Final = Gauge("assay_results_last_hour", "Results of the last hour: finished, and of these degraded", ["state"])
KEY_AGE_SECONDS: Final = Gauge("assay_key_age_seconds", "Age of the newest key, as far as it is known", ["purpose"])
TURNAROUND_SECONDS: Final = Histogram("assay_turnaround_seconds", "Submit to result", ["track"], buckets=_SLOW)


@contextmanager
def timed(histogram: Histogram, **labels: str) -> Iterator[None]:
    """Observe the wall time of a block, in seconds."""
    start = perf_counter()
    try:
        yield
    finally:
        histogram.labels(**labels).observe(perf_counter() - start)


def looked_up(cache: str, hits: int, misses: int) -> None:
    """Count look-ups in a cache: question bank, question versions, model replies, searches for a role, credentials, embeddings."""
    for outcome, times in (("hit", hits), ("miss", misses)):
        if times:
            CACHE_LOOKUPS.labels(cache=cache, outcome=outcome).inc(times)


def serve(host: str, port: int | None) -> None:
    """Have a thread tell them at `http://host:port/metrics` for as long as the process lives; nowhere without a port."""
    if port is not None:
        start_http_server(port, addr=host)


def exposition() -> tuple[bytes, str]:
    """All metrics of this process in the Prometheus text format, with their content type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST

"""What is measured each minute: the names of all measures, by which labels they are told apart, and how minutes are put together."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal, NamedTuple


class Measure(StrEnum):
    """Every name that is written into `metric_snapshots`."""

    TAKEN = "snapshot.taken"
    QUEUE_DEPTH = "queue.depth"
    QUEUE_OLDEST = "queue.oldest_seconds"
    JOBS_ENDED = "jobs.ended"
    JOB_P95 = "jobs.p95_seconds"
    RESULTS_FINISHED = "results.finished"
    RESULTS_DEGRADED = "results.degraded"
    TURNAROUND_P50 = "turnaround.p50_seconds"
    TURNAROUND_P95 = "turnaround.p95_seconds"
    STAGES_DEGRADED = "degraded.stages"
    MODEL_CALLS = "model.calls"
    MODEL_TOKENS = "model.tokens"
    MODEL_COST = "model.cost_usd"
    MODEL_P95 = "model.p95_seconds"
    WEBHOOK_TRIES = "webhooks.tries"
    WORKERS = "workers.live"


class Definition(NamedTuple):
    """What a measure says: its labels, how several minutes become one figure, and a sentence."""

    labels: tuple[str, ...]
    together: Literal["sum", "max"]
    meaning: str


_M: Final = Measure
MEASURES: Final[Mapping[Measure, Definition]] = {
    _M.TAKEN: Definition((), "sum", "1 in each minute in which a snapshot was written"),
    _M.QUEUE_DEPTH: Definition(("jobType", "status"), "max", "Unfinished jobs that are due or in hand, at that moment"),
    _M.QUEUE_OLDEST: Definition(("jobType",), "max", "Seconds for which the oldest job has been due, at that moment"),
    _M.JOBS_ENDED: Definition(("jobType", "status", "track"), "sum", "Jobs that ended since the last snapshot"),
    _M.JOB_P95: Definition(("jobType",), "max", "95th percentile of the seconds from the first claim of a job to its end"),
    _M.RESULTS_FINISHED: Definition(("track",), "sum", "First results since the last snapshot"),
    _M.RESULTS_DEGRADED: Definition(("track",), "sum", "Those of them of which a stage ran on a substitute"),
    _M.TURNAROUND_P50: Definition((), "max", "Median of the seconds from submission to result"),
    _M.TURNAROUND_P95: Definition((), "max", "95th percentile of the seconds from submission to result"),
    _M.STAGES_DEGRADED: Definition(("stage", "cause", "track"), "sum", "Stages that were degraded since the last snapshot"),
    _M.MODEL_CALLS: Definition(("purpose", "outcome", "track"), "sum", "Calls to models and how they ended"),
    _M.MODEL_TOKENS: Definition(("purpose", "kind", "track"), "sum", "Tokens as providers counted them: input, of these cached, output"),
    _M.MODEL_COST: Definition(("purpose", "track"), "sum", "Estimated cost in US dollars of calls with a known price"),
    _M.MODEL_P95: Definition(("purpose",), "max", "95th percentile of the seconds that a call took"),
    _M.WEBHOOK_TRIES: Definition(("outcome",), "sum", "Posts to endpoints: delivered or failed"),
    _M.WORKERS: Definition((), "max", "Worker processes that were registered or had jobs in hand"),
}
"""Nothing is written where there was nothing: a count that is missing in a minute with a snapshot is zero."""

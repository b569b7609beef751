"""Words for what the ledger, the models and the dependencies are called by codes: one table each, for the pages of operators."""

from collections.abc import Mapping
from typing import Final

from assay.domain.degradation import Cause, Stage
from assay.domain.jobs import JobStatus, JobType
from assay.domain.periods import Period
from assay.domain.pilot import Criterion, Verdict

JOBS: Final[Mapping[str, str]] = {
    JobType.SCORE_ESSAY: "Score essays",
    JobType.GENERATE_RECOMMENDATIONS: "Choose recommendations",
    JobType.DELIVER_WEBHOOK: "Deliver a webhook",
}
STATUSES: Final[Mapping[str, str]] = {
    JobStatus.QUEUED: "Waiting",
    JobStatus.LEASED: "In hand",
    JobStatus.RETRY_WAIT: "Waits to be tried again",
    JobStatus.SUCCEEDED: "Done",
    JobStatus.DEGRADED: "Done with a substitute",
    JobStatus.DEAD: "Dead letter",
}
KINDS: Final[Mapping[str, str]] = {
    JobStatus.SUCCEEDED: "good",
    JobStatus.DEGRADED: "warn",
    JobStatus.RETRY_WAIT: "warn",
    JobStatus.DEAD: "bad",
    JobStatus.LEASED: "info",
}
"""Which of the meanings of colour a status has; none, where it says nothing."""
CAUSES: Final[Mapping[str, str]] = {
    Cause.TIMEOUT: "No answer in time",
    Cause.RATE_LIMITED: "Too many requests",
    Cause.UNAVAILABLE: "Could not be reached",
    Cause.REFUSED: "Declined to answer",
    Cause.TRUNCATED: "Answer broke off",
    Cause.INVALID_REPLY: "Answer could not be used",
    Cause.QUOTA_EXHAUSTED: "Allowance used up",
    Cause.MISCONFIGURED: "Not set up correctly",
    Cause.OUT_OF_RANGE: "Level outside the rubric",
    Cause.CRASHED: "Workers died with it",
    Cause.INTERNAL_ERROR: "Fault of ours",
    Cause.UNREADABLE_RUBRIC: "Rubric could not be read",
    Cause.UNREADABLE_RULE: "Question could not be read",
    Cause.MISSING_ANSWER: "Answer not found",
    Cause.INDEX_EMPTY: "Nothing to search in",
}
STAGES: Final[Mapping[str, str]] = {
    Stage.RULE_SCORING: "Rule scoring",
    Stage.ESSAY_SCORING: "Essay scoring",
    Stage.RETRIEVAL: "Search",
    Stage.NARRATIVE: "Summary",
}
PURPOSES: Final[Mapping[str, str]] = {"score_essay": "Score essays", "narrate": "Write the summary"}
PRODUCERS: Final[Mapping[str, str]] = {"openai": "Language model", "built-in": "Built-in evaluator", "static": "No evaluator"}
DEPENDENCIES: Final[Mapping[str, str]] = {
    "database": "Database",
    "redis": "Queue",
    "index": "Search index",
    "vectors": "Search by meaning",
    "language": "Language model",
    "embedding": "Embedding model",
}
STATES: Final[Mapping[str, tuple[str, str]]] = {
    "up": ("Answers", "good"),
    "down": ("Does not answer", "bad"),
    "closed": ("In use", "good"),
    "half_open": ("Being tried", "warn"),
    "open": ("Left alone", "bad"),
}
WORKER_STATES: Final[Mapping[str, str]] = {"idle": "Idle", "busy": "Busy", "started": "Starting", "suspended": "Paused"}
PERIODS: Final[Mapping[Period, str]] = {
    Period.DAY: "The last day",
    Period.WEEK: "The last 7 days",
    Period.MONTH: "The last 30 days",
    Period.QUARTER: "The last 90 days",
    Period.ALL: "All there is",
}
VERDICTS: Final[Mapping[Verdict, tuple[str, str]]] = {
    Verdict.MET: ("Met", "good"),
    Verdict.MISSED: ("Missed", "bad"),
    Verdict.NOT_ENOUGH: ("Not enough yet", ""),
}


NOTHING: Final = "none yet"


def named(table: Mapping[str, str], code: str | None) -> str:
    """What a code is called; one that a newer version has written is told in its own words."""
    return table.get(code or "", (code or "").replace("_", " ").capitalize())


def share(value: float | None) -> str:
    """A share as a percentage with one digit, never rounded up to a whole that it is not."""
    if value is None:
        return NOTHING
    told = f"{100 * value:.1f}".removesuffix(".0")
    return "99.9%" if told == "100" and value < 1 else f"{told}%"


def count(value: float) -> str:
    """A number of things, with thin spaces between thousands."""
    return f"{value:,.0f}".replace(",", "\u202f") if value >= 1 or value == 0 else f"{value:.1f}"


def secs(value: float | None) -> str:
    """Seconds, in minutes and hours where there are many."""
    if value is None:
        return NOTHING
    if 0 < value < 1:
        return f"{1000 * value:.0f} ms"
    if value < 120:
        return f"{value:.1f} s" if value % 1 else f"{value:.0f} s"
    return f"{value / 60:.0f} min" if value < 7_200 else f"{value / 3_600:.1f} h"


def hours(value: float | None) -> str:
    """Hours, one digit."""
    return NOTHING if value is None else f"{value:.1f} h"


def dollars(value: float | None) -> str:
    """An estimated cost."""
    return "not known" if value is None else f"${value:,.2f}" if value >= 1 else f"${value:.4f}"


def mean(value: float | None) -> str:
    """The mean of ratings."""
    return NOTHING if value is None else f"{value:.1f} of 5"


def figure(criterion: Criterion) -> str:
    """A criterion's figure with its unit."""
    if criterion.value is None:
        return NOTHING
    return _with_unit(criterion, criterion.value)


def target(criterion: Criterion) -> str:
    """What a criterion should reach, in words."""
    told = _with_unit(criterion, criterion.target)
    if criterion.rises:
        return f"at least {told}" if criterion.target != 1 or criterion.unit != "share" else "every one"
    return f"below {told}" if criterion.unit == "share" else f"at most {told}"


def _with_unit(criterion: Criterion, value: float) -> str:
    return {"share": share, "seconds": secs, "count": count}[criterion.unit](value)

"""Where an assessment stands, derived from its rows each time it is asked: no column holds a status that could lie."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from assay.domain.degradation import Degradation, Stage
from assay.domain.jobs import MAX_ERRORS, JobStatus, JobType
from assay.kit.model import Value


class AssessmentStatus(StrEnum):
    """The states a caller sees."""

    IN_PROGRESS = "inProgress"
    EXPIRED = "expired"
    PROCESSING = "processing"
    COMPLETED = "completed"


class StageState(StrEnum):
    """The states of one stage."""

    PENDING = "pending"
    WAITING = "waiting"
    RUNNING = "running"
    RETRYING = "retrying"
    COMPLETED = "completed"
    DEGRADED = "degraded"
    FAILED = "failed"


class Times(Value):
    """The moments of an assessment, with the database's own present."""

    started_at: datetime
    expires_at: datetime
    submitted_at: datetime | None
    completed_at: datetime | None
    closed_at: datetime | None
    now: datetime


class JobProgress(Value):
    """What the ledger says of one job."""

    status: JobStatus
    attempt: int
    crashes: int
    claimed_at: datetime | None
    finished_at: datetime | None
    typical_seconds: float | None = None
    """How long jobs of this kind have taken lately."""


class StageProgress(Value):
    """One stage, in a state and in words."""

    state: StageState
    started_at: datetime | None = None
    finished_at: datetime | None = None
    attempts: int = 0
    detail: str = ""


class Progress(Value):
    """The whole answer to "where does it stand?"."""

    status: AssessmentStatus
    percent: int
    rule_scoring: StageProgress
    essay_scoring: StageProgress
    recommendations: StageProgress
    degradations: tuple[Degradation, ...]
    estimated_seconds_remaining: int | None
    held_back: str | None = None
    """Why the result, which there is, is not shown to this reader yet, in a sentence."""

    @property
    def degraded(self) -> bool:
        """Whether any stage ran on a substitute."""
        return bool(self.degradations)


TYPICAL_SECONDS: Final[dict[JobType, float]] = {
    JobType.SCORE_ESSAY: 4.0,
    JobType.GENERATE_RECOMMENDATIONS: 1.5,
    JobType.DELIVER_WEBHOOK: 1.0,
}
"""Assumed until the ledger has measurements."""


def status_of(times: Times) -> AssessmentStatus:
    """The status that the moments imply."""
    if times.completed_at:
        return AssessmentStatus.COMPLETED
    if times.submitted_at:
        return AssessmentStatus.PROCESSING
    if times.closed_at or times.expires_at <= times.now:
        return AssessmentStatus.EXPIRED
    return AssessmentStatus.IN_PROGRESS


def derive(
    times: Times,
    jobs: Mapping[JobType, JobProgress],
    degradations: Sequence[Degradation],
    *,
    held_back: str | None = None,
) -> Progress:
    """Progress from rows. Where the ledger has no recent durations, some are assumed."""
    status = status_of(times)
    by_stage = {degradation.stage: degradation for degradation in degradations}
    rules = _rule_stage(times, by_stage)
    essays = _job_stage(times, jobs.get(JobType.SCORE_ESSAY), by_stage.get(Stage.ESSAY_SCORING), "essays")
    recommending = _job_stage(
        times,
        jobs.get(JobType.GENERATE_RECOMMENDATIONS),
        by_stage.get(Stage.RETRIEVAL) or by_stage.get(Stage.NARRATIVE),
        "recommendations",
    )
    if recommending.state is StageState.WAITING and not _done(essays):
        recommending = StageProgress(state=StageState.PENDING, detail="Starts when the essays are scored")
    return Progress(
        status=status,
        percent=_percent(status, rules, essays, recommending),
        rule_scoring=rules,
        essay_scoring=essays,
        recommendations=recommending,
        degradations=tuple(degradations),
        estimated_seconds_remaining=_remaining(status, times, essays, recommending, jobs),
        held_back=held_back,
    )


def _rule_stage(times: Times, by_stage: Mapping[Stage, Degradation]) -> StageProgress:
    if times.submitted_at is None:
        return StageProgress(state=StageState.PENDING, detail="Starts when you submit")
    state = StageState.DEGRADED if Stage.RULE_SCORING in by_stage else StageState.COMPLETED
    return StageProgress(
        state=state, started_at=times.submitted_at, finished_at=times.submitted_at, attempts=1, detail="Theory questions scored"
    )


def _job_stage(times: Times, job: JobProgress | None, degradation: Degradation | None, what: str) -> StageProgress:
    if times.submitted_at is None or (job is None and times.completed_at is None):
        return StageProgress(state=StageState.PENDING, detail="Starts when you submit")
    if job is None:  # done so long ago that the ledger has forgotten how
        state = StageState.DEGRADED if degradation else StageState.COMPLETED
        return StageProgress(state=state, finished_at=times.completed_at, detail=f"The {what} are ready")
    state, detail = _state(job, degraded=degradation is not None, what=what)
    return StageProgress(state=state, started_at=job.claimed_at, finished_at=job.finished_at, attempts=job.attempt, detail=detail)


def _state(job: JobProgress, *, degraded: bool, what: str) -> tuple[StageState, str]:
    match job.status:
        case JobStatus.QUEUED:
            return StageState.WAITING, f"Waiting for a free place to work on the {what}"
        case JobStatus.LEASED:
            return StageState.RUNNING, f"Working on the {what}"
        case JobStatus.RETRY_WAIT:
            errors = job.attempt - job.crashes
            return StageState.RETRYING, f"Try {errors} of {MAX_ERRORS} failed; trying the {what} again shortly"
        case JobStatus.DEAD:
            return StageState.FAILED, f"The {what} could not be completed automatically"
        case _:
            if degraded or job.status is JobStatus.DEGRADED:
                return StageState.DEGRADED, f"Done with a substitute for part of the {what}"
            return StageState.COMPLETED, f"The {what} are ready"


def _done(stage: StageProgress) -> bool:
    return stage.finished_at is not None


def _percent(status: AssessmentStatus, *stages: StageProgress) -> int:
    if status is AssessmentStatus.COMPLETED:
        return 100
    weights = (10, 60, 29)
    # what has begun counts half, also when a lost worker put it back into the queue: a bar never goes backwards
    return round(sum(w if _done(s) else w * 0.5 * (s.started_at is not None) for w, s in zip(weights, stages, strict=True)))


def _remaining(
    status: AssessmentStatus,
    times: Times,
    essays: StageProgress,
    recommending: StageProgress,
    jobs: Mapping[JobType, JobProgress],
) -> int | None:
    if status is AssessmentStatus.COMPLETED:
        return 0
    if status is not AssessmentStatus.PROCESSING:
        return None
    left = 0.0
    for job_type, stage in ((JobType.SCORE_ESSAY, essays), (JobType.GENERATE_RECOMMENDATIONS, recommending)):
        if not _done(stage):
            measured = jobs[job_type].typical_seconds if job_type in jobs else None
            typical = TYPICAL_SECONDS[job_type] if measured is None else measured
            spent = (times.now - stage.started_at).total_seconds() if stage.started_at else 0.0
            left += max(1.0, typical - spent)
    return round(left)

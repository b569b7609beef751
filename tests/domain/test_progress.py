"""Where an assessment stands: status, stages, percentage and remaining time, from every state the rows can be in."""

from datetime import timedelta
from itertools import pairwise, product
from typing import Any

import pytest
from factories import NOON, times

from assay.domain.degradation import Cause, Degradation, Stage
from assay.domain.jobs import TERMINAL, JobStatus, JobType
from assay.domain.progress import AssessmentStatus, JobProgress, Progress, StageState, derive, status_of

ESSAYS, RECOMMENDING = JobType.SCORE_ESSAY, JobType.GENERATE_RECOMMENDATIONS
CLAIMED = {JobStatus.LEASED, JobStatus.RETRY_WAIT, *TERMINAL}
SUBMITTED = times(submitted_at=NOON - timedelta(seconds=10))
COMPLETED = times(submitted_at=NOON - timedelta(minutes=5), completed_at=NOON, closed_at=NOON)


def job(status: JobStatus, **changes: Any) -> JobProgress:
    """A job in this state, as the ledger would hold it."""
    values: dict[str, Any] = {
        "status": status,
        "attempt": int(status in CLAIMED),
        "crashes": 0,
        "claimed_at": NOON - timedelta(seconds=2) if status in CLAIMED else None,
        "finished_at": NOON if status in TERMINAL else None,
    }
    return JobProgress(**{**values, **changes})


def after_submit(essays: JobProgress, recommending: JobProgress, *degradations: Degradation) -> Progress:
    """Progress of a submitted assessment with these two jobs."""
    return derive(SUBMITTED, {ESSAYS: essays, RECOMMENDING: recommending}, degradations)


def degraded(stage: Stage) -> Degradation:
    """A stage that ran on a substitute."""
    return Degradation(stage=stage, cause=Cause.TIMEOUT, since=NOON, replaced_by="built-in")


@pytest.mark.parametrize(
    ("moments", "status"),
    [
        ({}, AssessmentStatus.IN_PROGRESS),
        ({"expires_at": NOON + timedelta(microseconds=1)}, AssessmentStatus.IN_PROGRESS),
        ({"expires_at": NOON}, AssessmentStatus.EXPIRED),
        ({"expires_at": NOON - timedelta(days=1)}, AssessmentStatus.EXPIRED),
        ({"closed_at": NOON}, AssessmentStatus.EXPIRED),
        ({"submitted_at": NOON}, AssessmentStatus.PROCESSING),
        ({"submitted_at": NOON - timedelta(days=8), "expires_at": NOON - timedelta(days=7)}, AssessmentStatus.PROCESSING),
        ({"submitted_at": NOON, "completed_at": NOON, "closed_at": NOON}, AssessmentStatus.COMPLETED),
        ({"submitted_at": NOON, "completed_at": NOON, "closed_at": NOON, "expires_at": NOON}, AssessmentStatus.COMPLETED),
    ],
)
def test_the_moments_imply_the_status(moments: dict[str, Any], status: AssessmentStatus) -> None:
    """Expiry counts until the submission and never after; the last moment before expiry is still in time."""
    assert status_of(times(**moments)) is status


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (JobStatus.QUEUED, StageState.WAITING),
        (JobStatus.LEASED, StageState.RUNNING),
        (JobStatus.RETRY_WAIT, StageState.RETRYING),
        (JobStatus.SUCCEEDED, StageState.COMPLETED),
        (JobStatus.DEGRADED, StageState.DEGRADED),
        (JobStatus.DEAD, StageState.FAILED),
    ],
)
def test_a_jobs_state_is_its_stages_state(status: JobStatus, state: StageState) -> None:
    """Each state of the ledger has one state and some words for the student, in both stages."""
    found = after_submit(job(status), job(JobStatus.QUEUED))
    assert found.essay_scoring.state is state
    assert found.essay_scoring.detail
    assert after_submit(job(JobStatus.SUCCEEDED), job(status)).recommendations.state is state


def test_every_job_status_is_told() -> None:
    """No combination of job states leaves a stage without words or the percentage out of bounds."""
    for essays, recommending in product(JobStatus, repeat=2):
        found = after_submit(job(essays), job(recommending))
        assert all(stage.detail for stage in (found.rule_scoring, found.essay_scoring, found.recommendations))
        assert 0 <= found.percent <= 99
        assert found.status is AssessmentStatus.PROCESSING


@pytest.mark.parametrize("essays", [JobStatus.QUEUED, JobStatus.LEASED, JobStatus.RETRY_WAIT])
def test_recommendations_are_pending_until_the_essays_end(essays: JobStatus) -> None:
    """A job that waits for another is not waiting for a free place."""
    assert after_submit(job(essays), job(JobStatus.QUEUED)).recommendations.state is StageState.PENDING


@pytest.mark.parametrize("moments", [{}, {"closed_at": NOON}, {"expires_at": NOON}])
def test_before_submission_everything_is_pending(moments: dict[str, Any]) -> None:
    """Nothing has begun, nothing is promised: 0 percent and no remaining time."""
    found = derive(times(**moments), {}, ())
    assert {found.rule_scoring.state, found.essay_scoring.state, found.recommendations.state} == {StageState.PENDING}
    assert (found.percent, found.estimated_seconds_remaining, found.degraded) == (0, None, False)


def test_a_completed_assessment_is_at_100_with_nothing_left() -> None:
    """Completed is 100 percent and 0 seconds, whatever the ledger still says."""
    found = derive(COMPLETED, {ESSAYS: job(JobStatus.SUCCEEDED), RECOMMENDING: job(JobStatus.SUCCEEDED)}, ())
    assert (found.status, found.percent, found.estimated_seconds_remaining) == (AssessmentStatus.COMPLETED, 100, 0)
    assert derive(COMPLETED, {}, ()).percent == 100


STORY = [
    (job(JobStatus.QUEUED), job(JobStatus.QUEUED)),
    (job(JobStatus.LEASED), job(JobStatus.QUEUED)),
    (job(JobStatus.RETRY_WAIT), job(JobStatus.QUEUED)),
    (job(JobStatus.LEASED, attempt=2), job(JobStatus.QUEUED)),
    (job(JobStatus.QUEUED, attempt=2, crashes=1, claimed_at=NOON), job(JobStatus.QUEUED)),
    (job(JobStatus.LEASED, attempt=3, crashes=1), job(JobStatus.QUEUED)),
    (job(JobStatus.QUEUED, attempt=2, crashes=1, claimed_at=NOON), job(JobStatus.QUEUED)),
    (job(JobStatus.DEGRADED), job(JobStatus.QUEUED)),
    (job(JobStatus.DEGRADED), job(JobStatus.LEASED)),
    (job(JobStatus.DEGRADED), job(JobStatus.QUEUED, attempt=1, crashes=1, claimed_at=NOON)),
    (job(JobStatus.DEGRADED), job(JobStatus.RETRY_WAIT)),
    (job(JobStatus.DEGRADED), job(JobStatus.SUCCEEDED)),
]


def test_the_percentage_never_goes_back() -> None:
    """Through retries, crashes and hand-backs the bar moves forward or stands still, and ends at 100 only with the result."""
    percents = [after_submit(*jobs).percent for jobs in STORY]
    assert all(before <= after for before, after in pairwise(percents)), percents
    assert (percents[0], percents[-1]) == (10, 99)


def test_a_retry_says_which_try_failed() -> None:
    """Errors are counted without crashes: the second attempt after a crash is the first try."""
    assert "Try 1 of 3" in after_submit(job(JobStatus.RETRY_WAIT), job(JobStatus.QUEUED)).essay_scoring.detail
    crashed = job(JobStatus.RETRY_WAIT, attempt=3, crashes=1)
    assert "Try 2 of 3" in after_submit(crashed, job(JobStatus.QUEUED)).essay_scoring.detail


@pytest.mark.parametrize(
    ("stage", "field"),
    [
        (Stage.RULE_SCORING, "rule_scoring"),
        (Stage.ESSAY_SCORING, "essay_scoring"),
        (Stage.RETRIEVAL, "recommendations"),
        (Stage.NARRATIVE, "recommendations"),
    ],
)
def test_a_degraded_stage_shows_where_it_happened(stage: Stage, field: str) -> None:
    """A substitute marks its own stage and no other, and the whole as degraded."""
    found = after_submit(job(JobStatus.SUCCEEDED), job(JobStatus.SUCCEEDED), degraded(stage))
    states = {name: getattr(found, name).state for name in ("rule_scoring", "essay_scoring", "recommendations")}
    assert states.pop(field) is StageState.DEGRADED
    assert set(states.values()) == {StageState.COMPLETED}
    assert found.degraded


def test_what_is_left_shrinks_with_time_spent() -> None:
    """Typical durations less what is spent, at least a second for each stage that is not done."""
    queued = job(JobStatus.QUEUED)

    def left(essays: JobProgress, recommending: JobProgress) -> int | None:
        jobs = {ESSAYS: (essays, 10.0), RECOMMENDING: (recommending, 4.0)}
        measured = {name: found.model_copy(update={"typical_seconds": seconds}) for name, (found, seconds) in jobs.items()}
        return derive(SUBMITTED, measured, ()).estimated_seconds_remaining

    assert left(queued, queued) == 14
    assert left(job(JobStatus.LEASED, claimed_at=NOON - timedelta(seconds=3)), queued) == 11
    assert left(job(JobStatus.LEASED, claimed_at=NOON - timedelta(hours=1)), queued) == 5
    assert left(job(JobStatus.SUCCEEDED), queued) == 4
    assert left(job(JobStatus.SUCCEEDED), job(JobStatus.SUCCEEDED)) == 0


def test_a_missing_job_does_not_break_the_answer() -> None:
    """A submitted assessment whose jobs cannot be found is still told, as pending."""
    found = derive(SUBMITTED, {}, ())
    assert found.essay_scoring.state is StageState.PENDING
    assert found.percent == 10

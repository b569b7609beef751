"""What is announced to webhooks, written in the transaction that made it true: ids and states, nothing of a person.

The end of a job says whether there is any endpoint; while there is none, nothing more is asked for it.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Role
from assay.domain.degradation import Cause, Stage
from assay.domain.jobs import PRIORITIES, ClaimedJob, JobType
from assay.domain.webhooks import EventType, message
from assay.kit.ids import new_id
from assay.observability.logging import current_correlation_id


async def result_written(uow: UnitOfWork, job: ClaimedJob, recommendation_id: UUID) -> None:
    """`job` has written a result: the first, or (sent again, healed) one that is better than the one before. Call it last."""
    first = job.generation == 1
    event = EventType.ASSESSMENT_COMPLETED if first else EventType.RESULT_UPGRADED
    now = await uow.webhooks.wanted(event, EventType.ASSESSMENT_DEGRADED)
    if now is None:
        return
    degradations = await uow.scores.degradations(job.assessment_id)
    latest = None if first else await uow.recommendations.latest(job.assessment_id)
    data = {
        **_about(job.assessment_id, job.track),
        "recommendationId": str(recommendation_id),
        "version": latest.version if latest else 1,
        "degraded": bool(degradations),
        "degradations": [{"stage": each.stage.value, "cause": each.cause.value} for each in degradations],
    }
    await _announce(uow, event, now, data, job.assessment_id, job.track, once=f"{job.assessment_id}:{job.generation}")
    if first and degradations:
        await _announce(uow, EventType.ASSESSMENT_DEGRADED, now, data, job.assessment_id, job.track, once=str(job.assessment_id))


async def job_given_up(uow: UnitOfWork, job: ClaimedJob, stage: Stage, cause: Cause) -> None:
    """`job` has ended dead, and with it a stage of the assessment."""
    now = await uow.webhooks.wanted(EventType.ASSESSMENT_FAILED)
    if now is None:
        return
    data = {**_about(job.assessment_id, job.track), "jobId": str(job.id), "stage": stage.value, "cause": cause.value}
    await _announce(uow, EventType.ASSESSMENT_FAILED, now, data, job.assessment_id, job.track, once=str(job.id))


async def feedback_given(uow: UnitOfWork, assessment_id: UUID, track: str, recommendation_id: UUID, author: Role) -> None:
    """Somebody has spoken on a recommendation. What they said stays here, to be read by those who may."""
    now = await uow.webhooks.wanted(EventType.RECOMMENDATION_FEEDBACK)
    if now is None:
        return
    data = {**_about(assessment_id, track), "recommendationId": str(recommendation_id), "authorRole": author.value}
    await _announce(uow, EventType.RECOMMENDATION_FEEDBACK, now, data, assessment_id, track, once=str(new_id()))


def _about(assessment_id: UUID, track: str) -> dict[str, Any]:
    return {"assessmentId": str(assessment_id), "track": track, "resultUrl": f"/api/v1/assessments/{assessment_id}/result"}


async def _announce(
    uow: UnitOfWork, event: EventType, now: datetime, data: dict[str, Any], assessment_id: UUID, track: str, *, once: str
) -> None:
    """Write the event for whoever wants it. `once` names what happened: the same is never announced twice."""
    timestamp = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    jobs = await uow.webhooks.announce(
        new_id(),
        event,
        dedupe_key=f"{event}:{once}",
        assessment_id=assessment_id,
        payload=message(event, timestamp, data),
        track=track,
        priority=PRIORITIES[JobType.DELIVER_WEBHOOK],
        correlation_id=current_correlation_id(),
    )
    for job_id in jobs[:1]:  # one wake-up drains the ledger
        uow.ring_after_commit(JobType.DELIVER_WEBHOOK, job_id)

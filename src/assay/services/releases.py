"""Releasing a result that a track's policy holds back from the student."""

from datetime import datetime
from uuid import UUID

from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor
from assay.domain.audit import AuditAction
from assay.domain.release import ReleasePolicy
from assay.kit.model import Value
from assay.services import audit, results


class ReleaseRead(Value):
    """Under which policy the assessment was started, and since when an advisor lets the student see the result."""

    assessment_id: UUID
    policy: ReleasePolicy
    released_at: datetime | None
    """None where nothing holds it back and nobody had to release it."""


async def release(uow: UnitOfWork, actor: Actor, assessment_id: UUID) -> ReleaseRead:
    """Let the student see the result from now on; said again, or where nothing holds it back, it changes nothing.

    Raises `NotFound` for an assessment that is none of the caller's, and `Conflict` while there is no result.
    """
    row = await results.finished(uow, actor, assessment_id, lock=True)
    released_at = row.release.released_at
    if row.release.held(row.times.now) is not None:
        released_at = await uow.assessments.mark_released(assessment_id)
        entry = {"policy": row.release.policy.stored, "releasedAt": {"after": released_at.isoformat()}}
        await audit.record(uow, actor, AuditAction.ASSESSMENT_RELEASED, "assessment", assessment_id, entry)
    return ReleaseRead(assessment_id=assessment_id, policy=row.release.policy, released_at=released_at)

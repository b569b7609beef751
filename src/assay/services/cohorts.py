"""What an advisor sees of the own cohorts: how many of what, and which assessment of which student waits for how long."""

from datetime import datetime
from typing import Final
from uuid import UUID

from assay.db.repositories.cohorts import CohortAssessmentRow, CohortCounts, Sieve
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor
from assay.domain.errors import NotFound
from assay.domain.progress import AssessmentStatus
from assay.kit.model import Value
from assay.services.assessments import TrackName

TURNAROUND_HOURS: Final = 48.0
"""From submission to an advisor's word on the recommendation, at most."""


class CohortRead(Value):
    """A cohort with counts; `overdue` are those on which no advisor has spoken within the turnaround."""

    id: UUID
    name: str
    students: int
    assessments: dict[AssessmentStatus, int]
    degraded: int
    held: int
    flagged: int
    overdue: int


class CohortList(Value):
    """All cohorts of an advisor in one answer; there are few."""

    items: tuple[CohortRead, ...]
    next_cursor: str | None = None


class CohortStudent(Value):
    """A student as the own advisors know them."""

    name: str
    pseudonym: UUID


class CohortAssessment(Value):
    """An assessment in a cohort's list."""

    assessment_id: UUID
    student: CohortStudent
    track: TrackName
    state: AssessmentStatus
    started_at: datetime
    submitted_at: datetime | None
    completed_at: datetime | None
    reviewed_at: datetime | None
    """When an advisor first spoke on the recommendation, which ends the turnaround."""
    age_hours: float | None
    """Hours from the submission to the review, or to now while there is none."""
    overdue: bool
    """Not reviewed, and older than the turnaround."""
    degraded: bool
    held: bool
    """An essay waits for a person to give a level."""
    flagged: bool


class CohortPage(Value):
    """A page of a cohort's assessments; `next_cursor` continues it."""

    items: tuple[CohortAssessment, ...]
    next_cursor: str | None


async def list_own(uow: UnitOfWork, actor: Actor) -> CohortList:
    """The caller's cohorts by name."""
    return CohortList(items=tuple(map(_cohort, await uow.cohorts.of_advisor(actor.id, TURNAROUND_HOURS))))


async def list_assessments(uow: UnitOfWork, actor: Actor, cohort_id: UUID, sieve: Sieve, cursor: UUID | None, limit: int) -> CohortPage:
    """Assessments of the cohort's students that fit `sieve`, newest first. Raises `NotFound` for a cohort that is not the caller's."""
    rows = await uow.cohorts.page(cohort_id, actor.id, sieve, cursor, limit + 1)
    if rows is None:
        raise NotFound("There is no such cohort.")
    return CohortPage(items=tuple(map(read, rows[:limit])), next_cursor=str(rows[limit - 1].assessment_id) if len(rows) > limit else None)


def _cohort(row: CohortCounts) -> CohortRead:
    states = {
        AssessmentStatus.IN_PROGRESS: row.in_progress,
        AssessmentStatus.EXPIRED: row.expired,
        AssessmentStatus.PROCESSING: row.processing,
        AssessmentStatus.COMPLETED: row.completed,
    }
    return CohortRead(
        id=row.id,
        name=row.name,
        students=row.students,
        assessments=states,
        degraded=row.degraded,
        held=row.held,
        flagged=row.flagged,
        overdue=row.overdue,
    )


def read(row: CohortAssessmentRow) -> CohortAssessment:
    """A row as it is told."""
    age = row.age_hours
    return CohortAssessment(
        assessment_id=row.assessment_id,
        student=CohortStudent(name=row.student_name, pseudonym=row.pseudonym),
        track=TrackName(id=row.track_id, slug=row.track_slug, name=row.track_name),
        state=AssessmentStatus(row.state),
        started_at=row.started_at,
        submitted_at=row.submitted_at,
        completed_at=row.completed_at,
        reviewed_at=row.reviewed_at,
        age_hours=None if age is None else round(age, 2),
        overdue=age is not None and row.reviewed_at is None and age > TURNAROUND_HOURS,
        degraded=row.degraded,
        held=row.held,
        flagged=row.flagged,
    )

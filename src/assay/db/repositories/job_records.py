"""The ledger as it is looked through: jobs with why they failed and what stands for them, and what a resend has to know."""

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from assay.domain.degradation import Cause
from assay.domain.jobs import JobStatus, JobType
from assay.kit.model import Value

_RECORD: Final = """
    SELECT j.id, j.job_type, j.status, coalesce(j.assessment_id, v.assessment_id) AS assessment_id, j.delivery_id,
           j.track_slug, j.attempt, j.crashes, j.cause, j.last_error, j.stack,
           j.correlation_id, j.created_at, j.first_claimed_at, j.finished_at, j.parent_job_id,
           split_part(j.dedupe_key, ':', 3)::int AS generation, child.id AS sent_again_as
    FROM async_jobs j LEFT JOIN async_jobs child ON child.parent_job_id = j.id
    LEFT JOIN webhook_deliveries d ON d.id = j.delivery_id LEFT JOIN webhook_events v ON v.id = d.event_id
"""
_ONE: Final = text(_RECORD + " WHERE j.id = :id")
_PAGE: Final = text(
    _RECORD
    + """
    WHERE (CAST(:status AS text) IS NULL OR j.status = :status) AND (CAST(:cause AS text) IS NULL OR j.cause = :cause)
    AND (CAST(:type AS text) IS NULL OR j.job_type = :type) AND (CAST(:track AS text) IS NULL OR j.track_slug = :track)
    AND (CAST(:hours AS float) IS NULL OR j.created_at < now() - make_interval(secs => 3600 * CAST(:hours AS float)))
    AND (CAST(:before AS uuid) IS NULL OR j.id < :before) ORDER BY j.id DESC LIMIT :limit
    """
)
# essays first: sending them again sends the recommendation again too
_UNSENT: Final = text(
    """
    SELECT j.id FROM async_jobs j
    WHERE j.status = 'dead' AND j.cause = :cause AND NOT EXISTS (SELECT FROM async_jobs WHERE parent_job_id = j.id)
    ORDER BY j.job_type = 'score_essay' DESC, j.assessment_id, j.id
    """
)
_WAITING: Final = text(
    "SELECT count(*) FROM async_jobs j WHERE j.status = 'dead' AND NOT EXISTS (SELECT FROM async_jobs WHERE parent_job_id = j.id)"
)
_LOCK: Final = text("SELECT FROM assessments WHERE id = (SELECT assessment_id FROM async_jobs WHERE id = :id) FOR UPDATE")
_STANDING: Final = text(
    """
    SELECT EXISTS (SELECT FROM async_jobs WHERE assessment_id = :assessment AND finished_at IS NULL) AS in_progress,
           EXISTS (SELECT FROM recommendation_feedback f JOIN recommendations r ON r.id = f.recommendation_id
                   WHERE r.assessment_id = :assessment AND f.author_role = 'advisor') AS decided
    """
)
_NEWEST: Final = text(_RECORD + " WHERE j.assessment_id = :assessment AND j.job_type = :type ORDER BY generation DESC LIMIT 1")


class JobRecord(Value):
    """A job as it stands."""

    id: UUID
    job_type: JobType
    status: JobStatus
    assessment_id: UUID
    """That of the event, for a delivery."""
    delivery_id: UUID | None
    track_slug: str
    attempt: int
    crashes: int
    cause: Cause | None
    last_error: str | None
    stack: str | None
    correlation_id: str
    created_at: datetime
    first_claimed_at: datetime | None
    finished_at: datetime | None
    parent_job_id: UUID | None
    generation: int
    sent_again_as: UUID | None


class JobSieve(NamedTuple):
    """Which jobs are wanted; None is no condition. `hours` is how long ago they were written at least."""

    status: JobStatus | None = None
    cause: Cause | None = None
    type: JobType | None = None
    track: str | None = None
    hours: float | None = None


class Standing(Value):
    """What speaks against sending a job of an assessment again."""

    in_progress: bool
    decided: bool


class JobRecords:
    """The ledger's rows as this transaction sees them."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def page(self, sieve: JobSieve, before: UUID | None, limit: int) -> list[JobRecord]:
        """Jobs that fit `sieve`, the newest first, older than `before`."""
        values = {**sieve._asdict(), "before": before, "limit": limit}
        return [_record(row) for row in (await self._session.execute(_PAGE, values)).mappings()]

    async def get(self, job_id: UUID) -> JobRecord | None:
        """One job."""
        row = (await self._session.execute(_ONE, {"id": job_id})).mappings().first()
        return _record(row) if row else None

    async def newest(self, assessment_id: UUID, job_type: JobType) -> JobRecord | None:
        """The job of this type that an assessment was last given."""
        row = (await self._session.execute(_NEWEST, {"assessment": assessment_id, "type": job_type})).mappings().first()
        return _record(row) if row else None

    async def unsent(self, cause: Cause) -> list[UUID]:
        """Dead jobs of this cause that nobody has sent again."""
        return list(await self._session.scalars(_UNSENT, {"cause": cause}))

    async def waiting(self) -> int:
        """How many dead jobs nobody has sent again."""
        return int((await self._session.execute(_WAITING)).scalar_one())

    async def lock_assessment_of(self, job_id: UUID) -> None:
        """Let nobody else send a job of this assessment again until the transaction ends."""
        await self._session.execute(_LOCK, {"id": job_id})

    async def standing(self, assessment_id: UUID) -> Standing:
        """Whether a job of the assessment is under way, and whether an advisor has spoken on its recommendation."""
        row = (await self._session.execute(_STANDING, {"assessment": assessment_id})).mappings().one()
        return Standing(**row)


def _record(row: Any) -> JobRecord:
    return JobRecord(**row)

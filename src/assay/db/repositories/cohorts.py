"""Cohorts as their advisors see them: counts for each, and the assessments of one, page by page. One statement each."""

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import User
from assay.db.models.base import encrypted

# The caller's cohorts, their students, and what there is to know of those students' assessments.
# `state` says in SQL what `domain/progress.py: status_of` says, since it is filtered and counted by; a test holds the two together.
# A dimension is held when the newest verdict gives it no level and no advisor has. The newest flag says whether any is open.
# A student's turnaround ends with the first word of an advisor on a recommendation. The present is that of the statement, which is stable:
# with one that is volatile Postgres would work out every fact of every assessment, also of those that a page does not show.
FACTS: Final = """
    WITH mine AS (
        SELECT c.id, c.name FROM cohorts c JOIN cohort_members m ON m.cohort_id = c.id
        WHERE m.user_id = :actor AND (CAST(:cohort AS uuid) IS NULL OR c.id = CAST(:cohort AS uuid))
    ), students AS (
        SELECT m.cohort_id, u.id, u.pseudonym, u.name FROM mine JOIN cohort_members m ON m.cohort_id = mine.id
        JOIN users u ON u.id = m.user_id WHERE u.role = 'student'
    ), facts AS (
        SELECT a.id AS assessment_id, a.student_id, a.track_id, a.started_at, a.submitted_at, a.completed_at,
            CASE WHEN a.completed_at IS NOT NULL THEN 'completed'
                 WHEN a.submitted_at IS NOT NULL THEN 'processing'
                 WHEN a.closed_at IS NOT NULL OR a.expires_at <= statement_timestamp() THEN 'expired'
                 ELSE 'inProgress' END AS state,
            EXISTS (SELECT FROM degraded_stages d WHERE d.assessment_id = a.id) AS degraded,
            EXISTS (
                SELECT FROM essay_scores s CROSS JOIN LATERAL (
                    VALUES ('clarity', s.clarity), ('accuracy', s.accuracy), ('coherence', s.coherence)
                ) AS given (dimension, level)
                WHERE s.assessment_id = a.id AND given.level IS NULL AND NOT EXISTS (
                    SELECT FROM essay_scores newer
                    WHERE newer.assessment_id = a.id AND newer.question_id = s.question_id AND newer.version > s.version
                ) AND NOT EXISTS (
                    SELECT FROM essay_scores judged JOIN essay_score_overrides o ON o.essay_score_id = judged.id
                    WHERE judged.assessment_id = a.id AND judged.question_id = s.question_id AND o.dimension = given.dimension
                )
            ) AS held,
            coalesce((
                SELECT f.code <> 'resolved' FROM assessment_flags f WHERE f.assessment_id = a.id ORDER BY f.at DESC, f.id DESC LIMIT 1
            ), false) AS flagged,
            reviewed.at AS reviewed_at,
            extract(epoch FROM coalesce(reviewed.at, statement_timestamp()) - a.submitted_at)::float / 3600 AS age_hours
        FROM assessments a CROSS JOIN LATERAL (
            SELECT min(said.created_at) AS at FROM recommendations r JOIN recommendation_feedback said ON said.recommendation_id = r.id
            WHERE r.assessment_id = a.id AND said.author_role = 'advisor'
        ) AS reviewed
        WHERE a.student_id IN (SELECT id FROM students)
    )
"""
_COHORTS: Final = text(
    FACTS  # noqa: S608 - two constants
    + """
    SELECT mine.id, mine.name, count(DISTINCT students.id) AS students,
        count(*) FILTER (WHERE facts.state = 'inProgress') AS in_progress, count(*) FILTER (WHERE facts.state = 'expired') AS expired,
        count(*) FILTER (WHERE facts.state = 'processing') AS processing, count(*) FILTER (WHERE facts.state = 'completed') AS completed,
        count(*) FILTER (WHERE facts.degraded) AS degraded, count(*) FILTER (WHERE facts.held) AS held,
        count(*) FILTER (WHERE facts.flagged) AS flagged,
        count(*) FILTER (WHERE facts.reviewed_at IS NULL AND facts.age_hours > :limit_hours) AS overdue
    FROM mine LEFT JOIN students ON students.cohort_id = mine.id LEFT JOIN facts ON facts.student_id = students.id
    GROUP BY mine.id, mine.name ORDER BY mine.name
    """
)
# the outer join tells a cohort without a match (one row of nulls) from one that is none of the caller's (no row)
_PAGE: Final = text(
    FACTS  # noqa: S608 - two constants
    + """
    , page AS (
        SELECT facts.*, t.slug AS track_slug, t.name AS track_name, students.pseudonym, students.name AS student_name
        FROM facts JOIN students ON students.id = facts.student_id JOIN role_catalog t ON t.id = facts.track_id
        WHERE (CAST(:before AS uuid) IS NULL OR facts.assessment_id < CAST(:before AS uuid))
          AND (CAST(:state AS text) IS NULL OR facts.state = CAST(:state AS text))
          AND (CAST(:track AS text) IS NULL OR t.slug = CAST(:track AS text))
          AND (CAST(:degraded AS boolean) IS NULL OR facts.degraded = CAST(:degraded AS boolean))
          AND (CAST(:held AS boolean) IS NULL OR facts.held = CAST(:held AS boolean))
          AND (CAST(:flagged AS boolean) IS NULL OR facts.flagged = CAST(:flagged AS boolean))
          AND (CAST(:reviewed AS boolean) IS NULL OR (facts.reviewed_at IS NOT NULL) = CAST(:reviewed AS boolean))
          AND (CAST(:older AS float) IS NULL OR facts.age_hours > CAST(:older AS float))
        ORDER BY facts.assessment_id DESC LIMIT :limit
    )
    SELECT page.* FROM mine LEFT JOIN page ON true ORDER BY page.assessment_id DESC
    """
)
_NAME: Final = encrypted(User, "name")


class CohortCounts(NamedTuple):
    """A cohort and how many of what there are in it."""

    id: UUID
    name: str
    students: int
    in_progress: int
    expired: int
    processing: int
    completed: int
    degraded: int
    held: int
    flagged: int
    overdue: int


class Sieve(NamedTuple):
    """Which assessments are wanted; None is no condition. `older` counts hours since the submission."""

    state: str | None = None
    track: str | None = None
    degraded: bool | None = None
    held: bool | None = None
    flagged: bool | None = None
    reviewed: bool | None = None
    older: float | None = None


class CohortAssessmentRow(NamedTuple):
    """An assessment of a cohort's student."""

    assessment_id: UUID
    student_id: UUID
    track_id: UUID
    started_at: datetime
    submitted_at: datetime | None
    completed_at: datetime | None
    state: str
    degraded: bool
    held: bool
    flagged: bool
    reviewed_at: datetime | None
    age_hours: float | None
    track_slug: str
    track_name: str
    pseudonym: UUID
    student_name: str


class Cohorts:
    """The cohorts of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def of_advisor(self, advisor_id: UUID, limit_hours: float) -> list[CohortCounts]:
        """The advisor's cohorts by name; overdue is what no advisor has spoken on `limit_hours` after the submission."""
        rows = await self._session.execute(_COHORTS, {"actor": advisor_id, "cohort": None, "limit_hours": limit_hours})
        return [CohortCounts(*row) for row in rows]

    async def page(
        self, cohort_id: UUID, advisor_id: UUID, sieve: Sieve, before: UUID | None, limit: int
    ) -> list[CohortAssessmentRow] | None:
        """Assessments of a cohort's students, newest first, older than `before`; None when the cohort is none of the advisor's."""
        values: dict[str, Any] = {"cohort": cohort_id, "actor": advisor_id, "before": before, "limit": limit, **sieve._asdict()}
        rows = (await self._session.execute(_PAGE, values)).all()
        return [_row(row._asdict()) for row in rows if row[0] is not None] if rows else None


def _row(values: dict[str, Any]) -> CohortAssessmentRow:
    return CohortAssessmentRow(**{**values, "student_name": _NAME.opened(values["student_name"], values["student_id"])})

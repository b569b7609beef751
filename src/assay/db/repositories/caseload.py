"""The assessments of all students whom an advisor advises: in any order and any selection, as a queue, and one student's over time."""

# ruff: noqa: S608 - statements are put together from constants of this module, values are bound

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import TextualSelect, text
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models.base import Json
from assay.db.repositories.cohorts import FACTS, CohortAssessmentRow, Sieve
from assay.db.types import EncryptedText


class Order(StrEnum):
    """Orders of the list; `-` is downwards."""

    LONGEST_WAIT = "-age"
    SHORTEST_WAIT = "age"
    LAST_SUBMITTED = "-submitted"
    FIRST_SUBMITTED = "submitted"
    STUDENT = "student"
    STUDENT_DOWN = "-student"


_NAME: Final = "(sha256(uuid_send(u.id)) || u.name)"  # with the tag of its row, as the column type reads it
# Every order is one number, largest first, so that a page begins behind a number and an id. What waits for an advisor comes first
# (2), then what is reviewed (1), then what is not submitted (0); 1e10 is more than there are seconds since 1970.
_TIER: Final = "CASE WHEN facts.submitted_at IS NULL THEN 0 WHEN facts.reviewed_at IS NULL THEN 2 ELSE 1 END * 1e10::float"
_SINCE: Final = "extract(epoch FROM coalesce(facts.submitted_at, facts.started_at))::float"
_HANDED_IN: Final = "CASE WHEN facts.submitted_at IS NULL THEN 0 ELSE 1 END * 1e10::float"
_KEYS: Final[dict[Order, str]] = {
    Order.LONGEST_WAIT: f"{_TIER} - {_SINCE}",
    Order.SHORTEST_WAIT: f"{_TIER} + {_SINCE}",
    Order.LAST_SUBMITTED: f"{_HANDED_IN} + {_SINCE}",
    Order.FIRST_SUBMITTED: f"{_HANDED_IN} - {_SINCE}",
    Order.STUDENT: "-named.place::float",
    Order.STUDENT_DOWN: "named.place::float",
}


def _page(order: Order) -> TextualSelect:
    return text(
        f"""{FACTS}
        SELECT facts.*, t.slug AS track_slug, t.name AS track_name, u.pseudonym, {_NAME} AS student_name,
            a.release_policy, a.released_at, statement_timestamp() AS now, {_KEYS[order]} AS key
        FROM facts JOIN users u ON u.id = facts.student_id JOIN role_catalog t ON t.id = facts.track_id
        JOIN assessments a ON a.id = facts.assessment_id
        LEFT JOIN unnest(CAST(:students AS uuid[])) WITH ORDINALITY AS named (id, place) ON named.id = facts.student_id
        WHERE (CAST(:students AS uuid[]) IS NULL OR named.id IS NOT NULL)
          AND (CAST(:only AS uuid) IS NULL OR facts.assessment_id = CAST(:only AS uuid))
          AND (CAST(:key AS float) IS NULL OR ({_KEYS[order]}, facts.assessment_id) < (CAST(:key AS float), CAST(:before AS uuid)))
          AND (CAST(:state AS text) IS NULL OR facts.state = CAST(:state AS text))
          AND (CAST(:track AS text) IS NULL OR t.slug = CAST(:track AS text))
          AND (CAST(:degraded AS boolean) IS NULL OR facts.degraded = CAST(:degraded AS boolean))
          AND (CAST(:held AS boolean) IS NULL OR facts.held = CAST(:held AS boolean))
          AND (CAST(:flagged AS boolean) IS NULL OR facts.flagged = CAST(:flagged AS boolean))
          AND (CAST(:reviewed AS boolean) IS NULL OR (facts.reviewed_at IS NOT NULL) = CAST(:reviewed AS boolean))
          AND (CAST(:older AS float) IS NULL OR facts.age_hours > CAST(:older AS float))
        ORDER BY key DESC, facts.assessment_id DESC LIMIT CAST(:limit AS integer)
        """
    ).columns(student_name=EncryptedText("users.name"))


_PAGES: Final[dict[Order, TextualSelect]] = {order: _page(order) for order in Order}
_ADVISED: Final = """EXISTS (
    SELECT FROM cohort_members mine JOIN cohort_members theirs USING (cohort_id)
    WHERE mine.user_id = :actor AND theirs.user_id = u.id
      AND (CAST(:cohort AS uuid) IS NULL OR mine.cohort_id = CAST(:cohort AS uuid)))"""
_STUDENTS: Final = text(
    f"SELECT u.id, u.pseudonym, {_NAME} AS name FROM users u WHERE u.role = 'student' AND {_ADVISED}"
    " AND (CAST(:pseudonym AS uuid) IS NULL OR u.pseudonym = CAST(:pseudonym AS uuid))"
).columns(name=EncryptedText("users.name"))
_QUEUE: Final = text(
    f"""
    SELECT * FROM (
        SELECT a.id, {_NAME} AS name, extract(epoch FROM statement_timestamp() - a.submitted_at)::float / 3600 AS hours,
            row_number() OVER waiting AS place, count(*) OVER () AS waiting, lag(a.id) OVER waiting AS behind
        FROM assessments a JOIN users u ON u.id = a.student_id
        WHERE a.completed_at IS NOT NULL AND u.role = 'student' AND {_ADVISED} AND NOT EXISTS (
            SELECT FROM recommendations r JOIN recommendation_feedback said ON said.recommendation_id = r.id
            WHERE r.assessment_id = a.id AND said.author_role = 'advisor')
        WINDOW waiting AS (ORDER BY a.submitted_at, a.id)
    ) AS queue WHERE place = 1 OR id = :current OR behind = :current ORDER BY place
    """
).columns(name=EncryptedText("users.name"))
# The level that stands: of the newest verdict, or an advisor's. The same rule as in `Overrides.standing`.
_STANDINGS: Final = text(
    """
    WITH newest AS (
        SELECT DISTINCT ON (assessment_id, question_id) assessment_id, question_id, clarity, accuracy, coherence
        FROM essay_scores WHERE assessment_id = ANY(:assessments) ORDER BY assessment_id, question_id, version DESC
    ), said AS (
        SELECT DISTINCT ON (s.assessment_id, s.question_id, o.dimension) s.assessment_id, s.question_id, o.dimension, o.level
        FROM essay_score_overrides o JOIN essay_scores s ON s.id = o.essay_score_id WHERE s.assessment_id = ANY(:assessments)
        ORDER BY s.assessment_id, s.question_id, o.dimension, o.at DESC, o.id DESC
    )
    SELECT newest.assessment_id, given.dimension, avg(coalesce(said.level, given.level))::float AS level,
        count(*) FILTER (WHERE coalesce(said.level, given.level) IS NULL) AS held, count(said.level) AS said
    FROM newest CROSS JOIN LATERAL (
        VALUES ('clarity', clarity), ('accuracy', accuracy), ('coherence', coherence)
    ) AS given (dimension, level) LEFT JOIN said USING (assessment_id, question_id, dimension)
    GROUP BY newest.assessment_id, given.dimension
    UNION ALL
    SELECT assessment_id, 'theory', avg(credit)::float, 0, 0 FROM rule_scores
    WHERE assessment_id = ANY(:assessments) AND credit IS NOT NULL GROUP BY assessment_id
    """
)


class Place(NamedTuple):
    """Behind what a page begins: the last line's number in its order, and its id."""

    key: float
    assessment_id: UUID


class Case(NamedTuple):
    """A line of the list, what is said of the student's seeing the result, and where it stands in the order."""

    line: CohortAssessmentRow
    release_policy: Json | None
    released_at: datetime | None
    now: datetime
    key: float


class Advised(NamedTuple):
    """A student whom the caller advises."""

    id: UUID
    pseudonym: UUID
    name: str


class Waiting(NamedTuple):
    """A result that waits for an advisor's word, its place (from 1) among all that wait, and behind which other it stands."""

    assessment_id: UUID
    student_name: str
    hours: float
    place: int
    waiting: int
    behind: UUID | None


class Standing(NamedTuple):
    """The mean of what stands: a dimension's level from 0 to 4, or the credit of `theory` from 0 to 1."""

    assessment_id: UUID
    part: str
    value: float | None
    held: int
    """Essays without a level."""
    said: int
    """Essays whose level is an advisor's."""


class Caseload:
    """What an advisor has to look after, in this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def page(
        self,
        advisor_id: UUID,
        sieve: Sieve,
        order: Order,
        *,
        cohort: UUID | None = None,
        students: Sequence[UUID] | None = None,
        only: UUID | None = None,
        after: Place | None = None,
        limit: int,
    ) -> list[Case]:
        """Assessments of the advisor's students, of one cohort or all, each once; `students` bounds them and is the order by student."""
        values: dict[str, Any] = {
            "actor": advisor_id,
            "cohort": cohort,
            "students": None if students is None else list(students),
            "only": only,
            "key": after.key if after else None,
            "before": after.assessment_id if after else None,
            "limit": limit,
            **sieve._asdict(),
        }
        width = len(CohortAssessmentRow._fields)
        rows = await self._session.execute(_PAGES[order], values)
        return [Case(CohortAssessmentRow(*row[:width]), *row[width:]) for row in rows]

    async def students(self, advisor_id: UUID, cohort: UUID | None = None, pseudonym: UUID | None = None) -> list[Advised]:
        """The advisor's students, of one cohort or all, in no order; one of them by `pseudonym`."""
        rows = await self._session.execute(_STUDENTS, {"actor": advisor_id, "cohort": cohort, "pseudonym": pseudonym})
        return [Advised(*row) for row in rows]

    async def queue(self, advisor_id: UUID, current: UUID | None = None) -> list[Waiting]:
        """Of the results that wait for an advisor, by submission: the first, `current` and the one behind it, as far as they are there."""
        rows = await self._session.execute(_QUEUE, {"actor": advisor_id, "cohort": None, "current": current})
        return [Waiting(*row) for row in rows]

    async def standings(self, assessment_ids: Sequence[UUID]) -> list[Standing]:
        """The scores that stand, by assessment and part."""
        return [Standing(*row) for row in await self._session.execute(_STANDINGS, {"assessments": list(assessment_ids)})]

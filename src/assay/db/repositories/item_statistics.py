"""What finished assessments show of questions: points and levels counted by Postgres, answers given out in pieces, still encrypted."""

from collections.abc import Collection
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import AssessmentResponse
from assay.db.models.base import encrypted
from assay.domain.item_statistics import Observed

# The newest assessments that asked each question: ids grow with time. The number bounds what one look can cost.
_ASKED = """
    WITH asked AS (
        SELECT snapshot.assessment_id, snapshot.question_id, snapshot.question_version_id AS version_id
        FROM unnest(CAST(:questions AS uuid[])) AS wanted (id) CROSS JOIN LATERAL (
            SELECT s.assessment_id, s.question_id, s.question_version_id
            FROM assessment_question_snapshots s JOIN assessments a ON a.id = s.assessment_id
            WHERE s.question_id = wanted.id AND a.completed_at IS NOT NULL ORDER BY s.assessment_id DESC LIMIT :most
        ) AS snapshot
    ), essays AS (
        SELECT DISTINCT ON (assessment_id, question_id) * FROM essay_scores
        WHERE assessment_id IN (SELECT assessment_id FROM asked) ORDER BY assessment_id, question_id, version DESC
    )
"""


def _about_asked(statement: str) -> TextClause:
    """`statement` about the assessments that asked, and the newest verdicts in them."""
    return text(statement.replace("{asked}", _ASKED))


_OBSERVED: Final = _about_asked(
    """
    {asked}, points AS (
        SELECT assessment_id, question_id, credit AS points FROM rule_scores
        WHERE credit IS NOT NULL AND assessment_id IN (SELECT assessment_id FROM asked)
        UNION ALL
        SELECT assessment_id, question_id, percent / 100 FROM essays WHERE coalesce(clarity, accuracy, coherence) IS NOT NULL
    ), totals AS (
        SELECT assessment_id, sum(points) AS total, count(*) AS scored FROM points GROUP BY assessment_id
    ), judged AS (
        SELECT asked.*, points.points, (total - points.points) / nullif(scored - 1, 0) AS rest
        FROM asked JOIN points USING (assessment_id, question_id) JOIN totals USING (assessment_id)
    ), placed AS (
        SELECT *, row_number() OVER (PARTITION BY version_id ORDER BY rest, assessment_id) AS place,
               round(0.27 * count(*) OVER (PARTITION BY version_id)) AS fringe, count(*) OVER (PARTITION BY version_id) AS many
        FROM judged WHERE rest IS NOT NULL
    ), spread AS (
        SELECT version_id, corr(points, rest) AS correlation, count(*) AS paired,
               avg(points) FILTER (WHERE place > many - fringe) - avg(points) FILTER (WHERE place <= fringe) AS upper_lower
        FROM placed GROUP BY version_id
    ), scored AS (SELECT version_id, avg(points) AS mean, count(*) AS scored FROM judged GROUP BY version_id)
    SELECT asked.version_id, count(*), count(*) FILTER (WHERE NOT rule_scores.answered), coalesce(max(scored.scored), 0), max(scored.mean),
           max(spread.correlation), coalesce(max(spread.paired), 0), max(spread.upper_lower)
    FROM asked LEFT JOIN rule_scores USING (assessment_id, question_id)
    LEFT JOIN scored USING (version_id) LEFT JOIN spread USING (version_id)
    GROUP BY asked.version_id
    """
)
_LEVELS: Final = _about_asked(
    """
    {asked} SELECT asked.version_id, given.dimension, given.level, count(*)
    FROM asked JOIN essays USING (assessment_id, question_id)
    CROSS JOIN LATERAL (VALUES ('clarity', clarity), ('accuracy', accuracy), ('coherence', coherence)) AS given (dimension, level)
    GROUP BY asked.version_id, given.dimension, given.level
    """
)
_OVERRIDES: Final = _about_asked(
    """
    {asked} SELECT asked.version_id, said.dimension, said.level,
           CASE said.dimension WHEN 'clarity' THEN s.clarity WHEN 'accuracy' THEN s.accuracy ELSE s.coherence END AS model_level, count(*)
    FROM asked JOIN essay_scores s USING (assessment_id, question_id) JOIN LATERAL (
        SELECT DISTINCT ON (dimension) dimension, level FROM essay_score_overrides
        WHERE essay_score_id = s.id ORDER BY dimension, at DESC, id DESC
    ) AS said ON true
    GROUP BY asked.version_id, said.dimension, said.level, model_level
    """
)
_ANSWERS: Final = text(
    """
    SELECT s.assessment_id, s.question_id, s.question_version_id, r.answer
    FROM assessment_question_snapshots s JOIN assessments a ON a.id = s.assessment_id
    JOIN assessment_responses r ON r.assessment_id = s.assessment_id AND r.question_id = s.question_id
    WHERE s.question_id = ANY(CAST(:questions AS uuid[])) AND a.completed_at IS NOT NULL AND NOT r.is_blank
      AND (s.assessment_id, s.question_id) < (CAST(:assessment AS uuid), CAST(:question AS uuid))
    ORDER BY s.assessment_id DESC, s.question_id DESC LIMIT :limit
    """
)
NEWEST: Final = (UUID(int=2**128 - 1), UUID(int=2**128 - 1))
"""Where reading answers begins."""
_ANSWER: Final = encrypted(AssessmentResponse, "answer")


class LevelCount(NamedTuple):
    """How often a level (None: held) was given in one dimension."""

    version_id: UUID
    dimension: str
    level: int | None
    times: int


class OverrideCount(NamedTuple):
    """How often an advisor's level met a grader's (None: held)."""

    version_id: UUID
    dimension: str
    advisor_level: int
    model_level: int | None
    times: int


class SealedAnswer(NamedTuple):
    """An answer as it is stored, encrypted."""

    assessment_id: UUID
    question_id: UUID
    version_id: UUID
    answer: bytes

    def opened(self) -> Any:
        """What was answered. Costs some ten microseconds: open many in a thread."""
        return _ANSWER.opened(self.answer, self.assessment_id, self.question_id)[0]


class ItemStatisticsRows:
    """What finished assessments show of questions, in this transaction; of each question the newest `most` assessments."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def observed(self, questions: Collection[UUID], most: int) -> dict[UUID, Observed]:
        """Numbers, points and their relation to the rest, by version."""
        rows = await self._session.execute(_OBSERVED, {"questions": list(questions), "most": most})
        names = tuple(Observed.model_fields)
        return {row[0]: Observed(**dict(zip(names, row[1:], strict=True))) for row in rows}

    async def levels(self, questions: Collection[UUID], most: int) -> list[LevelCount]:
        """Levels of essays as the newest verdicts give them."""
        return [LevelCount(*row) for row in await self._session.execute(_LEVELS, {"questions": list(questions), "most": most})]

    async def overrides(self, questions: Collection[UUID], most: int) -> list[OverrideCount]:
        """Advisors' levels beside those of the verdict they were said of."""
        return [OverrideCount(*row) for row in await self._session.execute(_OVERRIDES, {"questions": list(questions), "most": most})]

    async def answers(self, questions: Collection[UUID], before: tuple[UUID, UUID], limit: int) -> list[SealedAnswer]:
        """Answers that are not blank, the newest first, from behind the assessment and question `before` on."""
        values = {"questions": list(questions), "assessment": before[0], "question": before[1], "limit": limit}
        return [SealedAnswer(*row) for row in await self._session.execute(_ANSWERS, values)]

"""Advisors' levels beside the model's: written once, the newest of an essay's dimension stands, and counted against the model's."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, bindparam, insert, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from assay.db.models import EssayScore, EssayScoreOverride, User
from assay.db.models.base import Json, table
from assay.domain.actors import Actor
from assay.domain.rubric import Dimension

# Built once: building a statement costs as much as running it.
_NEWER: Final = aliased(EssayScore)
_TARGET: Final = select(
    EssayScore.assessment_id,
    EssayScore.question_id,
    EssayScore.verdict,
    EssayScore.percent,
    select(_NEWER.id)
    .where(
        _NEWER.assessment_id == EssayScore.assessment_id,
        _NEWER.question_id == EssayScore.question_id,
        _NEWER.version > EssayScore.version,
    )
    .order_by(_NEWER.version.desc())
    .limit(1)
    .scalar_subquery(),
).where(EssayScore.id == bindparam("score", type_=Uuid()))
_ADD: Final = insert(table(EssayScoreOverride))
_STANDING: Final = (
    select(
        EssayScore.question_id,
        EssayScoreOverride.dimension,
        EssayScoreOverride.level,
        EssayScoreOverride.reason,
        EssayScoreOverride.at,
        User.role,
        User.pseudonym,
    )
    .join(EssayScore, EssayScore.id == EssayScoreOverride.essay_score_id)
    .join(User, User.id == EssayScoreOverride.author_id)
    .where(EssayScore.assessment_id == bindparam("assessment", type_=Uuid()))
    .ext(distinct_on(EssayScore.question_id, EssayScoreOverride.dimension))
    .order_by(EssayScore.question_id, EssayScoreOverride.dimension, EssayScoreOverride.at.desc(), EssayScoreOverride.id.desc())
)
# one pair for each dimension of a verdict: a level that its author corrected later is no second observation
_PAIRS: Final = text(
    """
    SELECT said.dimension, t.id AS track_id, t.slug AS track_slug, t.name AS track_name,
           s.provenance ->> 'producer' AS producer, s.provenance ->> 'model' AS model, said.level AS advisor_level,
           CASE said.dimension WHEN 'clarity' THEN s.clarity WHEN 'accuracy' THEN s.accuracy ELSE s.coherence END AS model_level,
           count(*) AS times
    FROM (
        SELECT DISTINCT ON (essay_score_id, dimension) essay_score_id, dimension, level
        FROM essay_score_overrides ORDER BY essay_score_id, dimension, at DESC, id DESC
    ) AS said
    JOIN essay_scores s ON s.id = said.essay_score_id
    JOIN assessments a ON a.id = s.assessment_id JOIN role_catalog t ON t.id = a.track_id
    WHERE :role = 'admin' OR (:role = 'advisor' AND EXISTS (
        SELECT FROM cohort_members mine JOIN cohort_members theirs USING (cohort_id)
        WHERE mine.user_id = :actor AND theirs.user_id = a.student_id))
    GROUP BY said.dimension, t.id, producer, model, advisor_level, model_level
    """
)


class ScoreTarget(NamedTuple):
    """A verdict that somebody wants to override; `newer_id` is the verdict that has replaced it, if any."""

    assessment_id: UUID
    question_id: UUID
    verdict: Json
    percent: float
    newer_id: UUID | None


class StandingOverride(NamedTuple):
    """The newest override of one dimension of one essay."""

    question_id: UUID
    dimension: str
    level: int
    reason: str | None
    at: datetime
    author_role: str
    author_pseudonym: UUID


class PairCount(NamedTuple):
    """How often an advisor's level met a model's (None: it was held) in one group."""

    dimension: str
    track_id: UUID
    track_slug: str
    track_name: str
    producer: str
    model: str
    advisor_level: int
    model_level: int | None
    times: int


class Overrides:
    """The overrides of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def target(self, essay_score_id: UUID) -> ScoreTarget | None:
        """The verdict with this id."""
        row = (await self._session.execute(_TARGET, {"score": essay_score_id})).first()
        return ScoreTarget(*row) if row else None

    async def add(self, essay_score_id: UUID, author_id: UUID, levels: Mapping[Dimension, int], reason: str | None) -> None:
        """Write one row for each dimension; earlier ones stay."""
        shared: dict[str, Any] = {"essay_score_id": essay_score_id, "author_id": author_id, "reason": reason}
        await self._session.execute(_ADD, [{**shared, "dimension": dimension.value, "level": level} for dimension, level in levels.items()])

    async def standing(self, assessment_id: UUID) -> list[StandingOverride]:
        """The newest override for each essay and dimension, whichever version of the verdict it was said of."""
        return [StandingOverride(*row) for row in await self._session.execute(_STANDING, {"assessment": assessment_id})]

    async def pairs(self, actor: Actor) -> list[PairCount]:
        """Advisors' levels against the model's, counted, as far as `actor` may see: an advisor the own cohorts, an admin all."""
        rows = await self._session.execute(_PAIRS, {"role": actor.role, "actor": actor.id})
        return [PairCount(*row) for row in rows]

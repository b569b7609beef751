"""Scores and degraded stages."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import DegradedStage, EssayScore, RuleScore
from assay.db.models.base import table
from assay.domain.degradation import Degradation

# Built once: building a statement costs as much as running it.
_ASSESSMENT: Final = bindparam("assessment", type_=Uuid())
_ADD_RULE_SCORES: Final = text(
    "INSERT INTO rule_scores (assessment_id, question_id, credit, answered, signals)"
    " SELECT :assessment, question_id, credit, answered, signals"
    " FROM jsonb_to_recordset(:scores) AS score (question_id uuid, credit float, answered boolean, signals jsonb)"
).bindparams(_ASSESSMENT, bindparam("scores", type_=JSONB()))
_ADD_ESSAY_SCORES: Final = insert(table(EssayScore))
_ESSAY_SCORE: Final = tuple(column.name for column in table(EssayScore).columns if column.name != "created_at")
_RULE_SCORES: Final = select(RuleScore).where(RuleScore.assessment_id == _ASSESSMENT)
_NEWEST: Final = (
    select(EssayScore.question_id, func.max(EssayScore.version).label("version"))
    .where(EssayScore.assessment_id == _ASSESSMENT)
    .group_by(EssayScore.question_id)
    .subquery()
)
_ESSAY_SCORES: Final = (
    select(EssayScore)
    .join(_NEWEST, (EssayScore.question_id == _NEWEST.c.question_id) & (EssayScore.version == _NEWEST.c.version))
    .where(EssayScore.assessment_id == _ASSESSMENT)
)
_DEGRADATIONS: Final = select(DegradedStage).where(DegradedStage.assessment_id == _ASSESSMENT).order_by(DegradedStage.since)


class Scores:
    """The scores of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add_rule_scores(self, assessment_id: UUID, scores: Sequence[RuleScore]) -> None:
        """Write what the rules gave, all at once."""
        rows = [{name: getattr(score, name) for name in ("question_id", "credit", "answered", "signals")} for score in scores]
        await self._session.execute(_ADD_RULE_SCORES, {"assessment": assessment_id, "scores": rows})

    async def rule_scores(self, assessment_id: UUID) -> list[RuleScore]:
        """What the rules gave, per question."""
        return list(await self._session.scalars(_RULE_SCORES, {"assessment": assessment_id}))

    async def add_essay_scores(self, scores: Sequence[EssayScore]) -> None:
        """Write verdicts, all at once."""
        if scores:
            await self._session.execute(_ADD_ESSAY_SCORES, [{name: getattr(score, name) for name in _ESSAY_SCORE} for score in scores])

    async def essay_scores(self, assessment_id: UUID) -> list[EssayScore]:
        """The newest verdict per essay."""
        return list(await self._session.scalars(_ESSAY_SCORES, {"assessment": assessment_id}))

    async def first_essay_scores(self, assessment_id: UUID) -> list[EssayScore]:
        """The verdict per essay that came with the first result."""
        query = select(EssayScore).where(EssayScore.assessment_id == assessment_id, EssayScore.version == 1)
        return list(await self._session.scalars(query))

    async def add_degradation(self, assessment_id: UUID, degradation: Degradation) -> None:
        """Mark a stage as degraded; the first cause stays."""
        row = insert(DegradedStage).values(
            assessment_id=assessment_id,
            stage=degradation.stage,
            cause=degradation.cause,
            replaced_by=degradation.replaced_by,
            detail=degradation.detail,
            since=degradation.since,
        )
        await self._session.execute(row.on_conflict_do_nothing())

    async def degradations(self, assessment_id: UUID) -> list[Degradation]:
        """The stages that ran on a substitute, oldest first."""
        return [
            Degradation(stage=row.stage, cause=row.cause, since=row.since, replaced_by=row.replaced_by, detail=row.detail)
            for row in await self._session.scalars(_DEGRADATIONS, {"assessment": assessment_id})
        ]

"""Scores and degraded stages."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import DegradedStage, EssayScore, RuleScore
from assay.domain.degradation import Degradation


class Scores:
    """The scores of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add_rule_scores(self, scores: Sequence[RuleScore]) -> None:
        """Write what the rules gave, all in one statement."""
        rows = [
            {
                "assessment_id": score.assessment_id,
                "question_id": score.question_id,
                "credit": score.credit,
                "answered": score.answered,
                "signals": score.signals,
            }
            for score in scores
        ]
        await self._session.execute(insert(RuleScore).values(rows))

    async def rule_scores(self, assessment_id: UUID) -> list[RuleScore]:
        """What the rules gave, per question."""
        return list(await self._session.scalars(select(RuleScore).where(RuleScore.assessment_id == assessment_id)))

    def add_essay_score(self, score: EssayScore) -> None:
        """Write a verdict."""
        self._session.add(score)

    async def essay_scores(self, assessment_id: UUID) -> list[EssayScore]:
        """The newest verdict per essay."""
        newest = (
            select(EssayScore.question_id, func.max(EssayScore.version).label("version"))
            .where(EssayScore.assessment_id == assessment_id)
            .group_by(EssayScore.question_id)
            .subquery()
        )
        query = (
            select(EssayScore)
            .join(newest, (EssayScore.question_id == newest.c.question_id) & (EssayScore.version == newest.c.version))
            .where(EssayScore.assessment_id == assessment_id)
        )
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
        query = select(DegradedStage).where(DegradedStage.assessment_id == assessment_id).order_by(DegradedStage.since)
        return [
            Degradation(stage=row.stage, cause=row.cause, since=row.since, replaced_by=row.replaced_by, detail=row.detail)
            for row in await self._session.scalars(query)
        ]

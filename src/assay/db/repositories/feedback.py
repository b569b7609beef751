"""What people say of recommendations."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import Recommendation, RecommendationFeedback


class FeedbackEntries:
    """The feedback of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def assessment_of(self, recommendation_id: UUID) -> UUID | None:
        """The assessment that a recommendation belongs to."""
        return await self._session.scalar(select(Recommendation.assessment_id).where(Recommendation.id == recommendation_id))

    async def put(self, **values: Any) -> None:
        """Write an author's feedback; the same author's earlier one is replaced."""
        row = insert(RecommendationFeedback).values(**values, updated_at=func.clock_timestamp())
        changed = ("relevance", "fit", "decision", "items", "comment", "updated_at")
        await self._session.execute(
            row.on_conflict_do_update(
                index_elements=["recommendation_id", "author_id"], set_={name: row.excluded[name] for name in changed}
            )
        )

    async def by_author(self, recommendation_id: UUID, author_id: UUID) -> RecommendationFeedback | None:
        """What one person said."""
        return await self._session.scalar(
            select(RecommendationFeedback).where(
                RecommendationFeedback.recommendation_id == recommendation_id, RecommendationFeedback.author_id == author_id
            )
        )

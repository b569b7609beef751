"""What people say of recommendations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import Recommendation, RecommendationFeedback, User
from assay.domain.actors import Role

_BY_ADVISORS: Final = (
    select(
        Recommendation.assessment_id,
        Recommendation.id,
        RecommendationFeedback.author_id,
        User.pseudonym,
        RecommendationFeedback.decision,
        RecommendationFeedback.relevance,
        RecommendationFeedback.fit,
        RecommendationFeedback.items,
        RecommendationFeedback.comment,
        RecommendationFeedback.updated_at,
    )
    .join(Recommendation, Recommendation.id == RecommendationFeedback.recommendation_id)
    .join(User, User.id == RecommendationFeedback.author_id)
    .where(
        RecommendationFeedback.author_role == Role.ADVISOR.value,
        Recommendation.assessment_id == func.any(bindparam("assessments", type_=ARRAY(Uuid()))),
    )
    .order_by(RecommendationFeedback.updated_at, RecommendationFeedback.id)
)


class AdvisorFeedback(NamedTuple):
    """What an advisor said of a recommendation, with which and of which assessment it is."""

    assessment_id: UUID
    recommendation_id: UUID
    author_id: UUID
    author_pseudonym: UUID
    decision: str | None
    relevance: int
    fit: int
    items: list[Any]
    comment: str | None
    at: datetime


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

    async def by_advisors(self, assessment_ids: Sequence[UUID]) -> list[AdvisorFeedback]:
        """What advisors said of these assessments' recommendations, earlier versions of a recommendation too, oldest first."""
        rows = await self._session.execute(_BY_ADVISORS, {"assessments": list(assessment_ids)})
        return [AdvisorFeedback(*row) for row in rows]

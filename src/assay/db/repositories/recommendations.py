"""Recommendations with their items and traces. Rows are written once; a better recommendation is a new version."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from assay.db.models import RagTrace, Recommendation, RecommendationItem
from assay.db.models.base import Json, table

# Built once: building a statement costs as much as running it.
_EARLIER: Final = aliased(Recommendation)
_NEXT_VERSION: Final = (
    select(func.coalesce(func.max(_EARLIER.version), 0) + 1).where(_EARLIER.assessment_id == bindparam("same_assessment")).scalar_subquery()
)
_ADD: Final = insert(table(Recommendation)).values(version=_NEXT_VERSION)
_ADD_ITEMS: Final = insert(table(RecommendationItem))
_ADD_TRACES: Final = insert(table(RagTrace))


class Recommendations:
    """The recommendations of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, recommendation: Json, items: Sequence[Json], traces: Sequence[Json]) -> None:
        """Write a recommendation as the next version for its assessment (from 1), with its items and traces; rows by column name."""
        await self._session.execute(_ADD, {**recommendation, "same_assessment": recommendation["assessment_id"]})
        if items:
            await self._session.execute(_ADD_ITEMS, items)
        if traces:
            await self._session.execute(_ADD_TRACES, traces)

    async def latest(self, assessment_id: UUID) -> Recommendation | None:
        """The newest recommendation of an assessment."""
        query = select(Recommendation).where(Recommendation.assessment_id == assessment_id)
        return await self._session.scalar(query.order_by(Recommendation.version.desc()).limit(1))

    async def get(self, recommendation_id: UUID) -> Recommendation | None:
        """One recommendation."""
        return await self._session.get(Recommendation, recommendation_id)

    async def items(self, recommendation_id: UUID) -> list[RecommendationItem]:
        """The items of a recommendation, best first."""
        query = select(RecommendationItem).where(RecommendationItem.recommendation_id == recommendation_id)
        return list(await self._session.scalars(query.order_by(RecommendationItem.rank)))

    async def traces(self, recommendation_id: UUID) -> list[RagTrace]:
        """What each part of the query found at all, part by part."""
        return await self._traces(RagTrace.recommendation_id == recommendation_id, RagTrace.item_id.is_(None))

    async def item_traces(self, item_id: UUID) -> list[RagTrace]:
        """What found one item, part by part; the words of a query stand in the part's own trace."""
        return await self._traces(RagTrace.item_id == item_id)

    async def _traces(self, *conditions: ColumnElement[bool]) -> list[RagTrace]:
        return list(await self._session.scalars(select(RagTrace).where(*conditions).order_by(RagTrace.id)))

"""Recommendations with their items and traces. Rows are written once; a better recommendation is a new version."""

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import CredentialVersion, EssayScore, RagTrace, Recommendation, RecommendationItem
from assay.db.models.base import Json, encrypted, table

_WHOLE: Final = ("id", "assessment_id", "index_version_id", "summary", "excluded", "provenance", "basis", "processing_ms")
_ITEM: Final = ("id", "rank", "credential_version_id", "score", "reasons", "sources", "ranks")
_TRACE: Final = ("id", "item_id", "part", "query", "weight", "hits")
_SUMMARY: Final = encrypted(Recommendation, "summary")
_QUERY: Final = encrypted(RagTrace, "query")


def _listed(columns: Sequence[str], form: str) -> str:
    return ", ".join(form.format(column) for column in columns)


# One statement, the rows of items and traces as arrays: else Postgres would be asked anew for each of some 35 rows, and answer.
_ADD: Final = text(
    f"""
    WITH recommendation AS (
        INSERT INTO recommendations (version, {_listed(_WHOLE, "{}")})
        SELECT coalesce(max(earlier.version), 0) + 1, {_listed(_WHOLE, ":{}")}
        FROM recommendations earlier WHERE earlier.assessment_id = :assessment_id
        RETURNING id
    ), items AS (
        INSERT INTO recommendation_items (recommendation_id, {_listed(_ITEM, "{}")})
        SELECT recommendation.id, {_listed(_ITEM, "item.{}")}
        FROM recommendation, unnest({_listed(_ITEM, ":item_{}")}) AS item ({_listed(_ITEM, "{}")})
    )
    INSERT INTO rag_traces (recommendation_id, {_listed(_TRACE, "{}")})
    SELECT recommendation.id, {_listed(_TRACE, "trace.{}")}
    FROM recommendation, unnest({_listed(_TRACE, ":trace_{}")}) AS trace ({_listed(_TRACE, "{}")})
    """  # noqa: S608 - nothing but our own words
).bindparams(
    *(bindparam(name, type_=table(Recommendation).c[name].type) for name in _WHOLE),
    *(bindparam(f"item_{name}", type_=ARRAY(table(RecommendationItem).c[name].type, dimensions=1)) for name in _ITEM),
    *(bindparam(f"trace_{name}", type_=ARRAY(table(RagTrace).c[name].type, dimensions=1)) for name in _TRACE),
)


# Built once: building a statement costs as much as running it.
_OF_ASSESSMENT: Final = select(Recommendation).where(Recommendation.assessment_id == bindparam("assessment", type_=Uuid()))
_LATEST: Final = _OF_ASSESSMENT.order_by(Recommendation.version.desc()).limit(1)
_FIRST: Final = _OF_ASSESSMENT.order_by(Recommendation.version).limit(1)
_RECOMMENDATION: Final = bindparam("recommendation", type_=Uuid())
_ITEMS: Final = select(RecommendationItem).where(RecommendationItem.recommendation_id == _RECOMMENDATION).order_by(RecommendationItem.rank)
_CREDENTIAL: Final = ("title", "provider", "level", "workloadHours", "description")
_SHOWN: Final = _ITEMS.join(CredentialVersion, CredentialVersion.id == RecommendationItem.credential_version_id).add_columns(
    CredentialVersion.credential_id, *(CredentialVersion.content[name].label(name) for name in _CREDENTIAL)
)
_FINDS: Final = select(RagTrace).where(RagTrace.recommendation_id == _RECOMMENDATION, RagTrace.item_id.is_not(None)).order_by(RagTrace.id)
_TRACES: Final = select(RagTrace).where(RagTrace.recommendation_id == _RECOMMENDATION, RagTrace.item_id.is_(None)).order_by(RagTrace.id)


class ShownItem(NamedTuple):
    """A recommended credential with what is shown of the version that is cited."""

    item: RecommendationItem
    credential_id: UUID
    title: str
    provider: str
    level: str
    workload_hours: int
    description: str


class Recommendations:
    """The recommendations of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, recommendation: Json, items: Sequence[Json], traces: Sequence[Json]) -> None:
        """Write a recommendation as the next version for its assessment (from 1), with its items and traces; rows by column name."""
        summary = _SUMMARY.sealed(recommendation["summary"], recommendation["id"])
        traces = [{**row, "query": _QUERY.sealed(row["query"], row["id"])} for row in traces]
        values = {**{name: recommendation[name] for name in _WHOLE}, "summary": summary}
        values |= {f"item_{name}": [row[name] for row in items] for name in _ITEM}
        values |= {f"trace_{name}": [row[name] for row in traces] for name in _TRACE}
        await self._session.execute(_ADD, values)

    async def latest(self, assessment_id: UUID) -> Recommendation | None:
        """The newest recommendation of an assessment."""
        return await self._session.scalar(_LATEST, {"assessment": assessment_id})

    async def first(self, assessment_id: UUID) -> Recommendation | None:
        """The recommendation that came with the first result."""
        return await self._session.scalar(_FIRST, {"assessment": assessment_id})

    async def has_newer_scores(self, assessment_id: UUID) -> bool:
        """Whether a verdict has been written since the newest recommendation, which so rests on an older one."""
        written = select(func.max(Recommendation.generated_at)).where(Recommendation.assessment_id == assessment_id)
        judged = select(func.max(EssayScore.created_at)).where(EssayScore.assessment_id == assessment_id)
        return bool(await self._session.scalar(select(judged.scalar_subquery() > written.scalar_subquery())))

    async def get(self, recommendation_id: UUID) -> Recommendation | None:
        """One recommendation."""
        return await self._session.get(Recommendation, recommendation_id)

    async def items(self, recommendation_id: UUID) -> list[RecommendationItem]:
        """The items of a recommendation, best first."""
        return list(await self._session.scalars(_ITEMS, {"recommendation": recommendation_id}))

    async def shown(self, recommendation_id: UUID) -> list[ShownItem]:
        """The items of a recommendation, best first, each with its credential as it was when it was cited."""
        return [ShownItem(*row) for row in await self._session.execute(_SHOWN, {"recommendation": recommendation_id})]

    async def traces(self, recommendation_id: UUID) -> list[RagTrace]:
        """What each part of the query found at all, part by part."""
        return list(await self._session.scalars(_TRACES, {"recommendation": recommendation_id}))

    async def finds(self, recommendation_id: UUID) -> list[RagTrace]:
        """What found each of its items, item by item and part by part; their queries' words stand in the parts' own traces."""
        return list(await self._session.scalars(_FINDS, {"recommendation": recommendation_id}))

    async def item_traces(self, item_id: UUID) -> list[RagTrace]:
        """What found one item, part by part; the words of a query stand in the part's own trace."""
        return list(await self._session.scalars(select(RagTrace).where(RagTrace.item_id == item_id).order_by(RagTrace.id)))

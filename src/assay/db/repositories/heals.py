"""Which results could be made again now: degraded for a cause that has passed, young enough, not too often, and nobody is in the way."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from assay.domain.degradation import Cause, Stage
from assay.domain.healing import Budget
from assay.kit.model import Value

_LOCK: Final = text("SELECT pg_try_advisory_xact_lock(7236003)")
_SPENT: Final = text(
    """
    SELECT count(DISTINCT assessment_id) FILTER (WHERE finished_at IS NULL) AS under_way,
           count(DISTINCT assessment_id) FILTER (WHERE created_at > clock_timestamp() - interval '1 minute') AS last_minute
    FROM async_jobs WHERE heals AND created_at > clock_timestamp() - interval '1 day'
    """
)
# a result that an advisor has decided on stays the one that is shown
_WAITING: Final = """
    SELECT d.assessment_id, array_agg(d.stage ORDER BY d.since, d.stage) AS stages
    FROM degraded_stages d JOIN assessments a ON a.id = d.assessment_id
    WHERE d.since > clock_timestamp() - make_interval(secs => :age) AND a.completed_at IS NOT NULL
    AND (d.stage, d.cause) IN (SELECT * FROM unnest(CAST(:stages AS text[]), CAST(:causes AS text[])))
    AND NOT EXISTS (SELECT FROM async_jobs WHERE assessment_id = d.assessment_id AND finished_at IS NULL)
    AND NOT EXISTS (SELECT FROM recommendation_feedback f JOIN recommendations r ON r.id = f.recommendation_id
                    WHERE r.assessment_id = d.assessment_id AND f.author_role = 'advisor')
    AND (SELECT count(*) < :tries
                AND coalesce(max(created_at) + make_interval(secs => :pause * power(4, count(*) - 1)) <= clock_timestamp(), true)
         FROM async_jobs WHERE assessment_id = d.assessment_id AND heals AND job_type = 'generate_recommendations')
    {}
    GROUP BY d.assessment_id ORDER BY min(d.since) LIMIT :limit
"""
_FOUND: Final = text(_WAITING.format(""))
_AMONG: Final = text(_WAITING.format("AND d.assessment_id = ANY(:ids)"))
_BY_CAUSE: Final = text(
    """
    SELECT d.stage, d.cause, count(*)::int AS results, min(d.since) AS since FROM degraded_stages d
    JOIN assessments a ON a.id = d.assessment_id WHERE a.completed_at IS NOT NULL
    GROUP BY d.stage, d.cause ORDER BY results DESC, d.stage, d.cause
    """
)
_HOLD: Final = text("SELECT id FROM assessments WHERE id = ANY(:ids) ORDER BY id FOR UPDATE SKIP LOCKED")


class Degraded(Value):
    """A result with the stages that could be healed."""

    assessment_id: UUID
    stages: tuple[Stage, ...]


class DegradedCount(Value):
    """How many results have one stage degraded for one cause, and since when the longest."""

    stage: Stage
    cause: Cause
    results: int
    since: datetime


class Spent(Value):
    """What is used of the budget: results that are being made again, and those that were sent within a minute."""

    under_way: int
    last_minute: int


class Heals:
    """Healing as this transaction sees it."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def alone(self) -> bool:
        """Whether nobody else is sending results again; nobody will until the transaction ends."""
        return bool(await self._session.scalar(_LOCK))

    async def spent(self) -> Spent:
        """What is used of the budget."""
        return Spent(**(await self._session.execute(_SPENT)).mappings().one())

    async def by_cause(self) -> list[DegradedCount]:
        """Degraded stages of results that are there, counted."""
        return [DegradedCount.model_validate(row, from_attributes=True) for row in await self._session.execute(_BY_CAUSE)]

    async def waiting(self, mended: Mapping[Stage, Collection[Cause]], budget: Budget, limit: int) -> list[Degraded]:
        """Results with a stage degraded for one of these causes, the longest degraded first."""
        return _read(await self._session.execute(_FOUND, _values(mended, budget, limit)))

    async def held(self, found: Iterable[Degraded], mended: Mapping[Stage, Collection[Cause]], budget: Budget) -> list[Degraded]:
        """Those of `found` that nobody else is at, locked, and looked at once more: what was seen before the lock may be over."""
        ids = [each.assessment_id for each in found]
        locked = list(await self._session.scalars(_HOLD, {"ids": ids}))
        return _read(await self._session.execute(_AMONG, {**_values(mended, budget, len(ids)), "ids": locked}))


def _values(mended: Mapping[Stage, Collection[Cause]], budget: Budget, limit: int) -> dict[str, object]:
    pairs = [(stage.value, cause.value) for stage, causes in mended.items() for cause in causes]
    return {
        "stages": [stage for stage, _ in pairs],
        "causes": [cause for _, cause in pairs],
        "age": 3600 * budget.max_age_hours,
        "tries": budget.tries,
        "pause": budget.pause_seconds,
        "limit": limit,
    }


def _read(rows: Iterable[object]) -> list[Degraded]:
    return [Degraded.model_validate(row, from_attributes=True) for row in rows]

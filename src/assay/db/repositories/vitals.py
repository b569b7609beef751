"""How the service stands at this moment and in the last hour: results, dead letters, leases in hand, what was repaired."""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_HOUR: Final = text(
    """
    WITH results AS (
        SELECT a.id, a.completed_at, extract(epoch FROM a.completed_at - a.submitted_at)::float AS seconds, d.since
        FROM async_jobs j JOIN assessments a ON a.id = j.assessment_id
        LEFT JOIN LATERAL (SELECT min(since) AS since FROM degraded_stages WHERE assessment_id = a.id) AS d ON true
        WHERE j.job_type = 'generate_recommendations' AND j.finished_at >= now() - interval '1 hour' AND j.parent_job_id IS NULL
    ), dead AS (
        SELECT count(*) AS jobs, min(finished_at) AS since FROM async_jobs j
        WHERE j.status = 'dead' AND NOT EXISTS (SELECT FROM async_jobs child WHERE child.parent_job_id = j.id)
    )
    SELECT clock_timestamp() AS now, count(*) AS finished, count(since) AS degraded, min(since) AS degraded_since,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS p50_seconds,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) AS p95_seconds,
           min(completed_at) FILTER (WHERE seconds > :slow) AS slow_since,
           (SELECT jobs FROM dead) AS dead, (SELECT since FROM dead) AS dead_since
    FROM results
    """
)
_LEASES: Final = text(
    """
    SELECT lease_owner AS name, count(*) AS jobs, max(lease_expires_at) AS until FROM async_jobs WHERE status = 'leased'
    GROUP BY lease_owner ORDER BY lease_owner
    """
)
_REPAIRS: Final = text(
    """
    SELECT job_type, sum(crashes)::int AS leases, count(*) AS jobs FROM async_jobs
    WHERE crashes > 0 AND id >= (SELECT uuidv7(interval '-1 day')) GROUP BY job_type ORDER BY job_type
    """
)
_DEAD_BY_CAUSE: Final = text(
    """
    SELECT cause, count(*) AS jobs, min(finished_at) AS since FROM async_jobs j
    WHERE j.status = 'dead' AND cause IS NOT NULL AND NOT EXISTS (SELECT FROM async_jobs child WHERE child.parent_job_id = j.id)
    GROUP BY cause ORDER BY jobs DESC, cause
    """
)
_KEY_AGES: Final = text(
    "SELECT purpose, extract(epoch FROM clock_timestamp() - max(created_at))::float AS seconds FROM key_proofs GROUP BY 1"
)
_WORKERS_SEEN: Final = text("SELECT max(at) FROM metric_snapshots WHERE name = 'workers.live' AND value > 0")


class Hour(NamedTuple):
    """The results of the last hour, and dead letters of any age that nobody has sent again."""

    now: datetime
    finished: int
    degraded: int
    degraded_since: datetime | None
    p50_seconds: float | None
    p95_seconds: float | None
    slow_since: datetime | None
    dead: int
    dead_since: datetime | None


class Lease(NamedTuple):
    """A worker that has jobs in hand, and until when they are its own unless it says more."""

    name: str
    jobs: int
    until: datetime


class Repair(NamedTuple):
    """Leases that were taken back within a day from workers that vanished, and of how many jobs."""

    job_type: str
    leases: int
    jobs: int


class DeadCount(NamedTuple):
    """Dead letters of one cause that nobody has sent again, and since when the first waits."""

    cause: str
    jobs: int
    since: datetime


class Vitals:
    """How it stands, as this transaction sees it."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def hour(self, slow: float) -> Hour:
        """The last hour; a result took too long after `slow` seconds."""
        return Hour(*(await self._session.execute(_HOUR, {"slow": slow})).one())

    async def leases(self) -> list[Lease]:
        """Who has jobs in hand."""
        return [Lease(*row) for row in await self._session.execute(_LEASES)]

    async def repairs(self) -> list[Repair]:
        """What was taken back within a day."""
        return [Repair(*row) for row in await self._session.execute(_REPAIRS)]

    async def dead_by_cause(self) -> list[DeadCount]:
        """Dead letters that wait, most first."""
        return [DeadCount(*row) for row in await self._session.execute(_DEAD_BY_CAUSE)]

    async def key_ages(self) -> dict[str, float]:
        """Seconds since the newest key of each purpose was first used here."""
        return {row.purpose: row.seconds for row in await self._session.execute(_KEY_AGES)}

    async def workers_seen_at(self) -> datetime | None:
        """When a snapshot last found a worker."""
        at: datetime | None = await self._session.scalar(_WORKERS_SEEN)
        return at

"""Figures about the service as a whole and by track: what people said, how long it took, what ended how, what models cost."""

# ruff: noqa: S608 - statements are put together from constants of this module, values are bound

from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from assay.domain.actors import Actor, Role

_AGO: Final = "now() - make_interval(days => :days)"
_OF_TRACK: Final = "(CAST(:track AS text) IS NULL OR t.slug = CAST(:track AS text))"
_SEES: Final[dict[Role, str]] = {
    Role.ADMIN: "true",
    Role.ADVISOR: """a.student_id IN (SELECT theirs.user_id FROM cohort_members mine JOIN cohort_members theirs USING (cohort_id)
                     WHERE mine.user_id = :actor)""",
}
# of what somebody said of several versions of a recommendation, what was said of the newest counts
_OPINIONS: Final = f"""
    WITH said AS (
        SELECT DISTINCT ON (r.assessment_id, f.author_id) f.author_id, f.author_role, f.relevance, f.fit, f.decision,
               t.id AS track_id, t.slug, t.name
        FROM recommendation_feedback f JOIN recommendations r ON r.id = f.recommendation_id
        JOIN assessments a ON a.id = r.assessment_id JOIN role_catalog t ON t.id = a.track_id
        WHERE f.updated_at >= {_AGO} AND {_OF_TRACK} AND {{sees}}
        ORDER BY r.assessment_id, f.author_id, r.version DESC
    )
    SELECT track_id, slug, name, author_role, count(*) AS said, avg(relevance)::float AS relevance, avg(fit)::float AS fit,
           count(*) FILTER (WHERE relevance >= 4 AND fit >= 4) AS satisfied, count(*) FILTER (WHERE relevance >= 4) AS relevant,
           count(*) FILTER (WHERE decision = 'accept') AS accepted, count(*) FILTER (WHERE decision = 'reject') AS rejected,
           count(*) FILTER (WHERE decision = 'accept' OR decision IS NULL AND relevance >= 4 AND fit >= 4) AS trusted,
           count(DISTINCT author_id) AS authors
    FROM said GROUP BY GROUPING SETS ((track_id, slug, name, author_role), (author_role)) ORDER BY name NULLS FIRST, author_role
"""
_RUNS: Final = f"""
    WITH reviews AS MATERIALIZED (
        SELECT r.assessment_id, min(f.created_at) AS at FROM recommendation_feedback f
        JOIN recommendations r ON r.id = f.recommendation_id WHERE f.author_role = 'advisor' GROUP BY r.assessment_id
    ), runs AS (
        SELECT t.id AS track_id, t.slug, t.name, a.student_id, a.completed_at IS NOT NULL AS finished, v.at IS NOT NULL AS reviewed,
               extract(epoch FROM a.completed_at - a.submitted_at)::float AS seconds,
               extract(epoch FROM v.at - a.submitted_at)::float / 3600 AS hours,
               extract(epoch FROM coalesce(v.at, now()) - a.submitted_at)::float / 3600 AS age,
               a.id IN (SELECT assessment_id FROM degraded_stages) AS degraded_now,
               a.id IN (SELECT assessment_id FROM async_jobs WHERE status IN ('degraded', 'dead') AND assessment_id IS NOT NULL)
                   AS degraded_once
        FROM assessments a JOIN role_catalog t ON t.id = a.track_id LEFT JOIN reviews v ON v.assessment_id = a.id
        WHERE a.submitted_at >= {_AGO} AND {_OF_TRACK} AND {{sees}}
    )
    SELECT track_id, slug, name, count(*) AS submitted, count(*) FILTER (WHERE finished) AS finished,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS p50_seconds,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) AS p95_seconds,
           count(*) FILTER (WHERE reviewed) AS reviewed,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY hours) AS p50_hours,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY hours) AS p95_hours,
           count(*) FILTER (WHERE reviewed AND age <= :hours) AS in_time, count(*) FILTER (WHERE reviewed OR age > :hours) AS due,
           count(*) FILTER (WHERE finished AND (degraded_now OR degraded_once)) AS degraded,
           count(*) FILTER (WHERE finished AND degraded_now) AS still_degraded,
           count(DISTINCT student_id) FILTER (WHERE finished) AS students
    FROM runs GROUP BY GROUPING SETS ((track_id, slug, name), ()) ORDER BY name NULLS FIRST
"""
# a job is due at `run_at` until its first claim; where it was tried again that has moved on, so those do not tell how long they waited
_JOBS: Final = text(
    f"""
    SELECT job_type, track_slug AS track, count(*) AS ended, count(*) FILTER (WHERE status = 'succeeded') AS succeeded,
           count(*) FILTER (WHERE status = 'degraded') AS degraded, count(*) FILTER (WHERE status = 'dead') AS dead,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - first_claimed_at)::float) AS p50_seconds,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - first_claimed_at)::float) AS p95_seconds,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM first_claimed_at - run_at)::float)
               FILTER (WHERE attempt = 1 AND crashes = 0) AS p95_wait_seconds,
           sum(crashes)::int AS crashes
    FROM async_jobs t WHERE finished_at >= {_AGO} AND (CAST(:track AS text) IS NULL OR track_slug = CAST(:track AS text))
    GROUP BY job_type, track_slug ORDER BY job_type, track_slug
    """
)
# calls have no index on their time; their ids begin with it
_CALLS: Final = f"""
    FROM model_calls c LEFT JOIN assessments a ON a.id = c.assessment_id LEFT JOIN role_catalog t ON t.id = a.track_id
    WHERE c.id >= (SELECT uuidv7(make_interval(days => -least(:days, 18000), mins => -1))) AND c.created_at >= {_AGO} AND {_OF_TRACK}
"""
_MODELS: Final = text(
    f"""
    SELECT c.purpose, c.producer, c.model, coalesce(t.slug, 'none') AS track, count(*) AS calls,
           count(*) FILTER (WHERE c.outcome <> 'ok') AS failed,
           coalesce(sum((c.usage ->> 'input_tokens')::bigint), 0)::bigint AS input_tokens,
           coalesce(sum((c.usage ->> 'cached_tokens')::bigint), 0)::bigint AS cached_tokens,
           coalesce(sum((c.usage ->> 'output_tokens')::bigint), 0)::bigint AS output_tokens,
           sum((c.usage ->> 'cost_usd')::float) AS cost_usd,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY (c.usage ->> 'duration_ms')::float / 1000) AS p95_seconds
    {_CALLS} GROUP BY c.purpose, c.producer, c.model, track ORDER BY c.purpose, c.producer, c.model, track
    """
)
_FAILURES: Final = text(
    f"""
    SELECT 'model' AS kind, c.purpose AS what, c.outcome AS cause, coalesce(t.slug, 'none') AS track, count(*) AS times
    {_CALLS} AND c.outcome <> 'ok' GROUP BY 2, 3, 4
    UNION ALL
    SELECT 'job', t.job_type, coalesce(t.cause, 'unknown'), t.track_slug, count(*) FROM async_jobs t
    WHERE t.status = 'dead' AND t.finished_at >= {_AGO} AND (CAST(:track AS text) IS NULL OR t.track_slug = CAST(:track AS text))
    GROUP BY 2, 3, 4
    UNION ALL
    SELECT 'stage', d.stage, d.cause, t.slug, count(*) FROM degraded_stages d JOIN assessments a ON a.id = d.assessment_id
    JOIN role_catalog t ON t.id = a.track_id WHERE d.since >= {_AGO} AND {_OF_TRACK} GROUP BY 2, 3, 4
    ORDER BY times DESC, kind, what, cause, track
    """
)
_PROGRAMMES: Final = text(
    f"""
    SELECT count(DISTINCT m.cohort_id) FROM assessments a JOIN role_catalog t ON t.id = a.track_id
    JOIN cohort_members m ON m.user_id = a.student_id
    WHERE a.completed_at IS NOT NULL AND a.submitted_at >= {_AGO} AND {_OF_TRACK}
    """
)


class OpinionRow(NamedTuple):
    """What people of one role said, of one track or (without one) of all; relevance and fit are means."""

    track_id: UUID | None
    slug: str | None
    name: str | None
    author_role: str
    said: int
    relevance: float
    fit: float
    satisfied: int
    relevant: int
    accepted: int
    rejected: int
    trusted: int
    authors: int


class RunRow(NamedTuple):
    """Submitted assessments of one track or (without one) of all, and how they went."""

    track_id: UUID | None
    slug: str | None
    name: str | None
    submitted: int
    finished: int
    p50_seconds: float | None
    p95_seconds: float | None
    reviewed: int
    p50_hours: float | None
    p95_hours: float | None
    in_time: int
    due: int
    degraded: int
    still_degraded: int
    students: int


class Dashboards:
    """Figures as this transaction sees them. Days count back from now; a track is named by its slug, None stands for all."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def opinions(self, actor: Actor, days: int, track: str | None) -> list[OpinionRow]:
        """What was said of recommendations: by students of the actor's cohorts and on them, for an admin by everybody."""
        return [OpinionRow(*row) for row in await self._session.execute(_OPINIONS_SEEN[actor.role], _values(days, track, actor))]

    async def runs(self, actor: Actor, days: int, track: str | None, hours: float) -> list[RunRow]:
        """How submitted assessments went, those in all first; an advisor should speak within `hours`."""
        values = {**_values(days, track, actor), "hours": hours}
        return [RunRow(*row) for row in await self._session.execute(_RUNS_SEEN[actor.role], values)]

    async def jobs(self, days: int, track: str | None) -> list[dict[str, Any]]:
        """Jobs that ended, by type and track."""
        return await self._all(_JOBS, days, track)

    async def models(self, days: int, track: str | None) -> list[dict[str, Any]]:
        """Calls to models, by purpose, who answered, and track."""
        return await self._all(_MODELS, days, track)

    async def failures(self, days: int, track: str | None) -> list[dict[str, Any]]:
        """What went wrong and why, most first: calls to models, jobs that died, stages that are degraded."""
        return await self._all(_FAILURES, days, track)

    async def programmes(self, days: int, track: str | None) -> int:
        """Cohorts with a student who has a result."""
        return int(await self._session.scalar(_PROGRAMMES, _values(days, track)) or 0)

    async def _all(self, query: TextClause, days: int, track: str | None) -> list[dict[str, Any]]:
        return [dict(row) for row in (await self._session.execute(query, _values(days, track))).mappings()]


def _values(days: int, track: str | None, actor: Actor | None = None) -> dict[str, Any]:
    values: dict[str, Any] = {"days": days, "track": track}
    return values if actor is None or actor.role is Role.ADMIN else {**values, "actor": actor.id}


def _by_role(statement: str) -> dict[Role, TextClause]:
    return {role: text(statement.replace("{sees}", sees)) for role, sees in _SEES.items()}


_OPINIONS_SEEN: Final = _by_role(_OPINIONS)
_RUNS_SEEN: Final = _by_role(_RUNS)

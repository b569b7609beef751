"""Snapshots: what the database knows of the service, written once a minute, and read back as series."""

# ruff: noqa: S608 - statements are put together from constants of this module, values are bound

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from assay.domain.snapshots import Measure

_LOCK: Final = text("SELECT pg_try_advisory_xact_lock(7236011)")
# a minute is over a moment after its end: what was written in it is committed by then
_DUE: Final = text(
    "SELECT date_trunc('minute', clock_timestamp() - interval '5 seconds') AS minute,"
    " (SELECT max(at) FROM metric_snapshots WHERE name = 'snapshot.taken') AS last"
)
_SINCE, _UNTIL = "CAST(:since AS timestamptz)", "CAST(:until AS timestamptz)"
# Calls and tries have no index on their time; their ids begin with it. A minute more, since both are taken at slightly different moments.
_SINCE_ID: Final = f"(SELECT uuidv7({_SINCE} - clock_timestamp() - interval '1 minute'))"
_FACTS: Final = f"""
    WITH waiting AS MATERIALIZED (
        SELECT job_type, status, run_at, lease_owner FROM async_jobs WHERE status IN ('queued', 'retry_wait', 'leased')
    ), ended AS MATERIALIZED (
        SELECT job_type, status, track_slug AS track, assessment_id, parent_job_id,
               extract(epoch FROM finished_at - first_claimed_at)::float AS seconds
        FROM async_jobs WHERE finished_at >= {_SINCE} AND finished_at < {_UNTIL}
    ), results AS MATERIALIZED (
        SELECT ended.track, extract(epoch FROM a.completed_at - a.submitted_at)::float AS seconds,
               EXISTS (SELECT FROM degraded_stages d WHERE d.assessment_id = a.id) AS degraded
        FROM ended JOIN assessments a ON a.id = ended.assessment_id
        WHERE ended.job_type = 'generate_recommendations' AND ended.parent_job_id IS NULL
    ), calls AS MATERIALIZED (
        SELECT c.purpose, c.outcome, coalesce(t.slug, 'none') AS track, (c.usage ->> 'input_tokens')::float AS input,
               (c.usage ->> 'cached_tokens')::float AS cached, (c.usage ->> 'output_tokens')::float AS output,
               (c.usage ->> 'cost_usd')::float AS cost, (c.usage ->> 'duration_ms')::float / 1000 AS seconds
        FROM model_calls c LEFT JOIN assessments a ON a.id = c.assessment_id LEFT JOIN role_catalog t ON t.id = a.track_id
        WHERE c.id >= {_SINCE_ID} AND c.created_at >= {_SINCE} AND c.created_at < {_UNTIL}
    )
"""
_P95: Final = "percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds)"
_M: Final = Measure
READINGS: Final[dict[Measure, str]] = {
    _M.TAKEN: "SELECT '{}'::jsonb, 1",
    _M.QUEUE_DEPTH: "SELECT jsonb_build_object('jobType', job_type, 'status', status), count(*) FROM waiting WHERE run_at < 'infinity'"
    " GROUP BY job_type, status",
    _M.QUEUE_OLDEST: "SELECT jsonb_build_object('jobType', job_type), extract(epoch FROM clock_timestamp() - min(run_at))::float"
    " FROM waiting WHERE status <> 'leased' AND run_at <= clock_timestamp() GROUP BY job_type",
    _M.JOBS_ENDED: "SELECT jsonb_build_object('jobType', job_type, 'status', status, 'track', track), count(*) FROM ended"
    " GROUP BY job_type, status, track",
    _M.JOB_P95: f"SELECT jsonb_build_object('jobType', job_type), {_P95} FROM ended GROUP BY job_type",
    _M.RESULTS_FINISHED: "SELECT jsonb_build_object('track', track), count(*) FROM results GROUP BY track",
    _M.RESULTS_DEGRADED: "SELECT jsonb_build_object('track', track), count(*) FROM results WHERE degraded GROUP BY track",
    _M.TURNAROUND_P50: "SELECT '{}'::jsonb, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) FROM results",
    _M.TURNAROUND_P95: f"SELECT '{{}}'::jsonb, {_P95} FROM results",
    _M.STAGES_DEGRADED: f"""SELECT jsonb_build_object('stage', d.stage, 'cause', d.cause, 'track', t.slug), count(*)
        FROM degraded_stages d JOIN assessments a ON a.id = d.assessment_id JOIN role_catalog t ON t.id = a.track_id
        WHERE d.since >= {_SINCE} AND d.since < {_UNTIL} GROUP BY d.stage, d.cause, t.slug""",
    _M.MODEL_CALLS: "SELECT jsonb_build_object('purpose', purpose, 'outcome', outcome, 'track', track), count(*) FROM calls"
    " GROUP BY purpose, outcome, track",
    _M.MODEL_TOKENS: """SELECT jsonb_build_object('purpose', purpose, 'kind', kind, 'track', track), sum(tokens)
        FROM calls CROSS JOIN LATERAL (VALUES ('input', input), ('cached', cached), ('output', output)) AS counted (kind, tokens)
        GROUP BY purpose, kind, track HAVING sum(tokens) > 0""",
    _M.MODEL_COST: "SELECT jsonb_build_object('purpose', purpose, 'track', track), sum(cost) FROM calls GROUP BY purpose, track",
    _M.MODEL_P95: f"SELECT jsonb_build_object('purpose', purpose), {_P95} FROM calls WHERE outcome = 'ok' GROUP BY purpose",
    _M.WEBHOOK_TRIES: f"""SELECT jsonb_build_object('outcome', CASE WHEN error IS NULL THEN 'delivered' ELSE 'failed' END), count(*)
        FROM webhook_attempts WHERE id >= {_SINCE_ID} AND created_at >= {_SINCE} AND created_at < {_UNTIL} GROUP BY error IS NULL""",
    _M.WORKERS: """SELECT '{}'::jsonb, count(DISTINCT name) FROM (
        SELECT lease_owner FROM waiting WHERE lease_owner IS NOT NULL UNION SELECT unnest(CAST(:workers AS text[]))) AS seen (name)""",
}
"""How each measure is read: its labels and its value; what has none is not written."""
# in one statement, so that all of it is of one moment; `:` of JSON would be taken for a parameter
_TAKE: Final = text(
    f"{_FACTS} INSERT INTO metric_snapshots (at, name, labels, value)"
    " SELECT CAST(:until AS timestamptz), name, labels, value FROM ("
    + " UNION ALL ".join(f"SELECT '{measure}', each.* FROM ({query}) AS each" for measure, query in READINGS.items())
    + ") AS read (name, labels, value) WHERE value IS NOT NULL RETURNING name"
)
_SERIES: Final = text(
    """
    WITH minutes AS (
        SELECT name, at, sum(value) AS value FROM metric_snapshots
        WHERE name = ANY(:names) AND at >= now() - make_interval(secs => :span) GROUP BY name, at
    )
    SELECT name, date_bin(make_interval(secs => :step), at, timestamptz 'epoch') AS at, sum(value) AS total, max(value) AS most
    FROM minutes GROUP BY 1, 2 ORDER BY 2
    """
)
_WRITTEN: Final = text(
    """
    SELECT count(DISTINCT at) AS written,
           coalesce(floor(extract(epoch FROM date_trunc('minute', now()) - min(at)) / 60)::int, 0) AS passed, max(at) AS last
    FROM metric_snapshots WHERE name = 'snapshot.taken' AND at >= now() - make_interval(days => :days)
    """
)
# from the newest snapshot backwards: the minute after the last one in which it was not so
_RUN: Final = text(
    """
    WITH minutes AS (
        SELECT taken.at, coalesce(sum(m.value), 0) AS value FROM metric_snapshots taken
        LEFT JOIN metric_snapshots m ON m.name = :name AND m.at = taken.at
        WHERE taken.name = 'snapshot.taken' AND taken.at >= now() - interval '1 day' GROUP BY taken.at
    )
    SELECT min(at) FROM minutes WHERE at > coalesce((SELECT max(at) FROM minutes WHERE NOT value > :above), '-infinity')
    """
)


class Point(NamedTuple):
    """A measure, whatever its labels, in one step of time: what it adds up to, and the most there was in a minute."""

    name: str
    at: datetime
    total: float
    most: float


class Written(NamedTuple):
    """In how many minutes a snapshot was written, how many have passed since the first, and when the last one was."""

    written: int
    passed: int
    last: datetime | None


class Snapshots:
    """The snapshots of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def take(self, workers: Collection[str], longest: timedelta) -> int:
        """Write the snapshot of the minute that has just ended, unless somebody has or is about to; how many values.

        It covers what happened since the last one, at most the `longest` time. `workers` are the names of those known to be there.
        """
        if not await self._session.scalar(_LOCK):
            return 0
        minute, last = (await self._session.execute(_DUE)).one()
        if last is not None and last >= minute:
            return 0
        since = max(last, minute - longest) if last else minute - timedelta(minutes=1)
        values = {"since": since, "until": minute, "workers": list(workers)}
        return len((await self._session.execute(_TAKE, values)).all())

    async def series(self, names: Collection[Measure], span: timedelta, step: timedelta) -> list[Point]:
        """What was measured in the last `span`, in steps, oldest first."""
        values = {"names": [name.value for name in names], "span": span.total_seconds(), "step": step.total_seconds()}
        return [Point(*row) for row in await self._session.execute(_SERIES, values)]

    async def written(self, days: int) -> Written:
        """How completely the last `days` were measured."""
        return Written(*(await self._session.execute(_WRITTEN, {"days": days})).one())

    async def above_since(self, name: Measure, above: float) -> datetime | None:
        """Since which minute, of those of a day, the sum of a measure has been above a figure without a break; None where it is not."""
        since: datetime | None = await self._session.scalar(_RUN, {"name": name.value, "above": above})
        return since

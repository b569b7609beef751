"""The ledger: claim, renew, complete, fail, hand back, sweep. Only the database's clock counts, so no skew matters."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.repositories.job_spans import sending, settling
from assay.domain.errors import AssayError
from assay.domain.jobs import MAX_CRASHES, STAGES, SUSPECT_CRASHES, ClaimedJob, Failure, JobStatus, JobType

_ADD = text(
    """
    INSERT INTO async_jobs (id, job_type, assessment_id, track_slug, priority, run_at, dedupe_key, correlation_id, parent_job_id, heals,
                            traceparent)
    VALUES (:id, :type, :assessment, :track, :priority, CASE WHEN :waits THEN 'infinity' ELSE clock_timestamp() END, :dedupe, :correlation,
            :parent, :heals, :traceparent)
    """
)
# the due ones in a CTE of their own: as a subquery of the update a nested loop would run it again and lock more than was asked for
_CLAIM = text(
    """
    WITH due AS MATERIALIZED (
        SELECT id FROM async_jobs WHERE status IN ('queued', 'retry_wait') AND delivery_id IS NULL AND run_at <= clock_timestamp()
              AND crashes BETWEEN :least AND :most AND job_type = ANY(:known)
        ORDER BY priority, run_at LIMIT :slots FOR UPDATE SKIP LOCKED
    )
    UPDATE async_jobs SET status = 'leased', fence = fence + 1, attempt = attempt + 1, lease_owner = :owner,
           lease_expires_at = clock_timestamp() + make_interval(secs => :lease),
           first_claimed_at = coalesce(first_claimed_at, clock_timestamp())
    FROM due WHERE async_jobs.id = due.id
    RETURNING async_jobs.id, job_type, assessment_id, delivery_id, fence, attempt, crashes, correlation_id, track_slug, heals,
              traceparent,
              CASE WHEN parent_job_id IS NULL THEN 1 ELSE split_part(dedupe_key, ':', 3)::int END AS generation,
              extract(epoch FROM clock_timestamp() - run_at)::float AS waited,
              extract(epoch FROM clock_timestamp() - first_claimed_at)::float AS spent
    """
)
# what this very claim has finished or put back in the meantime is not lost; a row that is gone is
_RENEW = text(
    """
    WITH held AS (SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:fences AS int[])) AS held (id, fence)),
    renewed AS (
        UPDATE async_jobs SET lease_expires_at = clock_timestamp() + make_interval(secs => :lease)
        FROM held WHERE async_jobs.id = held.id AND async_jobs.fence = held.fence AND status = 'leased' RETURNING async_jobs.id
    )
    SELECT held.id FROM held LEFT JOIN async_jobs job ON job.id = held.id AND job.fence = held.fence AND job.status <> 'queued'
    WHERE job.id IS NULL AND held.id NOT IN (SELECT id FROM renewed)
    """
)
# with what the end of a job brings about: after the essays the recommendation is due, after that there is a result and room for a retake;
# the effect is logged under the fence of whoever writes it, not that of the job, so that one that should have been refused would show
_COMPLETE = text(
    """
    WITH done AS (
        UPDATE async_jobs SET status = :status, finished_at = clock_timestamp(), lease_owner = NULL, lease_expires_at = NULL,
               last_error = coalesce(:error, last_error)
        WHERE id = :id AND fence = :fence AND status = 'leased' RETURNING id, job_type, assessment_id
    ), logged AS (
        INSERT INTO effect_log (job_id, fence) SELECT id, CAST(:fence AS int) FROM done
    ), released AS (
        UPDATE async_jobs waiting SET run_at = clock_timestamp() FROM done
        WHERE done.job_type = 'score_essay' AND waiting.assessment_id = done.assessment_id
              AND waiting.job_type = 'generate_recommendations' AND waiting.status = 'queued' AND waiting.run_at = 'infinity'
        RETURNING waiting.id
    ), finished AS (
        UPDATE assessments SET completed_at = coalesce(completed_at, clock_timestamp()), closed_at = coalesce(closed_at, clock_timestamp())
        FROM done WHERE done.job_type = 'generate_recommendations' AND assessments.id = done.assessment_id
        RETURNING extract(epoch FROM completed_at - submitted_at)::float AS turnaround
    )
    SELECT released.id, finished.turnaround, EXISTS (SELECT FROM webhook_endpoints WHERE is_active)
    FROM done LEFT JOIN released ON true LEFT JOIN finished ON true
    """
)
_RETRY = text(
    """
    UPDATE async_jobs SET status = 'retry_wait', run_at = clock_timestamp() + make_interval(secs => :delay),
           lease_owner = NULL, lease_expires_at = NULL, last_error = :error
    WHERE id = :id AND fence = :fence AND status = 'leased' RETURNING id
    """
)
_NOTE = text(
    "UPDATE async_jobs SET cause = :cause, last_error = :error, stack = :stack"
    " WHERE id = :id AND fence = :fence AND status = 'leased' RETURNING id"
)
# a job that was sent again says anew which of its stages are degraded
_SPEAK_ANEW = text("DELETE FROM degraded_stages WHERE assessment_id = :assessment AND stage = ANY(:stages)")
# handed back uncounted: neither an error nor a crash
_HAND_BACK = text(
    """
    UPDATE async_jobs SET status = 'queued', attempt = attempt - 1, run_at = clock_timestamp(), lease_owner = NULL, lease_expires_at = NULL
    FROM unnest(CAST(:ids AS uuid[]), CAST(:fences AS int[])) AS held (id, fence)
    WHERE async_jobs.id = held.id AND async_jobs.fence = held.fence AND status = 'leased'
    """
)
_FREED = """
    UPDATE async_jobs SET status = 'queued', crashes = crashes + 1, run_at = clock_timestamp(), lease_owner = NULL, lease_expires_at = NULL
    WHERE id IN (SELECT id FROM async_jobs WHERE status = 'leased' AND {} FOR UPDATE SKIP LOCKED) RETURNING id, job_type
"""
_SWEEP = text(_FREED.format("lease_expires_at < clock_timestamp()"))
_RELEASE = text(_FREED.format("lease_owner = :owner"))
_DEPTH = text(
    """
    SELECT job_type, status, count(*) AS jobs,
           coalesce(max(extract(epoch FROM clock_timestamp() - run_at)) FILTER (WHERE run_at <= clock_timestamp()), 0)::float AS oldest
    FROM async_jobs WHERE finished_at IS NULL AND run_at < 'infinity' GROUP BY job_type, status
    """
)
_DUE = text(
    "SELECT id, job_type FROM async_jobs WHERE status IN ('queued', 'retry_wait') AND delivery_id IS NULL AND job_type = ANY(:known)"
    " AND run_at <= clock_timestamp() - make_interval(secs => :age) ORDER BY priority, run_at LIMIT :limit"
)
_NO_LIMIT: Final = 2**31 - 1
_KNOWN: Final = [job_type.value for job_type in JobType]
"""Beside a newer version there may be jobs of kinds that only its workers can do: nobody else takes them in hand or rings for them."""


class Fenced(AssayError):
    """The lease went to somebody else: nothing of this transaction may stand."""


class Claim(NamedTuple):
    """A claimed job with how long it waited and how long ago it was first claimed, in seconds."""

    job: ClaimedJob
    waited: float
    spent: float


class Completed(NamedTuple):
    """What the end of a job brought about."""

    released: UUID | None
    """The job that waited for it and is due now."""
    turnaround: float | None
    """Seconds from the submission to the first result, once there is one."""
    is_heard: bool
    """Whether there is a webhook that may want to be told."""


class Depth(NamedTuple):
    """Unfinished jobs of one type and status; `oldest` is the age in seconds of the one longest due."""

    job_type: str
    status: str
    jobs: int
    oldest: float


class Jobs:
    """The ledger in this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(
        self,
        job_id: UUID,
        job_type: JobType,
        *,
        assessment_id: UUID,
        track: str,
        correlation_id: str,
        priority: int,
        waits: bool = False,
        generation: int = 1,
        parent_id: UUID | None = None,
        heals: bool = False,
    ) -> None:
        """Write a job that is due now, or (when it `waits`) once another job's effect releases it.

        One that is sent again names the job it stands for, and which `generation` it is, from 2; `heals` when nobody asked for it.
        """
        values = {
            "id": job_id,
            "type": job_type,
            "assessment": assessment_id,
            "track": track,
            "priority": priority,
            "waits": waits,
            "dedupe": f"{job_type}:{assessment_id}:{generation}",
            "parent": parent_id,
            "heals": heals,
            "correlation": correlation_id,
        }
        with sending(job_type, job_id) as traceparent:
            await self._session.execute(_ADD, {**values, "traceparent": traceparent})

    async def claim(self, owner: str, slots: int, lease_seconds: float, *, suspects: bool | None = None) -> list[Claim]:
        """Take up to `slots` due jobs, most urgent first; nobody else gets them while the lease is renewed.

        `suspects` are jobs in whose hands workers have died more than once: only those, only others, or (None) all. Deliveries of webhooks
        have a claim of their own (`Deliveries.claim`) and never stand in the way of these.
        """
        least = SUSPECT_CRASHES if suspects else 0
        most = SUSPECT_CRASHES - 1 if suspects is False else _NO_LIMIT
        values = {"owner": owner, "slots": slots, "lease": lease_seconds, "least": least, "most": most, "known": _KNOWN}
        rows = await self._session.execute(_CLAIM, values)
        return [claim_of(row) for row in rows]

    async def renew(self, jobs: Sequence[ClaimedJob], lease_seconds: float) -> set[UUID]:
        """Prolong the leases still held; the ids of jobs that were taken away: swept, claimed by another, or erased."""
        rows = await self._session.execute(_RENEW, {**_held(jobs), "lease": lease_seconds})
        return {row.id for row in rows}

    async def complete(self, job: ClaimedJob, status: JobStatus, error: str | None = None) -> Completed:
        """Finish the job with what that brings about, and log its effect: the first statement of the effect's transaction.

        One that was sent again speaks anew of its stages; one that `heals` only once it is known to be better (`speak_anew`).
        Raises `Fenced` when the lease is gone.
        """
        values = {"id": job.id, "fence": job.fence, "status": status, "error": error}
        with settling(job):
            if (row := (await self._session.execute(_COMPLETE, values)).first()) is None:
                raise Fenced(str(job.id))
        if job.generation > 1 and not job.heals:
            await self.speak_anew(job)
        return Completed(*row)

    async def speak_anew(self, job: ClaimedJob) -> None:
        """Forget which of the job's stages were degraded: it says so anew."""
        await self._session.execute(_SPEAK_ANEW, {"assessment": job.assessment_id, "stages": list(STAGES[job.type])})

    async def note(self, job: ClaimedJob, failure: Failure) -> None:
        """Write down why the job is about to be given up. Raises `Fenced` when the lease is gone."""
        values = {"id": job.id, "fence": job.fence, "cause": failure.cause, "error": failure.error, "stack": failure.stack}
        if (await self._session.execute(_NOTE, values)).first() is None:
            raise Fenced(str(job.id))

    async def retry(self, job: ClaimedJob, delay_seconds: float, error: str) -> None:
        """Try again after `delay_seconds`. Raises `Fenced` when the lease is gone."""
        values = {"id": job.id, "fence": job.fence, "delay": delay_seconds, "error": error}
        if (await self._session.execute(_RETRY, values)).first() is None:
            raise Fenced(str(job.id))

    async def hand_back(self, jobs: Sequence[ClaimedJob]) -> None:
        """Return jobs in hand at shutdown, as if they had not been claimed."""
        await self._session.execute(_HAND_BACK, _held(jobs))

    async def sweep(self) -> list[tuple[UUID, JobType]]:
        """Queue again what has an expired lease, one crash counted; what of it is to be rung for."""
        return _to_ring(await self._session.execute(_SWEEP))

    async def release_owner(self, owner: str) -> list[tuple[UUID, JobType]]:
        """Queue again what `owner` had in hand when it died, one crash counted; what of it is to be rung for."""
        return _to_ring(await self._session.execute(_RELEASE, {"owner": owner}))

    async def depth(self) -> list[Depth]:
        """What is unfinished, by type and status."""
        return [Depth(row.job_type, row.status, row.jobs, row.oldest) for row in await self._session.execute(_DEPTH)]

    async def due(self, limit: int, *, older_than: float) -> list[tuple[UUID, JobType]]:
        """Jobs that have been due for more than `older_than` seconds: their ring was lost. Deliveries of webhooks can wait for the poll."""
        return _to_ring(await self._session.execute(_DUE, {"limit": limit, "age": older_than, "known": _KNOWN}))


def is_poisoned(job: ClaimedJob) -> bool:
    """Whether workers died of this job too often to try it again."""
    return job.crashes >= MAX_CRASHES


def claim_of(row: Row[Any]) -> Claim:
    """What a claiming statement has returned, of this repository or that of deliveries."""
    job = ClaimedJob(
        id=row.id,
        type=row.job_type,
        assessment_id=row.assessment_id,
        delivery_id=row.delivery_id,
        fence=row.fence,
        attempt=row.attempt,
        crashes=row.crashes,
        correlation_id=row.correlation_id,
        track=row.track_slug,
        generation=row.generation,
        heals=row.heals,
        traceparent=row.traceparent,
    )
    return Claim(job, row.waited, row.spent)


def _to_ring(rows: Iterable[Row[Any]]) -> list[tuple[UUID, JobType]]:
    return [(row.id, JobType(row.job_type)) for row in rows if row.job_type in _KNOWN]


def _held(jobs: Sequence[ClaimedJob]) -> dict[str, list[UUID] | list[int]]:
    return {"ids": [job.id for job in jobs], "fences": [job.fence for job in jobs]}

"""The ledger on the real database: who holds a job, who may finish it, and what a crash, an error or a shutdown leaves behind."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from assay.db.repositories.jobs import Claim, Fenced, is_poisoned
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.jobs import MAX_CRASHES, TERMINAL, ClaimedJob, JobStatus, JobType
from assay.kit.ids import new_id

type NewJob = Callable[..., Awaitable[UUID]]
LEASE = 30.0


class Row(NamedTuple):
    """A job as it stands, times as seconds from now."""

    status: str
    fence: int
    attempt: int
    crashes: int
    lease_owner: str | None
    lease_left: float | None
    due_in: float | None
    finished: bool
    last_error: str | None


async def stands(open_uow: OpenUnitOfWork, job_id: UUID) -> Row:
    """The job's row."""
    query = text(
        "SELECT status, fence, attempt, crashes, lease_owner, extract(epoch FROM lease_expires_at - clock_timestamp())::float,"
        " CASE WHEN run_at < 'infinity' THEN extract(epoch FROM run_at - clock_timestamp())::float END, finished_at IS NOT NULL, last_error"
        " FROM async_jobs WHERE id = :id"
    )
    async with open_uow() as uow:
        return Row(*(await uow.session.execute(query, {"id": job_id})).one())


async def claim(open_uow: OpenUnitOfWork, owner: str = "w1", slots: int = 1, lease: float = LEASE) -> list[Claim]:
    """Claim in a transaction of its own."""
    async with open_uow() as uow:
        return await uow.jobs.claim(owner, slots, lease)


async def take(open_uow: OpenUnitOfWork, owner: str = "w1", lease: float = LEASE) -> ClaimedJob:
    """Claim the one job that is due."""
    (claimed,) = await claim(open_uow, owner, lease=lease)
    return claimed.job


async def effects(open_uow: OpenUnitOfWork) -> list[tuple[UUID, int]]:
    """What the effect log holds."""
    async with open_uow() as uow:
        return [tuple(row) for row in await uow.session.execute(text("SELECT job_id, fence FROM effect_log"))]


async def expire(open_uow: OpenUnitOfWork, job: ClaimedJob) -> None:
    """Let the lease of a job run out."""
    async with open_uow() as uow:
        await uow.session.execute(
            text("UPDATE async_jobs SET lease_expires_at = clock_timestamp() - interval '1 ms' WHERE id = :id"), {"id": job.id}
        )


async def sweep(open_uow: OpenUnitOfWork) -> list[tuple[UUID, JobType]]:
    """Sweep once."""
    async with open_uow() as uow:
        return await uow.jobs.sweep()


async def test_a_claimed_job_is_in_one_hand(open_uow: OpenUnitOfWork, new_job: NewJob) -> None:
    """A claim says whose, under which fence and until when; nobody else gets the job meanwhile."""
    job_id = await new_job()
    ((job, waited, spent),) = await claim(open_uow)
    assert (job.id, job.type, job.fence, job.attempt, job.crashes, job.track) == (job_id, JobType.SCORE_ESSAY, 1, 1, 0, "backend-engineer")
    assert (job.errors, job.correlation_id) == (0, "c-1")
    assert 0 <= waited < 30
    assert 0 <= spent < 5
    row = await stands(open_uow, job_id)
    assert (row.status, row.lease_owner, row.finished) == ("leased", "w1", False)
    assert row.lease_left == pytest.approx(LEASE, abs=5)
    assert await claim(open_uow, "w2") == []


async def test_two_workers_never_get_the_same_job(open_uow: OpenUnitOfWork, new_job: NewJob) -> None:
    """Eight workers that claim at once share sixty jobs out: each to one of them, none left, no claim larger than asked for."""
    jobs = {await new_job() for _ in range(60)}

    async def work(owner: str) -> list[UUID]:
        mine: list[UUID] = []
        while claims := await claim(open_uow, owner, slots=7):
            assert len(claims) <= 7
            mine += [each.job.id for each in claims]
        return mine

    shares = await asyncio.gather(*(work(f"w{number}") for number in range(8)))
    claimed = [job_id for share in shares for job_id in share]
    assert len(claimed) == len(jobs)
    assert set(claimed) == jobs


async def test_claims_of_open_transactions_do_not_wait_for_each_other(open_uow: OpenUnitOfWork, new_job: NewJob) -> None:
    """While one claim is not yet committed, another skips its rows and takes the next ones at once."""
    jobs = {await new_job() for _ in range(4)}
    async with open_uow() as first:
        mine = await first.jobs.claim("w1", 2, LEASE)
        theirs = await asyncio.wait_for(claim(open_uow, "w2", slots=10), 3)
    assert len(mine) == len(theirs) == 2
    assert {each.job.id for each in (*mine, *theirs)} == jobs


PLANS = [
    "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_material = off; SET LOCAL enable_hashagg = off;"
    " SET LOCAL enable_sort = off",
    "SET LOCAL enable_nestloop = off",
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_hashagg = off",
    "SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off",
]


@pytest.mark.parametrize("plan", PLANS)
async def test_a_claim_takes_no_more_than_asked_for_under_any_plan(open_uow: OpenUnitOfWork, new_job: NewJob, plan: str) -> None:
    """However the planner joins, five slots are five jobs: a subquery that is run again must not lock the next five."""
    for _ in range(30):
        await new_job()
    async with open_uow() as uow:
        await uow.session.execute(text("ANALYZE async_jobs"))
    async with open_uow() as uow:
        for setting in plan.split(";"):
            await uow.session.execute(text(setting))
        assert len(await uow.jobs.claim("w1", 5, LEASE)) == 5
        assert await uow.session.scalar(text("SELECT count(*) FROM async_jobs WHERE status = 'leased'")) == 5


async def test_urgent_jobs_go_first_then_the_longest_waiting(open_uow: OpenUnitOfWork, new_job: NewJob) -> None:
    """Priority 0 before 1, and within a priority who came first, one claim after the other."""
    late = [await new_job(priority=1), await new_job(priority=1)]
    urgent = [await new_job(JobType.GENERATE_RECOMMENDATIONS, priority=0), await new_job(priority=0)]
    assert [(await take(open_uow)).id for _ in range(4)] == [*urgent, *late]


async def test_nothing_is_claimed_before_its_time(open_uow: OpenUnitOfWork, new_job: NewJob) -> None:
    """A waiting job and one that waits for its next try are not due; no slots means no jobs."""
    await new_job(waits=True)
    await new_job()
    assert await claim(open_uow, slots=0) == []
    job = await take(open_uow)
    async with open_uow() as uow:
        await uow.jobs.retry(job, 60, "timeout: too slow")
    assert await claim(open_uow, slots=10) == []


async def test_a_renewed_lease_lasts_and_a_lost_one_is_told(open_uow: OpenUnitOfWork, new_job: NewJob) -> None:
    """Renewal answers with what is still held: not what was swept and taken by another, not what is finished, not what never was."""
    for _ in range(3):
        await new_job()
    kept, lost, done = (each.job for each in await claim(open_uow, slots=3, lease=1))
    await expire(open_uow, lost)
    await sweep(open_uow)
    await take(open_uow, "w2")
    async with open_uow() as uow:
        await uow.jobs.complete(done, JobStatus.SUCCEEDED)
    unknown = kept.model_copy(update={"id": new_id()})
    async with open_uow() as uow:
        assert await uow.jobs.renew([kept, lost, done, unknown], 90) == {kept.id}
        assert await uow.jobs.renew([], 90) == set()
    left = (await stands(open_uow, kept.id)).lease_left
    assert left == pytest.approx(90, abs=10)
    assert (await stands(open_uow, lost.id)).lease_owner == "w2"


@pytest.mark.parametrize("status", sorted(TERMINAL))
async def test_a_finished_job_has_one_effect(open_uow: OpenUnitOfWork, new_job: NewJob, status: JobStatus) -> None:
    """Completion frees the lease, notes the time and the effect under its fence, and cannot be repeated."""
    job_id = await new_job()
    job = await take(open_uow)
    async with open_uow() as uow:
        await uow.jobs.complete(job, status, "why")
    row = await stands(open_uow, job_id)
    assert (row.status, row.finished, row.lease_owner, row.lease_left, row.last_error) == (status, True, None, None, "why")
    with pytest.raises(Fenced):
        async with open_uow() as uow:
            await uow.jobs.complete(job, status)
    assert await effects(open_uow) == [(job_id, 1)]


async def test_success_keeps_the_error_of_an_earlier_try(open_uow: OpenUnitOfWork, new_job: NewJob) -> None:
    """What went wrong before it went well stays readable."""
    job_id = await new_job()
    async with open_uow() as uow:
        (first,) = await uow.jobs.claim("w1", 1, LEASE)
        await uow.jobs.retry(first.job, 0, "timeout: too slow")
    second = await take(open_uow)
    async with open_uow() as uow:
        await uow.jobs.complete(second, JobStatus.SUCCEEDED)
    assert (await stands(open_uow, job_id)).last_error == "timeout: too slow"


type Act = Callable[[UnitOfWork, ClaimedJob], Awaitable[Any]]
ACTS: dict[str, Act] = {
    "complete": lambda uow, job: uow.jobs.complete(job, JobStatus.SUCCEEDED),
    "retry": lambda uow, job: uow.jobs.retry(job, 1, "late"),
}


@pytest.mark.parametrize("act", ACTS)
async def test_a_late_worker_changes_nothing(open_uow: OpenUnitOfWork, new_job: NewJob, broker: Any, act: str) -> None:
    """A worker that slept past its lease is fenced, and everything else in its transaction is undone, rings included."""
    job_id = await new_job()
    late = await take(open_uow)
    await expire(open_uow, late)
    await sweep(open_uow)
    current = await take(open_uow, "w2")
    assert current.fence == late.fence + 1
    with pytest.raises(Fenced, match=str(job_id)):
        async with open_uow() as uow:
            await uow.session.execute(text("UPDATE users SET is_active = false"))
            uow.ring_after_commit(JobType.GENERATE_RECOMMENDATIONS, job_id)
            await ACTS[act](uow, late)
    async with open_uow() as uow:
        assert await uow.session.scalar(text("SELECT count(*) FROM users WHERE NOT is_active")) == 0
    assert broker.rung == []
    row = await stands(open_uow, job_id)
    assert (row.status, row.lease_owner, row.fence, row.crashes) == ("leased", "w2", 2, 1)
    async with open_uow() as uow:
        await uow.jobs.complete(current, JobStatus.SUCCEEDED)
    assert await effects(open_uow) == [(job_id, 2)]


@pytest.mark.parametrize("act", ACTS)
async def test_two_endings_of_one_claim_meet(open_uow: OpenUnitOfWork, new_job: NewJob, act: str) -> None:
    """The same claim ended twice at the same time (a doubled task): the second waits, then is fenced."""
    job_id = await new_job()
    job = await take(open_uow)

    async def again() -> None:
        async with open_uow() as uow:
            await ACTS[act](uow, job)

    async with open_uow() as uow:
        await uow.jobs.complete(job, JobStatus.SUCCEEDED)
        second = asyncio.create_task(again())
        await asyncio.sleep(0.05)
        assert not second.done()
    with pytest.raises(Fenced):
        await second
    assert (await stands(open_uow, job_id)).status == "succeeded"
    assert await effects(open_uow) == [(job_id, 1)]


async def test_the_sweeper_does_not_touch_a_job_being_finished(open_uow: OpenUnitOfWork, new_job: NewJob) -> None:
    """A lease that ran out just before its effect is written: whoever is first has it, and the sweeper does not wait."""
    await new_job()
    job = await take(open_uow)
    await expire(open_uow, job)
    async with open_uow() as uow:
        await uow.jobs.complete(job, JobStatus.SUCCEEDED)
        assert await asyncio.wait_for(sweep(open_uow), 3) == []
    assert (await stands(open_uow, job.id)).crashes == 0


async def test_an_error_is_tried_again_later(open_uow: OpenUnitOfWork, new_job: NewJob) -> None:
    """The job waits the time it was given, keeps its error and counts the attempt when it comes back."""
    job_id = await new_job()
    job = await take(open_uow)
    async with open_uow() as uow:
        await uow.jobs.retry(job, 5, "rate_limited: HTTP 429")
    row = await stands(open_uow, job_id)
    assert (row.status, row.attempt, row.crashes, row.lease_owner, row.last_error) == ("retry_wait", 1, 0, None, "rate_limited: HTTP 429")
    assert row.due_in == pytest.approx(5, abs=2)
    async with open_uow() as uow:
        await uow.session.execute(text("UPDATE async_jobs SET run_at = clock_timestamp()"))
    ((again, _, spent),) = await claim(open_uow, "w2")
    assert (again.fence, again.attempt, again.errors) == (2, 2, 1)
    assert spent > 0


async def test_what_is_handed_back_was_never_claimed(open_uow: OpenUnitOfWork, new_job: NewJob) -> None:
    """A shutdown counts neither as a try nor as a crash, and the job is due at once; only what is still held goes back."""
    job_id = await new_job()
    job = await take(open_uow)
    async with open_uow() as uow:
        await uow.jobs.hand_back([job])
        await uow.jobs.hand_back([])
    row = await stands(open_uow, job_id)
    assert (row.status, row.attempt, row.crashes, row.lease_owner) == ("queued", 0, 0, None)
    again = await take(open_uow, "w2")
    assert (again.attempt, again.crashes, again.errors, again.fence) == (1, 0, 0, 2)
    async with open_uow() as uow:
        await uow.jobs.hand_back([job])
    assert (await stands(open_uow, job_id)).lease_owner == "w2"


async def test_a_lease_that_ran_out_is_swept_once(open_uow: OpenUnitOfWork, new_job: NewJob) -> None:
    """One crash counted, due at once; leases in force stay, and a second sweep finds nothing."""
    await new_job()
    await new_job()
    gone, alive = (each.job for each in await claim(open_uow, slots=2))
    await expire(open_uow, gone)
    assert await sweep(open_uow) == [(gone.id, JobType.SCORE_ESSAY)]
    assert await sweep(open_uow) == []
    row = await stands(open_uow, gone.id)
    assert (row.status, row.crashes, row.attempt, row.lease_owner) == ("queued", 1, 1, None)
    assert (await stands(open_uow, alive.id)).status == "leased"


async def test_sweepers_at_once_count_a_crash_once(open_uow: OpenUnitOfWork, new_job: NewJob) -> None:
    """Several processes sweep each second: an expired lease is one crash, whoever finds it."""
    for _ in range(10):
        await new_job()
    for each in await claim(open_uow, slots=10):
        await expire(open_uow, each.job)
    found = [freed for each in await asyncio.gather(*(sweep(open_uow) for _ in range(6))) for freed in each]
    assert len(found) == len(set(found)) == 10
    async with open_uow() as uow:
        assert set(await uow.session.scalars(text("SELECT crashes FROM async_jobs"))) == {1}


async def test_a_dead_workers_jobs_are_released_and_nobody_elses(open_uow: OpenUnitOfWork, new_job: NewJob) -> None:
    """A supervisor that sees a child die frees exactly what that child held, one crash counted."""
    for _ in range(3):
        await new_job()
    dead = await claim(open_uow, "host:71", slots=2)
    await claim(open_uow, "host:7", slots=1)
    async with open_uow() as uow:
        assert await uow.jobs.release_owner("host:") == []
        freed = await uow.jobs.release_owner("host:71")
    assert {job_id for job_id, _ in freed} == {each.job.id for each in dead}
    async with open_uow() as uow:
        counted = await uow.session.execute(text("SELECT status, crashes, count(*) FROM async_jobs GROUP BY status, crashes"))
        assert {tuple(row) for row in counted} == {("queued", 1, 2), ("leased", 0, 1)}


async def test_crashes_poison_a_job_and_are_no_errors(open_uow: OpenUnitOfWork, new_job: NewJob) -> None:
    """Five workers died of it: the sixth claim says so, still on the first of three tries."""
    await new_job()
    for crashes in range(MAX_CRASHES):
        job = await take(open_uow, f"w{crashes}")
        assert (job.crashes, job.errors, is_poisoned(job)) == (crashes, 0, False)
        await expire(open_uow, job)
        await sweep(open_uow)
    job = await take(open_uow)
    assert (job.crashes, job.errors, job.is_last_try, is_poisoned(job)) == (MAX_CRASHES, 0, False, True)


async def test_errors_make_the_last_try_and_crashes_do_not(open_uow: OpenUnitOfWork, new_job: NewJob) -> None:
    """Error, crash, error: the fourth attempt is the third and last try."""
    await new_job()
    tries = []
    for event in ("error", "crash", "error", "look"):
        job = await take(open_uow)
        tries.append((job.errors, job.is_last_try))
        if event == "crash":
            await expire(open_uow, job)
            await sweep(open_uow)
        elif event == "error":
            async with open_uow() as uow:
                await uow.jobs.retry(job, 0, "timeout")
    assert tries == [(0, False), (1, False), (1, False), (2, True)]


async def test_a_waiting_job_is_released_once(open_uow: OpenUnitOfWork, new_job: NewJob) -> None:
    """Its own assessment's release makes it due; a second release, another type and another assessment change nothing."""
    job_id = await new_job(JobType.GENERATE_RECOMMENDATIONS, waits=True)
    other = await new_job(JobType.GENERATE_RECOMMENDATIONS, waits=True)
    async with open_uow() as uow:
        owner = text("SELECT assessment_id FROM async_jobs WHERE id = :id")
        assessment_id = await uow.session.scalar(owner, {"id": job_id})
        assert await uow.jobs.release_waiting(assessment_id, JobType.SCORE_ESSAY) is None
        assert await uow.jobs.release_waiting(new_id(), JobType.GENERATE_RECOMMENDATIONS) is None
        assert await uow.jobs.release_waiting(assessment_id, JobType.GENERATE_RECOMMENDATIONS) == job_id
        assert await uow.jobs.release_waiting(assessment_id, JobType.GENERATE_RECOMMENDATIONS) is None
    assert (await take(open_uow)).id == job_id
    assert (await stands(open_uow, other)).due_in is None


@pytest.mark.parametrize("status", sorted(TERMINAL))
@pytest.mark.parametrize("change", ["status = 'queued'", "last_error = 'rewritten'", "fence = fence + 1", "run_at = now()"])
async def test_a_finished_row_is_immutable(open_uow: OpenUnitOfWork, new_job: NewJob, status: JobStatus, change: str) -> None:
    """History is not rewritten: a resend is a new row."""
    await new_job()
    job = await take(open_uow)
    async with open_uow() as uow:
        await uow.jobs.complete(job, status)
    with pytest.raises(DBAPIError, match="immutable"):
        async with open_uow() as uow:
            await uow.session.execute(text(f"UPDATE async_jobs SET {change}"))
    assert (await stands(open_uow, job.id)).status == status


async def test_an_assessment_has_each_job_once(open_uow: OpenUnitOfWork, new_job: NewJob) -> None:
    """The same type for the same assessment a second time is refused by the table, so a doubled submission cannot pay twice."""
    job_id = await new_job()
    with pytest.raises(IntegrityError):
        async with open_uow() as uow:
            query = text("SELECT assessment_id FROM async_jobs WHERE id = :id")
            assessment_id: UUID = (await uow.session.execute(query, {"id": job_id})).scalar_one()
            values: dict[str, Any] = {"track": "t", "correlation_id": "c", "priority": 1}
            await uow.jobs.add(new_id(), JobType.SCORE_ESSAY, assessment_id=assessment_id, **values)


@pytest.mark.parametrize(
    "change", ["status = 'leased'", "status = 'paused'", "job_type = 'mine_coins'", "lease_owner = 'w1'", "status = 'leased', lease_owner = NULL"]
)
async def test_an_impossible_row_is_refused(open_uow: OpenUnitOfWork, new_job: NewJob, change: str) -> None:
    """A lease has an owner and an owner a lease; statuses and types are those there are."""
    await new_job()
    with pytest.raises(IntegrityError):
        async with open_uow() as uow:
            await uow.session.execute(text(f"UPDATE async_jobs SET {change}"))


async def test_lost_rings_are_found_by_age(open_uow: OpenUnitOfWork, new_job: NewJob) -> None:
    """What has been due for longer than a second was not rung for, or the ring was lost; fresh, waiting and claimed jobs are left out."""
    old, fresh = await new_job(), await new_job()
    await new_job(waits=True)
    async with open_uow() as uow:
        await uow.session.execute(text("UPDATE async_jobs SET run_at = run_at - interval '1 minute' WHERE id = :id"), {"id": old})
        assert await uow.jobs.due(20, older_than=30) == [(old, JobType.SCORE_ESSAY)]
        assert {job_id for job_id, _ in await uow.jobs.due(20, older_than=0)} == {old, fresh}
        assert len(await uow.jobs.due(1, older_than=0)) == 1
    await claim(open_uow, slots=1)
    async with open_uow() as uow:
        assert await uow.jobs.due(20, older_than=30) == []


async def test_the_depth_is_counted_by_type_and_status(open_uow: OpenUnitOfWork, new_job: NewJob) -> None:
    """Queued, leased and to be tried again; finished and waiting jobs are no load."""
    for _ in range(4):
        await new_job()
    await new_job(JobType.GENERATE_RECOMMENDATIONS, waits=True)
    again, done, _ = (each.job for each in await claim(open_uow, slots=3))
    async with open_uow() as uow:
        await uow.jobs.retry(again, 60, "timeout")
        await uow.jobs.complete(done, JobStatus.SUCCEEDED)
        await uow.session.execute(text("UPDATE async_jobs SET run_at = run_at - interval '1 minute' WHERE status = 'queued' AND run_at < 'infinity'"))
        depth = {(each.job_type, each.status): (each.jobs, each.oldest) for each in await uow.jobs.depth()}
    assert {place: jobs for place, (jobs, _) in depth.items()} == {
        ("score_essay", "queued"): 1,
        ("score_essay", "leased"): 1,
        ("score_essay", "retry_wait"): 1,
    }
    assert depth["score_essay", "queued"][1] == pytest.approx(60, abs=30)
    assert depth["score_essay", "retry_wait"][1] == 0

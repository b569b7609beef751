"""The ledger on the real database: what an error, a crash, a shutdown or a lost ring leaves behind, and how it is set right."""

import asyncio

import pytest
from ledger import LEASE, NewJob, claim, expire, stands, sweep, take
from sqlalchemy import text

from assay.db.repositories.jobs import is_poisoned
from assay.db.unit_of_work import OpenUnitOfWork
from assay.domain.jobs import MAX_CRASHES, SUSPECT_CRASHES, JobStatus, JobType
from assay.kit.ids import new_id


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


async def test_suspects_are_claimed_apart(open_uow: OpenUnitOfWork, new_job: NewJob) -> None:
    """From the second crash on a job is nobody's who asks for the others, and the one of whoever asks for suspects."""
    clean, shaken, suspect = [await new_job() for _ in range(3)]
    async with open_uow() as uow:
        crashed = text("UPDATE async_jobs SET crashes = :times WHERE id = :id")
        await uow.session.execute(crashed, [{"id": shaken, "times": 1}, {"id": suspect, "times": SUSPECT_CRASHES}])
    async with open_uow() as uow:
        usual = await uow.jobs.claim("w1", 5, LEASE, suspects=False)
        apart = await uow.jobs.claim("w1", 5, LEASE, suspects=True)
    assert {each.job.id for each in usual} == {clean, shaken}
    assert {each.job.id for each in apart} == {suspect}


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
    """The end of its own assessment's essays makes it due, once; that of another assessment's changes nothing."""
    waiting = await new_job(JobType.GENERATE_RECOMMENDATIONS, waits=True)
    other = await new_job(JobType.GENERATE_RECOMMENDATIONS, waits=True)
    alone = await new_job()
    essays, again = new_id(), new_id()
    async with open_uow() as uow:
        owner = text("SELECT assessment_id FROM async_jobs WHERE id = :id")
        assessment_id = await uow.session.scalar(owner, {"id": waiting})
        for generation, job_id in enumerate((essays, again), start=1):
            await uow.jobs.add(
                job_id,
                JobType.SCORE_ESSAY,
                assessment_id=assessment_id,
                track="backend-engineer",
                correlation_id="c-1",
                priority=1,
                generation=generation,
            )
    released = {}
    for _ in range(3):
        job = await take(open_uow)
        async with open_uow() as uow:
            released[job.id] = (await uow.jobs.complete(job, JobStatus.SUCCEEDED)).released
    assert released == {alone: None, essays: waiting, again: None}
    assert (await take(open_uow)).id == waiting
    assert (await stands(open_uow, other)).due_in is None


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
        await uow.session.execute(
            text("UPDATE async_jobs SET run_at = run_at - interval '1 minute' WHERE status = 'queued' AND run_at < 'infinity'")
        )
        depth = {(each.job_type, each.status): (each.jobs, each.oldest) for each in await uow.jobs.depth()}
    assert {place: jobs for place, (jobs, _) in depth.items()} == {
        ("score_essay", "queued"): 1,
        ("score_essay", "leased"): 1,
        ("score_essay", "retry_wait"): 1,
    }
    assert depth["score_essay", "queued"][1] == pytest.approx(60, abs=30)
    assert depth["score_essay", "retry_wait"][1] == 0

"""The ledger on the real database: who holds a job, who may finish it, and what cannot be changed any more."""

# ruff: noqa: PT012 - a unit of work fails on the way out, so the whole block is the statement

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from ledger import LEASE, NewJob, claim, effects, expire, stands, sweep, take
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from assay.db.repositories.jobs import Fenced
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.jobs import TERMINAL, ClaimedJob, JobStatus, JobType
from assay.kit.ids import new_id


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
    "hashjoin mergejoin material hashagg sort",
    "nestloop",
    "seqscan hashjoin mergejoin hashagg",
    "indexscan bitmapscan hashjoin mergejoin",
]
"""What the planner is forbidden."""


@pytest.mark.parametrize("plan", PLANS)
async def test_a_claim_takes_no_more_than_asked_for_under_any_plan(open_uow: OpenUnitOfWork, new_job: NewJob, plan: str) -> None:
    """However the planner joins, five slots are five jobs: a subquery that is run again must not lock the next five."""
    for _ in range(30):
        await new_job()
    async with open_uow() as uow:
        await uow.session.execute(text("ANALYZE async_jobs"))
    async with open_uow() as uow:
        for switch in plan.split():
            await uow.session.execute(text(f"SET LOCAL enable_{switch} = off"))
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
    """Renewal answers with what was taken away: swept, swept and claimed by another, gone; not with what this claim has itself finished."""
    for _ in range(4):
        await new_job()
    kept, lost, swept, done = (each.job for each in await claim(open_uow, slots=4, lease=1))
    await expire(open_uow, lost)
    await sweep(open_uow)
    await take(open_uow, "w2")
    await expire(open_uow, swept)
    await sweep(open_uow)
    async with open_uow() as uow:
        await uow.jobs.complete(done, JobStatus.SUCCEEDED)
    unknown = kept.model_copy(update={"id": new_id()})
    async with open_uow() as uow:
        assert await uow.jobs.renew([kept, lost, swept, done, unknown], 90) == {lost.id, swept.id, unknown.id}
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
    "change",
    ["status = 'leased'", "status = 'paused'", "job_type = 'mine_coins'", "lease_owner = 'w1'", "status = 'leased', lease_owner = NULL"],
)
async def test_an_impossible_row_is_refused(open_uow: OpenUnitOfWork, new_job: NewJob, change: str) -> None:
    """A lease has an owner and an owner a lease; statuses and types are those there are."""
    await new_job()
    with pytest.raises(IntegrityError):
        async with open_uow() as uow:
            await uow.session.execute(text(f"UPDATE async_jobs SET {change}"))


async def test_a_kind_of_job_that_is_not_known_is_left_to_others(open_uow: OpenUnitOfWork, new_job: NewJob) -> None:
    """Beside a newer version: nobody here claims what it has written or rings for it, and a lease that ran out is freed all the same."""
    known, unknown, left = await new_job(), await new_job(), await new_job()
    async with open_uow() as uow:
        await uow.session.execute(text("ALTER TABLE async_jobs DROP CONSTRAINT ck_async_jobs_job_type"))
        await uow.session.execute(text("UPDATE async_jobs SET job_type = 'of_tomorrow' WHERE id = ANY(:ids)"), {"ids": [unknown, left]})
        leased = "UPDATE async_jobs SET status = 'leased', lease_owner = 'w9', lease_expires_at = clock_timestamp() - interval '1 ms'"
        await uow.session.execute(text(f"{leased} WHERE id = :id"), {"id": left})
    assert [each.job.id for each in await claim(open_uow, slots=10)] == [known]
    assert await sweep(open_uow) == []
    assert (await stands(open_uow, left)).status == "queued"
    async with open_uow() as uow:
        assert await uow.jobs.due(10, older_than=-1) == []
        assert {depth.job_type for depth in await uow.jobs.depth()} == {"score_essay", "of_tomorrow"}

"""Deliveries among the jobs: what a job may be about, who claims what, and which index finds it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from assay.db.repositories.deliveries import EACH
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.jobs import JobType
from assay.domain.webhooks import EventType
from assay.kit.ids import new_id
from assay.security.encryption import KeyRingError

type NewAssessment = Callable[[UnitOfWork], Awaitable[UUID]]
type NewJob = Callable[..., Awaitable[UUID]]


async def _told(open_uow: OpenUnitOfWork, new_assessment: NewAssessment, endpoints: int = 1, events: int = 1) -> list[UUID]:
    """Endpoints that are each told of so many events; their ids."""
    made = [new_id() for _ in range(endpoints)]
    async with open_uow() as uow:
        assessment_id = await new_assessment(uow)
        for endpoint_id in made:
            await uow.webhooks.add(endpoint_id, "https://lms.example/hook", "whsec_AAAA", [])
        for _ in range(events):
            event_id = new_id()
            await uow.webhooks.announce(
                event_id,
                EventType.ASSESSMENT_COMPLETED,
                dedupe_key=str(event_id),
                assessment_id=assessment_id,
                payload={"type": "assessment.completed"},
                track="backend-engineer",
                priority=9,
                correlation_id="c-1",
            )
    return made


@pytest.mark.parametrize(
    "change",
    [
        "assessment_id = NULL",
        "assessment_id = NULL, delivery_id = NULL",
        "job_type = 'deliver_webhook'",
        "delivery_id = (SELECT id FROM webhook_deliveries LIMIT 1)",
        "assessment_id = NULL, delivery_id = (SELECT id FROM webhook_deliveries LIMIT 1)",
    ],
)
async def test_a_job_is_about_one_thing(open_uow: OpenUnitOfWork, new_assessment: NewAssessment, new_job: NewJob, change: str) -> None:
    """An assessment or a delivery, as its type says, never both and never nothing."""
    await _told(open_uow, new_assessment)
    job_id = await new_job()
    with pytest.raises(IntegrityError, match="about_one_thing"):
        async with open_uow() as uow:
            await uow.session.execute(text(f"UPDATE async_jobs SET {change} WHERE id = :id"), {"id": job_id})


async def test_each_claim_takes_its_own(open_uow: OpenUnitOfWork, new_assessment: NewAssessment, new_job: NewJob) -> None:
    """Jobs of assessments and deliveries never meet in one claim, nor is a ring wanted for a delivery that waits."""
    await _told(open_uow, new_assessment)
    job_id = await new_job()
    async with open_uow() as uow:
        assert [due[0] for due in await uow.jobs.due(10, older_than=-1)] == [job_id]
        (mine,) = await uow.jobs.claim("w1", 10, 30)
        (delivery,) = await uow.deliveries.claim("w1", 10, 30)
    assert (mine.job.id, mine.job.type, mine.job.delivery_id) == (job_id, JobType.SCORE_ESSAY, None)
    assert (delivery.job.type, delivery.job.generation, delivery.job.attempt, delivery.job.fence) == (JobType.DELIVER_WEBHOOK, 1, 1, 1)
    assert delivery.job.delivery_id is not None
    async with open_uow() as uow:
        assert await uow.deliveries.claim("w2", 10, 30) == []


async def test_an_endpoint_has_a_few_places(open_uow: OpenUnitOfWork, new_assessment: NewAssessment) -> None:
    """However many are due and free: of each endpoint `EACH`, those in hand counted, the longest due first."""
    await _told(open_uow, new_assessment, endpoints=2, events=3 * EACH)
    async with open_uow() as uow:
        first = await uow.deliveries.claim("w1", 100, 30)
        letters = [await uow.deliveries.letter(claim.job.delivery_id) for claim in first if claim.job.delivery_id]
    assert len(first) == 2 * EACH
    counted = [letter.endpoint_id for letter in letters if letter]
    assert {counted.count(endpoint) for endpoint in counted} == {EACH}
    async with open_uow() as uow:
        assert await uow.deliveries.claim("w2", 100, 30) == []
    async with open_uow() as uow:
        await uow.jobs.hand_back([first[0].job, first[1].job])
    async with open_uow() as uow:
        assert len(await uow.deliveries.claim("w2", 100, 30)) == 2
        assert len(await uow.deliveries.claim("w2", 1, 30)) == 0


async def test_what_students_wait_for_is_found_without_looking_at_deliveries(
    open_uow: OpenUnitOfWork, new_assessment: NewAssessment
) -> None:
    """A thousand deliveries that wait do not stand in the index that the claim of other jobs reads."""
    await _told(open_uow, new_assessment, events=1_000)
    async with open_uow() as uow:
        await uow.session.execute(text("ANALYZE async_jobs"))
        entries: Any = await uow.session.scalar(text("SELECT reltuples FROM pg_class WHERE relname = 'ix_async_jobs_due'"))
        plan = await uow.session.execute(
            text(
                "EXPLAIN SELECT id FROM async_jobs WHERE status IN ('queued', 'retry_wait') AND delivery_id IS NULL"
                " AND run_at <= clock_timestamp() ORDER BY priority, run_at LIMIT 5"
            )
        )
        assert entries == 0
        assert "ix_async_jobs_due" in " ".join(row[0] for row in plan)


async def test_an_endpoint_that_is_removed_meanwhile_is_not_told(open_uow: OpenUnitOfWork, new_assessment: NewAssessment) -> None:
    """Announcing waits for who removes it and then finds nobody: the effect that announces does not fail for it."""
    (endpoint_id,) = await _told(open_uow, new_assessment, events=0)
    async with open_uow() as uow:
        assessment_id = await new_assessment(uow)

    async def announce() -> list[UUID]:
        async with open_uow() as uow:
            return await uow.webhooks.announce(
                new_id(),
                EventType.ASSESSMENT_COMPLETED,
                dedupe_key="once",
                assessment_id=assessment_id,
                payload={},
                track="none",
                priority=9,
                correlation_id="",
            )

    async with open_uow() as uow:
        await uow.webhooks.remove(endpoint_id)
        announcing = asyncio.create_task(announce())
        await asyncio.sleep(0.2)
        assert not announcing.done()
    assert await announcing == []


async def test_whoever_wants_an_event_is_asked_in_one_statement(open_uow: OpenUnitOfWork, new_assessment: NewAssessment) -> None:
    """The database's time when somebody does, None when nobody does: filtered, disabled, none at all."""
    async with open_uow(autocommit=True) as uow:
        assert await uow.webhooks.wanted(*EventType) is None
    endpoint_id = new_id()
    async with open_uow() as uow:
        await uow.webhooks.add(endpoint_id, "https://lms.example/hook", "whsec_AAAA", [EventType.RESULT_UPGRADED.value])
    async with open_uow(autocommit=True) as uow:
        assert await uow.webhooks.wanted(EventType.ASSESSMENT_COMPLETED, EventType.ASSESSMENT_DEGRADED) is None
        assert (await uow.webhooks.wanted(EventType.RESULT_UPGRADED, EventType.ASSESSMENT_DEGRADED)) is not None
    async with open_uow() as uow:
        await uow.session.execute(text("UPDATE webhook_endpoints SET is_active = false"))
    async with open_uow(autocommit=True) as uow:
        assert await uow.webhooks.wanted(*EventType) is None


async def test_both_secrets_are_encrypted_each_for_its_column(open_uow: OpenUnitOfWork, new_assessment: NewAssessment) -> None:
    """Swapped by hand they do not decrypt."""
    (endpoint_id,) = await _told(open_uow, new_assessment, events=0)
    async with open_uow() as uow:
        await uow.webhooks.rotate(endpoint_id, "whsec_BBBB", timedelta(hours=1))
    async with open_uow() as uow:
        row = await uow.webhooks.get(endpoint_id)
        assert row is not None
        assert (row.secret, row.previous_secret) == ("whsec_BBBB", "whsec_AAAA")
    async with open_uow() as uow:
        await uow.session.execute(text("UPDATE webhook_endpoints SET secret = previous_secret, previous_secret = secret"))
    with pytest.raises(KeyRingError):
        async with open_uow() as uow:
            await uow.webhooks.get(endpoint_id)

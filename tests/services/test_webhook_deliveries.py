"""Deliveries: at least once under one id, tried again by the schedule, and no endpoint at the cost of another."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpcore2
import pytest
import pytest_asyncio
from hooks import ADMIN, delivering, due_now, log_of, registered, rows, settled, with_hooks
from invariants import broken
from ledger import expire, sweep
from receivers import Answer, Receiver, ids, is_signed, receiver
from sqlalchemy import text
from standardwebhooks.webhooks import Webhook
from structlog.testing import capture_logs
from waiting import until

from assay.db.repositories.deliveries import EACH
from assay.db.repositories.job_records import JobSieve
from assay.db.repositories.jobs import Fenced
from assay.domain.actors import Role
from assay.domain.errors import Conflict, NotFound
from assay.domain.jobs import JobStatus
from assay.domain.webhooks import DeliveryStatus
from assay.kit.ids import new_id
from assay.outbound.addresses import networks
from assay.outbound.webhook_sender import HttpWebhookSender
from assay.runtime import Runtime
from assay.services import dead_letters, deliveries, webhook_events, webhooks
from assay.services.webhooks import RotationWrite
from assay.settings import Settings


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Loopback may be told, soon again."""
    return with_hooks(settings)


@pytest_asyncio.fixture
async def assessment_id(runtime: Runtime) -> UUID:
    """A submitted assessment of the demo student, closed."""
    made = new_id()
    await _do(
        runtime,
        "INSERT INTO assessments (id, student_id, track_id, track_version, expires_at, closed_at)"
        f" SELECT '{made}', u.id, t.id, 1, now(), now()"
        " FROM users u, role_catalog t WHERE u.role = 'student' AND t.slug = 'backend-engineer' LIMIT 1",
    )
    return made


async def _do(runtime: Runtime, *statements: str) -> None:
    async with runtime.open_uow() as uow:
        for statement in statements:
            await uow.session.execute(text(statement))


async def _announce(runtime: Runtime, assessment_id: UUID, times: int = 1) -> None:
    for _ in range(times):
        async with runtime.open_uow() as uow:
            await webhook_events.feedback_given(uow, assessment_id, "backend-engineer", new_id(), Role.STUDENT)


async def test_down_then_up(runtime: Runtime, there: Receiver, assessment_id: UUID) -> None:
    """Each event arrives once the receiver is back, under the id it always had, signed for the moment in which it is posted."""
    endpoint = await registered(runtime, there.url)
    await there.close()
    await _announce(runtime, assessment_id, times=3)
    async with delivering(runtime):
        await until(lambda: _tried(runtime, 2))
        await there.open()
        await due_now(runtime)
        log = await settled(runtime, count=3)
    assert sorted(ids(there.received)) == sorted(str(row.event_id) for row in log)
    assert all(is_signed(message, endpoint.secret) for message in there.received)
    assert all(row.attempts >= 2 for row in log)
    async with runtime.open_uow(autocommit=True) as uow:
        read = await deliveries.get(uow, log[0].id)
    assert [each.response_status for each in read.tries] == [None] * (read.attempts - 1) + [204]
    assert read.tries[0].error == "unavailable: cannot be reached: ConnectError"
    assert await broken(runtime.open_uow) == {}


async def _tried(runtime: Runtime, times: int) -> bool:
    log = await log_of(runtime)
    return bool(log) and all(row.attempts >= times for row in log)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(500), "unavailable: answered 500"),
        (Answer(404), "refused: answered 404"),
        (Answer(302, {"location": "http://169.254.169.254/"}), "refused: answered 302"),
    ],
    ids=["500", "404", "redirect"],
)
async def test_what_is_no_receipt_is_tried_again(
    runtime: Runtime, there: Receiver, assessment_id: UUID, answer: Answer, error: str
) -> None:
    """One bad answer, then a good one: the same id and body twice, the first kept in the log."""
    await registered(runtime, there.url)
    await _announce(runtime, assessment_id)
    there.answers = [answer]
    async with delivering(runtime):
        (row,) = await settled(runtime)
    first, second = there.received
    assert (first.id, first.body) == (second.id, second.body)
    async with runtime.open_uow(autocommit=True) as uow:
        tries = (await deliveries.get(uow, row.id)).tries
    assert [each.error for each in tries] == [error, None]


async def test_who_takes_too_long_is_told_again(runtime: Runtime, there: Receiver, assessment_id: UUID) -> None:
    """A receiver that hangs is left, and asked again later."""
    quick = replace(runtime, sender=HttpWebhookSender(seconds=0.5, allowed=networks("127.0.0.0/8")))
    await registered(quick, there.url)
    await _announce(quick, assessment_id)
    there.answers = [Answer(200, delay=3)]
    async with delivering(quick):
        (row,) = await settled(quick)
    async with quick.open_uow(autocommit=True) as uow:
        first, *_, last = (await deliveries.get(uow, row.id)).tries
    assert (first.response_status, first.error, last.error) == (None, "timeout: no answer within 0.5 s", None)
    assert first.latency_ms >= 490


async def test_a_redirect_leads_nowhere(runtime: Runtime, there: Receiver, assessment_id: UUID) -> None:
    """The place it names is never connected to, at no try."""
    async with receiver() as canary:
        await registered(runtime, there.url)
        await _announce(runtime, assessment_id)
        there.answers = [Answer(status, {"location": canary.url}) for status in (301, 307)]
        async with delivering(runtime):
            await until(lambda: _tried(runtime, 2))
            await due_now(runtime)
            await settled(runtime)
        assert canary.accepted == 0


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_honoured(runtime: Runtime, there: Receiver, assessment_id: UUID, status: int) -> None:
    """However soon the schedule would have been, the next try waits as long as was asked for, and is then made."""
    await registered(runtime, there.url)
    await _announce(runtime, assessment_id)
    there.answers = [Answer(status, {"retry-after": "120"})]
    async with delivering(runtime):
        await until(lambda: _tried(runtime, 1))
        ((left, job_status),) = await rows(
            runtime, "SELECT extract(epoch FROM run_at - clock_timestamp())::float, status FROM async_jobs WHERE delivery_id IS NOT NULL"
        )
        assert job_status == "retry_wait"
        assert 100 < left <= 120
        (row,) = await log_of(runtime)
        assert row.next_attempt_at is not None
        assert timedelta(seconds=100) < row.next_attempt_at - row.created_at <= timedelta(seconds=125)
        await due_now(runtime)
        await settled(runtime)
    assert len(there.received) == 2


async def test_gone_is_gone(runtime: Runtime, there: Receiver, assessment_id: UUID) -> None:
    """410 ends the delivery and disables the endpoint: nothing is posted or written for it until it is enabled and asked for."""
    endpoint = await registered(runtime, there.url)
    async with receiver() as other:
        await registered(runtime, other.url)
        await _announce(runtime, assessment_id, times=2)
        there.answers = [Answer(410, delay=0.3), Answer(503, delay=0.6)]
        async with delivering(runtime):
            await settled(runtime, DeliveryStatus.FAILED, count=2)
            await _announce(runtime, assessment_id)
            await settled(runtime, count=3)
        assert len(other.received) == 3
    assert len(there.received) == 2
    async with runtime.open_uow() as uow:
        stands = await webhooks.get(uow, endpoint.id)
        assert (stands.is_active, stands.disabled_because, stands.disabled_at is None) == (False, "gone", False)
    mine = await log_of(runtime, endpoint_id=endpoint.id)
    assert {row.error for row in mine} == {"refused: answered 410", "the endpoint is disabled"}
    with pytest.raises(Conflict, match="Enable it first"):
        async with runtime.open_uow() as uow:
            await deliveries.resend(uow, ADMIN, mine[0].id)
    async with runtime.open_uow() as uow:
        await webhooks.enable(uow, ADMIN, endpoint.id)
    for row in mine:
        async with runtime.open_uow() as uow:
            await deliveries.resend(uow, ADMIN, row.id)
    async with delivering(runtime):
        await settled(runtime, count=5)
    assert sorted({*ids(there.received)}) == sorted(str(row.event_id) for row in mine)
    assert await broken(runtime.open_uow) == {}


async def test_the_schedule_ends(runtime: Runtime, there: Receiver, assessment_id: UUID) -> None:
    """Ten tries, then a dead letter with its cause, which the ledger's own resend takes up again under the same id."""
    await registered(runtime, there.url)
    await _announce(runtime, assessment_id)
    there.answers = [Answer(500)] * 10

    async def spent() -> bool:
        await due_now(runtime)
        return bool(await log_of(runtime, status=DeliveryStatus.FAILED))

    async with delivering(runtime) as drainer:

        async def push() -> bool:
            drainer.wake()
            return await spent()

        await until(push)
    (row,) = await log_of(runtime)
    assert (row.attempts, row.error, row.next_attempt_at) == (10, "unavailable: answered 500", None)
    async with runtime.open_uow() as uow:
        (dead,) = (await dead_letters.list_jobs(uow, JobSieve(JobStatus.DEAD), None, 10)).items
        assert (dead.type, dead.cause, dead.assessment_id, dead.attempts) == ("deliver_webhook", "unavailable", assessment_id, 10)
        resent = await dead_letters.resend(uow, None, dead.id)
    with pytest.raises(Conflict, match="sent again already"):
        async with runtime.open_uow() as uow:
            await dead_letters.resend(uow, None, dead.id)
    async with delivering(runtime):
        await settled(runtime)
    assert len(set(ids(there.received))) == 1
    assert len(there.received) == 11
    async with runtime.open_uow() as uow:
        again = await dead_letters.get(uow, resent.jobs[0])
        assert (again.status, again.generation, again.parent_id) == (JobStatus.SUCCEEDED, 2, dead.id)
    assert await broken(runtime.open_uow) == {}


async def test_resend_of_what_arrived(runtime: Runtime, there: Receiver, assessment_id: UUID) -> None:
    """The same message once more; while it is under way a second request is refused; an unknown one is not there."""
    await registered(runtime, there.url)
    await _announce(runtime, assessment_id)
    async with delivering(runtime):
        (row,) = await settled(runtime)
    async with runtime.open_uow() as uow:
        assert (await deliveries.resend(uow, ADMIN, row.id)).status is DeliveryStatus.PENDING
    with pytest.raises(Conflict, match="under way"):
        async with runtime.open_uow() as uow:
            await deliveries.resend(uow, ADMIN, row.id)
    with pytest.raises(NotFound):
        async with runtime.open_uow() as uow:
            await deliveries.resend(uow, ADMIN, new_id())
    async with delivering(runtime):
        (row,) = await settled(runtime)
    first, second = there.received
    assert (first.id, first.body, row.attempts) == (second.id, second.body, 2)
    assert await broken(runtime.open_uow) == {}


async def test_twenty_resends_at_once_are_one(runtime: Runtime, there: Receiver, assessment_id: UUID) -> None:
    """The delivery is locked: one of them writes a job, the others find it under way."""
    await registered(runtime, there.url)
    await _announce(runtime, assessment_id)
    async with delivering(runtime):
        (row,) = await settled(runtime)

    async def resend() -> object:
        async with runtime.open_uow() as uow:
            return await deliveries.resend(uow, ADMIN, row.id)

    answers = await asyncio.gather(*(resend() for _ in range(20)), return_exceptions=True)
    assert [type(each) for each in answers].count(Conflict) == 19
    assert len(await rows(runtime, "SELECT 1 FROM async_jobs WHERE delivery_id IS NOT NULL")) == 2


async def test_posted_but_not_written_down(runtime: Runtime, there: Receiver, assessment_id: UUID) -> None:
    """The worker is gone between the answer and its transaction: the lease is taken back, and the same message is posted again."""
    await registered(runtime, there.url)
    await _announce(runtime, assessment_id)
    async with runtime.open_uow() as uow:
        (claim,) = await uow.deliveries.claim("lost:1", 1, 30)
        letter = await uow.deliveries.letter(claim.job.delivery_id)
    await deliveries._post(letter, runtime.sender, runtime.clock)
    await expire(runtime.open_uow, claim.job)
    assert len(await sweep(runtime.open_uow)) == 1
    async with delivering(runtime):
        (row,) = await settled(runtime)
    assert ids(there.received) == [str(row.event_id)] * 2
    ((attempt, crashes, fence),) = await rows(runtime, "SELECT attempt, crashes, fence FROM async_jobs WHERE delivery_id IS NOT NULL")
    assert (attempt, crashes, fence) == (2, 1, 2)
    assert await broken(runtime.open_uow) == {}


async def test_a_worker_that_comes_back_too_late_writes_nothing(runtime: Runtime, there: Receiver, assessment_id: UUID) -> None:
    """Its lease went to another: the second outcome is fenced off."""
    await registered(runtime, there.url)
    await _announce(runtime, assessment_id)
    gate = asyncio.Event()
    there.answers = [Answer(500, gate=gate)]
    late, quick = delivering(runtime, "late:1"), delivering(runtime, "quick:1")
    async with late:
        await until(lambda: len(there.received) == 1)
        async with runtime.open_uow() as uow:
            await uow.jobs.release_owner("late:1")
        async with quick:
            await settled(runtime)
        gate.set()
        await asyncio.sleep(0.3)
    (row,) = await log_of(runtime)
    assert (row.status, row.attempts, row.response_status) == (DeliveryStatus.DELIVERED, 1, 204)
    assert await broken(runtime.open_uow) == {}


async def test_a_secret_is_replaced_without_a_gap(runtime: Runtime, there: Receiver, assessment_id: UUID) -> None:
    """Signed with both while they overlap, so that a receiver with either is content; then with the new one alone."""
    old = await registered(runtime, there.url)
    async with runtime.open_uow() as uow:
        new = await webhooks.rotate(uow, ADMIN, old.id, RotationWrite(overlap_hours=1))
    assert new.secret != old.secret
    await _announce(runtime, assessment_id)
    async with delivering(runtime):
        await settled(runtime)
    (message,) = there.received
    assert message.headers["webhook-signature"].count("v1,") == 2
    assert is_signed(message, old.secret)
    assert is_signed(message, new.secret)
    await _do(runtime, "UPDATE webhook_endpoints SET previous_secret_until = clock_timestamp()")
    await _announce(runtime, assessment_id)
    async with delivering(runtime):
        await settled(runtime, count=2)
    message = there.received[-1]
    assert message.headers["webhook-signature"].count("v1,") == 1
    assert is_signed(message, new.secret)
    assert not is_signed(message, old.secret)


async def test_the_reference_library_takes_what_arrives(runtime: Runtime, there: Receiver, assessment_id: UUID) -> None:
    """`standardwebhooks` verifies id, time and signature of the request as it came in, with either secret of an overlap."""
    old = await registered(runtime, there.url)
    async with runtime.open_uow() as uow:
        new = await webhooks.rotate(uow, ADMIN, old.id, RotationWrite())
    await _announce(runtime, assessment_id)
    async with delivering(runtime):
        await settled(runtime)
    (message,) = there.received
    for secret in (old.secret, new.secret):
        assert Webhook(secret).verify(message.body, message.headers)["type"] == "recommendation.feedback"


class Names:
    """A resolver under somebody else's control."""

    def __init__(self) -> None:
        self.now: Sequence[str] = ["93.184.215.14"]

    async def __call__(self, _host: str, _port: int) -> Sequence[str]:
        """Whatever it says now."""
        return self.now


class Silent(httpcore2.AsyncNetworkBackend):
    """Writes down every connection that would be made, and makes none."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def connect_tcp(self, host: str, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        """Nobody there."""
        self.asked.append(host)
        raise httpcore2.ConnectError


async def test_a_name_that_leads_inside_later(runtime: Runtime, assessment_id: UUID) -> None:
    """Public when it was registered, metadata and loopback when it is told: refused at each try, and no connection is asked for."""
    names, network = Names(), Silent()
    careful = replace(runtime, sender=HttpWebhookSender(seconds=1, resolve=names, network=network))
    await webhooks.require_permitted(careful.sender, "https://rebind.example/")
    await registered(careful, "https://rebind.example/")
    await _announce(careful, assessment_id)
    names.now = ["169.254.169.254"]
    async with delivering(careful) as drainer:
        await until(lambda: _tried(careful, 1))
        names.now = ["93.184.215.14", "127.0.0.1"]
        await due_now(careful)
        drainer.wake()
        await until(lambda: _tried(careful, 2))
    (row,) = await log_of(careful)
    assert row.error == "misconfigured: its name stands for an address that is not public"
    assert network.asked == []


async def test_an_endpoint_that_hangs_holds_up_nobody(runtime: Runtime, there: Receiver, assessment_id: UUID) -> None:
    """Of one endpoint only a few are in hand at once, so that another's many go through in between."""
    few = replace(runtime, settings=runtime.settings.model_copy(update={"webhook_slots": EACH + 1}))
    gate = asyncio.Event()
    there.otherwise = Answer(204, gate=gate)
    async with receiver() as other:
        await registered(few, there.url)
        await registered(few, other.url)
        await _announce(few, assessment_id, times=2 * EACH)
        async with delivering(few) as drainer:

            async def all_told() -> bool:
                drainer.wake()
                return len(other.received) == 2 * EACH

            await until(all_told)
            assert len(there.received) == EACH
            gate.set()
            await settled(few, count=4 * EACH)


async def test_an_erased_assessment_is_not_told(runtime: Runtime, there: Receiver, assessment_id: UUID) -> None:
    """Deleted while a try waits and while one is under way: event, delivery, tries and jobs go with it, and nothing fails."""
    await registered(runtime, there.url)
    await _announce(runtime, assessment_id)
    there.answers = [Answer(503, {"retry-after": "60"}), Answer(500, delay=0.5)]
    with capture_logs() as logs:
        async with delivering(runtime) as drainer:
            await until(lambda: _tried(runtime, 1))
            await _announce(runtime, assessment_id)
            drainer.wake()
            await until(lambda: len(there.received) == 2)
            await _do(runtime, f"DELETE FROM assessments WHERE id = '{assessment_id}'")
            await asyncio.sleep(0.7)
    for table in ("webhook_events", "webhook_deliveries", "webhook_attempts", "async_jobs", "effect_log"):
        assert await rows(runtime, f"SELECT 1 FROM {table}") == [], table
    assert "job_failed" not in [entry["event"] for entry in logs]
    assert await broken(runtime.open_uow) == {}


async def test_an_endpoint_that_is_removed_is_not_told(runtime: Runtime, there: Receiver, assessment_id: UUID) -> None:
    """Its deliveries go with it, also what is claimed already."""
    endpoint = await registered(runtime, there.url)
    await _announce(runtime, assessment_id, times=2)
    async with runtime.open_uow() as uow:
        claims = await uow.deliveries.claim("w1", 1, 30)
    async with runtime.open_uow() as uow:
        await webhooks.remove(uow, ADMIN, endpoint.id)
    with pytest.raises(Fenced):
        await deliveries.deliver(claims[0].job, open_uow=runtime.open_uow, sender=runtime.sender, clock=runtime.clock, scale=1)
    assert there.accepted == 0
    assert await rows(runtime, "SELECT 1 FROM async_jobs") == []
    assert await broken(runtime.open_uow) == {}


async def test_erasing_and_telling_at_once(runtime: Runtime, there: Receiver, assessment_id: UUID) -> None:
    """Endpoints that answer 410 are removed, and the assessment is erased, while outcomes are written: no two wait for each other."""
    made = [await registered(runtime, there.url) for _ in range(8)]
    await _announce(runtime, assessment_id, times=2)
    there.otherwise = Answer(410, delay=0.05)

    async def remove(endpoint_id: UUID) -> None:
        async with runtime.open_uow() as uow:
            await webhooks.remove(uow, ADMIN, endpoint_id)

    with capture_logs() as logs:
        async with delivering(runtime):
            await until(lambda: len(there.received) >= 4)
            erased = _do(runtime, f"DELETE FROM assessments WHERE id = '{assessment_id}'")
            await asyncio.gather(*(remove(each.id) for each in made), erased)
            await asyncio.sleep(0.3)
    assert "job_failed" not in [entry["event"] for entry in logs]
    assert await rows(runtime, "SELECT 1 FROM async_jobs") == []


async def test_workers_that_die_of_it_end_it(runtime: Runtime, there: Receiver, assessment_id: UUID) -> None:
    """Five lost workers: given up as crashed, told to nobody, and the log says so."""
    await registered(runtime, there.url)
    await _announce(runtime, assessment_id)
    await _do(runtime, "UPDATE async_jobs SET crashes = 5, attempt = 5")
    async with delivering(runtime):
        (row,) = await settled(runtime, DeliveryStatus.FAILED)
    assert row.error == "workers died of it 5 times"
    assert there.accepted == 0
    assert await rows(runtime, "SELECT status, cause FROM async_jobs") == [("dead", "crashed")]
    assert await broken(runtime.open_uow) == {}

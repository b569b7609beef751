"""Webhooks among real processes: a receiver that is down, one that leads inside, and a worker killed between post and record."""

import os
import signal
from typing import Any
from uuid import UUID

import pytest
from hooks import log_of, registered, rows, settled, with_hooks
from journeys import Student
from processes import Processes
from receivers import Answer, Receiver, ids, is_signed, receiver
from waiting import until

from assay.domain.webhooks import DeliveryStatus
from assay.runtime import Runtime
from assay.settings import Settings

HOOKS = {"ASSAY_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8", "ASSAY_WEBHOOK_RETRY_SCALE": "0.05", "ASSAY_WEBHOOK_SECONDS": "3"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Loopback may be told."""
    return with_hooks(settings)


async def _finished(student: Student, track_id: UUID) -> dict[str, Any]:
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    assert (await student.submit(bundle)).status_code == 202
    await student.result(bundle)
    return bundle


async def test_a_sender_killed_after_the_post(
    runtime: Runtime, student: Student, track_id: UUID, processes: Processes, there: Receiver
) -> None:
    """SIGKILL while the receiver has the message and its answer is on the way: another worker posts the very same message again."""
    endpoint = await registered(runtime, there.url)
    there.answers = [Answer(200, delay=2)]
    await processes.start("sweeper")
    (first,) = await processes.start("worker", **HOOKS)
    bundle = await _finished(student, track_id)
    await until(lambda: len(there.received) == 1)
    os.kill(first.pid, signal.SIGKILL)
    await processes.start("worker", **HOOKS)
    (row,) = await settled(runtime)
    assert ids(there.received) == [str(row.event_id)] * 2
    assert there.received[0].body == there.received[1].body
    assert all(is_signed(message, endpoint.secret) for message in there.received)
    assert there.received[0].event["data"]["assessmentId"] == bundle["assessmentId"]
    query = "SELECT status, attempt, crashes, fence FROM async_jobs WHERE job_type = 'deliver_webhook'"
    assert await rows(runtime, query) == [("succeeded", 2, 1, 2)]


async def test_a_receiver_that_is_down_is_told_when_it_is_back(
    runtime: Runtime, student: Student, track_id: UUID, processes: Processes, there: Receiver
) -> None:
    """The port is closed while the result is made, then open: each event once, signed, nobody else held up meanwhile."""
    async with receiver() as other:
        endpoint = await registered(runtime, there.url)
        await registered(runtime, other.url)
        await there.close()
        await processes.start("sweeper", "worker", **HOOKS)
        await _finished(student, track_id)
        await until(lambda: len(other.received) == 1)

        async def tried() -> bool:
            return any(row.attempts for row in await log_of(runtime, endpoint_id=endpoint.id))

        await until(tried)
        assert there.received == []
        await there.open()
        await settled(runtime, DeliveryStatus.DELIVERED, count=2)
        assert ids(there.received) == ids(other.received)
        assert is_signed(there.received[0], endpoint.secret)


async def test_what_an_endpoint_can_do_wrong(
    runtime: Runtime, student: Student, track_id: UUID, processes: Processes, there: Receiver
) -> None:
    """An error, a redirect inside, a hang, a gone: one endpoint each. The canary hears nothing, the good one is told."""
    async with receiver() as canary, receiver() as moved, receiver() as slow, receiver() as gone, receiver() as endless:
        moved.otherwise = Answer(302, {"location": canary.url})
        slow.otherwise = Answer(200, delay=30)
        gone.otherwise = Answer(410)
        endless.otherwise = Answer(200, body=b"x" * 16_384, times=100_000)
        made = {name: await registered(runtime, each.url) for name, each in _named(there, moved, slow, gone, endless).items()}
        await processes.start("sweeper", "worker", **HOOKS)
        await _finished(student, track_id)

        async def settled_all() -> bool:
            log = {row.endpoint_id: row for row in await log_of(runtime)}
            found = {name: log[each.id] for name, each in made.items() if each.id in log}
            return (
                len(found) == len(made)
                and found["good"].status is found["endless"].status is DeliveryStatus.DELIVERED
                and found["gone"].status is DeliveryStatus.FAILED
                and found["moved"].error == "refused: answered 302"
                and found["slow"].error == "timeout: no answer within 3 s"
            )

        await until(settled_all, within=40)
        assert canary.accepted == 0
        assert endless.sent_bytes < 16_384 * 100_000 / 4
        assert await rows(runtime, "SELECT count(*) FROM webhook_endpoints WHERE NOT is_active") == [(1,)]


def _named(good: Receiver, moved: Receiver, slow: Receiver, gone: Receiver, endless: Receiver) -> dict[str, Receiver]:
    return {"good": good, "moved": moved, "slow": slow, "gone": gone, "endless": endless}

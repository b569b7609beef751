"""What is announced, to whom, and that it names nobody."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from dead import buried, working
from factories import claimed_job
from graders import ScriptedGrader
from hooks import ADMIN, delivering, log_of, registered, rows, settled, with_hooks
from journeys import Student
from receivers import Receiver, ids, is_signed, receiver
from sqlalchemy import event as sql_event

from assay.domain.errors import Fault, ProviderError
from assay.domain.jobs import JobType
from assay.domain.webhooks import EventType
from assay.runtime import Runtime
from assay.services import dead_letters, webhook_events
from assay.services.grading import Graders
from assay.settings import Settings


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Loopback may be told."""
    return with_hooks(settings)


async def _told(runtime: Runtime, there: Receiver, count: int) -> list[dict[str, Any]]:
    async with delivering(runtime):
        await settled(runtime, count=count)
    return sorted((message.event for message in there.received), key=lambda event: event["type"])


async def test_a_result_is_announced_once_and_signed(
    runtime: Runtime, student: Student, track_id: UUID, there: Receiver, admin: Student
) -> None:
    """Ids, states and where to read more; not a word of the essay, no name; the answer's status and latency are in the log."""
    endpoint = await registered(runtime, there.url)
    async with working(runtime):
        bundle, result = await student.finished(track_id)
    async with delivering(runtime):
        (row,) = await settled(runtime)
    (message,) = there.received
    assert is_signed(message, endpoint.secret)
    assert message.id == str(row.event_id)
    body = message.event
    assert (body["type"], set(body)) == ("assessment.completed", {"type", "timestamp", "data"})
    assert body["timestamp"].endswith("Z")
    assert body["data"] == {
        "assessmentId": bundle["assessmentId"],
        "track": "backend-engineer",
        "resultUrl": f"/api/v1/assessments/{bundle['assessmentId']}/result",
        "recommendationId": result["recommendation"]["id"],
        "version": 1,
        "degraded": False,
        "degradations": [],
    }
    for word in ("idempotent", "student@", "Sam"):
        assert word not in message.body.decode()
    assert (row.attempts, row.response_status, row.error) == (1, 204, None)
    assert 0 < (row.latency_ms or 0) < 1_000


async def test_nobody_wants_to_know(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """Without an endpoint nothing is written, and nothing more is asked: the end of each job says it."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "webhook" in statement and "delivery.endpoint_id" not in statement:
            asked.append(statement)

    sql_event.listen(runtime.engine.sync_engine, "before_cursor_execute", note)
    async with working(runtime):
        await student.finished(track_id)
    sql_event.remove(runtime.engine.sync_engine, "before_cursor_execute", note)
    assert len(asked) == 2
    assert all("INSERT INTO effect_log" in statement for statement in asked)
    assert await rows(runtime, "SELECT 1 FROM webhook_events") == []
    assert await rows(runtime, "SELECT 1 FROM async_jobs WHERE job_type = 'deliver_webhook'") == []


async def test_each_is_told_what_it_asked_for(runtime: Runtime, student: Student, track_id: UUID, there: Receiver) -> None:
    """Completions to those who want them, feedback to those who want that, everything to those who name nothing."""
    async with receiver() as second, receiver() as third:
        for where, wanted in ((there, [EventType.ASSESSMENT_COMPLETED]), (second, [EventType.RECOMMENDATION_FEEDBACK]), (third, [])):
            await registered(runtime, where.url, *wanted)
        async with working(runtime):
            _, result = await student.finished(track_id)
        recommendation = result["recommendation"]["id"]
        said = {"relevance": 4, "fit": 5, "comment": "Quite so, says Sam"}
        assert (await student.request("POST", f"/recommendations/{recommendation}/feedback", json=said)).status_code < 300
        async with delivering(runtime):
            await settled(runtime, count=4)
        kinds = [sorted(message.event["type"] for message in each.received) for each in (there, second, third)]
        assert kinds == [["assessment.completed"], ["recommendation.feedback"], ["assessment.completed", "recommendation.feedback"]]
        (feedback,) = second.received
        assert feedback.event["data"]["authorRole"] == "student"
        assert feedback.event["data"]["recommendationId"] == recommendation
        assert "Sam" not in feedback.body.decode()
        assert ids(second.received) == [each for each in ids(third.received) if each in ids(second.received)]


async def test_a_degraded_result_says_so_twice(runtime: Runtime, student: Student, track_id: UUID, there: Receiver) -> None:
    """In the completion, and as an event of its own for those who watch for that alone."""
    await registered(runtime, there.url)
    grader = ScriptedGrader(ProviderError(Fault.REFUSED, "no"))
    async with working(replace(runtime, graders=Graders(grader, runtime.graders.fallback))):
        await student.finished(track_id)
    completed, degraded = await _told(runtime, there, 2)
    assert (completed["type"], degraded["type"]) == ("assessment.completed", "assessment.degraded")
    assert completed["data"] == degraded["data"]
    assert completed["data"]["degradations"] == [{"stage": "essayScoring", "cause": "refused"}]


async def test_what_was_given_up_and_done_again(runtime: Runtime, student: Student, track_id: UUID, there: Receiver) -> None:
    """Two stages fail and a result stands all the same; sent again, it becomes a better one, announced as such and as nothing else."""
    await registered(runtime, there.url)
    result = await buried(
        runtime, student, track_id, JobType.SCORE_ESSAY, JobType.GENERATE_RECOMMENDATIONS, error=ZeroDivisionError("secret words")
    )
    told = await _told(runtime, there, 4)
    assert [each["type"] for each in told] == ["assessment.completed", "assessment.degraded", "assessment.failed", "assessment.failed"]
    assert {each["data"]["stage"] for each in told[2:]} == {"essayScoring", "retrieval"}
    assert {each["data"]["cause"] for each in told[2:]} == {"internal_error"}
    assert all(b"secret words" not in message.body for message in there.received)

    there.received.clear()
    (dead,) = await rows(runtime, "SELECT id FROM async_jobs WHERE status = 'dead' AND job_type = 'score_essay'")
    async with runtime.open_uow() as uow:
        await dead_letters.resend(uow, None, dead[0])
    async with working(runtime), delivering(runtime):
        await settled(runtime, count=5)
    (upgraded,) = [message.event for message in there.received]
    assert upgraded["type"] == "result.upgraded"
    assert (upgraded["data"]["assessmentId"], upgraded["data"]["version"], upgraded["data"]["degraded"]) == (
        result["assessmentId"],
        2,
        False,
    )
    assert upgraded["data"]["recommendationId"] != result["recommendation"]["id"]


async def test_the_same_is_never_announced_twice(runtime: Runtime, student: Student, track_id: UUID, there: Receiver) -> None:
    """The key of what happened is unique: a second announcement writes neither event nor job."""
    await registered(runtime, there.url)
    async with working(runtime):
        bundle, result = await student.finished(track_id)
    job = claimed_job(assessment_id=UUID(bundle["assessmentId"]))
    async with runtime.open_uow() as uow:
        await webhook_events.result_written(uow, job, UUID(result["recommendation"]["id"]))
    assert len(await log_of(runtime)) == 1
    assert len(await rows(runtime, "SELECT 1 FROM async_jobs WHERE delivery_id IS NOT NULL")) == 1


async def test_a_rolled_back_effect_announces_nothing(runtime: Runtime, student: Student, track_id: UUID, there: Receiver) -> None:
    """Event and effect are one transaction."""
    await registered(runtime, there.url)
    bundle = await student.start(track_id)

    async def fail() -> None:
        async with runtime.open_uow() as uow:
            await webhook_events.feedback_given(uow, UUID(bundle["assessmentId"]), "none", UUID(int=1), ADMIN.role)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await rows(runtime, "SELECT 1 FROM webhook_events") == []


async def test_scoring_and_telling_have_places_of_their_own(runtime: Runtime, student: Student, track_id: UUID, there: Receiver) -> None:
    """A drainer of assessments leaves deliveries alone, and one of deliveries leaves essays alone."""
    await registered(runtime, there.url)
    async with working(runtime):
        await student.finished(track_id)
    async with runtime.open_uow() as uow:
        assert await uow.jobs.claim("w1", 50, 30) == []
    waiting = await student.start(track_id)
    await student.answer_all(waiting)
    assert (await student.submit(waiting)).status_code == 202
    async with runtime.open_uow() as uow:
        (claim,) = await uow.deliveries.claim("w1", 50, 30)
        assert claim.job.type is JobType.DELIVER_WEBHOOK
        assert [each.job.type for each in await uow.jobs.claim("w1", 50, 30)] == [JobType.SCORE_ESSAY]

"""The drainer on the real ledger: tries, gives up, stops gracefully, and always leaves a result."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from dead import working
from graders import FailingNarrator, ScriptedGrader, StuckGrader, quoting
from journeys import Student
from sqlalchemy import text

from assay.broker.rq import RqBroker
from assay.domain.errors import Fault, ProviderError
from assay.domain.jobs import JobType
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.services.grading import Graders
from assay.worker import handlers
from assay.worker.drainer import Drainer


async def _submitted(student: Student, track_id: UUID) -> dict[str, Any]:
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    assert (await student.submit(bundle)).status_code == 202
    return bundle


async def _drain(runtime: Runtime, student: Student, bundle: dict[str, Any], *owners: str) -> dict[str, Any]:
    async with working(runtime, *owners):
        return await student.result(bundle)


async def _jobs(runtime: Runtime) -> dict[str, Any]:
    async with runtime.open_uow() as uow:
        rows = await uow.session.execute(text("SELECT job_type, status, attempt, crashes, last_error FROM async_jobs"))
        return {row.job_type: row for row in rows}


async def _one_effect_each(runtime: Runtime) -> None:
    async with runtime.open_uow() as uow:
        wrong = await uow.session.execute(
            text(
                "SELECT count(*) FROM async_jobs j LEFT JOIN effect_log e ON e.job_id = j.id"
                " WHERE j.finished_at IS NOT NULL AND e.fence IS DISTINCT FROM j.fence"
            )
        )
        assert wrong.scalar_one() == 0


async def test_an_error_is_tried_again_and_forgotten(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """One failure, then success: two attempts, no degradation."""
    bundle = await _submitted(student, track_id)
    grader = ScriptedGrader(ProviderError(Fault.UNAVAILABLE, "503", retry_after=0.1), quoting())
    result = await _drain(replace(runtime, graders=Graders(grader, runtime.graders.fallback)), student, bundle)
    assert result["degraded"] is False
    assert (await _jobs(runtime))["score_essay"].attempt == 2
    await _one_effect_each(runtime)


async def test_a_provider_that_stays_away_costs_three_tries_and_the_result_says_so(
    runtime: Runtime, student: Student, track_id: UUID
) -> None:
    """The built-in evaluator speaks, the banner names stage, cause and time."""
    bundle = await _submitted(student, track_id)
    grader = ScriptedGrader(ProviderError(Fault.UNAVAILABLE, "503"))
    result = await _drain(replace(runtime, graders=Graders(grader, runtime.graders.fallback)), student, bundle)
    (degradation,) = result["degradations"]
    assert (degradation["stage"], degradation["cause"], degradation["replacedBy"]) == ("essayScoring", "unavailable", "built-in")
    assert {essay["provenance"]["producer"] for essay in result["essayScores"]} == {"built-in"}
    assert (await _jobs(runtime))["score_essay"].status == "degraded"
    await _one_effect_each(runtime)


async def test_a_provider_that_asks_for_less_is_given_less(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """Also when the job is done by the substitute, because waiting as long as was asked for would take too long."""
    bundle = await _submitted(student, track_id)
    grader = ScriptedGrader(ProviderError(Fault.RATE_LIMITED, "429", retry_after=60))
    drainer = Drainer(replace(runtime, graders=Graders(grader, runtime.graders.fallback)), "test:1")
    task = asyncio.create_task(drainer.run())
    result = await student.result(bundle)
    await drainer.stop()
    await task
    assert {each["cause"] for each in result["degradations"]} == {"rate_limited"}
    assert drainer._slots._capacity == 2  # half of the one in hand, which is one; one more after the recommendation


async def test_a_defect_of_ours_ends_in_a_result_too(
    runtime: Runtime, student: Student, track_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both handlers raise: essays are held, the curated list is recommended, the causes are named, the ledger keeps the dead letters."""

    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("assay.domain.jobs.BACKOFF_BASE_SECONDS", 0.01)
    for job_type in JobType:
        monkeypatch.setitem(handlers.HANDLERS, job_type, broken)
    bundle = await _submitted(student, track_id)
    result = await _drain(runtime, student, bundle)
    assert {each["cause"] for each in result["degradations"]} == {"internal_error"}
    assert all(dimension["held"] for essay in result["essayScores"] for dimension in essay["dimensions"].values())
    assert result["scores"]["essay"] is None or result["essayScores"]
    assert result["recommendation"]["items"]
    assert all(item["sources"] for item in result["recommendation"]["items"])
    jobs = await _jobs(runtime)
    assert {job.status for job in jobs.values()} == {"dead"}
    assert {job.attempt for job in jobs.values()} == {3}
    assert {job.last_error for job in jobs.values()} == {"ZeroDivisionError"}
    await _one_effect_each(runtime)


async def test_a_job_that_killed_five_workers_is_not_tried_again(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """Poison ends as a dead letter with a result."""
    bundle = await _submitted(student, track_id)
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE async_jobs SET crashes = 5, attempt = 5 WHERE job_type = 'score_essay'"))
    grader = ScriptedGrader(quoting())
    result = await _drain(replace(runtime, graders=Graders(grader, runtime.graders.fallback)), student, bundle)
    assert grader.asked == []
    assert [each["cause"] for each in result["degradations"]] == ["crashed"]


async def test_a_narrator_that_fails_is_replaced_by_the_template(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """The summary is still there, with facts, and the stage says why."""
    bundle = await _submitted(student, track_id)
    narrator = FailingNarrator(ProviderError(Fault.REFUSED, "no"))
    result = await _drain(replace(runtime, narrator=narrator), student, bundle)
    (degradation,) = result["degradations"]
    assert (degradation["stage"], degradation["cause"]) == ("narrative", "refused")
    assert result["recommendation"]["summary"]["sentences"]


async def test_stopping_hands_back_uncounted(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """A deploy in the middle of a call costs neither an attempt nor a crash, and another worker goes on."""
    bundle = await _submitted(student, track_id)
    stuck = StuckGrader(quoting())
    impatient = replace(
        runtime,
        settings=runtime.settings.model_copy(update={"shutdown_grace_seconds": 0.1}),
        graders=Graders(stuck, runtime.graders.fallback),
    )
    drainer = Drainer(impatient, "test:1")
    task = asyncio.create_task(drainer.run())
    await stuck.asked_often.wait()
    await drainer.stop()
    await task
    job = (await _jobs(runtime))["score_essay"]
    assert (job.status, job.attempt, job.crashes) == ("queued", 0, 0)
    assert (await _drain(runtime, student, bundle, "test:2"))["degraded"] is False


async def test_a_lost_lease_ends_the_work(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """Somebody else holds the fence: the task is cancelled at the next renewal and writes nothing."""
    bundle = await _submitted(student, track_id)
    stuck = StuckGrader(quoting())
    quick = replace(
        runtime,
        settings=runtime.settings.model_copy(update={"lease_seconds": 0.6}),
        graders=Graders(stuck, runtime.graders.fallback),
    )
    drainer = Drainer(quick, "test:1")
    task = asyncio.create_task(drainer.run())
    await stuck.asked_often.wait()
    async with runtime.open_uow() as uow:
        await uow.session.execute(
            text(
                "UPDATE async_jobs SET fence = fence + 1, lease_owner = 'other:1', lease_expires_at = now() + interval '1 hour'"
                " WHERE status = 'leased'"
            )
        )
    await asyncio.wait(drainer._in_hand.values())
    await drainer.stop()
    await task
    job = (await _jobs(runtime))["score_essay"]
    assert job.status == "leased"
    async with runtime.open_uow() as uow:
        assert await uow.scores.essay_scores(UUID(bundle["assessmentId"])) == []


async def test_many_submissions_share_the_slots(runtime: Runtime, student: Student, other_student: Student) -> None:
    """More jobs than slots: all finish."""
    few = replace(runtime, settings=runtime.settings.model_copy(update={"worker_slots": 2}))
    tracks = (await student.request("GET", "/tracks")).json()["items"]
    bundles = [(who, await _submitted(who, track["id"])) for track in tracks[:3] for who in (student, other_student)]
    drainer = Drainer(few, "test:1")
    task = asyncio.create_task(drainer.run())
    results = await asyncio.gather(*(who.result(bundle) for who, bundle in bundles))
    await drainer.stop()
    await task
    assert len(results) == 6
    await _one_effect_each(runtime)


async def test_a_ring_is_answered_at_home_while_there_is_room(runtime: Runtime) -> None:
    """By the lane whose job it is; not with more due than fits, nor once the drainer has stopped."""
    drainer = Drainer(runtime, "test:1")
    assert drainer.takes(JobType.GENERATE_RECOMMENDATIONS)
    assert not drainer.takes(JobType.DELIVER_WEBHOOK)
    full = Drainer(replace(runtime, settings=runtime.settings.model_copy(update={"worker_slots": 0})), "test:2")
    for each, rest in ((drainer, 0.0), (full, 0.1)):
        task = asyncio.create_task(each.run())
        await asyncio.sleep(rest)
        assert each.takes(JobType.SCORE_ESSAY) is (each is drainer)
        await each.stop()
        await task
        assert not each.takes(JobType.SCORE_ESSAY)


@pytest.mark.parametrize("at_home", [True, False])
async def test_who_is_at_home_needs_no_message(at_home: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Nobody answers at this address: the ring is answered all the same, or lost."""
    broker = RqBroker("redis://127.0.0.1:1/0", at_home=lambda _: at_home)
    assert await broker.ring(JobType.SCORE_ESSAY, new_id()) is at_home
    await broker.close()

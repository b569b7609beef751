"""Essays: what is proved stands, what is not is held, what fails is asked again, and what cannot be asked is replaced and said."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from graders import ScriptedGrader, quoting
from journeys import Student
from sqlalchemy import event, text

from assay.db.repositories.jobs import Fenced
from assay.db.repositories.replies import Replies
from assay.domain.degradation import Cause
from assay.domain.errors import Fault, ProviderError, Unavailable
from assay.domain.jobs import ClaimedJob, JobType
from assay.domain.ports import Grader
from assay.runtime import Runtime
from assay.services import essay_scoring, model_calls
from assay.services.grading import Graders


async def _submitted(runtime: Runtime, student: Student, track_id: UUID) -> tuple[UUID, ClaimedJob]:
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    await student.submit(bundle)
    async with runtime.open_uow() as uow:
        (claim,) = await uow.jobs.claim("test:1", 5, 30)
    assert claim.job.type is JobType.SCORE_ESSAY
    return UUID(bundle["assessmentId"]), claim.job


async def _score(runtime: Runtime, job: ClaimedJob, grader: Grader, seconds_left: float = 30.0) -> None:
    await essay_scoring.score(
        job,
        open_uow=runtime.open_uow,
        bank=runtime.bank,
        graders=Graders(grader, runtime.graders.fallback),
        clock=runtime.clock,
        seconds_left=seconds_left,
    )


async def _rows(runtime: Runtime, sql: str) -> list[Any]:
    async with runtime.open_uow() as uow:
        return list((await uow.session.execute(text(sql))).all())


async def test_a_proved_verdict_is_stored_and_releases_the_recommendations(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """Three scores with offsets, one effect, the waiting job due."""
    assessment_id, job = await _submitted(runtime, student, track_id)
    await _score(runtime, job, ScriptedGrader(quoting()))
    async with runtime.open_uow() as uow:
        scores = await uow.scores.essay_scores(assessment_id)
        assert await uow.scores.degradations(assessment_id) == []
        claims = await uow.jobs.claim("test:1", 5, 30)
    assert [(score.clarity, score.accuracy, score.coherence) for score in scores] == [(3, 3, 3)] * 3
    assert scores[0].verdict["dimensions"]["clarity"]["quotes"][0]["start"] == 0
    assert scores[0].provenance["producer"] == "openai"
    assert [claim.job.type for claim in claims] == [JobType.GENERATE_RECOMMENDATIONS]


async def test_an_invented_quote_is_asked_again_and_then_held(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """The failed quote is named in the second question; still missing, the dimension waits for a person and nothing invented is stored."""
    assessment_id, job = await _submitted(runtime, student, track_id)
    grader = ScriptedGrader(quoting("words that nobody wrote here"))
    await _score(runtime, job, grader)
    again = [failed for _, failed in grader.asked if failed]
    assert len(again) == 3
    assert all("words that nobody wrote here" in failed for failed in again)
    async with runtime.open_uow() as uow:
        for score in await uow.scores.essay_scores(assessment_id):
            assert score.clarity is None
            assert score.verdict["dimensions"]["clarity"]["held"] is True
            assert score.verdict["dimensions"]["clarity"]["quotes"] == []


async def test_an_error_with_tries_left_goes_back_to_the_ledger_and_paid_replies_are_kept(
    runtime: Runtime, student: Student, track_id: UUID
) -> None:
    """Two of three essays were answered before the error: only the third is asked again."""
    _, job = await _submitted(runtime, student, track_id)
    with pytest.raises(ProviderError):
        await _score(runtime, job, ScriptedGrader(ProviderError(Fault.UNAVAILABLE, "503"), quoting()))
    second = ScriptedGrader(quoting())
    await _score(runtime, job, second)
    assert len(second.asked) == 1
    calls = await _rows(runtime, "SELECT outcome FROM model_calls ORDER BY created_at, id")
    assert sorted(row.outcome for row in calls) == ["ok", "ok", "ok", "unavailable"]


async def test_a_paid_reply_outlives_an_outage_of_the_database(
    runtime: Runtime, student: Student, track_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is away just when the replies have arrived: they are kept until it is back, and nothing is asked again."""
    assessment_id, job = await _submitted(runtime, student, track_id)
    record, refused = Replies.record, list[str]()

    async def away(self: Replies, **call: Any) -> None:
        if len(refused) < 4:
            refused.append(call["outcome"])
            raise Unavailable("The database cannot be reached.")
        await record(self, **call)

    monkeypatch.setattr(Replies, "record", away)
    monkeypatch.setattr(model_calls, "AGAIN_SECONDS", 0.01)
    grader = ScriptedGrader(quoting())
    await _score(runtime, job, grader)
    assert (len(grader.asked), refused) == (3, ["ok"] * 4)
    async with runtime.open_uow() as uow:
        assert len(await uow.scores.essay_scores(assessment_id)) == 3


async def test_on_the_last_try_the_built_in_evaluator_speaks_and_the_stage_says_why(
    runtime: Runtime, student: Student, track_id: UUID
) -> None:
    """Cause, substitute and time are stored; the essays that OpenAI did answer keep its verdict."""
    assessment_id, job = await _submitted(runtime, student, track_id)
    last = job.model_copy(update={"attempt": 3})
    await _score(runtime, last, ScriptedGrader(ProviderError(Fault.RATE_LIMITED, "429"), quoting()))
    async with runtime.open_uow() as uow:
        (degradation,) = await uow.scores.degradations(assessment_id)
        producers = sorted(score.provenance["producer"] for score in await uow.scores.essay_scores(assessment_id))
    assert (degradation.cause, degradation.replaced_by) == (Cause.RATE_LIMITED, "built-in")
    assert producers == ["built-in", "openai", "openai"]


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.QUOTA_EXHAUSTED, Fault.MISCONFIGURED])
async def test_what_cannot_be_mended_by_asking_again_is_replaced_at_once(
    runtime: Runtime, student: Student, track_id: UUID, fault: Fault
) -> None:
    """First try, fallback, done."""
    assessment_id, job = await _submitted(runtime, student, track_id)
    await _score(runtime, job, ScriptedGrader(ProviderError(fault, "no")))
    async with runtime.open_uow() as uow:
        (degradation,) = await uow.scores.degradations(assessment_id)
        assert len(await uow.scores.essay_scores(assessment_id)) == 3
    assert degradation.cause == fault.value


async def test_without_time_left_the_fallback_speaks(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """The grading budget is spent: nobody is asked for a call that would be cut at once."""
    assessment_id, job = await _submitted(runtime, student, track_id)
    late = ScriptedGrader(quoting())
    await _score(runtime, job, late, seconds_left=-1)
    assert late.asked == []
    assert {call.outcome for call in await _rows(runtime, "SELECT outcome FROM model_calls WHERE producer = 'openai'")} == set()
    async with runtime.open_uow() as uow:
        assert [each.cause for each in await uow.scores.degradations(assessment_id)] == [Cause.TIMEOUT]


async def test_a_stale_fence_writes_nothing(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """A worker that lost its lease is refused and its scores are rolled back."""
    assessment_id, job = await _submitted(runtime, student, track_id)
    with pytest.raises(Fenced):
        await _score(runtime, job.model_copy(update={"fence": job.fence - 1}), ScriptedGrader(quoting()))
    async with runtime.open_uow() as uow:
        assert await uow.scores.essay_scores(assessment_id) == []


async def test_grading_three_essays_takes_few_statements(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """Three to read, one to store each reply, one for each score, two to finish: the worker's processor is what limits a host."""
    _, job = await _submitted(runtime, student, track_id)
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(runtime.engine.sync_engine, "before_cursor_execute", note)
    await _score(runtime, job, ScriptedGrader(quoting()))
    event.remove(runtime.engine.sync_engine, "before_cursor_execute", note)
    assert len(statements) <= 11, "\n".join(statement.split("\n")[0] for statement in statements)


async def test_an_empty_essay_is_level_zero_without_asking(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """Nothing to grade, nothing to pay."""
    bundle = await student.start(track_id)
    await student.submit(bundle, json={"confirmUnanswered": True})
    async with runtime.open_uow() as uow:
        (claim,) = await uow.jobs.claim("test:1", 5, 30)
    grader = ScriptedGrader(quoting())
    await _score(runtime, claim.job, grader)
    assert grader.asked == []
    async with runtime.open_uow() as uow:
        scores = await uow.scores.essay_scores(UUID(bundle["assessmentId"]))
    assert [(score.clarity, score.percent) for score in scores] == [(0, 0.0)] * 3


async def test_giving_up_holds_the_essays_and_lets_the_rest_go_on(
    runtime: Runtime, student: Student, track_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that kills workers ends as dead, with held verdicts and the cause; what they may have died of is not looked at once more."""
    assessment_id, job = await _submitted(runtime, student, track_id)
    monkeypatch.setattr("assay.domain.prechecks.precheck", None)
    await essay_scoring.give_up(
        job, open_uow=runtime.open_uow, bank=runtime.bank, clock=runtime.clock, cause=Cause.CRASHED, error="workers died"
    )
    async with runtime.open_uow() as uow:
        scores = await uow.scores.essay_scores(assessment_id)
        (degradation,) = await uow.scores.degradations(assessment_id)
        claims = await uow.jobs.claim("test:1", 5, 30)
    assert all(score.verdict["dimensions"]["accuracy"]["held"] for score in scores)
    assert degradation.cause is Cause.CRASHED
    assert [claim.job.type for claim in claims] == [JobType.GENERATE_RECOMMENDATIONS]
    assert (await _rows(runtime, "SELECT status FROM async_jobs WHERE job_type = 'score_essay'"))[0].status == "dead"


async def test_a_rubric_that_cannot_be_read_degrades_the_stage_only(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """One essay's version is unreadable: the other two are scored, the stage names the cause."""
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    essay = next(question for question in bundle["questions"] if question["type"] == "essay")
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("ALTER TABLE question_versions DISABLE TRIGGER immutable"))
        await uow.session.execute(
            text("UPDATE question_versions SET content = content - 'rubric' WHERE question_id = :id"), {"id": essay["id"]}
        )
    fresh = replace(runtime, bank=type(runtime.bank)())
    app_bank = runtime.bank
    app_bank._contents.clear()
    receipt = await student.submit(bundle)
    assert receipt.json()["degraded"] is True
    async with runtime.open_uow() as uow:
        (claim,) = await uow.jobs.claim("test:1", 5, 30)
    await _score(fresh, claim.job, ScriptedGrader(quoting()))
    async with runtime.open_uow() as uow:
        scores = await uow.scores.essay_scores(UUID(bundle["assessmentId"]))
        causes = {each.cause for each in await uow.scores.degradations(UUID(bundle["assessmentId"]))}
    assert len(scores) == 2
    assert Cause.UNREADABLE_RUBRIC in causes

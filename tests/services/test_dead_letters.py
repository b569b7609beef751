"""Jobs that end dead: what they carry, what may be sent again, what a resend writes beside what stands, and what it never touches."""

import asyncio
from typing import Any
from uuid import UUID

import advising
import pytest
from dead import buried, jobs_of, working
from invariants import broken
from journeys import ESSAY, Student
from prometheus_client import REGISTRY
from sqlalchemy import text
from waiting import until

from assay.db.repositories.job_records import JobSieve
from assay.domain.degradation import Cause
from assay.domain.errors import Conflict, Fault, NotFound, ProviderError
from assay.domain.jobs import JobStatus, JobType
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.services import dead_letters

ESSAYS, RECOMMENDATION = JobType.SCORE_ESSAY, JobType.GENERATE_RECOMMENDATIONS


async def resend(runtime: Runtime, job_id: UUID) -> dead_letters.Resent:
    """By the operator."""
    async with runtime.open_uow() as uow:
        return await dead_letters.resend(uow, None, job_id)


async def resend_all(runtime: Runtime, cause: Cause) -> dead_letters.ResentAll:
    """By the operator."""
    async with runtime.open_uow() as uow:
        return await dead_letters.resend_all(uow, None, cause)


async def rest(runtime: Runtime) -> None:
    """Work until nothing is left to do."""

    async def idle() -> bool:
        async with runtime.open_uow() as uow:
            return not await uow.session.scalar(text("SELECT count(*) FROM async_jobs WHERE finished_at IS NULL"))

    async with working(runtime):
        await until(idle)


async def read(reader: Student, result: dict[str, Any]) -> dict[str, Any]:
    """The result anew."""
    answer = await reader.request("GET", f"/assessments/{result['assessmentId']}/result")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def scalar(runtime: Runtime, query: str) -> Any:
    """One value."""
    async with runtime.open_uow() as uow:
        return await uow.session.scalar(text(query))


def completions() -> float:
    """Assessments of the track that this process has completed."""
    return REGISTRY.get_sample_value("assay_assessments_total", {"event": "completed", "track": "backend-engineer"}) or 0.0


@pytest.fixture(autouse=True)
async def whole(runtime: Runtime) -> Any:
    """Whatever is sent again, the invariants hold."""
    yield
    assert await broken(runtime.open_uow) == {}


async def test_a_dead_job_says_why_and_where(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """Cause, kind of error, and the stack down to where it was raised."""
    result = await buried(runtime, student, track_id, ESSAYS, RECOMMENDATION, error=ZeroDivisionError("never shown"))
    for job in await jobs_of(runtime, result):
        assert (job.status, job.cause, job.last_error) == ("dead", "internal_error", "ZeroDivisionError")
        assert "in fail" in job.stack
        assert job.stack.endswith("builtins.ZeroDivisionError")
        assert "never shown" not in job.stack


async def test_a_provider_s_fault_is_the_cause(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """By its name; the message is ours and names statuses and codes only."""
    result = await buried(runtime, student, track_id, RECOMMENDATION, error=ProviderError(Fault.UNAVAILABLE, "HTTP 503"))
    essays, recommendation = await jobs_of(runtime, result)
    assert (essays.status, essays.cause, essays.stack) == ("succeeded", None, None)
    assert (recommendation.cause, recommendation.last_error) == ("unavailable", "unavailable: HTTP 503")
    assert recommendation.stack.endswith("ProviderError: unavailable: HTTP 503")


async def test_a_poisoned_job_has_a_cause_and_no_stack(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """Its workers died; nobody saw where."""
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    assert (await student.submit(bundle)).status_code == 202
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE async_jobs SET crashes = 5, attempt = 5 WHERE job_type = 'score_essay'"))
    async with working(runtime):
        result = await student.result(bundle)
    essays = (await jobs_of(runtime, result))[0]
    assert (essays.status, essays.cause, essays.last_error, essays.stack) == ("dead", "crashed", "workers died of it 5 times", None)


async def test_no_word_of_a_student_is_in_a_dead_letter(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """An error that quotes the essay, and one that was caused by such a one: neither message nor stack repeat it."""
    try:
        try:
            raise ValueError(ESSAY)  # noqa: TRY301 - as a validation error does
        except ValueError as quoting:
            raise KeyError(ESSAY) from quoting
    except KeyError as error:
        result = await buried(runtime, student, track_id, ESSAYS, RECOMMENDATION, error=error)
    for job in await jobs_of(runtime, result):
        async with runtime.open_uow() as uow:
            told = (await dead_letters.get(uow, job.id)).model_dump_json()
        assert "builtins.ValueError\\nled to\\n" in told
        assert "idempotent" not in told
        stored = await scalar(runtime, f"SELECT j::text FROM async_jobs j WHERE id = '{job.id}'")
        assert not [word for word in ("idempotent", "student@", "Therefore") if word in stored]


async def test_a_recommendation_is_made_again_beside_the_old(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """Version 2 from the search; the curated list stays as version 1; the degraded stage is gone, the time of completion is not."""
    before = await buried(runtime, student, track_id, RECOMMENDATION, error=ZeroDivisionError())
    assert [each["stage"] for each in before["degradations"]] == ["retrieval"]
    completed = await scalar(runtime, "SELECT completed_at FROM assessments")
    old = await scalar(runtime, "SELECT md5(string_agg(i::text, '|' ORDER BY id)) FROM recommendation_items i")
    dead = (await jobs_of(runtime, before))[1]
    counted = completions()
    resent = await resend(runtime, dead.id)
    assert (await read(student, before)) == before  # until the new one stands, the old one does
    await rest(runtime)

    after = await read(student, before)
    assert (after["degraded"], after["degradations"]) == (False, [])
    assert after["recommendation"]["id"] != before["recommendation"]["id"]
    assert after["essayScores"] == before["essayScores"]
    assert await scalar(runtime, "SELECT array_agg(version ORDER BY version) FROM recommendations") == [1, 2]
    query = (
        "SELECT md5(string_agg(i::text, '|' ORDER BY i.id)) FROM recommendation_items i"
        " JOIN recommendations r ON r.id = i.recommendation_id WHERE r.version = 1"
    )
    assert await scalar(runtime, query) == old
    assert await scalar(runtime, "SELECT completed_at FROM assessments") == completed
    assert completions() == counted
    *_, new = await jobs_of(runtime, before)
    assert (new.id, new.status, new.parent_job_id) == (*resent.jobs, "succeeded", dead.id)


async def test_essays_are_scored_again_and_the_recommendation_follows(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """Verdicts in version 2, then a recommendation that rests on them; the held ones stay beside; status stays completed throughout."""
    before = await buried(runtime, student, track_id, ESSAYS, error=ZeroDivisionError())
    assert all(dimension["held"] for essay in before["essayScores"] for dimension in essay["dimensions"].values())
    dead, recommendation = await jobs_of(runtime, before)
    resent = await resend(runtime, dead.id)
    assert len(resent.jobs) == 2
    status = (await student.request("GET", f"/assessments/{before['assessmentId']}/status")).json()
    assert (status["status"], status["percent"]) == ("completed", 100)
    assert {name: stage["state"] for name, stage in status["stages"].items()} == {
        "ruleScoring": "completed",
        "essayScoring": "failed",
        "recommendations": "completed",
    }
    assert await broken(runtime.open_uow) == {}
    await rest(runtime)

    after = await read(student, before)
    assert after["degraded"] is False
    status = (await student.request("GET", f"/assessments/{before['assessmentId']}/status")).json()
    assert {stage["state"] for stage in status["stages"].values()} == {"completed"}
    assert {essay["provenance"]["producer"] for essay in after["essayScores"]} == {"built-in"}
    assert any(not dimension["held"] for essay in after["essayScores"] for dimension in essay["dimensions"].values())
    assert after["recommendation"]["id"] != before["recommendation"]["id"]
    assert await scalar(runtime, "SELECT array_agg(version ORDER BY version) FROM essay_scores") == [1, 1, 1, 2, 2, 2]
    jobs = await jobs_of(runtime, before)
    assert [(job.job_type, job.status, job.parent_job_id) for job in jobs[2:]] == [
        ("score_essay", "succeeded", dead.id),
        ("generate_recommendations", "succeeded", recommendation.id),
    ]


async def test_what_dies_again_is_dead_again(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """The result stays degraded with the cause of now; the new dead job can be sent again, the old one cannot."""
    before = await buried(runtime, student, track_id, ESSAYS, error=ZeroDivisionError())
    (dead, _) = await jobs_of(runtime, before)
    await resend(runtime, dead.id)
    async with runtime.open_uow() as uow:
        await uow.session.execute(
            text("UPDATE async_jobs SET crashes = 5, attempt = 5 WHERE job_type = 'score_essay' AND status = 'queued'")
        )
    await rest(runtime)
    after = await read(student, before)
    assert [(each["stage"], each["cause"]) for each in after["degradations"]] == [("essayScoring", "crashed")]
    again = (await jobs_of(runtime, before))[2]
    assert (again.status, again.cause) == ("dead", "crashed")
    with pytest.raises(Conflict, match=str(again.id)) as refused:
        await resend(runtime, dead.id)
    assert refused.value.error_code == "job_sent_again"
    await resend(runtime, again.id)
    await rest(runtime)
    assert (await read(student, before))["degraded"] is False
    assert await scalar(runtime, "SELECT max(version) FROM essay_scores") == 3


async def test_an_advisor_s_level_stands_on_the_new_verdict(runtime: Runtime, student: Student, advisor: Student, track_id: UUID) -> None:
    """What an advisor gave where everything was held is not overwritten by what the model says later."""
    before = await buried(runtime, student, track_id, ESSAYS, error=ZeroDivisionError())
    essay = before["essayScores"][0]
    assert (await advising.override(advisor, essay["id"], "I read it.", clarity=4)).status_code == 201
    rows = await scalar(runtime, "SELECT md5(string_agg(o::text, '|')) FROM essay_score_overrides o")
    await resend(runtime, (await jobs_of(runtime, before))[0].id)
    await rest(runtime)
    after = (await read(student, before))["essayScores"][0]
    assert after["id"] != essay["id"]
    assert after["dimensions"]["clarity"]["level"] == 4
    assert await scalar(runtime, "SELECT md5(string_agg(o::text, '|')) FROM essay_score_overrides o") == rows


@pytest.mark.parametrize("job_type", [JobType.SCORE_ESSAY, JobType.GENERATE_RECOMMENDATIONS])
async def test_where_an_advisor_has_spoken_nothing_is_made_again(
    runtime: Runtime, student: Student, advisor: Student, track_id: UUID, job_type: JobType
) -> None:
    """Their feedback is on the recommendation that is shown: it stays the one. A student's own feedback is no obstacle."""
    before = await buried(runtime, student, track_id, job_type, error=ZeroDivisionError())
    (dead,) = [job for job in await jobs_of(runtime, before) if job.status == "dead"]
    path, feedback = f"/recommendations/{before['recommendation']['id']}/feedback", {"relevance": 4, "fit": 4, "decision": "accept"}
    assert (await student.request("POST", path, json=feedback)).is_success
    assert (await advisor.request("POST", path, json=feedback)).is_success
    with pytest.raises(Conflict, match="An advisor has spoken") as refused:
        await resend(runtime, dead.id)
    assert refused.value.error_code == "advisor_decided"
    all_of_them = await resend_all(runtime, Cause.INTERNAL_ERROR)
    assert [(each.id, each.code) for each in all_of_them.refused] == [(dead.id, "advisor_decided")]
    assert (all_of_them.resent, all_of_them.remaining) == ((), 0)
    assert len(await jobs_of(runtime, before)) == 2
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("DELETE FROM recommendation_feedback WHERE author_role = 'advisor'"))
    await resend(runtime, dead.id)
    await rest(runtime)


async def test_what_is_not_dead_is_not_sent_again(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """A job that succeeded, one that runs, one that is not there; and a dead one waits for its assessment's other job."""
    result = await buried(runtime, student, track_id, RECOMMENDATION, error=ZeroDivisionError())
    essays, dead = await jobs_of(runtime, result)
    with pytest.raises(Conflict, match="succeeded"):
        await resend(runtime, essays.id)
    with pytest.raises(NotFound):
        await resend(runtime, new_id())
    (running,) = (await resend(runtime, dead.id)).jobs
    with pytest.raises(Conflict, match="queued"):
        await resend(runtime, running)
    await rest(runtime)


async def test_a_dead_job_waits_for_the_other_one_of_its_assessment(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """Two new versions of one result are not made at the same time."""
    result = await buried(runtime, student, track_id, ESSAYS, RECOMMENDATION, error=ZeroDivisionError())
    essays, recommendation = await jobs_of(runtime, result)
    await resend(runtime, recommendation.id)
    with pytest.raises(Conflict, match="under way") as refused:
        await resend(runtime, essays.id)
    assert refused.value.error_code == "assessment_in_progress"
    await rest(runtime)
    await resend(runtime, essays.id)
    await rest(runtime)
    assert (await read(student, result))["degraded"] is False
    assert await scalar(runtime, "SELECT array_agg(version ORDER BY version) FROM recommendations") == [1, 2, 3]


async def test_sent_by_many_at_once_it_is_sent_once(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """Six resends of one dead job in parallel: one is written, five are told which."""
    result = await buried(runtime, student, track_id, ESSAYS, error=ZeroDivisionError())
    dead = (await jobs_of(runtime, result))[0]
    found = await asyncio.gather(*(resend(runtime, dead.id) for _ in range(6)), return_exceptions=True)
    (written,) = [each for each in found if isinstance(each, dead_letters.Resent)]
    told = [each for each in found if isinstance(each, Conflict)]
    assert {(each.error_code, each.facts["job_id"]) for each in told} == {("job_sent_again", str(written.jobs[0]))}
    assert len(told) == 5
    assert len(await jobs_of(runtime, result)) == 4
    await rest(runtime)


async def test_all_of_a_cause_are_sent_again(
    runtime: Runtime, student: Student, other_student: Student, track_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One cause and no other; both jobs of one assessment are one resend; what does not fit into a call remains for the next."""
    mine = await buried(runtime, student, track_id, ESSAYS, RECOMMENDATION, error=ZeroDivisionError())
    theirs = await buried(runtime, other_student, track_id, RECOMMENDATION, error=ZeroDivisionError())
    assert (await resend_all(runtime, Cause.TIMEOUT)).resent == ()
    monkeypatch.setattr(dead_letters, "RESENT_AT_ONCE", 1)
    first = await resend_all(runtime, Cause.INTERNAL_ERROR)
    assert ([len(each.jobs) for each in first.resent], first.refused, first.remaining) == ([2], (), 2)
    monkeypatch.undo()
    second = await resend_all(runtime, Cause.INTERNAL_ERROR)
    assert ([len(each.jobs) for each in second.resent], second.refused, second.remaining) == ([1], (), 0)
    await rest(runtime)
    for reader, result in ((student, mine), (other_student, theirs)):
        assert (await read(reader, result))["degraded"] is False
    assert (await resend_all(runtime, Cause.INTERNAL_ERROR)).resent == ()


async def test_a_resend_is_in_the_audit_chain(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """What was sent, why it had died, and what stands for it; nothing of what was refused."""
    result = await buried(runtime, student, track_id, ESSAYS, error=ZeroDivisionError())
    dead = (await jobs_of(runtime, result))[0]
    resent = await resend(runtime, dead.id)
    with pytest.raises(Conflict):
        await resend(runtime, dead.id)
    async with runtime.open_uow() as uow:
        (link,) = await uow.audit.chain()
    entry = link.entry
    assert (entry.action, entry.actor_id, entry.target_type, entry.target_id) == ("job:resend", None, "job", str(dead.id))
    assert entry.changes == {"type": "score_essay", "cause": "internal_error", "jobs": [str(each) for each in resent.jobs]}
    await rest(runtime)


async def test_the_list_is_paged_and_filtered(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """Newest first, each once, by status and cause."""
    result = await buried(runtime, student, track_id, ESSAYS, RECOMMENDATION, error=ZeroDivisionError())
    await resend(runtime, (await jobs_of(runtime, result))[0].id)
    await rest(runtime)
    async with runtime.open_uow() as uow:
        whole = await dead_letters.list_jobs(uow, JobSieve(), None, 50)
        assert whole.next_cursor is None
        assert [each.id for each in whole.items] == sorted((each.id for each in whole.items), reverse=True)
        first = await dead_letters.list_jobs(uow, JobSieve(), None, 3)
        second = await dead_letters.list_jobs(uow, JobSieve(), first.next_cursor, 3)
        assert (*first.items, *second.items) == whole.items
        assert second.next_cursor is None
        dead = await dead_letters.list_jobs(uow, JobSieve(JobStatus.DEAD, Cause.INTERNAL_ERROR), None, 50)
        assert {each.status for each in dead.items} == {JobStatus.DEAD}
        assert len(dead.items) == 2
        assert all(each.sent_again_as for each in dead.items)
        assert (await dead_letters.list_jobs(uow, JobSieve(JobStatus.DEAD, Cause.TIMEOUT), None, 50)).items == ()

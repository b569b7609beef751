"""Results heal: from a provider that is away, through the real worker, to a better result beside the old one and words about it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import advising
import pytest
import pytest_asyncio
from hooks import registered
from invariants import broken
from journeys import Student
from sqlalchemy import text
from waiting import until

from assay.ai.scripted import Control, create_scripted_openai
from assay.domain.degradation import Stage
from assay.domain.errors import Fault, ProviderError
from assay.domain.healing import Budget
from assay.domain.jobs import JobType
from assay.runtime import Runtime
from assay.services import healing
from assay.worker import handlers
from assay.worker.healer import Healer

QUICK = {"breaker_failing_seconds": 0.0, "breaker_pause_seconds": 0.2, "breaker_pause_cap_seconds": 0.2}
type Play = Callable[..., Awaitable[dict[str, Any]]]


@pytest_asyncio.fixture(autouse=True)
async def whole(runtime: Runtime) -> AsyncIterator[None]:
    """Whatever is healed, the invariants hold."""
    yield
    assert await broken(runtime.open_uow) == {}


async def scalar(runtime: Runtime, query: str) -> Any:
    """One value."""
    async with runtime.open_uow() as uow:
        return await uow.session.scalar(text(query))


async def read(reader: Student, result: dict[str, Any]) -> dict[str, Any]:
    """The result anew."""
    answer = await reader.request("GET", f"/assessments/{result['assessmentId']}/result")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def rest(runtime: Runtime) -> None:
    """Until no job is left to do."""

    async def idle() -> bool:
        return not await scalar(runtime, "SELECT count(*) FROM async_jobs WHERE finished_at IS NULL AND delivery_id IS NULL")

    await until(idle)


async def healed(healer: Healer, runtime: Runtime, results: int = 1) -> None:
    """Rounds of the healer until so many results were sent again, and their jobs are done."""
    sent = 0

    async def enough() -> bool:
        nonlocal sent
        sent += await healer.round()
        return sent >= results

    await until(enough, every=0.1)
    assert sent == results
    await rest(runtime)


async def test_a_result_heals_from_end_to_end(providing: Any, working: Any, runtime: Runtime, student: Student, track_id: UUID) -> None:
    """Degraded while the provider is dead; once it is back, one small question, new versions beside the old, and the student is told."""
    await registered(runtime, "http://127.0.0.1:1/hook")
    async with providing(create_scripted_openai(Control(faults=("unavailable",)))) as provider, working(provider.url, **QUICK) as worker:
        _, before = await student.finished(track_id)
        assert {each["stage"] for each in before["degradations"]} == {"essayScoring", "narrative"}
        assert before["changes"] is None
        old = await scalar(runtime, "SELECT md5(string_agg(s::text, '|' ORDER BY id)) FROM essay_scores s")
        healer = Healer(worker)
        for _ in range(3):
            assert await healer.round() == 0  # dead still
        assert await read(student, before) == before
        await provider.control(faults=[])
        asked = len((await provider.journal())["entries"])
        await healed(healer, runtime)
        calls = [entry["task"] for entry in (await provider.journal())["entries"]][asked:]
    after = await read(student, before)
    assert (after["degraded"], after["degradations"]) == (False, [])
    assert {essay["provenance"]["producer"] for essay in after["essayScores"]} == {"openai"}
    assert sorted(calls) == ["grade"] * 3 + ["narrate"] * 2 or sorted(calls) == ["grade"] * 3 + ["narrate"] * 3

    changes = after["changes"]
    assert changes["stages"] == [
        {"stage": "essayScoring", "before": "built-in", "now": "openai"},
        {"stage": "narrative", "before": "built-in", "now": "openai"},
    ]
    levels = [{essay["questionId"]: essay["dimensions"] for essay in each["essayScores"]} for each in (before, after)]
    moved = {
        (question, name): (given["level"], levels[1][question][name]["level"])
        for question, dimensions in levels[0].items()
        for name, given in dimensions.items()
        if given["level"] != levels[1][question][name]["level"]
    }
    assert {(each["questionId"], each["dimension"]): (each["before"], each["now"]) for each in changes["levels"]} == moved
    titles = [{item["title"] for item in each["recommendation"]["items"]} for each in (before, after)]
    assert {each["title"] for each in changes["added"]} == titles[1] - titles[0]
    assert {each["title"] for each in changes["removed"]} == titles[0] - titles[1]

    assert await scalar(runtime, "SELECT array_agg(version ORDER BY version) FROM essay_scores") == [1, 1, 1, 2, 2, 2]
    assert await scalar(runtime, "SELECT array_agg(version ORDER BY version) FROM recommendations") == [1, 2]
    assert await scalar(runtime, "SELECT md5(string_agg(s::text, '|' ORDER BY id)) FROM essay_scores s WHERE version = 1") == old
    assert await scalar(runtime, "SELECT array_agg(event ORDER BY event) FROM webhook_events") == [
        "assessment.completed",
        "assessment.degraded",
        "result.upgraded",
    ]
    async with runtime.open_uow() as uow:
        entries = [link.entry for link in await uow.audit.chain() if link.entry.action == "result:resend"]
    ((actor, target, stages),) = [(entry.actor_id, entry.target_id, entry.changes["stages"]) for entry in entries]
    assert (actor, target, sorted(stages)) == (None, before["assessmentId"], ["essayScoring", "narrative"])


async def test_what_comes_out_no_better_is_not_shown(
    providing: Any, working: Any, runtime: Runtime, student: Student, track_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Essays fail again although small questions are answered: the same result to the letter, nobody is told, and tries are bounded."""
    await registered(runtime, "http://127.0.0.1:1/hook")
    monkeypatch.setattr("assay.domain.jobs.BACKOFF_BASE_SECONDS", 0.01)
    monkeypatch.setattr("assay.worker.healer.Budget", lambda **given: Budget(pause_seconds=0.0, **given))
    faults = Control(faults=("unavailable/grade",))
    async with providing(create_scripted_openai(faults)) as provider, working(provider.url, breaker_failures=0, heal_tries=2) as worker:
        _, before = await student.finished(track_id)
        assert [each["stage"] for each in before["degradations"]] == ["essayScoring"]
        healer = Healer(worker)
        for _ in range(2):
            await healed(healer, runtime)
            assert await read(student, before) == before
        assert await healer.round() == 0
        await provider.control(faults=[])
        assert await healer.round() == 0  # twice was enough
    assert await scalar(runtime, "SELECT max(version) FROM essay_scores") == 1
    assert await scalar(runtime, "SELECT max(version) FROM recommendations") == 1
    assert await scalar(runtime, "SELECT count(*) FROM webhook_events WHERE event = 'result.upgraded'") == 0
    assert await scalar(runtime, "SELECT count(*) FROM async_jobs WHERE heals") == 4


async def test_a_healing_that_dies_leaves_the_result_as_it_is(
    providing: Any, working: Any, runtime: Runtime, student: Student, track_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither held essays nor the curated list take the place of what stands; the dead letters are there to be seen."""
    monkeypatch.setattr("assay.domain.jobs.BACKOFF_BASE_SECONDS", 0.01)

    async def fail(*_: object) -> None:
        raise ProviderError(Fault.UNAVAILABLE, "HTTP 503")

    faults = Control(faults=("unavailable",))
    async with providing(create_scripted_openai(faults)) as provider, working(provider.url, **QUICK) as worker:
        _, before = await student.finished(track_id)
        await provider.control(faults=[])
        with monkeypatch.context() as patch:
            for job_type in (JobType.SCORE_ESSAY, JobType.GENERATE_RECOMMENDATIONS):
                patch.setitem(handlers.HANDLERS, job_type, fail)
            await healed(Healer(worker), runtime)
    assert await read(student, before) == before
    assert await scalar(runtime, "SELECT array_agg(DISTINCT status) FROM async_jobs WHERE heals") == ["dead"]


async def test_an_advisor_s_word_stands(
    providing: Any, working: Any, runtime: Runtime, student: Student, other_student: Student, advisor: Student, track_id: UUID
) -> None:
    """A level that was overridden stays on the healed verdict and is no change; a result that was decided on is not made again."""
    async with providing(create_scripted_openai(Control(faults=("unavailable",)))) as provider, working(provider.url, **QUICK) as worker:
        _, overridden = await student.finished(track_id)
        _, decided = await other_student.finished(track_id)
        essay = overridden["essayScores"][0]
        assert (await advising.override(advisor, essay["id"], "I read it.", clarity=0)).status_code == 201
        feedback = {"relevance": 2, "fit": 2, "decision": "reject"}
        assert (await advisor.request("POST", f"/recommendations/{decided['recommendation']['id']}/feedback", json=feedback)).is_success
        decided = await read(other_student, decided)
        said = "SELECT md5(string_agg(o::text, '|')) FROM essay_score_overrides o"
        rows = await scalar(runtime, said)
        given = "SELECT md5(string_agg(f::text, '|')) FROM recommendation_feedback f"
        spoken = await scalar(runtime, given)
        await provider.control(faults=[])
        await healed(Healer(worker), runtime)
    after = await read(student, overridden)
    assert after["degraded"] is False
    mine = after["essayScores"][0]
    assert (mine["dimensions"]["clarity"]["level"], mine["provenance"]["producer"]) == (0, "openai")
    assert mine["dimensions"]["clarity"]["override"]["reason"] == "I read it."
    assert not [each for each in after["changes"]["levels"] if (each["questionId"], each["dimension"]) == (mine["questionId"], "clarity")]
    assert await read(other_student, decided) == decided
    assert (await scalar(runtime, said), await scalar(runtime, given)) == (rows, spoken)


async def test_an_advisor_who_speaks_meanwhile_is_heard(
    providing: Any, working: Any, runtime: Runtime, student: Student, advisor: Student, track_id: UUID
) -> None:
    """The decision comes while the recommendation is being made again: the one it was made on stays."""
    async with providing(create_scripted_openai(Control(faults=("unavailable/narrate",)))) as provider, working(provider.url) as worker:
        _, before = await student.finished(track_id)
        await provider.control(faults=[], latency="1.5")
        sending = asyncio.create_task(healed(Healer(worker), runtime))
        await until(lambda: scalar(runtime, "SELECT count(*) > 0 FROM async_jobs WHERE heals AND status = 'leased'"))
        feedback = {"relevance": 4, "fit": 4, "decision": "accept"}
        assert (await advisor.request("POST", f"/recommendations/{before['recommendation']['id']}/feedback", json=feedback)).is_success
        await sending
    assert (await read(student, before))["recommendation"] == before["recommendation"]


async def _degraded(runtime: Runtime, students: tuple[Student, ...], stage: Stage = Stage.NARRATIVE) -> list[str]:
    """Finished results of two tracks for each student with a degraded stage, the oldest first."""
    tracks = [UUID(track["id"]) for track in (await students[0].request("GET", "/tracks")).json()["items"]][:2]
    results = [(await who.finished(track))[1]["assessmentId"] for track in tracks for who in students]
    for age, result in zip(range(len(results), 0, -1), results, strict=True):
        await _mark(runtime, result, stage, age)
    return results


async def _mark(runtime: Runtime, assessment_id: str, stage: Stage, minutes: int, cause: str = "unavailable") -> None:
    async with runtime.open_uow() as uow:
        await uow.session.execute(
            text(
                "INSERT INTO degraded_stages (assessment_id, stage, cause, replaced_by, detail, since)"
                " VALUES (:id, :stage, :cause, 'built-in', '', now() - make_interval(mins => :minutes))"
            ),
            {"id": assessment_id, "stage": stage, "cause": cause, "minutes": minutes},
        )


async def test_the_budget_is_kept_and_nothing_is_sent_twice(
    runtime: Runtime, student: Student, other_student: Student, drainer: Any
) -> None:
    """The oldest first, so many at once and per minute, none too old; six healers at once send what one does."""
    results = await _degraded(runtime, (student, other_student))
    await drainer.stop()
    back = {Stage.NARRATIVE}

    async def send(**budget: Any) -> list[str]:
        return [str(each) for each in await healing.send_again(runtime.open_uow, back, Budget(**budget))]

    assert await send(at_once=0) == []
    assert await send(per_minute=0) == []
    assert await send(tries=0) == []
    assert await send(max_age_hours=0.5 / 60) == []
    assert await healing.send_again(runtime.open_uow, {Stage.RETRIEVAL}, Budget()) == ()
    assert await send(at_once=1) == results[:1]
    assert await send(at_once=1) == []
    assert await send(per_minute=2) == results[1:2]
    assert await send(per_minute=2) == []
    together = await asyncio.gather(*(send() for _ in range(6)))
    assert sorted(each for sent in together for each in sent) == sorted(results[2:])
    assert await scalar(runtime, "SELECT count(*) FROM async_jobs WHERE heals") == 4
    assert await send() == []


async def test_what_the_model_made_of_an_essay_is_not_asked_again(runtime: Runtime, student: Student, drainer: Any, track_id: UUID) -> None:
    """Refused yesterday is refused today."""
    _, result = await student.finished(track_id)
    await _mark(runtime, result["assessmentId"], Stage.ESSAY_SCORING, 1, cause="refused")
    assert await healing.stages_waiting(runtime.open_uow, Budget()) == frozenset()


async def test_without_a_provider_nothing_is_to_be_healed_by_one(runtime: Runtime, student: Student, drainer: Any, track_id: UUID) -> None:
    """All is built in now, and was not when this was degraded: it stays as it is."""
    _, result = await student.finished(track_id)
    assert result["degraded"] is False
    await _mark(runtime, result["assessmentId"], Stage.ESSAY_SCORING, 1)
    assert await healing.stages_waiting(runtime.open_uow, Budget()) == {Stage.ESSAY_SCORING}
    assert await Healer(runtime).round() == 0


async def test_the_search_heals_once_there_is_an_index(runtime: Runtime, student: Student, drainer: Any, track_id: UUID) -> None:
    """The curated list while the index is empty; the search again when it is there, without any language model."""
    await scalar(runtime, "UPDATE index_versions SET chunk_count = 0 RETURNING 1")
    _, before = await student.finished(track_id)
    assert [(each["stage"], each["cause"]) for each in before["degradations"]] == [("retrieval", "index_empty")]
    healer = Healer(runtime)
    assert await healer.round() == 0
    await scalar(runtime, "UPDATE index_versions SET chunk_count = 1 RETURNING 1")
    healer.search.until = 0.0
    await healed(healer, runtime)
    after = await read(student, before)
    assert after["degraded"] is False
    assert after["changes"]["stages"] == [{"stage": "retrieval", "before": "curated", "now": "complete"}]
    assert (after["changes"]["levels"], after["essayScores"]) == ([], before["essayScores"])

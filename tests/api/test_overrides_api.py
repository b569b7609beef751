"""An advisor gives a level instead of the model's: what stands, what stays beside it, who may, and what is refused."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import advising
import httpx2
import pytest
from journeys import Student
from sqlalchemy import text

from assay.domain.actors import Actor, Role
from assay.domain.rubric import Dimension
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.services import audit
from assay.worker.drainer import Drainer

type Scored = dict[str, Any]


@pytest.fixture
async def finished(student: Student, track_id: UUID, drainer: Drainer) -> dict[str, Any]:
    """A student's finished assessment: its result."""
    _, result = await student.finished(track_id)
    return result


def problem(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document of a refusal."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code
    body: dict[str, Any] = answer.json()
    return body


async def read(reader: Student, result: dict[str, Any]) -> dict[str, Any]:
    """The result anew."""
    answer = await reader.request("GET", f"/assessments/{result['assessmentId']}/result")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def count(runtime: Runtime, table: str) -> int:
    """Rows in a table."""
    async with runtime.open_uow() as uow:
        return int(await uow.session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def another(level: int) -> int:
    """A level that is not this one."""
    return (level + 2) % 5


async def weights(runtime: Runtime, question_id: str) -> dict[str, float]:
    """The weights of a question's rubric."""
    query = text("SELECT content -> 'rubric' FROM question_versions WHERE question_id = :id ORDER BY version DESC LIMIT 1")
    async with runtime.open_uow() as uow:
        rubric = await uow.session.scalar(query, {"id": question_id})
    return {dimension.value: rubric[dimension.value]["weight"] for dimension in Dimension}


async def test_the_advisors_level_stands_and_the_models_stays_beside_it(
    student: Student, advisor: Student, finished: dict[str, Any], runtime: Runtime
) -> None:
    """Level, descriptor, percent of the essay, of all essays and overall follow; the model's level, rationale and quotes stay."""
    essay = finished["essayScores"][0]
    before = essay["dimensions"]["accuracy"]
    level = another(before["level"])
    answer = await advising.override(advisor, essay["id"], "The second example is wrong.", accuracy=level)
    assert answer.status_code == 201, answer.text

    result = await read(student, finished)
    after = result["essayScores"][0]
    accuracy = after["dimensions"]["accuracy"]
    assert (accuracy["level"], accuracy["modelLevel"]) == (level, before["level"])
    assert {name: accuracy[name] for name in ("rationale", "quotes", "improvement")} == {
        name: before[name] for name in ("rationale", "quotes", "improvement")
    }
    assert accuracy["descriptor"] != before["descriptor"]
    assert (accuracy["override"]["level"], accuracy["override"]["reason"]) == (level, "The second example is wrong.")
    assert after["dimensions"]["clarity"] == essay["dimensions"]["clarity"]

    weight = await weights(runtime, essay["questionId"])
    standing = {name: each["level"] for name, each in after["dimensions"].items()}
    percent = round(100 * sum(weight[name] * standing[name] for name in standing) / (4 * sum(weight.values())), 1)
    assert (after["percent"], after["modelPercent"]) == (pytest.approx(percent), essay["percent"])
    assert after["percent"] != essay["percent"]
    mean = sum(each["percent"] for each in result["essayScores"]) / 3
    assert result["scores"]["essay"] == pytest.approx(mean, abs=0.051)
    assert result["scores"]["overall"] == pytest.approx((result["scores"]["rule"]["percent"] + result["scores"]["essay"]) / 2, abs=0.051)

    receipt = answer.json()
    assert (receipt["percent"], receipt["modelPercent"]) == (after["percent"], essay["percent"])
    assert receipt["assessmentId"] == finished["assessmentId"]
    assert {name: (each["level"], each["modelLevel"]) for name, each in receipt["dimensions"].items()} == {
        name: (each["level"], each["modelLevel"]) for name, each in after["dimensions"].items()
    }


async def test_scores_and_recommendation_are_left_as_they_were(
    student: Student, advisor: Student, finished: dict[str, Any], runtime: Runtime
) -> None:
    """No stored score changes, no job is written, the recommendation is not made again."""
    rows = text("SELECT md5(string_agg(s::text, '|' ORDER BY id)) FROM essay_scores s")
    async with runtime.open_uow() as uow:
        stored, jobs = await uow.session.scalar(rows), await uow.session.scalar(text("SELECT count(*) FROM async_jobs"))
    await advising.override(advisor, finished["essayScores"][0]["id"], clarity=0, accuracy=0, coherence=0)
    assert (await read(student, finished))["recommendation"] == finished["recommendation"]
    async with runtime.open_uow() as uow:
        assert await uow.session.scalar(rows) == stored
        assert await uow.session.scalar(text("SELECT count(*) FROM async_jobs")) == jobs


async def test_the_newest_stands_and_history_is_kept(
    student: Student, advisor: Student, finished: dict[str, Any], runtime: Runtime
) -> None:
    """Three times the same dimension, another one once: four rows, the last of each is shown."""
    essay = finished["essayScores"][1]
    for level in (0, 4, 1):
        await advising.override(advisor, essay["id"], f"Level {level} it is.", clarity=level)
    await advising.override(advisor, essay["id"], "This too.", coherence=3)
    dimensions = (await read(student, finished))["essayScores"][1]["dimensions"]
    assert (dimensions["clarity"]["level"], dimensions["clarity"]["override"]["reason"]) == (1, "Level 1 it is.")
    assert (dimensions["coherence"]["level"], dimensions["coherence"]["modelLevel"]) == (3, essay["dimensions"]["coherence"]["level"])
    assert dimensions["accuracy"]["override"] is None
    async with runtime.open_uow() as uow:
        kept = await uow.session.execute(text("SELECT dimension, level FROM essay_score_overrides ORDER BY at"))
        assert [tuple(row) for row in kept] == [("clarity", 0), ("clarity", 4), ("clarity", 1), ("coherence", 3)]


async def test_the_same_level_confirms_without_a_reason(
    student: Student, advisor: Student, finished: dict[str, Any], runtime: Runtime
) -> None:
    """It is written like any other, and nothing changes; one level that differs among them asks for the reason."""
    essay = finished["essayScores"][0]
    given = {name: dimension["level"] for name, dimension in essay["dimensions"].items()}
    answer = await advising.override(advisor, essay["id"], None, **given)
    assert answer.status_code == 201, answer.text
    assert await count(runtime, "essay_score_overrides") == 3
    after = (await read(student, finished))["essayScores"][0]
    assert after["percent"] == essay["percent"]
    assert {name: each["override"]["reason"] for name, each in after["dimensions"].items()} == dict.fromkeys(given)
    refused = await advising.override(advisor, essay["id"], None, **{**given, "clarity": another(given["clarity"])})
    assert problem(refused, 422, "reason_required")["errors"] == [
        {"pointer": "/reason", "message": "a level that differs from the model's needs a reason"}
    ]


async def test_a_reader_learns_who_spoke_as_far_as_needed(
    student: Student, advisor: Student, finished: dict[str, Any], runtime: Runtime
) -> None:
    """The student: an advisor. An advisor: the pseudonym. Nobody: a name or an account's id."""
    await advising.override(advisor, finished["essayScores"][0]["id"], accuracy=0)
    async with runtime.open_uow() as uow:
        author = await uow.accounts.by_email("advisor@assay.example")
    assert author is not None
    for reader, pseudonym in ((student, None), (advisor, str(author.pseudonym))):
        result = await read(reader, finished)
        assert result["essayScores"][0]["dimensions"]["accuracy"]["override"]["by"] == {"role": "advisor", "pseudonym": pseudonym}
        assert author.name not in str(result)
        assert str(author.id) not in str(result)


async def test_a_held_dimension_gets_its_level_from_a_person(
    student: Student, advisor: Student, finished: dict[str, Any], runtime: Runtime
) -> None:
    """It counts from then on, and is held no more; there is no level to be confirmed, so a reason is needed."""
    assessment_id, question_id = UUID(finished["assessmentId"]), UUID(finished["essayScores"][0]["questionId"])
    score = advising.essay_score(assessment_id, question_id, advising.levels(None, 2, 2), version=2)
    async with runtime.open_uow() as uow:
        await uow.scores.add_essay_scores([score])
    held = (await read(student, finished))["essayScores"][0]
    assert (held["dimensions"]["clarity"]["level"], held["dimensions"]["clarity"]["held"], held["percent"]) == (None, True, 50.0)
    problem(await advising.override(advisor, score.id, None, clarity=4), 422, "reason_required")
    assert (await advising.override(advisor, score.id, "I read it.", clarity=4)).status_code == 201
    after = (await read(student, finished))["essayScores"][0]
    clarity = after["dimensions"]["clarity"]
    assert (clarity["level"], clarity["modelLevel"], clarity["held"], clarity["heldReason"]) == (4, None, False, "no quote")
    weight = await weights(runtime, held["questionId"])
    assert after["percent"] == round((100 * weight["clarity"] + 50 * (weight["accuracy"] + weight["coherence"])) / sum(weight.values()), 1)


async def test_a_decision_survives_a_new_verdict_and_an_old_verdict_is_not_judged(
    student: Student, advisor: Student, finished: dict[str, Any], runtime: Runtime
) -> None:
    """What an advisor said stands also on the newer version; who still looks at the old one is told which is new."""
    essay = finished["essayScores"][0]
    await advising.override(advisor, essay["id"], "Said of the first.", clarity=0)
    newer = advising.essay_score(UUID(finished["assessmentId"]), UUID(essay["questionId"]), advising.levels(4, 4, 4), version=2)
    async with runtime.open_uow() as uow:
        await uow.scores.add_essay_scores([newer])
    after = (await read(student, finished))["essayScores"][0]
    assert after["id"] == str(newer.id)
    assert (after["dimensions"]["clarity"]["level"], after["dimensions"]["clarity"]["modelLevel"]) == (0, 4)
    assert after["dimensions"]["accuracy"]["level"] == 4
    assert after["percent"] < after["modelPercent"] == 100.0
    refused = problem(await advising.override(advisor, essay["id"], clarity=1), 409, "score_replaced")
    assert refused["essayScoreId"] == str(newer.id)
    assert await count(runtime, "essay_score_overrides") == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/levels"),
        ({"levels": {}, "reason": "x"}, "/levels"),
        ({"levels": {"clarity": 5}, "reason": "x"}, "/levels/clarity"),
        ({"levels": {"clarity": -1}, "reason": "x"}, "/levels/clarity"),
        ({"levels": {"clarity": 2.5}, "reason": "x"}, "/levels/clarity"),
        ({"levels": {"clarity": "3"}, "reason": "x"}, "/levels/clarity"),
        ({"levels": {"clarity": True}, "reason": "x"}, "/levels/clarity"),
        ({"levels": {"clarity": None}, "reason": "x"}, "/levels/clarity"),
        ({"levels": {"style": 3}, "reason": "x"}, "/levels/style/[key]"),
        ({"levels": {"clarity": 3}, "reason": "x" * 2_001}, "/reason"),
        ({"levels": {"clarity": 3}, "reason": "a\x00b"}, "/reason"),
        ({"levels": {"clarity": 3}, "reason": "x", "authorId": str(uuid4())}, "/authorId"),
    ],
)
async def test_what_does_not_fit_is_named(
    advisor: Student, student_actor: Actor, runtime: Runtime, body: dict[str, Any], pointer: str
) -> None:
    """422 with the field, and nothing is written."""
    score_id = await one_score(runtime, student_actor)
    refused = problem(await advisor.request("POST", f"/essay-scores/{score_id}/override", json=body), 422, "invalid")
    assert refused["errors"][0]["pointer"] == pointer
    assert await count(runtime, "essay_score_overrides") == 0


async def one_score(runtime: Runtime, student_actor: Actor) -> UUID:
    """An essay score of the student: clarity 1, accuracy and coherence 2."""
    async with runtime.open_uow() as uow:
        (score_id,) = await advising.new_scores(uow, await advising.new_assessment(uow, student_actor.id), advising.levels(1))
    return score_id


@pytest.mark.parametrize("reason", [None, "", " \n\t "])
async def test_a_change_needs_a_reason(advisor: Student, student_actor: Actor, runtime: Runtime, reason: str | None) -> None:
    """Blank is none."""
    score_id = await one_score(runtime, student_actor)
    problem(await advising.override(advisor, score_id, reason, clarity=2), 422, "reason_required")
    assert await count(runtime, "essay_score_overrides") == 0
    assert await count(runtime, "audit_logs") == 0


async def test_only_an_advisor_of_the_student_may(
    student: Student, admin: Student, client: httpx2.AsyncClient, student_actor: Actor, runtime: Runtime
) -> None:
    """Student and admin: 403. Another advisor: 404, word for word as for a score that does not exist. Nobody: 401."""
    score_id = await one_score(runtime, student_actor)
    problem(await advising.override(student, score_id, clarity=4), 403, "forbidden")
    problem(await advising.override(admin, score_id, clarity=4), 403, "forbidden")
    stranger = await advising.advisor_of(runtime, client, "Elsewhere")
    foreign = problem(await advising.override(stranger, score_id, clarity=4), 404, "not_found")
    missing = problem(await advising.override(stranger, new_id(), clarity=4), 404, "not_found")
    assert {**foreign, "correlationId": ""} == {**missing, "correlationId": ""}
    body = {"levels": {"clarity": 4}, "reason": "x"}
    problem(await client.post(f"/api/v1/essay-scores/{score_id}/override", json=body), 401, "unauthenticated")
    problem(await stranger.request("POST", "/essay-scores/not-an-id/override", json=body), 422, "invalid")
    assert await count(runtime, "essay_score_overrides") == 0


async def test_the_same_key_writes_once(advisor: Student, student_actor: Actor, runtime: Runtime) -> None:
    """Five at once with one key: one row, the same answer; the key for something else: 409."""
    score_id = await one_score(runtime, student_actor)
    path, headers = f"/essay-scores/{score_id}/override", {"Idempotency-Key": "once-only"}
    body = {"levels": {"clarity": 4}, "reason": "x"}
    answers = await asyncio.gather(*(advisor.request("POST", path, json=body, headers=headers) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert await count(runtime, "essay_score_overrides") == 1
    other = await advisor.request("POST", path, json={**body, "reason": "y"}, headers=headers)
    problem(other, 409, "idempotency_key_reused")


async def test_every_override_is_in_the_audit_trail(advisor: Student, student_actor: Actor, runtime: Runtime) -> None:
    """Who, on which score, from which level to which, with the request's correlation id; not the reason. The chain holds."""
    score_id = await one_score(runtime, student_actor)
    headers = {"X-Correlation-Id": "correlation-1"}
    body = {"levels": {"clarity": 3, "accuracy": 2}, "reason": "Quotes Zabriskie."}
    await advisor.request("POST", f"/essay-scores/{score_id}/override", json=body, headers=headers)
    await advising.override(advisor, score_id, "Back.", clarity=1)
    async with runtime.open_uow() as uow:
        links = await uow.audit.chain()
        author = await uow.accounts.by_email("advisor@assay.example")
        assert (await audit.verify(uow)).holds
    first, second = (link.entry for link in links)
    assert author is not None
    assert (first.actor_id, first.action, first.target_type, first.target_id) == (
        author.id,
        "essay_score:override",
        "essay_score",
        str(score_id),
    )
    assert first.correlation_id == "correlation-1"
    assert first.changes == {"clarity": {"model": 1, "before": 1, "after": 3}, "accuracy": {"model": 2, "before": 2, "after": 2}}
    assert (second.action, second.changes) == ("essay_score:confirm", {"clarity": {"model": 1, "before": 3, "after": 1}})
    assert "Zabriskie" not in str(links)


async def test_an_essay_can_be_judged_before_the_recommendation_is_there(advisor: Student, student_actor: Actor, runtime: Runtime) -> None:
    """A score is enough; the assessment need not be completed."""
    async with runtime.open_uow() as uow:
        assessment_id = await advising.new_assessment(uow, student_actor.id, completed=None, closed=None)
        (score_id,) = await advising.new_scores(uow, assessment_id, advising.levels(1))
    assert (await advising.override(advisor, score_id, clarity=4)).status_code == 201


def test_advisors_alone_may_override() -> None:
    """By role, whatever the route."""
    assert [role for role in Role if Actor(id=uuid4(), role=role).may("essay:override")] == [Role.ADVISOR]  # type: ignore[arg-type]

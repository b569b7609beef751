"""What if, at the API: who may ask, what is refused and where, what the answer looks like."""

from typing import Any
from uuid import UUID

import advising
import httpx2
import pytest
from journeys import Student
from sqlalchemy import text

from assay.domain.actors import Actor
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.worker.drainer import Drainer


async def what_if(person: Student, assessment_id: Any, **question: Any) -> httpx2.Response:
    """Ask."""
    return await person.request("POST", f"/assessments/{assessment_id}/what-if", json=question)


def refused(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document without what differs each time."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code
    return {**answer.json(), "correlationId": ""}


async def test_student_and_advisor_get_the_same_answer_and_others_none(
    student: Student,
    other_student: Student,
    advisor: Student,
    admin: Student,
    runtime: Runtime,
    client: httpx2.AsyncClient,
    track_id: UUID,
    drainer: Drainer,
) -> None:
    """Owner and assigned advisor; a classmate and a strange advisor get what a missing one gives; an admin may not at all."""
    bundle, result = await student.finished(track_id)
    assessment_id, first = bundle["assessmentId"], result["recommendation"]["items"][0]
    question = {"completed": [first["credentialId"]]}
    mine, theirs = [(await what_if(person, assessment_id, **question)).json() for person in (student, advisor)]
    assert {**mine, "tookMs": 0} == {**theirs, "tookMs": 0}
    assert set(mine) == {"items", "removed", "changes", "unchanged", "tookMs"}
    assert set(mine["items"][0]) == {"credentialId", "title", "rank", "previousRank", "moved", "score", "reasons", "why"}
    assert mine["removed"][0] == {
        "credentialId": first["credentialId"],
        "title": first["title"],
        "previousRank": 1,
        "code": "completed",
        "reason": "It is already completed.",
    }
    stranger = await advising.advisor_of(runtime, client, "elsewhere")
    missing = refused(await what_if(student, new_id()), 404, "not_found")
    for person in (other_student, stranger):
        assert refused(await what_if(person, assessment_id), 404, "not_found") == missing
    refused(await what_if(admin, assessment_id), 403, "forbidden")
    assert (await client.post(f"/api/v1/assessments/{assessment_id}/what-if", json={})).status_code == 401


async def test_no_body_is_nothing_supposed(student: Student, track_id: UUID, drainer: Drainer) -> None:
    """A POST without a body answers the recommendation as it is."""
    bundle, result = await student.finished(track_id)
    answer = await student.request("POST", f"/assessments/{bundle['assessmentId']}/what-if")
    assert answer.status_code == 200, answer.text
    assert answer.json()["unchanged"] is True
    assert [item["credentialId"] for item in answer.json()["items"]] == [item["credentialId"] for item in result["recommendation"]["items"]]


async def test_not_before_there_is_a_result(student: Student, track_id: UUID) -> None:
    """While answering and while it is being made: 409 with the state."""
    bundle = await student.start(track_id)
    assert refused(await what_if(student, bundle["assessmentId"]), 409, "result_pending")["assessmentStatus"] == "inProgress"
    await student.answer_all(bundle)
    await student.submit(bundle)
    assert refused(await what_if(student, bundle["assessmentId"]), 409, "result_pending")["assessmentStatus"] == "processing"


@pytest.mark.parametrize(
    ("question", "pointer"),
    [
        ({"interests": {"sql": 2}}, "/interests/sql"),
        ({"interests": {"sql": "much"}}, "/interests/sql"),
        ({"level": "wizard"}, "/level"),
        ({"hours": 0}, "/hours"),
        ({"hours": True}, "/hours"),
        ({"hoursPerWeek": 169}, "/hoursPerWeek"),
        ({"completed": ["a\x00"]}, "/completed/0"),
        ({"priorLearning": ["Not A Slug"]}, "/priorLearning/0"),
        ({"languages": []}, "/languages"),
        ({"languages": ["english"]}, "/languages/0"),
        ({"student_id": "x"}, "/student_id"),
    ],
)
async def test_what_does_not_fit_is_refused_before_anything_is_looked_up(student: Student, question: dict[str, Any], pointer: str) -> None:
    """422 with the field, even for an assessment that does not exist."""
    problem = refused(await what_if(student, new_id(), **question), 422, "invalid")
    assert problem["errors"][0]["pointer"] == pointer


async def test_what_does_not_exist_is_named(student: Student, runtime: Runtime, track_id: UUID, drainer: Drainer) -> None:
    """Unknown skills and credentials, drafts among them, each with its place; all of them at once."""
    bundle, _ = await student.finished(track_id)
    async with runtime.open_uow() as uow:
        query = "UPDATE credential_catalog SET status = 'draft' WHERE id = (SELECT id FROM credential_catalog ORDER BY slug LIMIT 1)"
        draft = (await uow.session.execute(text(query + " RETURNING slug"))).scalar_one()
    answer = await what_if(
        student,
        bundle["assessmentId"],
        interests={"sql": 0.5, "basket-weaving": 1},
        completed=["no-such-credential", str(new_id()), draft],
        priorLearning=["sql", "basket-weaving"],
        hours=10,
        hoursPerWeek=5,
    )
    problem = refused(answer, 422, "invalid")
    assert {each["pointer"] for each in problem["errors"]} == {
        "/interests/basket-weaving",
        "/completed/0",
        "/completed/1",
        "/completed/2",
        "/priorLearning/1",
        "/hoursPerWeek",
    }


async def test_a_resume_token_opens_its_own_assessment_alone(
    student: Student, client: httpx2.AsyncClient, runtime: Runtime, student_actor: Actor, track_id: UUID, drainer: Drainer
) -> None:
    """The own one may be asked about, another of the same student not."""
    bundle, _ = await student.finished(track_id)
    confined = student_actor.model_copy(update={"assessment_id": UUID(bundle["assessmentId"])})
    resumed = Student(client, runtime.identity.tokens.access(confined, runtime.clock()))
    assert (await what_if(resumed, bundle["assessmentId"])).status_code == 200
    confined = student_actor.model_copy(update={"assessment_id": new_id()})
    stray = Student(client, runtime.identity.tokens.access(confined, runtime.clock()))
    refused(await what_if(stray, bundle["assessmentId"]), 404, "not_found")

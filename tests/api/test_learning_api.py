"""What a student declares of their learning, at the API, and that the next recommendation heeds it."""

from typing import Any
from uuid import UUID

import httpx2
import pytest
from journeys import Student
from sqlalchemy import text

from assay.domain.actors import Actor
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.worker.drainer import Drainer


async def declare(person: Student, **learning: Any) -> httpx2.Response:
    """Declare."""
    return await person.request("PUT", "/me/learning", json=learning)


async def read(person: Student) -> dict[str, Any]:
    """What stands."""
    answer = await person.request("GET", "/me/learning")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def slug_of(runtime: Runtime, credential_id: str) -> str:
    """The slug of a credential."""
    async with runtime.open_uow() as uow:
        row = await uow.credentials.version(UUID(credential_id))
    assert row is not None
    return row.slug


async def test_what_is_declared_is_read_back(student: Student, other_student: Student, runtime: Runtime) -> None:
    """Nothing at first; then by slug or id, each once and sorted, retired ones too; declared anew it is replaced; one's own alone."""
    nothing = {"completed": [], "priorLearning": [], "languages": ["en"], "hoursPerWeek": None, "updatedAt": None}
    assert await read(student) == nothing
    async with runtime.open_uow() as uow:
        one, other, retired = (await uow.credentials.published())[:3]
        skills = sorted(await uow.tracks.skill_names())[:2]
        await uow.session.execute(text("UPDATE credential_catalog SET status = 'retired' WHERE slug = :slug"), {"slug": retired.slug})
    answer = await declare(
        student,
        completed=[retired.slug, str(other.credential_id), one.slug, other.slug],
        priorLearning=[*skills[::-1], skills[0]],
        languages=["en", "de"],
        hoursPerWeek=7.5,
    )
    assert answer.status_code == 200, answer.text
    standing = await read(student)
    assert standing == answer.json()
    assert standing["completed"] == sorted([one.slug, other.slug, retired.slug])
    assert standing["priorLearning"] == skills
    assert (standing["languages"], standing["hoursPerWeek"]) == (["de", "en"], 7.5)
    assert await read(other_student) == nothing
    again = (await declare(student, hoursPerWeek=3)).json()
    assert {**again, "updatedAt": None} == {**nothing, "hoursPerWeek": 3.0}
    assert again["updatedAt"] > standing["updatedAt"]


@pytest.mark.parametrize(
    ("learning", "pointer"),
    [
        ({"completed": ["no-such-credential"]}, "/completed/0"),
        ({"completed": [str(new_id())]}, "/completed/0"),
        ({"priorLearning": ["sql", "basket-weaving"]}, "/priorLearning/1"),
        ({"languages": []}, "/languages"),
        ({"languages": ["German"]}, "/languages/0"),
        ({"hoursPerWeek": 0}, "/hoursPerWeek"),
        ({"hoursPerWeek": "5"}, "/hoursPerWeek"),
        ({"updatedAt": None}, "/updatedAt"),
        ({"studentId": str(new_id())}, "/studentId"),
    ],
)
async def test_what_does_not_fit_is_refused_and_nothing_changes(student: Student, learning: dict[str, Any], pointer: str) -> None:
    """422 with the field; what stood still stands."""
    await declare(student, hoursPerWeek=4)
    before = await read(student)
    answer = await declare(student, **learning)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert await read(student) == before


async def test_only_a_student_declares_and_no_resume_token(
    advisor: Student, admin: Student, client: httpx2.AsyncClient, runtime: Runtime, student_actor: Actor
) -> None:
    """Advisor and admin 403; a token for one assessment 404; a student without an account 404; nothing is written."""
    for person in (advisor, admin):
        assert (await declare(person)).status_code == 403
        assert (await person.request("GET", "/me/learning")).status_code == 403
    for actor in (student_actor.model_copy(update={"assessment_id": new_id()}), student_actor.model_copy(update={"id": new_id()})):
        stray = Student(client, runtime.identity.tokens.access(actor, runtime.clock()))
        assert (await declare(stray)).status_code == 404
    async with runtime.open_uow() as uow:
        assert await uow.session.scalar(text("SELECT count(*) FROM learner_declarations")) == 0


async def test_the_next_recommendation_leaves_out_what_is_done_and_says_so(
    student: Student, runtime: Runtime, track_id: UUID, drainer: Drainer
) -> None:
    """A retake after declaring the first as completed and the skills of another as learned: both are excluded with their codes."""
    _, before = await student.finished(track_id)
    first, *others = before["recommendation"]["items"]
    async with runtime.open_uow() as uow:
        levels = {item["credentialId"]: (await uow.credentials.version(UUID(item["credentialId"]))) for item in others}
    known = next(row for row in levels.values() if row is not None and row.content["level"] != "advanced")
    answer = await declare(student, completed=[first["credentialId"]], priorLearning=known.content["skills"], languages=["en", "de"])
    assert answer.status_code == 200, answer.text
    bundle, after = await student.finished(track_id)
    recommendation = after["recommendation"]
    assert not {item["credentialId"] for item in recommendation["items"]} & {first["credentialId"], str(known.credential_id)}
    excluded = {each["credentialId"]: (each["code"], each["reason"]) for each in recommendation["excluded"]}
    async with runtime.open_uow() as uow:
        stored = await uow.recommendations.latest(UUID(bundle["assessmentId"]))
    assert stored is not None
    assert stored.basis is not None
    expected = {first["credentialId"]: "completed", str(known.credential_id): "prior_learning"}
    found = {key: code for key, code in expected.items() if key in stored.basis["pool"]}  # a retake asks and searches for other things
    assert found
    assert {key: excluded[key][0] for key in found} == found
    assert all(reason for _, reason in excluded.values())
    empty = (await student.request("POST", f"/assessments/{bundle['assessmentId']}/what-if", json={})).json()
    assert empty["unchanged"] is True
    await declare(student)
    later = (await student.request("POST", f"/assessments/{bundle['assessmentId']}/what-if", json={})).json()
    assert later["unchanged"] is True, "what the recommendation saw holds, not what is declared since"


async def test_the_curated_list_leaves_out_what_is_completed(student: Student, runtime: Runtime, track_id: UUID, drainer: Drainer) -> None:
    """Without an index too: the rest of the list in its order, the completed one excluded with the reason."""
    async with runtime.open_uow() as uow:
        track = await uow.tracks.get(track_id)
        assert track is not None
        first, *rest = track.fallback_credentials
        await uow.session.execute(text("UPDATE index_versions SET status = 'retired'"))
    await declare(student, completed=[first])
    _, result = await student.finished(track_id)
    recommendation = result["recommendation"]
    assert [await slug_of(runtime, item["credentialId"]) for item in recommendation["items"]] == rest[:8]
    (excluded,) = recommendation["excluded"]
    assert (await slug_of(runtime, excluded["credentialId"]), excluded["code"]) == (first, "completed")

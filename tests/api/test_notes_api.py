"""Notes of advisors: shared by the advisors of a student, unknown to the student, gone with the person."""

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
from assay.services import erasure
from assay.services.people import Reasoned

WHY = Reasoned(reason="Asked to be forgotten")


async def note(advisor: Student, assessment_id: UUID | str, body: str, about: str = "assessment", **headers: str) -> httpx2.Response:
    """Write a note."""
    return await advisor.request("POST", f"/assessments/{assessment_id}/notes", json={"body": body, "about": about}, headers=headers)


async def noted(advisor: Student, assessment_id: UUID | str) -> list[dict[str, Any]]:
    """The notes there are."""
    answer = await advisor.request("GET", f"/assessments/{assessment_id}/notes")
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


@pytest.fixture
async def assessments(runtime: Runtime, student_actor: Actor) -> list[UUID]:
    """Two assessments of a student."""
    async with runtime.open_uow() as uow:
        return [await advising.new_assessment(uow, student_actor.id, track=track) for track in ("backend-engineer", "data-analyst")]


async def test_notes_are_shared_by_the_advisors_of_the_student(
    advisor: Student, client: httpx2.AsyncClient, runtime: Runtime, student_actor: Actor, assessments: list[UUID]
) -> None:
    """In order, with pseudonym and whose they are; what is about the student shows with every assessment."""
    first, second = assessments
    colleague = await advising.advisor_of(runtime, client, "Another", student_actor.id)
    await note(advisor, first, "Asked about the second essay.")
    answer = await note(colleague, second, "Works at night.", "student")
    assert answer.status_code == 201, answer.text
    assert [(each["body"], each["about"], each["own"]) for each in answer.json()["items"]] == [("Works at night.", "student", True)]
    seen = await noted(advisor, first)
    assert [(each["body"], each["own"]) for each in seen] == [("Asked about the second essay.", True), ("Works at night.", False)]
    assert [each["assessmentId"] for each in seen] == [str(first), str(second)]
    assert seen[0]["by"] != seen[1]["by"]
    assert [each["body"] for each in await noted(advisor, second)] == ["Works at night."]


async def test_nobody_else_sees_or_writes_any(
    student: Student, admin: Student, advisor: Student, runtime: Runtime, client: httpx2.AsyncClient, assessments: list[UUID]
) -> None:
    """Student and admin 403, another advisor 404 as for one that does not exist."""
    await note(advisor, assessments[0], "Between us.")
    stranger = await advising.advisor_of(runtime, client, "Elsewhere")
    for who, wanted, status in ((student, assessments[0], 403), (admin, assessments[0], 403), (stranger, assessments[0], 404)):
        assert (await note(who, wanted, "x")).status_code == status
        assert (await who.request("GET", f"/assessments/{wanted}/notes")).status_code == status
    assert (await note(stranger, new_id(), "x")).status_code == 404
    assert "Between us." not in (await student.request("GET", f"/assessments/{assessments[0]}")).text
    assert len(await noted(advisor, assessments[0])) == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/body"),
        ({"body": "  \n"}, "/body"),
        ({"body": "x" * 4_001}, "/body"),
        ({"body": "a\x00"}, "/body"),
        ({"body": "x", "about": "weather"}, "/about"),
    ],
)
async def test_a_note_that_does_not_fit_is_refused(advisor: Student, assessments: list[UUID], body: dict[str, Any], pointer: str) -> None:
    """422 with the field."""
    answer = await advisor.request("POST", f"/assessments/{assessments[0]}/notes", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_the_same_key_notes_once_and_the_audit_trail_says_so(advisor: Student, runtime: Runtime, assessments: list[UUID]) -> None:
    """One row and one entry, without what was written."""
    answers = [await note(advisor, assessments[0], "Wrote Kilimanjarovsky", **{"Idempotency-Key": "k-1"}) for _ in range(2)]
    assert answers[0].text == answers[1].text
    async with runtime.open_uow() as uow:
        assert await uow.session.scalar(text("SELECT count(*) FROM advisor_notes")) == 1
        (link,) = await uow.audit.chain()
    assert (link.entry.action, link.entry.target_id, link.entry.changes) == (
        "assessment:note",
        str(assessments[0]),
        {"about": "assessment"},
    )


async def test_notes_are_the_students_to_have_and_to_be_rid_of(
    student: Student, advisor: Student, runtime: Runtime, student_actor: Actor, assessments: list[UUID]
) -> None:
    """They are part of the export, without who wrote them; erasing the student takes them away, and so does erasing who wrote them."""
    await note(advisor, assessments[0], "Works at night.", "student")
    kept = (await student.request("GET", "/me/export")).json()["kept"]["advisor_notes"]
    assert [(row["body"], "author_id" in row) for row in kept] == [("Works at night.", False)]
    async with runtime.open_uow() as uow:
        someone = await uow.accounts.by_email("advisor@assay.example")
        assert someone
    for person in (someone.id, student_actor.id):
        assert (await erasure.erase(runtime.open_uow, None, person, WHY)).complete
        async with runtime.open_uow() as uow:
            assert await uow.session.scalar(text("SELECT count(*) FROM advisor_notes")) == 0

"""Flags on assessments: advisors of the student put and see them, the student never does."""

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


async def flag(advisor: Student, assessment_id: UUID | str, code: str, note: str | None = None, **headers: str) -> httpx2.Response:
    """Put a flag."""
    body = {"code": code, "note": note} if note is not None else {"code": code}
    return await advisor.request("POST", f"/assessments/{assessment_id}/flags", json=body, headers=headers)


def refused(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document without what differs each time."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code
    return {**answer.json(), "correlationId": ""}


@pytest.fixture
async def assessment_id(runtime: Runtime, student_actor: Actor) -> UUID:
    """A student's assessment."""
    async with runtime.open_uow() as uow:
        return await advising.new_assessment(uow, student_actor.id)


async def test_advisors_see_flags_in_the_result_and_the_student_does_not(
    student: Student, advisor: Student, track_id: UUID, drainer: Drainer
) -> None:
    """In order, with note and pseudonym; in the student's result there is not even the field."""
    bundle, before = await student.finished(track_id)
    path = f"/assessments/{bundle['assessmentId']}/result"
    assert (await advisor.request("GET", path)).json()["flags"] == []
    await flag(advisor, bundle["assessmentId"], "recommendation", "Look at the second one.")
    answer = await flag(advisor, bundle["assessmentId"], "followUp")
    assert answer.status_code == 201, answer.text
    assert answer.json()["flagged"] is True
    shown = (await advisor.request("GET", path)).json()
    assert [(each["code"], each["note"]) for each in shown["flags"]] == [("recommendation", "Look at the second one."), ("followUp", None)]
    assert shown["flags"] == answer.json()["flags"]
    assert shown["flags"][0]["by"]["role"] == "advisor"
    after = await student.request("GET", path)
    assert "flags" not in after.json()
    assert after.json() == before
    assert "Look at the second one." not in (await student.request("GET", f"/assessments/{bundle['assessmentId']}")).text


async def test_resolving_closes_and_history_stays(advisor: Student, assessment_id: UUID) -> None:
    """Nothing open: nothing to resolve. Resolved: not flagged, all rows kept. Flagged anew: open again."""
    refused(await flag(advisor, assessment_id, "resolved"), 409, "nothing_flagged")
    await flag(advisor, assessment_id, "degraded")
    resolved = (await flag(advisor, assessment_id, "resolved", "Talked to them.")).json()
    assert (resolved["flagged"], [each["code"] for each in resolved["flags"]]) == (False, ["degraded", "resolved"])
    refused(await flag(advisor, assessment_id, "resolved"), 409, "nothing_flagged")
    assert (await flag(advisor, assessment_id, "scoring")).json()["flagged"] is True


async def test_only_an_advisor_of_the_student_may_flag(
    student: Student, admin: Student, runtime: Runtime, client: httpx2.AsyncClient, assessment_id: UUID
) -> None:
    """Student and admin 403, another advisor 404 as for one that does not exist."""
    refused(await flag(student, assessment_id, "followUp"), 403, "forbidden")
    refused(await flag(admin, assessment_id, "followUp"), 403, "forbidden")
    stranger = await advising.advisor_of(runtime, client, None)
    assert refused(await flag(stranger, assessment_id, "followUp"), 404, "not_found") == refused(
        await flag(stranger, new_id(), "followUp"), 404, "not_found"
    )
    async with runtime.open_uow() as uow:
        assert await uow.session.scalar(text("SELECT count(*) FROM assessment_flags")) == 0


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/code"),
        ({"code": "boring"}, "/code"),
        ({"code": "followUp", "note": "x" * 2_001}, "/note"),
        ({"code": "followUp", "note": "a\x00"}, "/note"),
        ({"code": "followUp", "at": "2020-01-01T00:00:00Z"}, "/at"),
    ],
)
async def test_a_flag_that_does_not_fit_is_refused(advisor: Student, assessment_id: UUID, body: dict[str, Any], pointer: str) -> None:
    """422 with the field."""
    answer = await advisor.request("POST", f"/assessments/{assessment_id}/flags", json=body)
    assert refused(answer, 422, "invalid")["errors"][0]["pointer"] == pointer


async def test_the_same_key_flags_once_and_the_audit_trail_says_so(advisor: Student, runtime: Runtime, assessment_id: UUID) -> None:
    """One row and one entry, without the note."""
    answers = [await flag(advisor, assessment_id, "integrity", "Wrote Kilimanjarovsky", **{"Idempotency-Key": "k-1"}) for _ in range(2)]
    assert answers[0].text == answers[1].text
    async with runtime.open_uow() as uow:
        assert await uow.session.scalar(text("SELECT count(*) FROM assessment_flags")) == 1
        (link,) = await uow.audit.chain()
    assert (link.entry.action, link.entry.target_id, link.entry.changes) == (
        "assessment:flag",
        str(assessment_id),
        {"code": "integrity"},
    )

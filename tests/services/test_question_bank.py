"""The in-process bank: never outdated, never short, and immutable versions read once."""

from uuid import UUID

from journeys import Student
from sqlalchemy import text

from assay.runtime import Runtime


async def test_a_deactivated_question_is_never_asked_again(student: Student, track_id: UUID, runtime: Runtime) -> None:
    """The process has a copy; the database refuses it once it is outdated."""
    await student.start(track_id)
    async with runtime.open_uow() as uow:
        kept = (
            await uow.session.execute(
                text(
                    "UPDATE questions SET is_active = false WHERE type = 'essay' AND id IN (SELECT q.id FROM questions q"
                    " JOIN question_tracks t ON t.question_id = q.id WHERE t.track_id = :track AND q.type = 'essay'"
                    " ORDER BY q.id OFFSET 3) RETURNING id"
                ),
                {"track": track_id},
            )
        ).all()
        await uow.session.execute(text("UPDATE assessments SET closed_at = now()"))
    off = {str(row.id) for row in kept}
    assert off
    again = await student.start(track_id)
    assert not off & {question["id"] for question in again["questions"]}


async def test_a_bank_that_cannot_fill_the_mix_says_what_is_missing(student: Student, track_id: UUID, runtime: Runtime) -> None:
    """409 naming the type and the counts."""
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE questions SET is_active = false WHERE type = 'essay'"))
    answer = await student.request("POST", "/assessments/start", json={"trackId": str(track_id)})
    assert answer.status_code == 409
    assert answer.json()["code"] == "track_short_of_questions"
    assert "0 of 3 essay" in answer.json()["detail"]


async def test_a_retired_track_cannot_be_started(student: Student, track_id: UUID, runtime: Runtime) -> None:
    """404 for the start, and it leaves the gallery."""
    await student.request("GET", "/tracks")
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE role_catalog SET status = 'retired' WHERE id = :id"), {"id": track_id})
    assert (await student.request("POST", "/assessments/start", json={"trackId": str(track_id)})).status_code == 404
    assert (await student.request("GET", f"/tracks/{track_id}")).status_code == 404


async def test_an_edited_question_leaves_open_assessments_as_they_were(student: Student, track_id: UUID, runtime: Runtime) -> None:
    """The snapshot points to the version that was asked."""
    bundle = await student.start(track_id)
    question = bundle["questions"][0]
    async with runtime.open_uow() as uow:
        await uow.session.execute(
            text(
                "INSERT INTO question_versions (question_id, version, content, content_hash)"
                " SELECT question_id, 2, jsonb_set(content, '{prompt}', '\"Something else entirely?\"'), 'x'"
                " FROM question_versions WHERE question_id = :id"
            ),
            {"id": question["id"]},
        )
        await uow.session.execute(text("UPDATE questions SET current_version = 2 WHERE id = :id"), {"id": question["id"]})
    read = (await student.request("GET", f"/assessments/{bundle['assessmentId']}")).json()
    assert read["questions"][0]["prompt"] == question["prompt"]

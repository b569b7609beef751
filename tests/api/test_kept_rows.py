"""What a start and a submission leave in the database, row by row."""

from uuid import UUID

from journeys import Student
from sqlalchemy import text

from assay.domain.actors import Actor
from assay.runtime import Runtime


async def _rows(runtime: Runtime, statement: str, **values: object) -> list[tuple]:
    async with runtime.open_uow() as uow:
        return [tuple(row) for row in (await uow.session.execute(text(statement), values)).all()]


async def test_a_start_is_told_once_by_pseudonym_and_track(
    student: Student, student_actor: Actor, runtime: Runtime, track_id: UUID
) -> None:
    """One event for analysis ties student, track and assessment; returning to the open assessment adds none."""
    bundle = await student.start(track_id)
    await student.start(track_id)
    ((pseudonym,),) = await _rows(runtime, "SELECT pseudonym FROM users WHERE id = :id", id=student_actor.id)
    events = await _rows(runtime, "SELECT event, pseudonym, track_slug, assessment_id FROM analytics_events")
    assert events == [("assessment.started", pseudonym, "backend-engineer", UUID(bundle["assessmentId"]))]


async def test_a_submission_keeps_each_credit_and_queues_two_jobs(student: Student, runtime: Runtime, track_id: UUID) -> None:
    """A row for each of the ten questions, with the credits that the receipt tells; essays due at once, the recommendation after them."""
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    receipt = (await student.submit(bundle)).json()
    about = {"id": UUID(bundle["assessmentId"])}
    scores = await _rows(runtime, "SELECT question_id, credit, answered FROM rule_scores WHERE assessment_id = :id", **about)
    jobs = await _rows(runtime, "SELECT job_type, status, isfinite(run_at) FROM async_jobs WHERE assessment_id = :id ORDER BY 1", **about)
    assert {UUID(question["id"]) for question in bundle["questions"]} == {question_id for question_id, _, _ in scores}
    assert all(answered for _, _, answered in scores)
    told = {UUID(each["questionId"]): each["credit"] for each in receipt["ruleScores"]["questions"]}
    assert told == {question_id: round(credit, 4) for question_id, credit, _ in scores if credit is not None}
    assert jobs == [("generate_recommendations", "queued", False), ("score_essay", "queued", True)]

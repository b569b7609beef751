"""What is read of an assessment for its recommendation, from the real database."""

from uuid import UUID

from journeys import Student
from sqlalchemy import text

from assay.runtime import Runtime
from assay.services import learners
from assay.worker.drainer import Drainer


async def test_a_theoretical_question_comes_with_how_hard_it_is(
    runtime: Runtime, student: Student, track_id: UUID, drainer: Drainer
) -> None:
    """A right answer says more of mastery the harder the question: the difficulty is that of the question asked."""
    bundle, _ = await student.finished(track_id)
    asked = text(
        "SELECT difficulty FROM assessment_question_snapshots JOIN questions ON questions.id = question_id"
        " WHERE assessment_id = :id AND type = 'theoretical' ORDER BY position"
    )
    async with runtime.open_uow() as uow:
        learner, _ = await learners.read(uow, runtime.bank, UUID(bundle["assessmentId"]), "backend-engineer")
        expected = list(await uow.session.scalars(asked, {"id": bundle["assessmentId"]}))
    assert [result.difficulty for result in learner.theory] == expected
    assert expected

"""Notes that the advisors of a student share."""

from uuid import UUID

from fastapi import APIRouter, status

from assay.api.v1.problems import problems
from assay.edge.dependencies import AssessmentFlagger, IdempotencyHeader, Uow
from assay.services import idempotency, notes
from assay.services.notes import NoteList, NoteWrite

router = APIRouter(prefix="/assessments", tags=["advising"])


@router.get("/{assessment_id}/notes", responses=problems(401, 403, 404))
async def read(assessment_id: UUID, actor: AssessmentFlagger, uow: Uow) -> NoteList:
    """What the student's advisors noted of this assessment and of the student, oldest first. The student does not see it here."""
    return await notes.read(uow, actor, assessment_id)


@router.post("/{assessment_id}/notes", status_code=status.HTTP_201_CREATED, responses=problems(401, 403, 404, 409))
async def write(assessment_id: UUID, body: NoteWrite, actor: AssessmentFlagger, uow: Uow, key: IdempotencyHeader = None) -> NoteList:
    """Note something for the student's advisors; answers with all notes."""

    async def act() -> idempotency.JsonObject:
        return (await notes.write(uow, actor, assessment_id, body)).model_dump(mode="json")

    request = ["note", str(assessment_id), body.model_dump(mode="json")]
    return NoteList.model_validate((await idempotency.once(uow, actor, key, request, act)).response)

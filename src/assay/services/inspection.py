"""An admin reads what a student wrote: each time for a reason, which the audit trail keeps."""

from uuid import UUID

from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor, Role
from assay.domain.audit import AuditAction
from assay.domain.errors import NotFound
from assay.domain.progress import AssessmentStatus
from assay.kit.model import Value
from assay.services import assessments, audit, people, results
from assay.services.assessments import AssessmentRead
from assay.services.people import Reasoned
from assay.services.question_bank import QuestionBank
from assay.services.results import Result


class Inspection(Value):
    """An assessment as its student sees it: questions, answers, and the result once there is one that is not held back."""

    pseudonym: UUID
    assessment: AssessmentRead
    result: Result | None


class Inspected(Value):
    """Whose assessment it is, without a word of what is in it."""

    assessment_id: UUID
    person_id: UUID
    pseudonym: UUID
    state: AssessmentStatus


async def about(uow: UnitOfWork, assessment_id: UUID) -> Inspected:
    """What an admin knows before giving a reason. Raises `NotFound`."""
    owner = await uow.assessments.owner(assessment_id)
    if owner is None:
        raise NotFound("There is no such assessment.")
    person = await people.get(uow, owner)
    progress = await assessments.status(uow, Actor(id=owner, role=Role.STUDENT), assessment_id)
    return Inspected(assessment_id=assessment_id, person_id=owner, pseudonym=person.pseudonym, state=progress.status)


async def inspect(uow: UnitOfWork, bank: QuestionBank, actor: Actor, assessment_id: UUID, why: Reasoned) -> Inspection:
    """Answers and result of an assessment, and the entry that says who read them and why, in one transaction. Raises `NotFound`."""
    owner = await uow.assessments.owner(assessment_id)
    if owner is None:
        raise NotFound("There is no such assessment.")
    user = await people.held(uow, owner)
    student = Actor(id=owner, role=Role.STUDENT)
    read = await assessments.get(uow, bank, student, assessment_id)
    shown = read.status is AssessmentStatus.COMPLETED and read.held_back is None
    result = await results.read(uow, bank, student, assessment_id) if shown else None
    await audit.record(uow, actor, AuditAction.ASSESSMENT_INSPECTED, "assessment", assessment_id, {"reason": people.told(why, user)})
    return Inspection(pseudonym=user.pseudonym, assessment=read, result=result)

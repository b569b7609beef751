"""A learning platform starts an assessment for one of its students, and hands them the link to it."""

from datetime import datetime
from typing import Annotated, Self
from urllib.parse import quote
from uuid import UUID

from pydantic import Field, model_validator

from assay.db.models import User
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor, Role
from assay.domain.audit import AuditAction
from assay.domain.errors import NotFound
from assay.kit.model import Value
from assay.kit.text import StorableText
from assay.services import assessments, audit
from assay.services.assessments import TrackName
from assay.services.identity import Identity
from assay.services.question_bank import QuestionBank


class StudentWanted(Value):
    """A student by e-mail address, or by the name under which a provider of single sign-on knows them."""

    email: Annotated[StorableText, Field(min_length=3, max_length=320)] | None = None
    issuer: Annotated[StorableText, Field(min_length=1, max_length=500)] | None = None
    subject: Annotated[StorableText, Field(min_length=1, max_length=500)] | None = None

    @model_validator(mode="after")
    def _by_one(self) -> Self:
        if (self.issuer is None) != (self.subject is None) or (self.email is None) == (self.subject is None):
            msg = "either email, or issuer and subject are wanted"
            raise ValueError(msg)
        return self


class StartFor(Value):
    """Which track to start for whom."""

    track_id: UUID
    student: StudentWanted


class StartedFor(Value):
    """The assessment, and the link that opens it and nothing else: to be given to the student, and to nobody else."""

    assessment_id: UUID
    track: TrackName
    started_at: datetime
    expires_at: datetime
    resume_token: str
    url: str


async def start(
    uow: UnitOfWork, bank: QuestionBank, identity: Identity, actor: Actor, wanted: StartFor, public_url: str
) -> tuple[StartedFor, bool]:
    """A new assessment and True, or the student's open one and False.

    Raises `NotFound` for who is no student, or is in none of the cohorts that `actor` is confined to, and as `assessments.start`.
    """
    student = await _student(uow, actor, wanted.student)
    bundle, made = await assessments.start(uow, bank, identity, Actor(id=student.id, role=Role.STUDENT), wanted.track_id)
    changes = {"student": str(student.id), "track": bundle.track.slug, "made": made}
    await audit.record(uow, actor, AuditAction.ASSESSMENT_STARTED_FOR, "assessment", bundle.assessment_id, changes)
    started = StartedFor(
        assessment_id=bundle.assessment_id,
        track=bundle.track,
        started_at=bundle.started_at,
        expires_at=bundle.expires_at,
        resume_token=bundle.resume_token,
        url=f"{public_url.rstrip('/')}/resume?token={quote(bundle.resume_token)}",
    )
    return started, made


async def _student(uow: UnitOfWork, actor: Actor, wanted: StudentWanted) -> User:
    if wanted.email:
        found = await uow.accounts.by_email(wanted.email)
    else:
        found = await uow.external_identities.known(wanted.issuer or "", wanted.subject or "")
    if found is None or found.role != Role.STUDENT or not found.is_active or not await _within(uow, actor, found.id):
        raise NotFound("There is no such student.")
    return found


async def _within(uow: UnitOfWork, actor: Actor, student_id: UUID) -> bool:
    if not actor.cohorts:
        return True
    return bool(actor.cohorts & {cohort.id for cohort in await uow.enrolment.of_person(student_id)})

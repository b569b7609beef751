"""Who belongs to which cohort, as admins keep it: a student is seen by the advisors of the own cohorts, and by nobody else."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from assay.db.models import Cohort
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor, Role
from assay.domain.audit import AuditAction
from assay.domain.changes import changes
from assay.domain.errors import Conflict, FieldProblem, NotFound
from assay.domain.preconditions import require_seen
from assay.kit.ids import new_id
from assay.kit.model import Value
from assay.kit.text import StorableText
from assay.services import audit, people

ENROLLED = frozenset({Role.STUDENT, Role.ADVISOR})


class CohortWrite(Value):
    """A cohort as it shall be called."""

    name: Annotated[StorableText, AfterValidator(str.strip), Field(min_length=1, max_length=200)]


class KeptCohort(Value):
    """A cohort as admins keep it."""

    id: UUID
    name: str
    created_at: datetime


class SizedCohort(KeptCohort):
    """A cohort in the list of all."""

    students: int
    advisors: int


class KeptCohortPage(Value):
    """A page of cohorts, the newest first."""

    items: tuple[SizedCohort, ...]
    next_cursor: UUID | None


class Member(Value):
    """Somebody who belongs to a cohort."""

    person_id: UUID
    name: str
    role: Role
    pseudonym: UUID
    joined_at: datetime


class MemberPage(Value):
    """A page of members."""

    items: tuple[Member, ...]
    next_cursor: UUID | None


async def own_cohorts(uow: UnitOfWork, actor: Actor) -> list[str]:
    """The names of the caller's own cohorts."""
    return [cohort.name for cohort in await uow.enrolment.of_person(actor.id)]


async def page(uow: UnitOfWork, cursor: UUID | None, limit: int) -> KeptCohortPage:
    """Cohorts with how many there are in each, the newest first."""
    rows = await uow.enrolment.page(cursor, limit + 1)
    items = tuple(SizedCohort.model_validate(row._asdict()) for row in rows[:limit])
    return KeptCohortPage(items=items, next_cursor=rows[limit - 1].id if len(rows) > limit else None)


async def get(uow: UnitOfWork, cohort_id: UUID) -> KeptCohort:
    """One cohort. Raises `NotFound`."""
    return _read(await _known(uow, cohort_id))


async def create(uow: UnitOfWork, actor: Actor | None, wanted: CohortWrite) -> KeptCohort:
    """A cohort without anybody. Raises `Conflict` for a name that is taken."""
    cohort_id = new_id()
    if not await uow.enrolment.add(cohort_id, wanted.name):
        raise _taken(wanted)
    made = await get(uow, cohort_id)
    await audit.record(uow, actor, AuditAction.COHORT_CREATED, "cohort", cohort_id, changes(None, made))
    return made


async def rename(uow: UnitOfWork, actor: Actor, cohort_id: UUID, wanted: CohortWrite, seen: frozenset[str]) -> KeptCohort:
    """Call a cohort otherwise, if it still is as it was `seen`. Raises `NotFound`, `Conflict`, and what `require_seen` raises."""
    before = _read(await _known(uow, cohort_id, hold=True))
    require_seen(before, seen)
    if not await uow.enrolment.rename(cohort_id, wanted.name):
        raise _taken(wanted)
    after = before.model_copy(update={"name": wanted.name})
    if after != before:
        await audit.record(uow, actor, AuditAction.COHORT_UPDATED, "cohort", cohort_id, changes(before, after))
    return after


async def members(uow: UnitOfWork, cohort_id: UUID, cursor: UUID | None, limit: int) -> MemberPage:
    """Students and advisors of a cohort. Raises `NotFound`."""
    await _known(uow, cohort_id)
    rows = await uow.enrolment.members(cohort_id, cursor, limit + 1)
    items = tuple(Member.model_validate(row._asdict()) for row in rows[:limit])
    return MemberPage(items=items, next_cursor=rows[limit - 1].person_id if len(rows) > limit else None)


async def join(uow: UnitOfWork, actor: Actor, cohort_id: UUID, person_id: UUID) -> None:
    """Put a student or an advisor into a cohort; who is in it stays. Raises `NotFound`, and `Conflict` for anybody else."""
    await _known(uow, cohort_id, hold=True)
    user = await people.held(uow, person_id)
    if user.role not in ENROLLED or not user.is_active:
        raise Conflict("Only students and advisors with an active account belong to cohorts.", code="not_enrollable")
    if await uow.enrolment.join(cohort_id, person_id):
        await audit.record(uow, actor, AuditAction.COHORT_JOINED, "cohort", cohort_id, {"person": str(person_id), "role": user.role})


async def leave(uow: UnitOfWork, actor: Actor, cohort_id: UUID, person_id: UUID) -> None:
    """Take somebody out of a cohort. Raises `NotFound` for a cohort there is not or somebody who is not in it."""
    await _known(uow, cohort_id, hold=True)
    if not await uow.enrolment.leave(cohort_id, person_id):
        raise NotFound("There is no such member.")
    await audit.record(uow, actor, AuditAction.COHORT_LEFT, "cohort", cohort_id, {"person": str(person_id)})


async def _known(uow: UnitOfWork, cohort_id: UUID, *, hold: bool = False) -> Cohort:
    cohort = await uow.enrolment.get(cohort_id, hold=hold)
    if cohort is None:
        raise NotFound("There is no such cohort.")
    return cohort


def _read(cohort: Cohort) -> KeptCohort:
    return KeptCohort(id=cohort.id, name=cohort.name, created_at=cohort.created_at)


def _taken(wanted: CohortWrite) -> Conflict:
    return Conflict(f"There is a cohort called {wanted.name} already.", code="name_taken", problems=(FieldProblem("/name", "is taken"),))

"""What an admin sees of one account without opening anything: where somebody belongs, what they have taken, what stands in the way."""

from typing import Final
from uuid import UUID

from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor, Role
from assay.kit.model import Value
from assay.services import assessments, erasure, people
from assay.services.assessments import AssessmentSummary
from assay.services.people import PersonRead

LISTED: Final = 200
"""Assessments that are listed of one person, at most; nobody takes that many."""


class CohortName(Value):
    """A cohort by name."""

    id: UUID
    name: str


class PersonRecord(Value):
    """An account with its cohorts and assessments, the newest first; nothing of what was written in them."""

    person: PersonRead
    cohorts: tuple[CohortName, ...]
    assessments: tuple[AssessmentSummary, ...]
    not_erasable: str | None
    """Why they cannot be erased as things stand, in a sentence; None when they can."""


async def get(uow: UnitOfWork, actor: Actor, person_id: UUID) -> PersonRecord:
    """One account as `actor` may deal with it. Raises `NotFound`."""
    person = await people.get(uow, person_id)
    cohorts = await uow.enrolment.of_person(person_id)
    taken = await assessments.list_visible(uow, Actor(id=person_id, role=Role.STUDENT), None, LISTED)
    obstacle = await erasure.obstacle(uow, actor, person)
    return PersonRecord(
        person=person,
        cohorts=tuple(CohortName(id=each.id, name=each.name) for each in cohorts),
        assessments=taken.items,
        not_erasable=obstacle.detail if obstacle else None,
    )

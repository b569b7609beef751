"""Everything that is kept about a person as one JSON document: for themselves, or for an admin with a reason (GDPR, articles 15 and 20)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor
from assay.domain.audit import AuditAction
from assay.domain.errors import NotFound
from assay.kit.clock import Clock
from assay.kit.model import Value
from assay.services import audit, people
from assay.services.people import Reasoned


class PersonalData(Value):
    """What is kept about somebody: rows by table, and the questions that their answers belong to."""

    person_id: UUID
    exported_at: datetime
    asked: Mapping[UUID, str]
    """The words of each question, by its id."""
    kept: Mapping[str, tuple[Mapping[str, Any], ...]]
    """Every row by table, decrypted. Left out: passwords, tokens, keyed hashes, and who else was involved."""


async def of(uow: UnitOfWork, actor: Actor | None, person_id: UUID, why: Reasoned, clock: Clock) -> PersonalData:
    """Everything about a person, for somebody else to hand over; the audit trail keeps the reason. Raises `NotFound`."""
    user = await people.held(uow, person_id)
    exported = await _export(uow, person_id, clock)
    changes = {"reason": people.told(why, user), "rows": {table: len(rows) for table, rows in exported.kept.items()}}
    await audit.record(uow, actor, AuditAction.PERSON_EXPORTED, "person", person_id, changes)
    return exported


async def own(uow: UnitOfWork, actor: Actor, clock: Clock) -> PersonalData:
    """Everything about the caller. Raises `NotFound` when the account is gone, or came with a token for one assessment alone."""
    if actor.assessment_id is not None:
        raise NotFound("A token for one assessment opens nothing else. Sign in.")
    await people.get(uow, actor.id)
    return await _export(uow, actor.id, clock)


async def _export(uow: UnitOfWork, person_id: UUID, clock: Clock) -> PersonalData:
    trail = await uow.personal.trail(person_id)
    return PersonalData(
        person_id=person_id,
        exported_at=clock(),
        asked=await uow.personal.prompts(trail),
        kept={table: tuple(rows) for table, rows in (await uow.personal.rows(trail)).items()},
    )

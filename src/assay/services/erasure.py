"""Erasing a person: what they wrote, what was written about it and who they were goes; that something was done, and by which id, stays.

The proof is part of it: after the erasure is committed, every table is asked again for whatever the person's rows were found by before.
"""

from typing import Final
from uuid import UUID

import structlog

from assay.db.repositories.personal import Trail
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.actors import Actor, Role
from assay.domain.audit import AuditAction
from assay.domain.errors import Conflict
from assay.kit.model import Value
from assay.services import audit, people
from assay.services.people import PersonRead, Reasoned

log = structlog.get_logger(__name__)

TRIES: Final = 3
"""What was being written while the person was erased is taken away in another pass."""


class ErasureReport(Value):
    """What was there and what is left, in rows by table.

    `erased` were there before, `kept` stay and name the person by id alone, `readable` still say something: there must be none.
    """

    person_id: UUID
    erased: dict[str, int]
    kept: dict[str, int]
    readable: dict[str, int]
    complete: bool


async def erase(open_uow: OpenUnitOfWork, actor: Actor | None, person_id: UUID, why: Reasoned) -> ErasureReport:
    """Erase a person. Repeating it does no harm, and takes away what may have come since.

    Raises `NotFound`; `Conflict` while a legal hold stands (the answer says why), for oneself, and for the last admin.
    """
    async with open_uow() as uow:
        trail, before = await _erase(uow, actor, person_id, why)
    for _ in range(TRIES):
        async with open_uow() as uow:
            if not (readable := await uow.personal.readable(trail)):
                break
            log.warning("erasure_repeated", person_id=str(person_id), tables=sorted(readable))
            await people.held(uow, person_id)
            trail = _joined(trail, await uow.personal.trail(person_id))
            await uow.personal.erase(trail)
    async with open_uow(autocommit=True) as uow:
        readable, kept = await uow.personal.readable(trail), await uow.personal.counts(trail)
    log.info("person_erased", person_id=str(person_id), rows=sum(before.values()), readable=sum(readable.values()))
    return ErasureReport(person_id=person_id, erased=before, kept=kept, readable=readable, complete=not readable)


async def obstacle(uow: UnitOfWork, actor: Actor | None, person: PersonRead) -> Conflict | None:
    """Why `actor` cannot erase this person as things stand; None when they can."""
    if actor and actor.id == person.id:
        return Conflict("You cannot erase yourself: ask another admin.", code="own_account")
    if person.hold:
        since = f"{person.hold.since:%d %B %Y}"
        return Conflict(f"A legal hold stands on this person since {since}: {person.hold.reason} Nothing was erased.", code="legal_hold")
    if person.role is Role.ADMIN and person.is_active and await uow.accounts.active_admins() == 1:
        return Conflict("This is the last admin. Make another one first.", code="last_admin")
    return None


async def _erase(uow: UnitOfWork, actor: Actor | None, person_id: UUID, why: Reasoned) -> tuple[Trail, dict[str, int]]:
    user = await people.held(uow, person_id)
    if conflict := await obstacle(uow, actor, await people.read(uow, user)):
        raise conflict
    reason = people.told(why, user)
    trail = await uow.personal.trail(person_id)
    before = await uow.personal.counts(trail)
    await uow.personal.erase(trail)
    await audit.record(uow, actor, AuditAction.PERSON_ERASED, "person", person_id, {"reason": reason, "rows": before})
    return trail, before


def _joined(before: Trail, now: Trail) -> Trail:
    return Trail(
        before.person,
        assessments=[*before.assessments, *now.assessments],
        scores=[*before.scores, *now.scores],
        recommendations=[*before.recommendations, *now.recommendations],
        events=[*before.events, *now.events],
        deliveries=[*before.deliveries, *now.deliveries],
        jobs=[*before.jobs, *now.jobs],
        replies=[*before.replies, *now.replies],
    )

"""People's rights: everything about somebody as JSON, erasure with its proof, legal holds."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header

from assay.api.v1.problems import problems
from assay.edge.dependencies import AnyActor, PersonKeeper, RuntimeDep, Uow
from assay.services import erasure, people, personal_data
from assay.services.erasure import ErasureReport
from assay.services.people import PersonRead, PersonWanted, Reason, Reasoned
from assay.services.personal_data import PersonalData

router = APIRouter(tags=["people"])

type ReasonHeader = Annotated[Reason, Header(alias="X-Reason", description="Why, for the audit trail")]


@router.get("/me/export", responses=problems(401, 404))
async def export_own(actor: AnyActor, uow: Uow, runtime: RuntimeDep) -> PersonalData:
    """Everything that is kept about me."""
    return await personal_data.own(uow, actor, runtime.clock)


@router.post("/people/find", responses=problems(401, 403, 404))
async def find(body: PersonWanted, actor: PersonKeeper, uow: Uow) -> PersonRead:
    """Whose e-mail address or pseudonym this is: the id that everything else takes."""
    return await people.find(uow, actor, body)


@router.get("/people/{person_id}", responses=problems(401, 403, 404))
async def get_person(person_id: UUID, _actor: PersonKeeper, uow: Uow) -> PersonRead:
    """An account by role and pseudonym, and whether a legal hold stands on it."""
    return await people.get(uow, person_id)


@router.get("/people/{person_id}/export", responses=problems(401, 403, 404))
async def export(person_id: UUID, actor: PersonKeeper, runtime: RuntimeDep, reason: ReasonHeader) -> PersonalData:
    """Everything that is kept about somebody. The reason stands in the audit trail."""
    async with runtime.open_uow() as uow:  # a GET that writes: who looked, and why
        return await personal_data.of(uow, actor, person_id, Reasoned(reason=reason), runtime.clock)


@router.post("/people/{person_id}/erase", responses=problems(401, 403, 404, 409))
async def erase(person_id: UUID, body: Reasoned, actor: PersonKeeper, runtime: RuntimeDep) -> ErasureReport:
    """Erase a person and prove it: `readable` counts what is left, table by table. Asking again does no harm."""
    report = await erasure.erase(runtime.open_uow, actor, person_id, body)
    await runtime.identity.learn_who_left(runtime.open_uow)
    return report


@router.put("/people/{person_id}/hold", responses=problems(401, 403, 404, 409))
async def hold(person_id: UUID, body: Reasoned, actor: PersonKeeper, uow: Uow) -> PersonRead:
    """Keep everything about somebody: while the hold stands, erasing is refused and retention passes by."""
    return await people.hold(uow, actor, person_id, body)


@router.delete("/people/{person_id}/hold", responses=problems(401, 403, 404, 409))
async def release(person_id: UUID, actor: PersonKeeper, uow: Uow, reason: ReasonHeader) -> PersonRead:
    """Lift the legal hold."""
    return await people.release(uow, actor, person_id, Reasoned(reason=reason))

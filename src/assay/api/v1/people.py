"""People's rights: everything about somebody as JSON, erasure with its proof, legal holds."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, status

from assay.api.v1.problems import problems
from assay.edge.dependencies import AnyActor, IdempotencyHeader, PersonKeeper, RuntimeDep, Uow
from assay.services import accounts, erasure, idempotency, password_links, people, personal_data
from assay.services.accounts import AccountWrite, RoleWrite
from assay.services.erasure import ErasureReport
from assay.services.password_links import PasswordLinkRead
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
    """Whose e-mail address, pseudonym or name elsewhere this is: the id that everything else takes."""
    return await people.find(uow, actor, body)


@router.post("/people", status_code=status.HTTP_201_CREATED, responses=problems(401, 403, 409))
async def create(body: AccountWrite, actor: PersonKeeper, uow: Uow, key: IdempotencyHeader = None) -> PersonRead:
    """Make an account, without a password: hand its owner a link by which they choose one. An address that is taken is a conflict."""

    async def act() -> idempotency.JsonObject:
        return (await accounts.create(uow, actor, body)).model_dump(mode="json")

    return PersonRead.model_validate((await idempotency.once(uow, actor, key, ["person", body.model_dump(mode="json")], act)).response)


@router.put("/people/{person_id}/role", responses=problems(401, 403, 404, 409))
async def change_role(person_id: UUID, body: RoleWrite, actor: PersonKeeper, runtime: RuntimeDep) -> PersonRead:
    """Give somebody another role; tokens and sessions with the former one end. Not one's own, and not the last admin's."""
    async with runtime.open_uow() as uow:
        changed = await accounts.change_role(uow, actor, person_id, body)
    await runtime.identity.learn_who_left(runtime.open_uow)
    return changed


@router.post("/people/{person_id}/password-link", status_code=status.HTTP_201_CREATED, responses=problems(401, 403, 404, 409))
async def make_password_link(
    person_id: UUID, actor: PersonKeeper, runtime: RuntimeDep, uow: Uow, key: IdempotencyHeader = None
) -> PasswordLinkRead:
    """Make a link by which somebody chooses a password, the first one or another: good once, for three days. Hand it over yourself."""

    async def act() -> idempotency.JsonObject:
        made = await password_links.make(uow, actor, person_id, runtime.settings.public_url, runtime.clock)
        return made.model_dump(mode="json")

    return PasswordLinkRead.model_validate((await idempotency.once(uow, actor, key, ["password link", str(person_id)], act)).response)


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

"""Service accounts: machines that call the API, with keys that are scoped, expire and are told once (`docs/operations.md`)."""

from uuid import UUID

from fastapi import APIRouter, status

from assay.api.v1.problems import problems
from assay.edge.dependencies import IdempotencyHeader, RuntimeDep, ServiceAccountKeeper, Uow
from assay.services import idempotency, service_accounts
from assay.services.service_accounts import KeyWrite, ServiceAccountKey, ServiceAccountList, ServiceAccountRead, ServiceAccountWrite

router = APIRouter(prefix="/service-accounts", tags=["service accounts"])


@router.get("", responses=problems(401, 403))
async def list_accounts(_actor: ServiceAccountKeeper, uow: Uow) -> ServiceAccountList:
    """All service accounts with their keys, the newest first; what makes a key one is never listed."""
    return await service_accounts.all_of_them(uow)


@router.post("", status_code=status.HTTP_201_CREATED, responses=problems(401, 403, 409))
async def create(
    body: ServiceAccountWrite, actor: ServiceAccountKeeper, runtime: RuntimeDep, uow: Uow, key: IdempotencyHeader = None
) -> ServiceAccountKey:
    """Make an account and its first key, which is not told again. What it may do stays as it is: for something else, make another one."""
    max_days = runtime.settings.service_key_days

    async def act() -> idempotency.JsonObject:
        return (await service_accounts.create(uow, actor, body, max_days)).model_dump(mode="json")

    asked = {**body.model_dump(mode="json"), "scopes": sorted(body.scopes), "cohort_ids": sorted(map(str, body.cohort_ids))}
    return ServiceAccountKey.model_validate((await idempotency.once(uow, actor, key, ["service account", asked], act)).response)


@router.get("/{account_id}", responses=problems(401, 403, 404))
async def get_account(account_id: UUID, _actor: ServiceAccountKeeper, uow: Uow) -> ServiceAccountRead:
    """One service account with its keys."""
    return await service_accounts.get(uow, account_id)


@router.post("/{account_id}/keys", status_code=status.HTTP_201_CREATED, responses=problems(401, 403, 404, 409))
async def add_key(
    account_id: UUID, body: KeyWrite, actor: ServiceAccountKeeper, runtime: RuntimeDep, uow: Uow, key: IdempotencyHeader = None
) -> ServiceAccountKey:
    """Make a second key, to change over to without a gap; revoke the first one when nobody uses it any more."""
    max_days = runtime.settings.service_key_days

    async def act() -> idempotency.JsonObject:
        return (await service_accounts.add_key(uow, actor, account_id, body, max_days)).model_dump(mode="json")

    asked = ["service key", str(account_id), body.model_dump(mode="json")]
    return ServiceAccountKey.model_validate((await idempotency.once(uow, actor, key, asked, act)).response)


@router.delete("/{account_id}/keys/{key_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problems(401, 403, 404))
async def revoke_key(account_id: UUID, key_id: UUID, actor: ServiceAccountKeeper, runtime: RuntimeDep) -> None:
    """Revoke a key: within two seconds it opens nothing, wherever it is shown."""
    async with runtime.open_uow() as uow:
        await service_accounts.revoke_key(uow, actor, account_id, key_id)
    runtime.service_keys.forget()


@router.delete("/{account_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problems(401, 403, 404))
async def close(account_id: UUID, actor: ServiceAccountKeeper, runtime: RuntimeDep) -> None:
    """Close an account for good: its keys open nothing any more."""
    async with runtime.open_uow() as uow:
        await service_accounts.close(uow, actor, account_id)
    runtime.service_keys.forget()

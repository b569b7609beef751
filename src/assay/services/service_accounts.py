"""Service accounts as admins keep them: made with a first key, given a second one to change over to, closed. A key is told once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, Field

from assay.db.models import ServiceAccount, ServiceKey
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import FOR_MACHINES, WITHIN_COHORTS, Actor, Permission
from assay.domain.audit import AuditAction
from assay.domain.errors import Conflict, FieldProblem, Invalid, NotFound
from assay.kit.ids import new_id
from assay.kit.model import Value
from assay.kit.text import StorableText
from assay.security.service_keys import new_service_key
from assay.services import audit

KEYS_AT_ONCE: Final = 2
"""The one in use and the one that replaces it."""


def _stripped(text: str) -> str:
    return text.strip()


class KeyWrite(Value):
    """For how long a key is good."""

    expires_in_days: Annotated[int, Field(ge=1, le=3_650)]


class ServiceAccountWrite(KeyWrite):
    """A machine: what it is called, what it may do, and for how long its first key is good."""

    name: Annotated[StorableText, AfterValidator(_stripped), Field(min_length=1, max_length=100)]
    scopes: Annotated[frozenset[Permission], Field(min_length=1)]
    cohort_ids: Annotated[frozenset[UUID], Field(max_length=100)] = frozenset()
    """Students of these alone; only with scopes that can be confined so."""


class ServiceKeyRead(Value):
    """A key without what makes it one. `last_used_at` is to the hour."""

    id: UUID
    public_id: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class ServiceAccountRead(Value):
    """A service account and its keys that were not revoked, the oldest first."""

    id: UUID
    name: str
    scopes: tuple[Permission, ...]
    cohort_ids: tuple[UUID, ...]
    created_at: datetime
    keys: tuple[ServiceKeyRead, ...]


class ServiceAccountKey(ServiceAccountRead):
    """A service account with the key that was just made for it: `assay_sk_…`, told this once."""

    key: str


class ServiceAccountList(Value):
    """All there are, the newest first."""

    items: tuple[ServiceAccountRead, ...]


async def all_of_them(uow: UnitOfWork) -> ServiceAccountList:
    """Every service account that is not closed."""
    accounts = await uow.service_accounts.all()
    keys = await uow.service_accounts.keys([each.id for each in accounts])
    return ServiceAccountList(items=tuple(_read(each, keys) for each in accounts))


async def get(uow: UnitOfWork, account_id: UUID) -> ServiceAccountRead:
    """One account. Raises `NotFound`."""
    account = await _found(uow, account_id)
    return _read(account, await uow.service_accounts.keys([account_id]))


async def create(uow: UnitOfWork, actor: Actor | None, wanted: ServiceAccountWrite, max_days: int) -> ServiceAccountKey:
    """Write an account with its first key. Raises `Invalid` for what no machine may do, unknown cohorts, and keys of too many days."""
    _require_grantable(wanted)
    _require_days(wanted, max_days)
    for cohort_id in sorted(wanted.cohort_ids):
        if await uow.enrolment.get(cohort_id) is None:
            raise _invalid("/cohortIds", f"there is no cohort {cohort_id}")
    account_id, scopes = new_id(), sorted(wanted.scopes)
    await uow.service_accounts.add(account_id, wanted.name, [each.value for each in scopes], sorted(wanted.cohort_ids))
    key, public_id = await _new_key(uow, account_id, wanted)
    made = await get(uow, account_id)
    changes = {
        "scopes": [each.value for each in scopes],
        "cohorts": [str(each) for each in made.cohort_ids],
        "key": public_id,
        "days": wanted.expires_in_days,
    }
    await audit.record(uow, actor, AuditAction.SERVICE_ACCOUNT_CREATED, "service_account", account_id, changes)
    return _told(made, key)


async def add_key(uow: UnitOfWork, actor: Actor | None, account_id: UUID, wanted: KeyWrite, max_days: int) -> ServiceAccountKey:
    """Make another key, beside the one in use. Raises `NotFound`, `Invalid`, and `Conflict` when two are good already."""
    _require_days(wanted, max_days)
    await _found(uow, account_id, lock=True)
    if await uow.service_accounts.live_keys(account_id) >= KEYS_AT_ONCE:
        raise Conflict("This account has two keys already. Revoke the one that is not used any more first.", code="two_keys")
    key, public_id = await _new_key(uow, account_id, wanted)
    made = await get(uow, account_id)
    changes = {"key": public_id, "days": wanted.expires_in_days}
    await audit.record(uow, actor, AuditAction.SERVICE_KEY_MADE, "service_account", account_id, changes)
    return _told(made, key)


async def revoke_key(uow: UnitOfWork, actor: Actor | None, account_id: UUID, key_id: UUID) -> None:
    """Revoke a key: within two seconds it opens nothing, wherever. Raises `NotFound`, for one that is revoked too."""
    await _found(uow, account_id, lock=True)
    revoked = await uow.service_accounts.revoke(account_id, key_id)
    if not revoked:
        raise NotFound("There is no such key.")
    await audit.record(uow, actor, AuditAction.SERVICE_KEY_REVOKED, "service_account", account_id, {"key": revoked[0]})


async def close(uow: UnitOfWork, actor: Actor | None, account_id: UUID) -> None:
    """Close an account for good, with all its keys. Raises `NotFound`."""
    await _found(uow, account_id, lock=True)
    revoked = await uow.service_accounts.revoke(account_id)
    await uow.service_accounts.close(account_id)
    await audit.record(uow, actor, AuditAction.SERVICE_ACCOUNT_CLOSED, "service_account", account_id, {"keys": sorted(revoked)})


def _require_grantable(wanted: ServiceAccountWrite) -> None:
    if beyond := sorted(wanted.scopes - FOR_MACHINES):
        raise _invalid("/scopes", f"no machine may have {', '.join(beyond)}; there are {', '.join(sorted(FOR_MACHINES))}")
    if wanted.cohort_ids and (further := sorted(wanted.scopes - WITHIN_COHORTS)):
        raise _invalid("/cohortIds", f"cannot confine {', '.join(further)}; make another account for that")


def _require_days(wanted: KeyWrite, max_days: int) -> None:
    if wanted.expires_in_days > max_days:
        raise _invalid("/expiresInDays", f"is more than {max_days}, which ASSAY_SERVICE_KEY_DAYS allows")


def _invalid(pointer: str, why: str) -> Invalid:
    return Invalid(f"{pointer.removeprefix('/')}: {why}.", problems=(FieldProblem(pointer, why),))


async def _new_key(uow: UnitOfWork, account_id: UUID, wanted: KeyWrite) -> tuple[str, str]:
    """A key and its public id."""
    made = new_service_key()
    await uow.service_accounts.add_key(new_id(), account_id, made.public_id, made.secret_hash, timedelta(days=wanted.expires_in_days))
    return made.key, made.public_id


def _told(account: ServiceAccountRead, key: str) -> ServiceAccountKey:
    return ServiceAccountKey(**{name: getattr(account, name) for name in ServiceAccountRead.model_fields}, key=key)


async def _found(uow: UnitOfWork, account_id: UUID, *, lock: bool = False) -> ServiceAccount:
    account = await uow.service_accounts.get(account_id, lock=lock)
    if account is None:
        raise NotFound("There is no such service account.")
    return account


def _read(account: ServiceAccount, keys: Sequence[ServiceKey]) -> ServiceAccountRead:
    own = [key for key in keys if key.account_id == account.id]
    return ServiceAccountRead(
        id=account.id,
        name=account.name,
        scopes=tuple(Permission(each) for each in account.scopes if each in FOR_MACHINES),
        cohort_ids=tuple(account.cohort_ids),
        created_at=account.created_at,
        keys=tuple(ServiceKeyRead(**{name: getattr(key, name) for name in ServiceKeyRead.model_fields}) for key in own),
    )

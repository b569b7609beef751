"""The catalog as admins keep it: credentials with immutable versions, published and retired, and no track left without its fallback."""

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from pydantic import Field, model_validator

from assay.db.models import Credential, CredentialVersion
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor
from assay.domain.audit import AuditAction
from assay.domain.changes import changes
from assay.domain.credentials import CredentialRecord, CredentialStatus
from assay.domain.errors import Conflict, FieldProblem, Invalid, NotFound
from assay.domain.preconditions import require_seen
from assay.domain.questions import Slug
from assay.kit.ids import new_id
from assay.kit.text import all_storable
from assay.services import audit
from assay.services.credentials import CredentialRead, read

NEEDED: Final = "credential_is_a_fallback"
"""The code of every answer that would take from an active track what it recommends when retrieval cannot run."""


class CredentialWrite(CredentialRecord):
    """A credential as it shall be. Left out of the present state, what has a default falls back to it."""

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, raw: Any) -> Any:
        return all_storable(raw)


class CredentialCreate(CredentialWrite):
    """A new credential; its slug and its identity in the system it comes from stay."""

    slug: Slug
    source_id: str | None = Field(default=None, min_length=1, max_length=300)
    status: CredentialStatus = CredentialStatus.DRAFT


async def create(uow: UnitOfWork, actor: Actor, wanted: CredentialCreate) -> CredentialRead:
    """Write a credential. Raises `Conflict` for a slug or source that is taken, `Invalid` for skills or prerequisites there are not."""
    await _require_known(uow, wanted, wanted.slug)
    credential_id = new_id()
    values = {"id": credential_id, "slug": wanted.slug, "source_id": wanted.source_id, "status": wanted.status.value, "current_version": 1}
    if not await uow.catalog.insert(values):
        detail = f"There is a credential called {wanted.slug} already, or one from the same source."
        raise Conflict(detail, code="slug_taken", problems=(FieldProblem("/slug", "is taken, or the source is"),))
    uow.catalog.add(_version(credential_id, 1, wanted))
    await uow.session.flush()
    made = await _standing(uow, credential_id)
    await audit.record(uow, actor, AuditAction.CREDENTIAL_CREATED, "credential", credential_id, changes(None, made))
    return made


async def replace(uow: UnitOfWork, actor: Actor, credential_id: UUID, wanted: CredentialWrite, seen: frozenset[str]) -> CredentialRead:
    """Bring a credential to what is `wanted`, if it still is as it was `seen`: what differs is another version.

    Recommendations keep the version they cite. Raises `NotFound`, what `require_seen` raises, `Invalid` as `create` does.
    """
    credential, before = await _seen(uow, credential_id, seen)
    await _require_known(uow, wanted, credential.slug)
    if before.hash != wanted.hash:
        credential.current_version += 1
        uow.catalog.add(_version(credential_id, credential.current_version, wanted))
    return await _written(uow, actor, before, AuditAction.CREDENTIAL_UPDATED)


async def publish(uow: UnitOfWork, actor: Actor, credential_id: UUID, seen: frozenset[str]) -> CredentialRead:
    """Offer a draft, or one that was retired. Raises `NotFound` and what `require_seen` raises."""
    credential, before = await _seen(uow, credential_id, seen)
    credential.status = CredentialStatus.PUBLISHED
    return await _written(uow, actor, before, AuditAction.CREDENTIAL_PUBLISHED)


async def retire(uow: UnitOfWork, actor: Actor, credential_id: UUID, seen: frozenset[str]) -> CredentialRead:
    """Offer it no more; it stays for the recommendations that cite it.

    Raises as `publish` does, and `Conflict` when an active track falls back on it.
    """
    credential, before = await _seen(uow, credential_id, seen)
    if relying := await uow.tracks.falling_back_on([credential.slug]):
        names = ", ".join(track.name for track in relying)
        detail = f"{names} recommend it when retrieval cannot run. Take it from their fallback credentials first."
        raise Conflict(detail, code=NEEDED, tracks=[str(track.id) for track in relying])
    credential.status = CredentialStatus.RETIRED
    return await _written(uow, actor, before, AuditAction.CREDENTIAL_RETIRED)


def _version(credential_id: UUID, number: int, record: CredentialRecord) -> CredentialVersion:
    return CredentialVersion(
        credential_id=credential_id,
        version=number,
        content=record.content.model_dump(mode="json"),
        details=record.details,
        content_hash=record.hash,
    )


async def _standing(uow: UnitOfWork, credential_id: UUID) -> CredentialRead:
    row = await uow.catalog.one(credential_id)
    if row is None:
        raise NotFound("There is no such credential.")
    return read(row)


async def _seen(uow: UnitOfWork, credential_id: UUID, seen: frozenset[str]) -> tuple[Credential, CredentialRead]:
    credential = await uow.catalog.locked(credential_id)
    if credential is None:
        raise NotFound("There is no such credential.")
    before = await _standing(uow, credential_id)
    require_seen(before, seen)
    return credential, before


async def _written(uow: UnitOfWork, actor: Actor, before: CredentialRead, action: AuditAction) -> CredentialRead:
    await uow.session.flush()
    after = await _standing(uow, before.id)
    if differences := changes(before, after):
        await audit.record(uow, actor, action, "credential", before.id, differences)
    return after


async def _require_known(uow: UnitOfWork, wanted: CredentialRecord, slug: str) -> None:
    names = await uow.tracks.skill_names()
    offered = await uow.catalog.slugs(wanted.prerequisites)
    problems = [*_unknown("skills", wanted.skills, names), *_unknown("prerequisiteSkills", wanted.prerequisite_skills, names)]
    problems += [
        FieldProblem(f"/prerequisites/{place}", "is the credential itself" if named == slug else f"there is no credential called {named}")
        for place, named in enumerate(wanted.prerequisites)
        if named == slug or named not in offered
    ]
    if problems:
        raise Invalid("The credential names what there is not.", problems=tuple(problems))


def _unknown(field: str, named: tuple[str, ...], names: dict[str, str]) -> Iterator[FieldProblem]:
    return (FieldProblem(f"/{field}/{place}", f"there is no skill called {slug}") for place, slug in enumerate(named) if slug not in names)

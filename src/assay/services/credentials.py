"""The catalog as it is read: published credentials by anybody, all of them by those who keep it, and every version that may be cited."""

from datetime import datetime
from typing import Final
from uuid import UUID

from assay.db.repositories.catalog import CatalogEntry, CatalogFilter
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor, Permission
from assay.domain.credentials import CredentialRecord, CredentialStatus
from assay.domain.errors import NotFound
from assay.kit.model import Value

REBUILD: Final = "/api/v1/index/rebuild"


class CredentialRead(CredentialRecord):
    """A credential in one version, with the texts that sources cite by section and offset."""

    id: UUID
    slug: str
    source_id: str | None
    status: CredentialStatus
    version: int
    changed_at: datetime
    cited_sections: dict[str, str]


class CredentialPage(Value):
    """A page of the catalog."""

    items: tuple[CredentialRead, ...]
    next_cursor: str | None


class CredentialVersionRead(Value):
    """A credential as it was: versions are never changed, since recommendations cite them."""

    version: int
    content: CredentialRecord
    content_hash: str
    import_id: UUID | None
    created_at: datetime


class IndexState(Value):
    """Whether searches find the catalog as it is: a change reaches them with the next rebuild, which embeds what has changed alone."""

    current: bool
    behind: int
    """Credentials that are published and not indexed in this version, or indexed and no longer published."""
    rebuild: str | None
    """Where to ask for a rebuild, when one is due."""


async def page(uow: UnitOfWork, actor: Actor, wanted: CatalogFilter, cursor: str | None, limit: int) -> CredentialPage:
    """Credentials by slug: published ones, and for those who keep the catalog also others, if they ask for their status."""
    if wanted.status is None or not actor.may(Permission.CREDENTIAL_WRITE):
        wanted = wanted._replace(status=CredentialStatus.PUBLISHED)
    rows = await uow.catalog.page(wanted, cursor, limit + 1)
    more = len(rows) > limit
    return CredentialPage(items=tuple(map(read, rows[:limit])), next_cursor=rows[limit - 1].slug if more else None)


async def kept(uow: UnitOfWork, wanted: CatalogFilter, cursor: str | None, limit: int) -> tuple[CredentialPage, int]:
    """Credentials by slug as those see them who keep the catalog: of every status unless one is wanted. With how many there are of them."""
    rows = await uow.catalog.page(wanted, cursor, limit + 1)
    more = len(rows) > limit
    shown = CredentialPage(items=tuple(map(read, rows[:limit])), next_cursor=rows[limit - 1].slug if more else None)
    return shown, await uow.catalog.count(wanted)


async def get(uow: UnitOfWork, actor: Actor, credential_id: UUID, version: int | None = None) -> CredentialRead:
    """One credential in `version` or its current one. Raises `NotFound`, also for a draft that is not the caller's to edit."""
    row = await uow.catalog.one(credential_id, version)
    if row is None or (row.status == CredentialStatus.DRAFT and not actor.may(Permission.CREDENTIAL_WRITE)):
        raise NotFound("There is no such credential or version.")
    return read(row)


async def versions(uow: UnitOfWork, credential_id: UUID) -> list[CredentialVersionRead]:
    """Every version of a credential, the newest first. Raises `NotFound`."""
    rows = await uow.catalog.history(credential_id)
    if not rows:
        raise NotFound("There is no such credential.")
    return [
        CredentialVersionRead(
            version=row.version,
            content=CredentialRecord.model_validate(row.content | row.details),
            content_hash=row.content_hash,
            import_id=row.import_id,
            created_at=row.changed_at,
        )
        for row in rows
    ]


async def index_state(uow: UnitOfWork) -> IndexState:
    """How far the index that is searched lies behind the catalog."""
    behind = await uow.index.behind()
    return IndexState(current=behind == 0, behind=behind, rebuild=REBUILD if behind else None)


def read(row: CatalogEntry) -> CredentialRead:
    """A credential as it is shown."""
    record = CredentialRecord.model_validate(row.content | row.details)
    return CredentialRead(
        **record.model_dump(by_alias=False),
        id=row.credential_id,
        slug=row.slug,
        source_id=row.source_id,
        status=CredentialStatus(row.status),
        version=row.version,
        changed_at=row.changed_at,
        cited_sections=record.sections(),
    )

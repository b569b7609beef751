"""The catalog as anybody may read it: published credentials, and every version a recommendation may cite."""

from uuid import UUID

from assay.db.repositories.credentials import CredentialRow
from assay.db.unit_of_work import UnitOfWork
from assay.domain.credentials import CredentialContent
from assay.domain.errors import NotFound
from assay.kit.model import Value


class CredentialRead(CredentialContent):
    """A credential in one version, with the texts that sources cite by section and offset."""

    id: UUID
    slug: str
    status: str
    version: int
    cited_sections: dict[str, str]


class CredentialPage(Value):
    """A page of the catalog."""

    items: tuple[CredentialRead, ...]
    next_cursor: str | None


async def list_published(uow: UnitOfWork, cursor: str | None, limit: int) -> CredentialPage:
    """Published credentials by slug."""
    rows = await uow.credentials.page(cursor, limit + 1)
    more = len(rows) > limit
    return CredentialPage(items=tuple(map(_read, rows[:limit])), next_cursor=rows[limit - 1].slug if more else None)


async def get(uow: UnitOfWork, credential_id: UUID, version: int | None = None) -> CredentialRead:
    """One credential in `version` or its current one. Raises `NotFound`."""
    row = await uow.credentials.version(credential_id, version)
    if row is None or row.status == "draft":
        raise NotFound("There is no such credential or version.")
    return _read(row)


def _read(row: CredentialRow) -> CredentialRead:
    content = CredentialContent.model_validate(row.content)
    return CredentialRead(
        **content.model_dump(by_alias=False),
        id=row.credential_id,
        slug=row.slug,
        status=row.status,
        version=row.version,
        cited_sections=content.sections(),
    )

"""The catalog: credentials and their immutable versions."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, any_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import Credential, CredentialVersion
from assay.db.models.base import Json


class CredentialRow(NamedTuple):
    """A credential in one version."""

    credential_id: UUID
    slug: str
    status: str
    version_id: UUID
    version: int
    content: Json
    content_hash: str


_COLUMNS = (
    Credential.id,
    Credential.slug,
    Credential.status,
    CredentialVersion.id,
    CredentialVersion.version,
    CredentialVersion.content,
    CredentialVersion.content_hash,
)

_NAMED = (
    select(Credential.id, Credential.slug, CredentialVersion.content["title"].astext)
    .join(CredentialVersion, CredentialVersion.credential_id == Credential.id)
    .where(
        or_(
            Credential.slug == any_(bindparam("slugs", type_=ARRAY(Text()))),
            Credential.id == any_(bindparam("ids", type_=ARRAY(Uuid()))),
        ),
        Credential.status != "draft",
        CredentialVersion.version == Credential.current_version,
    )
)
_BY_SLUGS = (
    select(*_COLUMNS)
    .join(CredentialVersion, CredentialVersion.credential_id == Credential.id)
    .where(
        Credential.slug == any_(bindparam("slugs", type_=ARRAY(Text()))),
        Credential.status == "published",
        CredentialVersion.version == Credential.current_version,
    )
)
_BY_VERSION_IDS = (
    select(*_COLUMNS)
    .join(CredentialVersion, CredentialVersion.credential_id == Credential.id)
    .where(CredentialVersion.id == any_(bindparam("ids", type_=ARRAY(Uuid()))))
)


class CredentialName(NamedTuple):
    """Which credential, and what it is called."""

    credential_id: UUID
    slug: str
    title: str


class Credentials:
    """The catalog of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def published(self) -> list[CredentialRow]:
        """Every published credential in its current version, by slug."""
        query = (
            select(*_COLUMNS)
            .join(CredentialVersion, CredentialVersion.credential_id == Credential.id)
            .where(Credential.status == "published", CredentialVersion.version == Credential.current_version)
            .order_by(Credential.slug)
        )
        return [CredentialRow(*row) for row in await self._session.execute(query)]

    async def by_slugs(self, slugs: Sequence[str]) -> list[CredentialRow]:
        """Published credentials with these slugs in their current version, in the order given."""
        rows = {row.slug: row for row in (CredentialRow(*row) for row in await self._session.execute(_BY_SLUGS, {"slugs": list(slugs)}))}
        return [rows[slug] for slug in slugs if slug in rows]

    async def named(self, slugs: Sequence[str], ids: Sequence[UUID]) -> list[CredentialName]:
        """Credentials that are or were offered, by slug or id, in no order."""
        rows = await self._session.execute(_NAMED, {"slugs": list(slugs), "ids": list(ids)})
        return [CredentialName(*row) for row in rows]

    async def version(self, credential_id: UUID, version: int | None = None) -> CredentialRow | None:
        """One credential in `version`, or in its current one."""
        wanted = Credential.current_version if version is None else version
        query = (
            select(*_COLUMNS)
            .join(CredentialVersion, CredentialVersion.credential_id == Credential.id)
            .where(Credential.id == credential_id, CredentialVersion.version == wanted)
        )
        row = (await self._session.execute(query)).first()
        return CredentialRow(*row) if row else None

    async def by_version_ids(self, ids: Iterable[UUID]) -> dict[UUID, CredentialRow]:
        """Credentials by version id, in exactly those versions."""
        rows = await self._session.execute(_BY_VERSION_IDS, {"ids": list(ids)})
        return {row.version_id: row for row in (CredentialRow(*row) for row in rows)}

    async def content_hashes(self) -> dict[str, str]:
        """The content hash of every credential's current version, by slug."""
        query = select(Credential.slug, CredentialVersion.content_hash).join(
            CredentialVersion,
            (CredentialVersion.credential_id == Credential.id) & (CredentialVersion.version == Credential.current_version),
        )
        return {row.slug: row.content_hash for row in await self._session.execute(query)}

    async def totals(self) -> dict[str, int]:
        """How many credentials there are of each status."""
        query = select(Credential.status, func.count()).group_by(Credential.status)
        return {row[0]: row[1] for row in await self._session.execute(query)}

    async def by_slug(self, slug: str) -> Credential | None:
        """One credential by its slug."""
        return await self._session.scalar(select(Credential).where(Credential.slug == slug))

    def add(self, row: Credential | CredentialVersion) -> None:
        """Write a new credential or version."""
        self._session.add(row)

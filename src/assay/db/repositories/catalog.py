"""The catalog as those see it who keep it: credentials of every status, with all that their versions say."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Select, Text, any_, bindparam, cast, func, insert, literal, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import AuditLog, Credential, CredentialVersion, EmbeddingArtifact, IndexVersion, RecommendationItem
from assay.db.models.base import Json, table
from assay.domain.credentials import CredentialStatus
from assay.domain.indexing import IndexStatus
from assay.domain.tracks import SkillLevel


class CatalogFilter(NamedTuple):
    """Which credentials are wanted; None leaves it open. `text` is searched as the web does: words, "phrases", or, -not."""

    status: CredentialStatus | None = None
    provider: str | None = None
    skill: str | None = None
    level: SkillLevel | None = None
    text: str | None = None


class CatalogEntry(NamedTuple):
    """A credential in one version."""

    credential_id: UUID
    slug: str
    source_id: str | None
    status: str
    version: int
    content: Json
    details: Json
    content_hash: str
    import_id: UUID | None
    changed_at: datetime


class Known(NamedTuple):
    """A credential as an import finds it."""

    credential_id: UUID
    slug: str
    source_id: str | None
    status: str
    version: int
    content_hash: str


_ENTRY: Final = select(
    Credential.id,
    Credential.slug,
    Credential.source_id,
    Credential.status,
    CredentialVersion.version,
    CredentialVersion.content,
    CredentialVersion.details,
    CredentialVersion.content_hash,
    CredentialVersion.import_id,
    CredentialVersion.created_at,
).join(CredentialVersion, CredentialVersion.credential_id == Credential.id)
_CURRENT: Final = _ENTRY.where(CredentialVersion.version == Credential.current_version)
_KNOWN: Final = (
    select(
        Credential.id,
        Credential.slug,
        Credential.source_id,
        Credential.status,
        Credential.current_version,
        CredentialVersion.content_hash,
    )
    .join(
        CredentialVersion,
        (CredentialVersion.credential_id == Credential.id) & (CredentialVersion.version == Credential.current_version),
    )
    .where(
        or_(
            Credential.slug == any_(bindparam("slugs", type_=ARRAY(Text()))),
            Credential.source_id == any_(bindparam("source_ids", type_=ARRAY(Text()))),
        )
    )
)
_MOVE: Final = (
    update(table(Credential))
    .where(table(Credential).c.id == bindparam("credential"))
    .values(status=bindparam("new_status"), source_id=bindparam("new_source"), current_version=bindparam("new_version"))
)


class Catalog:
    """The catalog of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def page(self, wanted: CatalogFilter, after: str | None, limit: int) -> list[CatalogEntry]:
        """Credentials in their current version with a slug after `after`, at most `limit`, by slug."""
        query = _filtered(_CURRENT, wanted).where(Credential.slug > (after or "")).order_by(Credential.slug).limit(limit)
        return [CatalogEntry(*row) for row in await self._session.execute(query)]

    async def count(self, wanted: CatalogFilter) -> int:
        """How many there are of them."""
        counted = _filtered(_CURRENT, wanted).with_only_columns(func.count())
        return int((await self._session.execute(counted)).scalar_one())

    async def one(self, credential_id: UUID, version: int | None = None) -> CatalogEntry | None:
        """One credential in `version`, or in its current one."""
        wanted = Credential.current_version if version is None else version
        row = (await self._session.execute(_ENTRY.where(Credential.id == credential_id, CredentialVersion.version == wanted))).first()
        return CatalogEntry(*row) if row else None

    async def history(self, credential_id: UUID) -> list[CatalogEntry]:
        """All versions of a credential, the newest first."""
        query = _ENTRY.where(Credential.id == credential_id).order_by(CredentialVersion.version.desc())
        return [CatalogEntry(*row) for row in await self._session.execute(query)]

    async def locked(self, credential_id: UUID) -> Credential | None:
        """One credential, held until the transaction ends."""
        query = select(Credential).where(Credential.id == credential_id).with_for_update()
        return await self._session.scalar(query.execution_options(populate_existing=True))

    async def insert(self, values: Mapping[str, Any]) -> bool:
        """Write a new credential unless there is one of its slug or source; whether it was written."""
        query = insert_or(Credential).values(values).on_conflict_do_nothing().returning(Credential.id)
        return (await self._session.execute(query)).first() is not None

    def add(self, version: CredentialVersion) -> None:
        """Write a new version."""
        self._session.add(version)

    async def slugs(self, among: Collection[str]) -> set[str]:
        """Those of `among` that there is a credential of, whatever its status."""
        return set(await self._session.scalars(select(Credential.slug).where(Credential.slug.in_(among)))) if among else set()

    async def known(self, slugs: Sequence[str], source_ids: Sequence[str], *, held: bool) -> list[Known]:
        """Credentials by slug or by the identity in the system they came from; `held` keeps others from changing them meanwhile."""
        query = _KNOWN.order_by(Credential.id).with_for_update(of=Credential) if held else _KNOWN
        rows = await self._session.execute(query, {"slugs": list(slugs), "source_ids": list(source_ids)})
        return [Known(*row) for row in rows]

    async def write(self, created: Sequence[Json], moved: Sequence[Json], versions: Sequence[Json]) -> None:
        """Write many at once: new credentials, others' status, source and version, and the versions of both."""
        if created:
            await self._session.execute(insert(table(Credential)), list(created))
        if moved:
            await self._session.execute(_MOVE, list(moved))
        if versions:
            await self._session.execute(insert(table(CredentialVersion)), list(versions))

    async def citing(self, credential_id: UUID) -> int:
        """How many recommendations name a version of it."""
        query = select(func.count(RecommendationItem.recommendation_id.distinct()))
        query = query.join(CredentialVersion, CredentialVersion.id == RecommendationItem.credential_version_id)
        return int((await self._session.execute(query.where(CredentialVersion.credential_id == credential_id))).scalar_one())

    async def requiring(self, slug: str, limit: int) -> list[CatalogEntry]:
        """Credentials, retired ones aside, that are to be taken after the one called `slug`, by slug."""
        required = CredentialVersion.content["prerequisites"].op("@>")(func.jsonb_build_array(slug))
        query = _CURRENT.where(required, Credential.status != CredentialStatus.RETIRED).order_by(Credential.slug).limit(limit)
        return [CatalogEntry(*row) for row in await self._session.execute(query)]

    async def searched_version(self, credential_id: UUID) -> int | None:
        """Which version of it searches find; None when they find none."""
        query = (
            select(func.max(CredentialVersion.version))
            .join(EmbeddingArtifact, EmbeddingArtifact.credential_version_id == CredentialVersion.id)
            .join(IndexVersion, IndexVersion.id == EmbeddingArtifact.index_version_id)
            .where(CredentialVersion.credential_id == credential_id, IndexVersion.status == IndexStatus.ACTIVE)
        )
        found: int | None = await self._session.scalar(query)
        return found

    async def providers(self, limit: int) -> list[str]:
        """Whose credentials there are, by name, at most `limit`."""
        name = CredentialVersion.content["provider"].astext
        query = _CURRENT.with_only_columns(name).distinct().order_by(name).limit(limit)
        return list(await self._session.scalars(query))

    async def taught(self) -> set[str]:
        """Skills that a published credential teaches."""
        skill = func.jsonb_array_elements_text(CredentialVersion.content["skills"])
        query = _CURRENT.where(Credential.status == CredentialStatus.PUBLISHED).with_only_columns(skill).distinct()
        return set(await self._session.scalars(query))

    async def own_slugs(self) -> set[str]:
        """Slugs of what the institution has a hand in: edited or imported here, so that seeds leave it alone."""
        touched = select(AuditLog.target_id).where(AuditLog.target_type == "credential")
        brought = select(CredentialVersion.credential_id).where(CredentialVersion.import_id.is_not(None))
        query = select(Credential.slug).where(or_(cast(Credential.id, Text).in_(touched), Credential.id.in_(brought)))
        return set(await self._session.scalars(query))


def _filtered[Row: tuple[Any, ...]](query: Select[Row], wanted: CatalogFilter) -> Select[Row]:
    if wanted.status is not None:
        query = query.where(Credential.status == wanted.status)
    if wanted.provider is not None:
        query = query.where(CredentialVersion.content["provider"].astext == wanted.provider)
    if wanted.skill is not None:
        query = query.where(CredentialVersion.content["skills"].op("@>")(cast(literal(f'["{wanted.skill}"]'), JSONB)))
    if wanted.level is not None:
        query = query.where(CredentialVersion.content["level"].astext == wanted.level)
    if wanted.text is not None:
        query = query.where(CredentialVersion.search.op("@@")(func.websearch_to_tsquery("english", wanted.text)))
    return query

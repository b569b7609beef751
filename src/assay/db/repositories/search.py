"""Full text search over the published catalog, and the rows behind what a search found."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, and_, any_, bindparam, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import Credential, CredentialVersion

# One statement for all parts, a row of arrays for each, with the active index, which whoever searches needs next. Weights are those of
# labels D, C, B, A: description, outcomes, skills, title; 1 divides the rank by 1 + log(length), so that a long description does not
# win by length. ts_rank, not ts_rank_cd: how near two of many alternative phrases stand to each other says nothing, and costs seven
# times as much.
_FULL_TEXT = text(
    """
    SELECT active.id, active.embedder, active.chunk_count, part.name, hit.credentials, hit.versions, hit.scores
    FROM (SELECT) AS always
    LEFT JOIN index_versions active ON active.status = 'active'
    LEFT JOIN unnest(CAST(:names AS text[]), CAST(:queries AS text[])) AS part (name, query) ON true
    LEFT JOIN LATERAL (
        SELECT array_agg(found.credential_id ORDER BY found.score DESC, found.slug) AS credentials,
               array_agg(found.version ORDER BY found.score DESC, found.slug) AS versions,
               array_agg(found.score ORDER BY found.score DESC, found.slug) AS scores
        FROM (
            SELECT v.credential_id, v.version, c.slug, ts_rank('{0.1, 0.3, 0.6, 1.0}', v.search, query.words, 1)::float AS score
            FROM websearch_to_tsquery('english', part.query) AS query (words)
            JOIN credential_versions v ON v.search @@ query.words
            JOIN credential_catalog c ON c.id = v.credential_id AND c.current_version = v.version AND c.status = 'published'
            ORDER BY score DESC, c.slug LIMIT :limit
        ) AS found
    ) AS hit ON true
    """
)

_CURRENT = (
    select(Credential.id, Credential.slug, Credential.status, CredentialVersion.id, CredentialVersion.version)
    .join(CredentialVersion, CredentialVersion.credential_id == Credential.id)
    .where(
        or_(
            Credential.id == any_(bindparam("ids", type_=ARRAY(Uuid()))),
            and_(Credential.slug == any_(bindparam("slugs", type_=ARRAY(Text()))), Credential.status == "published"),
        ),
        CredentialVersion.version == Credential.current_version,
    )
    .order_by(Credential.slug)
)


class TextHit(NamedTuple):
    """A credential that full text search found; `score` is its text rank."""

    credential_id: UUID
    version: int
    score: float


class ActiveIndex(NamedTuple):
    """The index that is to be searched."""

    id: UUID
    embedder: str
    chunk_count: int


class TextSearch(NamedTuple):
    """What full text search found by part, and the active index, if there is one."""

    active: ActiveIndex | None
    hits: dict[str, list[TextHit]]


class CurrentVersion(NamedTuple):
    """Which version of a credential is the current one. Without its content, which never changes and is read once."""

    credential_id: UUID
    slug: str
    status: str
    version_id: UUID
    version: int


class Search:
    """Searches in this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def full_text(self, queries: Mapping[str, str], limit: int) -> TextSearch:
        """For each named query (in the syntax of `websearch_to_tsquery`) the `limit` best published credentials, best first."""
        values = {"names": list(queries), "queries": list(queries.values()), "limit": limit}
        found: dict[str, list[TextHit]] = {name: [] for name in queries}
        active: ActiveIndex | None = None
        for index_id, embedder, chunks, name, *columns in await self._session.execute(_FULL_TEXT, values):
            active = ActiveIndex(index_id, embedder, chunks) if index_id else None
            if columns[0]:
                found[name] = list(map(TextHit, *columns))
        return TextSearch(active, found)

    async def current(self, credential_ids: Iterable[UUID], slugs: Iterable[str] = ()) -> list[CurrentVersion]:
        """These credentials in their current version, whatever their status, and the published ones of `slugs`; by slug."""
        rows = await self._session.execute(_CURRENT, {"ids": list(credential_ids), "slugs": list(slugs)})
        return [CurrentVersion(*row) for row in rows]

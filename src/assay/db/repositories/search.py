"""Full text search over the published catalog, and the rows behind what a search found."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import Credential, CredentialVersion

# One statement for all parts. Weights are those of labels D, C, B, A: description, outcomes, skills, title; 1 divides the
# rank by 1 + log(length), so that a long description does not win by length. ts_rank, not ts_rank_cd: how near two of many
# alternative phrases stand to each other says nothing, and costs seven times as much.
_FULL_TEXT = text(
    """
    SELECT part.name, hit.credential_id, hit.version, hit.score
    FROM unnest(CAST(:names AS text[]), CAST(:queries AS text[])) AS part (name, query)
    CROSS JOIN LATERAL (
        SELECT v.credential_id, v.version,
               ts_rank('{0.1, 0.3, 0.6, 1.0}', v.search, query.words, 1)::float AS score
        FROM websearch_to_tsquery('english', part.query) AS query (words)
        JOIN credential_versions v ON v.search @@ query.words
        JOIN credential_catalog c ON c.id = v.credential_id AND c.current_version = v.version AND c.status = 'published'
        ORDER BY score DESC, c.slug LIMIT :limit
    ) AS hit
    """
)

_CURRENT = (
    select(Credential.id, Credential.slug, Credential.status, CredentialVersion.id, CredentialVersion.version)
    .join(CredentialVersion, CredentialVersion.credential_id == Credential.id)
    .where(Credential.id == any_(bindparam("ids", type_=ARRAY(Uuid()))), CredentialVersion.version == Credential.current_version)
    .order_by(Credential.slug)
)


class TextHit(NamedTuple):
    """A credential that full text search found; `score` is its text rank."""

    credential_id: UUID
    version: int
    score: float


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

    async def full_text(self, queries: Mapping[str, str], limit: int) -> dict[str, list[TextHit]]:
        """For each named query (in the syntax of `websearch_to_tsquery`) the `limit` best published credentials, best first."""
        if not queries:
            return {}
        values = {"names": list(queries), "queries": list(queries.values()), "limit": limit}
        found: dict[str, list[TextHit]] = {name: [] for name in queries}
        for name, credential_id, version, score in await self._session.execute(_FULL_TEXT, values):
            found[name].append(TextHit(credential_id, version, score))
        return {name: sorted(hits, key=lambda hit: -hit.score) for name, hits in found.items()}

    async def current(self, credential_ids: Iterable[UUID]) -> list[CurrentVersion]:
        """These credentials in their current version, whatever their status, by slug."""
        rows = await self._session.execute(_CURRENT, {"ids": list(credential_ids)})
        return [CurrentVersion(*row) for row in rows]

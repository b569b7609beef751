"""Full text search over the published catalog, and the rows behind what a search found."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, and_, any_, bindparam, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import Credential, CredentialVersion

_WEIGHTS = "{0.1, 0.3, 0.6, 1.0}"
# One statement for all parts, a row of arrays for each, with the active index, which whoever searches needs next. Weights are those of
# labels D, C, B, A: description, outcomes, skills, title; 1 divides the rank by 1 + log(length), so that a long description does not
# win by length. ts_rank, not ts_rank_cd: how near two of many alternative phrases stand to each other says nothing, and costs seven
# times as much.
_FULL_TEXT = """
    {first}SELECT active.id, active.embedder, active.chunk_count, part.name, hit.credentials, hit.versions, hit.scores
    FROM (SELECT) AS always
    LEFT JOIN index_versions active ON active.status = 'active'
    LEFT JOIN unnest(CAST(:names AS text[]), CAST(:queries AS text[])) AS part (name, query) ON true
    LEFT JOIN LATERAL (
        SELECT array_agg(found.credential_id ORDER BY found.score DESC, found.slug) AS credentials,
               array_agg(found.version ORDER BY found.score DESC, found.slug) AS versions,
               array_agg(found.score ORDER BY found.score DESC, found.slug) AS scores
        FROM (
            SELECT v.credential_id, v.version, slug, ts_rank('{weights}', v.search, query.words, 1)::float AS score
            FROM websearch_to_tsquery('english', part.query) AS query (words)
            {matching}
            ORDER BY score DESC, slug LIMIT :limit
        ) AS found
    ) AS hit ON true
    """
_PUBLISHED = "credential_catalog c ON c.id = v.credential_id AND c.current_version = v.version AND c.status = 'published'"
_WHOLE_CATALOG = text(
    _FULL_TEXT.format(
        first="",
        matching=f"JOIN credential_versions v ON v.search @@ query.words JOIN {_PUBLISHED} WHERE coalesce(active.chunk_count, 0) < :below",
        weights=_WEIGHTS,
    )
)
# read once for all parts, and MATERIALIZED, since the planner would look up every match in the catalog to find a few hundred
_NEAR = f"""WITH near AS MATERIALIZED (
        SELECT v.credential_id, v.version, c.slug, v.search FROM credential_versions v JOIN {_PUBLISHED} WHERE c.id = ANY(:among)
    )
    """  # noqa: S608 - nothing but our own words
_AMONG = text(_FULL_TEXT.format(first=_NEAR, matching="JOIN near v ON v.search @@ query.words", weights=_WEIGHTS))
_NO_BOUND = 2**31 - 1

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

    async def full_text(
        self, queries: Mapping[str, str], limit: int, *, below: int = _NO_BOUND, among: Collection[UUID] | None = None
    ) -> TextSearch:
        """For each named query (in the syntax of `websearch_to_tsquery`) the `limit` best published credentials, best first.

        Only `among` those, if given; otherwise none at all where the active index has `below` chunks or more: every credential that
        matches is ranked, 42,000 of 100,000 for the skills of one role, which took 0.36 s against 0.002 s among 500.
        """
        values: dict[str, object] = {"names": list(queries), "queries": list(queries.values()), "limit": limit}
        values |= {"below": below} if among is None else {"among": list(among)}
        found: dict[str, list[TextHit]] = {name: [] for name in queries}
        active: ActiveIndex | None = None
        for index_id, embedder, chunks, name, *columns in await self._session.execute(_WHOLE_CATALOG if among is None else _AMONG, values):
            active = ActiveIndex(index_id, embedder, chunks) if index_id else None
            if columns[0]:
                found[name] = list(map(TextHit, *columns))
        return TextSearch(active, found)

    async def current(self, credential_ids: Iterable[UUID], slugs: Iterable[str] = ()) -> list[CurrentVersion]:
        """These credentials in their current version, whatever their status, and the published ones of `slugs`; by slug."""
        rows = await self._session.execute(_CURRENT, {"ids": list(credential_ids), "slugs": list(slugs)})
        return [CurrentVersion(*row) for row in rows]

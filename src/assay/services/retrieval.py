"""Retrieval: every part of the query through both searches, fused; what remains when a search is away, and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

from assay.db.repositories.credentials import CredentialRow
from assay.db.repositories.search import CurrentVersion, TextHit
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.credentials import CredentialContent
from assay.domain.degradation import Cause
from assay.domain.errors import CircuitOpen, Fault, ProviderError
from assay.domain.learner import Learner
from assay.domain.ports import Embedder, VectorStore
from assay.domain.questions import Slug
from assay.domain.retrieval import RRF_K, ChunkHit, Fused, PartName, QueryPart, Source, build_parts, fuse, websearch
from assay.domain.sources import Evidence, Hit, choose_sources, stem_weights
from assay.domain.suitability import Candidate
from assay.kit.model import Value
from assay.observability import metrics

PASSING_FAULTS: Final = frozenset({Fault.RATE_LIMITED, Fault.UNAVAILABLE})
"""What a second try a moment later may not meet. A time-out is not among them: the student has waited for it already."""
CHUNKS_PER_PART: Final = 150
CREDENTIALS_PER_LIST: Final = 50
TEXT_ALONE_BELOW: Final = 20_000
"""Chunks of the index up to which full text ranks the whole catalog. Above, it ranks what the vectors found, and all only without them."""
POOL: Final = 60
"""Credentials that go on to the rerank."""
_KEPT_CONTENTS: Final = 2_000
_KEPT_ROLES: Final = 32
_known: Final[dict[UUID, CredentialContent]] = {}
_near_roles: Final[WeakKeyDictionary[VectorStore, dict[tuple[UUID, str], list[ChunkHit]]]] = WeakKeyDictionary()
"""What a store holds near a role, by index version and text: all students of a track ask for it, and a version never changes."""
_builds_on: Final[dict[UUID, tuple[Slug, ...]]] = {}
"""Prerequisites by credential, as they were when it was last looked up: what is asked for at once, and checked."""


class Shortfall(Value):
    """A search that did not run: the cause, and in a few words what was away."""

    cause: Cause
    detail: str


class Index(Value):
    """The index that was searched."""

    id: UUID
    embedder: str


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What the searches brought: candidates for the rerank, the contents of their prerequisites, and all that a trace needs.

    `candidates` is empty when nothing could be searched or nothing was found; `shortfall` then says why.
    """

    parts: tuple[QueryPart, ...]
    index: Index | None = None
    vector_hits: Mapping[str, Sequence[ChunkHit]] = field(default_factory=dict)
    text_hits: Mapping[str, Sequence[TextHit]] = field(default_factory=dict)
    candidates: tuple[Candidate, ...] = ()
    prerequisites: Mapping[Slug, CredentialContent] = field(default_factory=dict)
    shortfall: Shortfall | None = None


async def retrieve(
    learner: Learner,
    names: Mapping[str, str],
    *,
    open_uow: OpenUnitOfWork,
    embedder: Embedder,
    vector_store: VectorStore,
    patient: bool = False,
) -> Retrieved:
    """Search the catalog for `learner`. No transaction is open while the embedder or the vector store is asked.

    Without embedder or vector store full text alone is searched. An index that is missing or empty is a catalog not yet prepared:
    then nothing is returned, so that the track's curated list speaks. While `patient`, a passing fault is raised as `ProviderError`.
    """
    found = await search(build_parts(learner, names), open_uow=open_uow, embedder=embedder, vector_store=vector_store, patient=patient)
    fused = fuse(found.parts, lists_of(found))
    pool = {credential_id: fused[credential_id] for credential_id in list(fused)[:POOL]}
    shelf = await shelf_of(open_uow, pool)
    return replace(found, candidates=shelf.candidates(pool), prerequisites=shelf.prerequisites)


async def search(
    parts: Sequence[QueryPart], *, open_uow: OpenUnitOfWork, embedder: Embedder, vector_store: VectorStore, patient: bool = False
) -> Retrieved:
    """What `retrieve` does without looking up what was found: no candidates."""
    parts = tuple(parts)
    queries: dict[str, str] = {part.name: websearch(part.terms) for part in parts if part.terms}
    async with open_uow(autocommit=True) as uow:
        active, text_hits = await uow.search.full_text(queries, CREDENTIALS_PER_LIST, below=TEXT_ALONE_BELOW)
    if active is None or not active.chunk_count:
        return Retrieved(parts=parts, shortfall=Shortfall(cause=Cause.INDEX_EMPTY, detail="the embedding index is empty"))
    index = Index(id=active.id, embedder=active.embedder)
    vector_hits, shortfall = await _nearest(parts, index, embedder, vector_store, patient=patient)
    if active.chunk_count >= TEXT_ALONE_BELOW:
        near = {hit.credential_id for hits in vector_hits.values() for hit in hits}
        async with open_uow(autocommit=True) as uow:
            text_hits = (await uow.search.full_text(queries, CREDENTIALS_PER_LIST, among=near or None)).hits
    return Retrieved(parts=parts, index=None if shortfall else index, vector_hits=vector_hits, text_hits=text_hits, shortfall=shortfall)


def sources_of(candidates: Sequence[Candidate], retrieved: Retrieved) -> list[tuple[Evidence, ...]]:
    """For each candidate the passages that speak most to the query: its terms, what the answers missed, and where the vectors hit."""
    said = [(term, part.counts) for part in retrieved.parts for term in part.terms]
    said += [(part.text, part.counts / 2) for part in retrieved.parts if part.name is PartName.GAPS]
    weights = stem_weights(said)
    hits: dict[tuple[UUID, int], list[Hit]] = {(candidate.credential_id, candidate.version): [] for candidate in candidates}
    for part in retrieved.parts:
        for rank, hit in enumerate(retrieved.vector_hits.get(part.name, ()), start=1):
            if (own := hits.get((hit.credential_id, hit.credential_version))) is not None:
                own.append(Hit(hit.section, hit.start, hit.end, part.counts * RRF_K / (RRF_K + rank)))
    return [choose_sources(each.content, each.version, weights, hits[each.credential_id, each.version]) for each in candidates]


def candidate_of(row: CredentialRow) -> Candidate:
    """A row of the catalog as a candidate that no search has found."""
    return _candidate(row, CredentialContent.model_validate(row.content))


def _candidate(
    row: CredentialRow | CurrentVersion, content: CredentialContent, relevance: float = 0.0, ranks: Mapping[str, int] | None = None
) -> Candidate:
    return Candidate(
        credential_id=row.credential_id,
        version_id=row.version_id,
        slug=row.slug,
        version=row.version,
        published=row.status == "published",
        content=content,
        relevance=relevance,
        ranks=ranks or {},
    )


async def _nearest(
    parts: Sequence[QueryPart], index: Index, embedder: Embedder, vector_store: VectorStore, *, patient: bool
) -> tuple[dict[str, list[ChunkHit]], Shortfall | None]:
    """Nearest chunks by part; nothing, with the cause, when the embedder or the store is away."""
    if index.embedder != embedder.name:
        return {}, Shortfall(cause=Cause.MISCONFIGURED, detail="the index was built by another embedder and has to be rebuilt")
    away = "the embedder"
    try:
        near_roles = _near_roles.setdefault(vector_store, {})
        known = {part.name: hits for part in parts if (hits := near_roles.get((index.id, part.text)))}
        asked = [part for part in parts if part.name not in known]
        metrics.looked_up("role_searches", len(known), sum(part.name is PartName.ROLE for part in asked))
        vectors = await embedder.embed([part.text for part in asked])
        away = "the vector store"
        found = await vector_store.nearest(index.id, vectors, CHUNKS_PER_PART)
        hits_of = known | {part.name: hits for part, hits in zip(asked, found, strict=True)}
        if len(near_roles) >= _KEPT_ROLES:
            near_roles.clear()
        near_roles.update({(index.id, part.text): hits_of[part.name] for part in asked if part.name is PartName.ROLE})
        return {part.name: hits_of[part.name] for part in parts}, None
    except ProviderError as error:
        if patient and passes(error):
            raise
        if away == "the embedder" and await _is_away(vector_store, index):
            away = "the embedder and the vector store"
        return {}, Shortfall(cause=Cause(error.fault), detail=f"{away} did not answer")


def passes(error: ProviderError) -> bool:
    """Whether a second try a moment later is worth it."""
    return error.fault in PASSING_FAULTS and not isinstance(error, CircuitOpen)


async def is_whole(open_uow: OpenUnitOfWork, embedder: Embedder, vector_store: VectorStore) -> bool:
    """Whether the search by meaning works from end to end: an index of this embedder's that holds something, a vector, a neighbour."""
    async with open_uow(autocommit=True) as uow:
        active = await uow.index.active()
    if active is None or not active.chunk_count or active.embedder != embedder.name:
        return False
    try:
        return bool((await vector_store.nearest(active.id, await embedder.embed(["ready"]), 1))[0])
    except ProviderError:
        return False


async def require_vectors(open_uow: OpenUnitOfWork, vector_store: VectorStore) -> None:
    """Nothing, if the store finds something in the index that is searched. Raises `ProviderError` saying why not."""
    async with open_uow(autocommit=True) as uow:
        active = await uow.index.active()
    if active is None:
        raise ProviderError(Fault.MISCONFIGURED, "no index version is searched: `assay reindex` builds one")
    await vector_store.nearest(active.id, [[1.0] * active.dimension], 1)


async def _is_away(vector_store: VectorStore, index: Index) -> bool:
    """Whether the store fails too: without a vector it cannot be searched, but asked what it holds."""
    try:
        await vector_store.holds(index.id)
    except ProviderError:
        return True
    return False


def lists_of(retrieved: Retrieved) -> dict[str, list[UUID]]:
    """Credentials, best first, by `part.source`; a credential stands where its best chunk does."""
    hits: list[Sequence[ChunkHit | TextHit]] = [*retrieved.vector_hits.values(), *retrieved.text_hits.values()]
    found = ([hit.credential_id for hit in each] for each in hits)
    return {name: list(dict.fromkeys(ids))[:CREDENTIALS_PER_LIST] for name, ids in zip(names_of_lists(retrieved), found, strict=True)}


def names_of_lists(retrieved: Retrieved) -> list[str]:
    """`part.source` of every search that was made."""
    return [*(f"{part}.{Source.VECTOR}" for part in retrieved.vector_hits), *(f"{part}.{Source.TEXT}" for part in retrieved.text_hits)]


class Shelf(NamedTuple):
    """Credentials as they are now, with the contents of what they build on."""

    rows: Sequence[CurrentVersion]
    contents: Mapping[UUID, CredentialContent]
    prerequisites: Mapping[Slug, CredentialContent]

    def candidates(self, fused: Mapping[UUID, Fused]) -> tuple[Candidate, ...]:
        """Those that `fused` holds, by slug, as a search found them."""
        return tuple(
            _candidate(row, self.contents[row.version_id], fused[row.credential_id].relevance, fused[row.credential_id].ranks)
            for row in self.rows
            if row.credential_id in fused
        )

    def by_slug(self) -> dict[Slug, CredentialContent]:
        """All contents there are."""
        return {**self.prerequisites, **{row.slug: self.contents[row.version_id] for row in self.rows}}


async def shelf_of(open_uow: OpenUnitOfWork, credential_ids: Iterable[UUID]) -> Shelf:
    """These credentials in their current version, whatever their status; nothing is asked when there are none."""
    if not (ids := list(credential_ids)):
        return Shelf((), {}, {})
    own = set(ids)
    async with open_uow(autocommit=True) as uow:
        rows = await uow.search.current(ids, {slug for credential_id in ids for slug in _builds_on.get(credential_id, ())})
        contents = await _contents(uow, [row.version_id for row in rows])
        _builds_on.update({row.credential_id: contents[row.version_id].prerequisites for row in rows})
        wanted = {slug for credential_id in ids for slug in _builds_on.get(credential_id, ())}
        if further := wanted - {row.slug for row in rows}:  # not known before, or not published
            more = await uow.search.current((), further)
            contents |= await _contents(uow, [row.version_id for row in more])
            rows += more
    needed = {row.slug: contents[row.version_id] for row in rows if row.credential_id not in own}
    return Shelf([row for row in rows if row.credential_id in own], contents, needed)


async def _contents(uow: UnitOfWork, version_ids: Sequence[UUID]) -> dict[UUID, CredentialContent]:
    """Contents by version id. A version never changes: each is read and parsed once per process, as long as there is room."""
    contents = {version_id: _known[version_id] for version_id in version_ids if version_id in _known}
    missing = [version_id for version_id in version_ids if version_id not in contents]
    metrics.looked_up("credential_versions", len(contents), len(missing))
    if missing:
        rows = await uow.credentials.by_version_ids(missing)
        read = {version_id: CredentialContent.model_validate(row.content) for version_id, row in rows.items()}
        if len(_known) + len(read) > _KEPT_CONTENTS:
            _known.clear()
            _builds_on.clear()
        _known.update(read)
        contents |= read
    return contents

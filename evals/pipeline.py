"""The product's own retrieval for one student, whole or with something switched off."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import NamedTuple
from unittest.mock import patch
from uuid import UUID

from assay.domain import ranking, suitability
from assay.domain.credentials import CredentialContent
from assay.domain.retrieval import PartName, QueryPart, Source, fuse
from assay.domain.suitability import Candidate
from assay.services.retrieval import CREDENTIALS_PER_LIST, POOL, Retrieved, retrieve
from evals.catalog import Catalog
from evals.retrieval_queries import Query


class Found(NamedTuple):
    """A student and what the searches brought."""

    query: Query
    retrieved: Retrieved


class Cut(NamedTuple):
    """What is switched off: parts of the query, searches, signals of the rerank, constants of it set to another value."""

    parts: frozenset[PartName] = frozenset()
    searches: frozenset[Source] = frozenset()
    signals: frozenset[str] = frozenset()
    constants: tuple[tuple[ModuleType, str, object], ...] = ()


WHOLE = Cut()


async def search(catalog: Catalog, query: Query) -> Found:
    """All searches for `query`, as the product makes them."""
    retrieved = await retrieve(
        query.learner, catalog.names, open_uow=catalog.open_uow, embedder=catalog.embedder, vector_store=catalog.store
    )
    return Found(query, retrieved)


def recommend(catalog: Catalog, found: Found, cut: Cut = WHOLE) -> list[str]:
    """Slugs of the recommendation, best first; without `cut` exactly the product's.

    What is cut is switched off in the product's own code, so that there is no second version of it to drift away.
    """
    retrieved = found.retrieved
    candidates, prerequisites = retrieved.candidates, retrieved.prerequisites
    if cut.parts or cut.searches:
        candidates = _pool(catalog, retrieved, cut)
        prerequisites = _prerequisites(catalog, candidates)
    with _without(cut):
        ranked = ranking.rerank(found.query.learner, candidates, catalog.names, prerequisites=prerequisites)
    return [item.candidate.slug for item in ranked.items]


def slugs(catalog: Catalog, ids: Iterable[UUID]) -> list[str]:
    """Each credential once, in the order of its first place."""
    return [catalog.entries[name].slug for name in dict.fromkeys(ids)]


def pool(catalog: Catalog, parts: Sequence[QueryPart], lists: Mapping[str, Sequence[UUID]]) -> tuple[Candidate, ...]:
    """What goes on to the rerank when `lists` (credentials, best first, by `part.source`) are fused, best first."""
    fused = fuse(parts, {name: list(dict.fromkeys(ids))[:CREDENTIALS_PER_LIST] for name, ids in lists.items()})
    return tuple(catalog.entries[name]._replace(**said._asdict()) for name, said in list(fused.items())[:POOL])


def _pool(catalog: Catalog, retrieved: Retrieved, cut: Cut) -> tuple[Candidate, ...]:
    parts = [part for part in retrieved.parts if part.name not in cut.parts]
    lists = {f"{name}.{Source.VECTOR}": [hit.credential_id for hit in hits] for name, hits in retrieved.vector_hits.items()}
    lists |= {f"{name}.{Source.TEXT}": [hit.credential_id for hit in hits] for name, hits in retrieved.text_hits.items()}
    lists = {name: ids for name, ids in lists.items() if not set(name.split(".")) & {*cut.parts, *cut.searches}}
    return tuple(sorted(pool(catalog, parts, lists), key=lambda candidate: candidate.slug))


def _prerequisites(catalog: Catalog, candidates: Sequence[Candidate]) -> dict[str, CredentialContent]:
    wanted = {slug for candidate in candidates for slug in candidate.content.prerequisites} - {candidate.slug for candidate in candidates}
    return {entry.slug: entry.content for entry in catalog.entries.values() if entry.slug in wanted}


@contextmanager
def _without(cut: Cut) -> Iterator[None]:
    with ExitStack() as stack:
        stack.enter_context(patch.dict(suitability.SIGNALS, dict.fromkeys(cut.signals, 0.0)))
        for module, name, value in cut.constants:
            stack.enter_context(patch.object(module, name, value))
        yield

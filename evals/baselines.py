"""What a simpler recommender would name for the same student: the baselines that the product has to beat in the same run."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from uuid import UUID

from assay.domain.retrieval import PartName, QueryPart, Source, websearch
from assay.services.retrieval import CHUNKS_PER_PART, CREDENTIALS_PER_LIST
from evals.bm25 import Bm25
from evals.catalog import Catalog
from evals.pipeline import Found, pool, slugs
from evals.ranking_measures import MORE

type Baseline = Callable[[Found], Awaitable[list[str]]]


def baselines(catalog: Catalog, *, listed: bool) -> Mapping[str, Baseline]:
    """All of them by name, over one catalog. Each is given everything the product's query says, and the essays in full.

    The curated list is among them when tracks have one of this catalog (`listed`).
    """
    index = Bm25({entry.slug: " ".join(entry.content.sections().values()) for entry in catalog.entries.values()})

    async def bm25(found: Found) -> list[str]:
        return list(index.rank(joined(found), MORE))

    async def vector(found: Found) -> list[str]:
        return slugs(catalog, await _nearest(catalog, joined(found)))[:MORE]

    async def hybrid(found: Found) -> list[str]:
        return await _hybrid(catalog, found)

    async def curated(found: Found) -> list[str]:
        return list(found.query.learner.track.fallback_credentials)

    known: dict[str, Baseline] = {JOINED: hybrid, "vector only": vector, "BM25": bm25}
    return known | {"curated list of the track": curated} if listed else known


JOINED: Final = "joined query, hybrid"


def joined(found: Found) -> str:
    """Everything in one text: role, gaps, interests, and the essays themselves, trusted or not."""
    parts = [part.text for part in found.retrieved.parts if part.name is not PartName.ESSAYS]
    return " ".join([*parts, *found.query.essays])


async def _hybrid(catalog: Catalog, found: Found) -> list[str]:
    """One query through the same two searches and the same fusion."""
    terms = tuple(dict.fromkeys(term for part in found.retrieved.parts for term in part.terms))
    part = QueryPart(name=PartName.ROLE, text=joined(found), terms=terms, weight=1.0)
    async with catalog.open_uow(autocommit=True) as uow:
        text = (await uow.search.full_text({part.name: websearch(terms)}, CREDENTIALS_PER_LIST)).hits
    lists = {
        f"{part.name}.{Source.VECTOR}": await _nearest(catalog, part.text),
        f"{part.name}.{Source.TEXT}": [hit.credential_id for hit in text.get(part.name, ())],
    }
    return [candidate.slug for candidate in pool(catalog, [part], lists)][:MORE]


async def _nearest(catalog: Catalog, text: str) -> list[UUID]:
    [vector] = await catalog.embedder.embed([text])
    async with catalog.open_uow(autocommit=True) as uow:
        active = await uow.index.active()
    if active is None:
        return []
    [hits] = await catalog.store.nearest(active.id, [vector], CHUNKS_PER_PART)
    return [hit.credential_id for hit in hits]

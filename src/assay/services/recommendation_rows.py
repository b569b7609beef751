"""The rows of a recommendation: summary, items with reasons and sources, and the traces that show what each part of the query found."""

from collections.abc import Iterator, Sequence
from itertools import islice, starmap
from typing import Final, NamedTuple
from uuid import UUID

from pydantic_core import from_json

from assay.db.models.base import Json
from assay.db.repositories.search import TextHit
from assay.domain.degradation import Degradation
from assay.domain.fusion import Fact
from assay.domain.learning import Learning
from assay.domain.ranking import Excluded, RankedItem, Ranking
from assay.domain.retrieval import ChunkHit, QueryPart, Source
from assay.domain.sources import Evidence
from assay.domain.what_if import Basis
from assay.kit.ids import new_id
from assay.services.narration import Narrated
from assay.services.retrieval import CREDENTIALS_PER_LIST, Index, Retrieved, names_of_lists, sources_of

TRACED_HITS: Final = 10
"""Hits per search that the trace of a part keeps."""


class RankedHit(NamedTuple):
    """What a search found, and its rank there."""

    rank: int
    hit: ChunkHit | TextHit


class Traced(NamedTuple):
    """What a part of the query found: the best hits of each search, and those of each recommended item, in their order."""

    part: QueryPart
    best: Sequence[RankedHit]
    own: Sequence[Sequence[RankedHit]]


class Selection(NamedTuple):
    """What was chosen and what proves it. The hits of the searches are gone: while a summary is written, a hundred others wait too."""

    searched: Index | None
    traced: Sequence[Traced]
    items: Sequence[tuple[RankedItem, Sequence[Evidence]]]
    excluded: Sequence[Excluded]
    basis: bytes | None
    """What the ranking was made from, as JSON; None when no search spoke."""


class Draft(NamedTuple):
    """A recommendation before it is written. `seconds` is what it took to make."""

    selection: Selection
    facts: Sequence[Fact]
    narrated: Narrated
    degradations: Sequence[Degradation]
    seconds: float


class Rows(NamedTuple):
    """What `Recommendations.add` takes."""

    recommendation: Json
    items: list[Json]
    traces: list[Json]


def basis_of(retrieved: Retrieved, learning: Learning) -> bytes:
    """What a ranking of the candidates was made from, as JSON."""
    return Basis.of(learning, names_of_lists(retrieved), retrieved.candidates).model_dump_json().encode()


def select(retrieved: Retrieved, ranking: Ranking, basis: bytes | None = None) -> Selection:
    """The recommended items with their sources, and what each part found of them."""
    items = list(zip(ranking.items, sources_of([item.candidate for item in ranking.items], retrieved), strict=True))
    ids = [item.candidate.credential_id for item, _ in items]
    return Selection(retrieved.index, [_traced(retrieved, part, ids) for part in retrieved.parts], items, ranking.excluded, basis)


def of(draft: Draft, recommendation_id: UUID, assessment_id: UUID) -> Rows:
    """All rows of `draft`."""
    selection = draft.selection
    items = [_item(recommendation_id, place, item, sources) for place, (item, sources) in enumerate(selection.items, start=1)]
    recommendation: Json = {
        "id": recommendation_id,
        "assessment_id": assessment_id,
        "index_version_id": selection.searched.id if selection.searched else None,
        "summary": _summary(draft),
        "excluded": [each.model_dump(mode="json") for each in selection.excluded],
        "provenance": _provenance(draft),
        "basis": from_json(selection.basis) if selection.basis else None,
        "processing_ms": round(1000 * draft.seconds, 1),
    }
    return Rows(recommendation, items, _traces(recommendation_id, selection.traced, [row["id"] for row in items]))


def _summary(draft: Draft) -> Json:
    summary = draft.narrated.summary
    return {
        "text": summary.text,
        "sentences": [sentence.model_dump(mode="json") for sentence in summary.sentences],
        "facts": [fact.model_dump(mode="json") for fact in draft.facts],
        "dropped": [dropped.model_dump(mode="json") for dropped in summary.dropped],
    }


def _provenance(draft: Draft) -> Json:
    index, parts = draft.selection.searched, [traced.part for traced in draft.selection.traced]
    return {
        "narrative": draft.narrated.provenance.model_dump(mode="json"),
        "retrieval": {
            "embedder": index.embedder if index else None,
            "indexVersion": str(index.id) if index else None,
            "parts": [{"part": part.name, "weight": part.weight, "trust": part.trust, "note": part.note} for part in parts],
        },
    }


def _item(recommendation_id: UUID, place: int, item: RankedItem, sources: Sequence[Evidence]) -> Json:
    return {
        "id": new_id(),
        "recommendation_id": recommendation_id,
        "rank": place,
        "credential_version_id": item.candidate.version_id,
        "score": item.score,
        "reasons": [reason.model_dump(mode="json") for reason in item.reasons],
        "sources": [source.model_dump(mode="json") for source in sources],
        "ranks": item.candidate.ranks,
    }


def _traces(recommendation_id: UUID, traced: Sequence[Traced], item_ids: Sequence[UUID]) -> list[Json]:
    """Per part what it found at all, with the query; then per item and part what found it (the query stands in the part's row)."""
    whole = [_trace(recommendation_id, None, each.part, each.part.text, each.best) for each in traced]
    found = [
        _trace(recommendation_id, item_id, each.part, "", each.own[place])
        for place, item_id in enumerate(item_ids)
        for each in traced
        if each.own[place]
    ]
    return [*whole, *found]


def _traced(retrieved: Retrieved, part: QueryPart, credential_ids: Sequence[UUID]) -> Traced:
    hits = [*_by_vector(retrieved.vector_hits.get(part.name, ())), *_by_text(retrieved.text_hits.get(part.name, ()))]
    own: dict[UUID, list[RankedHit]] = {credential_id: [] for credential_id in credential_ids}
    for ranked in hits:
        if (found := own.get(ranked.hit.credential_id)) is not None:
            found.append(ranked)
    return Traced(part, [ranked for ranked in hits if ranked.rank <= TRACED_HITS], list(own.values()))


def _by_vector(hits: Sequence[ChunkHit]) -> Iterator[RankedHit]:
    """Each credential by its best chunk; ranks count credentials from 1."""
    best: dict[UUID, ChunkHit] = {}
    for hit in hits:
        best.setdefault(hit.credential_id, hit)
    return starmap(RankedHit, enumerate(islice(best.values(), CREDENTIALS_PER_LIST), start=1))


def _by_text(hits: Sequence[TextHit]) -> Iterator[RankedHit]:
    return starmap(RankedHit, enumerate(hits, start=1))


def _as_json(ranked: RankedHit) -> Json:
    rank, hit = ranked
    found = {"rank": rank, "credentialId": str(hit.credential_id), "score": round(hit.score, 4)}
    if isinstance(hit, TextHit):
        return {"source": Source.TEXT.value, "credentialVersion": hit.version, **found}
    place = {"section": hit.section, "start": hit.start, "end": hit.end}
    return {"source": Source.VECTOR.value, "credentialVersion": hit.credential_version, **found, **place}


def _trace(recommendation_id: UUID, item_id: UUID | None, part: QueryPart, query: str, hits: Sequence[RankedHit]) -> Json:
    return {
        "id": new_id(),
        "recommendation_id": recommendation_id,
        "item_id": item_id,
        "part": part.name.value,
        "query": query,
        "weight": round(part.counts, 4),
        "hits": [_as_json(ranked) for ranked in hits],
    }

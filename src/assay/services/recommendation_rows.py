"""The rows of a recommendation: summary, items with reasons and sources, and the traces that show what each part of the query found."""

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from assay.db.models import Recommendation
from assay.db.models.base import Json
from assay.domain.degradation import Degradation
from assay.domain.fusion import Fact
from assay.domain.ranking import Excluded, RankedItem, Ranking
from assay.domain.retrieval import QueryPart, Source
from assay.domain.sources import Evidence
from assay.kit.ids import new_id
from assay.services.narration import Narrated
from assay.services.retrieval import CREDENTIALS_PER_LIST, Index, Retrieved, sources_of

TRACED_HITS: Final = 10
"""Hits per search that the trace of a part keeps."""


class Traced(NamedTuple):
    """What a part of the query found: the best hits of each search, and those of each recommended item, in their order."""

    part: QueryPart
    best: Sequence[Json]
    own: Sequence[Sequence[Json]]


class Selection(NamedTuple):
    """What was chosen and what proves it. The hits of the searches are gone: while a summary is written, a hundred others wait too."""

    searched: Index | None
    traced: Sequence[Traced]
    items: Sequence[tuple[RankedItem, Sequence[Evidence]]]
    excluded: Sequence[Excluded]


class Draft(NamedTuple):
    """A recommendation before it is written. `seconds` is what it took to make."""

    selection: Selection
    facts: Sequence[Fact]
    narrated: Narrated
    degradations: Sequence[Degradation]
    seconds: float


class Rows(NamedTuple):
    """What `Recommendations.add` takes."""

    recommendation: Recommendation
    items: list[Json]
    traces: list[Json]


def select(retrieved: Retrieved, ranking: Ranking) -> Selection:
    """The recommended items with their sources, and what each part found of them."""
    items = list(zip(ranking.items, sources_of([item.candidate for item in ranking.items], retrieved), strict=True))
    ids = [str(item.candidate.credential_id) for item, _ in items]
    return Selection(retrieved.index, [_traced(retrieved, part, ids) for part in retrieved.parts], items, ranking.excluded)


def of(draft: Draft, recommendation_id: UUID, assessment_id: UUID, version: int) -> Rows:
    """All rows of `draft`."""
    selection = draft.selection
    items = [_item(recommendation_id, place, item, sources) for place, (item, sources) in enumerate(selection.items, start=1)]
    recommendation = Recommendation(
        id=recommendation_id,
        assessment_id=assessment_id,
        version=version,
        index_version_id=selection.searched.id if selection.searched else None,
        summary=_summary(draft),
        excluded=[{"credentialId": str(each.credential_id), "title": each.title, "reason": each.reason} for each in selection.excluded],
        provenance=_provenance(draft),
        processing_ms=round(1000 * draft.seconds, 1),
    )
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


def _traced(retrieved: Retrieved, part: QueryPart, credential_ids: Sequence[str]) -> Traced:
    hits = _hits(retrieved, part)
    own: dict[str, list[Json]] = {credential_id: [] for credential_id in credential_ids}
    for hit in hits:
        if hit["credentialId"] in own:
            own[hit["credentialId"]].append(hit)
    return Traced(part, [hit for hit in hits if hit["rank"] <= TRACED_HITS], list(own.values()))


def _hits(retrieved: Retrieved, part: QueryPart) -> list[Json]:
    """What a part found, search by search, each credential by its best chunk; ranks count credentials from 1."""
    best = {hit.credential_id: hit for hit in reversed(retrieved.vector_hits.get(part.name, ()))}
    in_order = list(dict.fromkeys(hit.credential_id for hit in retrieved.vector_hits.get(part.name, ())))
    near = [best[credential_id] for credential_id in in_order[:CREDENTIALS_PER_LIST]]
    by_vector = [
        {
            "source": Source.VECTOR.value,
            "rank": rank,
            "credentialId": str(hit.credential_id),
            "credentialVersion": hit.credential_version,
            "score": round(hit.score, 4),
            "section": hit.section,
            "start": hit.start,
            "end": hit.end,
        }
        for rank, hit in enumerate(near, start=1)
    ]
    by_text = [
        {
            "source": Source.TEXT.value,
            "rank": rank,
            "credentialId": str(hit.credential_id),
            "credentialVersion": hit.version,
            "score": round(hit.score, 4),
        }
        for rank, hit in enumerate(retrieved.text_hits.get(part.name, ()), start=1)
    ]
    return [*by_vector, *by_text]


def _trace(recommendation_id: UUID, item_id: UUID | None, part: QueryPart, query: str, hits: Sequence[Json]) -> Json:
    return {
        "id": new_id(),
        "recommendation_id": recommendation_id,
        "item_id": item_id,
        "part": part.name.value,
        "query": query,
        "weight": round(part.counts, 4),
        "hits": list(hits),
    }

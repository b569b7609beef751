"""Which part of the search found a recommended credential, by which search and at which place."""

from typing import Any
from uuid import UUID

from assay.db.unit_of_work import UnitOfWork
from assay.domain.retrieval import Source
from assay.kit.model import Value
from assay.services.results import RecommendationRead


class Find(Value):
    """One part of the query finding one credential in one search."""

    part: str
    search: Source
    rank: int
    """From 1, counting credentials."""
    weight: float
    """How much the part counts, of 1."""
    section: str | None
    """What of the credential was hit, where the search knows."""


async def finds(uow: UnitOfWork, recommendation: RecommendationRead) -> dict[UUID, tuple[Find, ...]]:
    """What found each credential of a recommendation that the caller has read, the best place first."""
    found: dict[UUID, list[Find]] = {}
    for row in await uow.recommendations.finds(recommendation.id):
        for hit in row.hits:
            found.setdefault(UUID(hit["credentialId"]), []).append(_find(row.part, row.weight, hit))
    return {each: tuple(sorted(made, key=lambda find: (find.rank, -find.weight))) for each, made in found.items()}


def _find(part: str, weight: float, hit: dict[str, Any]) -> Find:
    return Find(part=part, search=Source(hit["source"]), rank=hit["rank"], weight=weight, section=hit.get("section"))

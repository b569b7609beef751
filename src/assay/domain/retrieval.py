"""Choosing credentials: query by named parts, rank fusion, and a deterministic rerank that says why."""

from uuid import UUID

from assay.kit.model import Value


class ChunkHit(Value):
    """A chunk of a credential version that a search found. `score` is the search's own (cosine similarity or text rank)."""

    chunk_id: UUID
    credential_id: UUID
    credential_version: int
    section: str
    start: int
    end: int
    text: str
    score: float

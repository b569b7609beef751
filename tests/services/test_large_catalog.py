"""Retrieval above the size at which full text no longer ranks the whole catalog: the bound is lowered, the seeds then count as large."""

import pytest
from sqlalchemy import text

from assay.db.pgvector_store import PgVectorStore
from assay.domain.retrieval import PartName, QueryPart, websearch
from assay.runtime import Runtime
from assay.services import retrieval
from assay.services.retrieval import CREDENTIALS_PER_LIST, Retrieved, search

PARTS = (
    QueryPart(name=PartName.ROLE, text="relational databases", terms=("relational databases",), weight=0.5),
    QueryPart(name=PartName.INTERESTS, text="statistics", terms=("statistics",), weight=0.5),
)


class Narrow(PgVectorStore):
    """The store, finding five chunks a vector, so that there is something that it does not find."""

    async def nearest(self, index_version, vectors, limit):  # noqa: ANN001, ANN201 - as the inner one
        """As the inner one."""
        return await super().nearest(index_version, vectors, min(limit, 5))


async def _search(runtime: Runtime, store: PgVectorStore) -> Retrieved:
    return await search(PARTS, open_uow=runtime.open_uow, embedder=runtime.embedder, vector_store=store)


class Counting(PgVectorStore):
    """The store, with a note of how many vectors it was asked about each time."""

    def __init__(self, *args, **options) -> None:  # noqa: ANN002, ANN003 - as the inner one
        super().__init__(*args, **options)
        self.asked: list[int] = []

    async def nearest(self, index_version, vectors, limit):  # noqa: ANN001, ANN201 - as the inner one
        """As the inner one."""
        self.asked.append(len(vectors))
        return await super().nearest(index_version, vectors, limit)


async def test_a_role_is_searched_for_once_in_each_store(runtime: Runtime) -> None:
    """What lies near it is found again without asking; another store of the same index is asked for itself."""
    store, other = Counting(runtime.engine), Counting(runtime.engine)
    first, second = await _search(runtime, store), await _search(runtime, store)
    assert store.asked == [2, 1]
    assert second == first
    assert await _search(runtime, other) == first
    assert other.asked == [2]


async def test_text_ranks_what_the_vectors_found(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small: text finds credentials of its own. Large: every text hit is one that a vector found, in the order and score of before."""
    store = Narrow(runtime.engine)
    small = await _search(runtime, store)
    monkeypatch.setattr(retrieval, "TEXT_ALONE_BELOW", 1)
    large = await _search(runtime, store)
    near = {hit.credential_id for hits in large.vector_hits.values() for hit in hits}
    for part in PARTS:
        assert {hit.credential_id for hit in small.text_hits[part.name]} > near & {hit.credential_id for hit in small.text_hits[part.name]}
        assert large.text_hits[part.name] == [hit for hit in small.text_hits[part.name] if hit.credential_id in near]
    assert any(large.text_hits.values())


async def test_without_vectors_text_ranks_everything(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large, and the store does not hold the index: text finds what it finds in a small catalog, and the shortfall is told."""
    small = await _search(runtime, PgVectorStore(runtime.engine))
    monkeypatch.setattr(retrieval, "TEXT_ALONE_BELOW", 1)
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("DELETE FROM embedding_artifacts"))
    alone = await _search(runtime, PgVectorStore(runtime.engine))
    assert alone.shortfall is not None
    assert alone.text_hits == small.text_hits


async def test_the_bound_is_kept_by_the_statement(runtime: Runtime) -> None:
    """An index of as many chunks as the bound gives no hits, one chunk fewer all of them; the active index is told either way."""
    queries = {"only": websearch(["statistics"])}
    async with runtime.open_uow(autocommit=True) as uow:
        active, hits = await uow.search.full_text(queries, CREDENTIALS_PER_LIST)
        assert active is not None
        at = await uow.search.full_text(queries, CREDENTIALS_PER_LIST, below=active.chunk_count)
        under = await uow.search.full_text(queries, CREDENTIALS_PER_LIST, below=active.chunk_count + 1)
    assert hits["only"]
    assert (at.active, at.hits) == (active, {"only": []})
    assert under.hits == hits

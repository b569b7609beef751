"""Twenty clients search while the index is rebuilt and switched, on every store: no search fails or is empty, and there is one switch."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import text
from stores import fill

from assay.db.pgvector_store import PgVectorStore
from assay.domain.ports import VectorStore
from assay.domain.retrieval import PartName, QueryPart
from assay.runtime import Runtime
from assay.services import indexing
from assay.services.retrieval import search
from assay.vectors.chroma import ChromaStore

CLIENTS = 20
PARTS = (
    QueryPart(name=PartName.ROLE, text="Backend Engineer: relational databases", terms=("relational databases",), weight=0.5),
    QueryPart(name=PartName.INTERESTS, text="message queues", terms=("message queues",), weight=0.5),
)


async def _active(runtime: Runtime) -> UUID:
    async with runtime.open_uow(autocommit=True) as uow:
        active = await uow.index.active()
    assert active is not None
    return active.id


# A client reads what it got: twenty that never pause would leave the rebuild no processor, and Chroma's searches need more of it.
@pytest.mark.parametrize(("kind", "pause"), [("pgvector, exact", 0.1), ("pgvector, HNSW", 0.1), ("Chroma", 1.0)])
@pytest.mark.timeout(240)
async def test_nobody_notices_a_rebuild(runtime: Runtime, request: pytest.FixtureRequest, kind: str, pause: float) -> None:
    """Every search finds 300 chunks by vectors and some by text, all in one version; the versions seen are the old, then the new."""
    store: VectorStore = PgVectorStore(runtime.engine, exact_below=100 if "HNSW" in kind else 20_000)
    if kind == "Chroma":
        store = ChromaStore(request.getfixturevalue("chroma_url"), seconds=20)
    old = await _active(runtime)
    await fill(runtime, store, old)
    seen: list[list[UUID]] = [[] for _ in range(CLIENTS)]
    done = asyncio.Event()

    async def client(own: list[UUID]) -> None:
        last = False
        while not last:
            last = done.is_set()  # the last search of each begins after the switch
            found = await search(PARTS, open_uow=runtime.open_uow, embedder=runtime.embedder, vector_store=store)
            assert found.shortfall is None
            assert found.index is not None
            assert [len(hits) for hits in found.vector_hits.values()] == [150, 150]
            assert all(found.text_hits.values())
            own.append(found.index.id)
            await asyncio.sleep(pause)

    async with asyncio.TaskGroup() as clients:
        for own in seen:
            clients.create_task(client(own))
        await asyncio.sleep(0.1)
        report = await indexing.rebuild(runtime.open_uow, runtime.embedder, store, afresh=True)
        done.set()
    assert report.built
    for own in seen:
        assert own == sorted(own)  # version ids rise with time: nobody saw the old one after the new one
        assert set(own) <= {old, report.version_id}
    assert {own[-1] for own in seen} == {report.version_id}
    async with runtime.open_uow(autocommit=True) as uow:
        switches = await uow.session.execute(text("SELECT count(*) FROM audit_logs WHERE action = 'index:switch'"))
        assert switches.scalar_one() == 1
    await store.drop(old)
    await store.drop(report.version_id)
    await store.close()

"""The contract of vector stores, on every one of them and its real server: what is found, in which order, and what a failure is called."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
import pytest_asyncio
from sqlalchemy import text
from stores import batches, fill, kept, second_version

from assay.db.engine import create_engine
from assay.db.pgvector_store import PgVectorStore
from assay.domain.errors import Fault, ProviderError
from assay.domain.ports import VectorStore
from assay.kit.transactions import NetworkInsideTransaction
from assay.runtime import Runtime, open_runtime
from assay.services import indexing
from assay.settings import Settings
from assay.vectors.chroma import ChromaStore

ONES = [1.0] * 256


@pytest_asyncio.fixture
async def active(runtime: Runtime) -> UUID:
    """The version that is searched."""
    async with runtime.open_uow(autocommit=True) as uow:
        version = await uow.index.active()
    assert version is not None
    return version.id


@pytest.fixture(params=["pgvector, exact", "pgvector, HNSW", "Chroma"])
def made(request: pytest.FixtureRequest, runtime: Runtime) -> VectorStore:
    """A store on its real server, with nothing built yet."""
    match request.param:
        case "pgvector, exact":
            return PgVectorStore(runtime.engine)
        case "pgvector, HNSW":
            return PgVectorStore(runtime.engine, exact_below=100)
        case _:
            return ChromaStore(request.getfixturevalue("chroma_url"))


@pytest_asyncio.fixture
async def store(made: VectorStore, runtime: Runtime, active: UUID) -> AsyncIterator[Any]:
    """A store that holds the seeded index."""
    await fill(runtime, made, active)
    yield made
    await made.drop(active)
    await made.close()


async def test_a_chunk_finds_itself_first(store: VectorStore, runtime: Runtime, active: UUID) -> None:
    """A chunk's own vector finds it with similarity 1, the rest by falling similarity, no more than asked for."""
    chunk = (await kept(runtime, active))[700]
    (hits,) = await store.nearest(active, [list(chunk.vector)], 20)
    assert hits[0].score == pytest.approx(1.0, abs=1e-4)
    assert chunk.id in {hit.chunk_id for hit in hits if hit.score > 0.9999}
    assert len(hits) == len({hit.chunk_id for hit in hits}) == 20
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


async def test_hits_say_where_they_stand(store: VectorStore, runtime: Runtime, active: UUID) -> None:
    """Credential, version, section and offsets are those that Postgres keeps, and the similarity is the cosine."""
    by_id = {chunk.id: chunk for chunk in await kept(runtime, active)}
    (wanted,) = await runtime.embedder.embed(["relational databases"])
    (hits,) = await store.nearest(active, [wanted], 150)
    assert len(hits) == 150
    for hit in hits:
        chunk = by_id[hit.chunk_id]
        assert hit[1:6] == (chunk.credential_id, chunk.credential_version, chunk.section, chunk.start, chunk.end)
        assert hit.score == pytest.approx(float(np.dot(chunk.vector, wanted)), abs=1e-3)


async def test_many_questions_at_once(store: VectorStore, runtime: Runtime, active: UUID) -> None:
    """Each of several vectors is answered as if it were alone, in the order given; no vector, no answer."""
    vectors = await runtime.embedder.embed(["message queues", "statistics", "accessibility"])
    together = await store.nearest(active, vectors, 10)
    alone = [(await store.nearest(active, [vector], 10))[0] for vector in vectors]
    assert [[hit.chunk_id for hit in hits] for hits in together] == [[hit.chunk_id for hit in hits] for hits in alone]
    assert await store.nearest(active, [], 10) == []


async def test_hardly_anything_is_missed(store: VectorStore, runtime: Runtime, active: UUID) -> None:
    """Of the ten nearest by arithmetic over all chunks, at least 98 in 100 are found."""
    chunks = await kept(runtime, active)
    matrix, ids = np.array([chunk.vector for chunk in chunks]), [chunk.id for chunk in chunks]
    async with runtime.open_uow(autocommit=True) as uow:
        names = await uow.tracks.skill_names()
    questions = await runtime.embedder.embed(list(names.values())[:40])
    found = await store.nearest(active, questions, 10)
    shares = []
    for question, hits in zip(questions, found, strict=True):
        cosines = matrix @ np.array(question)
        least = np.sort(cosines)[-10] - 1e-4  # chunks that are as near as the tenth count too: equal texts are frequent
        near = {ids[place] for place in np.flatnonzero(cosines >= least)}
        shares.append(len(near & {hit.chunk_id for hit in hits}) / 10)
    assert np.mean(shares) >= 0.98


async def test_versions_do_not_mix(store: VectorStore, runtime: Runtime, active: UUID) -> None:
    """A second version beside the first one: each finds its own chunks alone."""
    other = await second_version(runtime, active, 300)
    own = {chunk.id for chunk in await fill(runtime, store, other)}
    (found,), (first,) = await store.nearest(other, [ONES], 50), await store.nearest(active, [ONES], 50)
    assert len(found) == 50
    assert {hit.chunk_id for hit in found} <= own
    assert not {hit.chunk_id for hit in first} & own
    await store.drop(other)


async def test_building_again_changes_nothing(store: VectorStore, runtime: Runtime, active: UUID) -> None:
    """A build may be repeated: as many chunks, the same answer. What was dropped can be built again."""
    before = await store.nearest(active, [ONES], 30)
    held = len(await fill(runtime, store, active))
    assert await store.holds(active) == held
    assert [hit[1:6] for hit in (await store.nearest(active, [ONES], 30))[0]] == [hit[1:6] for hit in before[0]]
    await store.drop(active)
    await fill(runtime, store, active)
    assert await store.holds(active) == held
    assert len((await store.nearest(active, [ONES], 30))[0]) == 30


async def test_a_build_disturbs_no_search(store: VectorStore, runtime: Runtime, active: UUID) -> None:
    """While another version is built, every search of the first one is answered in full."""
    other = await second_version(runtime, active, 600)
    building = asyncio.create_task(fill(runtime, store, other))
    found = []
    while not building.done():
        found.append(len((await store.nearest(active, [ONES], 20))[0]))
    await building
    assert set(found) == {20}
    await store.drop(other)


async def test_an_unknown_version_is_a_named_fault(store: VectorStore) -> None:
    """A version that the store does not hold is a misconfiguration, never an empty list; dropping it does no harm."""
    unknown = uuid4()
    with pytest.raises(ProviderError) as caught:
        await store.nearest(unknown, [ONES], 5)
    assert caught.value.fault is Fault.MISCONFIGURED
    assert await store.holds(unknown) == 0
    await store.drop(unknown)


async def test_another_dimension_is_a_named_fault(store: VectorStore, active: UUID) -> None:
    """Vectors of another length are a misconfiguration, not a crash, and the store goes on answering."""
    with pytest.raises(ProviderError) as caught:
        await store.nearest(active, [[1.0] * 3], 5)
    assert caught.value.fault is Fault.MISCONFIGURED
    assert len((await store.nearest(active, [ONES], 5))[0]) == 5


@pytest.mark.parametrize("ask", ["nearest", "build", "holds", "drop"])
async def test_nothing_is_asked_inside_a_transaction(made: VectorStore, runtime: Runtime, ask: str) -> None:
    """Every method leaves the process, so none may be called while a transaction is held."""
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "nearest": lambda: made.nearest(uuid4(), [ONES], 5),
        "build": lambda: made.build(uuid4(), 256, batches()),
        "holds": lambda: made.holds(uuid4()),
        "drop": lambda: made.drop(uuid4()),
    }
    with pytest.raises(NetworkInsideTransaction):
        async with runtime.open_uow():
            await calls[ask]()


@asynccontextmanager
async def pgvector_at(address: str) -> AsyncIterator[VectorStore]:
    """The store on a Postgres that is not there."""
    engine = create_engine(f"postgresql+asyncpg://assay@{address}/none", pool_size=1, pool_timeout=1, statement_timeout_ms=1_000)
    yield PgVectorStore(engine)
    await engine.dispose()


@asynccontextmanager
async def chroma_at(address: str) -> AsyncIterator[VectorStore]:
    """The store on a Chroma that is not there, or silent."""
    store = ChromaStore(f"http://{address}", seconds=0.3)
    yield store
    await store.close()


@pytest.mark.parametrize("at", [pgvector_at, chroma_at])
@pytest.mark.parametrize("ask", ["nearest", "holds"])
async def test_a_server_that_is_away_is_a_named_fault(at: Callable, ask: str, unused_tcp_port: int) -> None:
    """Nobody listens at the address: `unavailable`."""
    async with at(f"127.0.0.1:{unused_tcp_port}") as store:
        with pytest.raises(ProviderError) as caught:
            await (store.nearest(uuid4(), [ONES], 5) if ask == "nearest" else store.holds(uuid4()))
    assert caught.value.fault is Fault.UNAVAILABLE


async def test_a_slow_chroma_is_a_named_fault() -> None:
    """A server that takes the question and says nothing: `timeout`, within the time a search may take."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        async with chroma_at(f"127.0.0.1:{silent.getsockname()[1]}") as store, asyncio.timeout(2):
            with pytest.raises(ProviderError) as caught:
                await store.nearest(uuid4(), [ONES], 5)
    assert caught.value.fault is Fault.TIMEOUT


async def test_a_slow_pgvector_is_a_named_fault(settings: Settings, active: UUID) -> None:
    """No connection becomes free in time: `timeout`."""
    engine = create_engine(settings.async_database_url, pool_size=1, pool_timeout=0.2, statement_timeout_ms=1_000)
    async with engine.connect():
        with pytest.raises(ProviderError) as caught:
            await PgVectorStore(engine).nearest(active, [ONES], 5)
    await engine.dispose()
    assert caught.value.fault is Fault.TIMEOUT


async def test_the_graph_is_used(runtime: Runtime, active: UUID) -> None:
    """Above the threshold the plan walks the HNSW index of that version, and the settings leave no trace in the session."""
    store = PgVectorStore(runtime.engine, exact_below=100)
    await fill(runtime, store, active)
    name = f"ann_{active.hex}"
    counted = text("SELECT coalesce(sum(idx_scan), 0) FROM pg_stat_user_indexes WHERE indexrelname = :name")
    await store.nearest(active, [ONES, ONES], 20)
    async with runtime.engine.connect() as connection:
        await connection.execute(text("SELECT pg_stat_force_next_flush()"))
    async with runtime.engine.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM pg_indexes WHERE indexname = :name"), {"name": name})).scalar() == 1
        assert (await connection.execute(text("SELECT current_setting('hnsw.iterative_scan')"))).scalar() == "off"
        await connection.execute(text("SELECT pg_stat_clear_snapshot()"))
        scans = (await connection.execute(counted, {"name": name})).scalar()
    assert scans is not None
    assert scans >= 2


async def test_a_build_that_was_interrupted_is_made_good(runtime: Runtime, active: UUID) -> None:
    """An index that Postgres calls invalid counts as none; the next build replaces it."""
    store = PgVectorStore(runtime.engine, exact_below=100)
    await fill(runtime, store, active)
    async with runtime.engine.begin() as connection:
        broken = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = CAST(:name AS regclass)"
        await connection.execute(text(broken), {"name": f"ann_{active.hex}"})
    assert await store.holds(active) == 0
    held = await fill(runtime, store, active)
    assert await store.holds(active) == len(held)


async def test_another_store_is_filled_without_embedding(settings: Settings, chroma_url: str, runtime: Runtime, active: UUID) -> None:
    """After a change of `VECTOR_STORE`, indexing copies the active version into the new store: the same version, nothing embedded."""
    changed = settings.model_copy(update={"vector_store": "chroma", "chroma_url": chroma_url})
    async with open_runtime(changed) as other:
        with pytest.raises(ProviderError):
            await other.vector_store.nearest(active, [ONES], 5)
        report = await indexing.ensure_index(other.open_uow, other.embedder, other.vector_store)
        assert (report.version_id, report.built, report.embedded) == (active, False, 0)
        assert await other.vector_store.holds(active) == report.chunk_count
        ours, theirs = [await each.vector_store.nearest(active, [ONES], 20) for each in (runtime, other)]
        await other.vector_store.drop(active)
    assert len({hit.chunk_id for hit in ours[0]} & {hit.chunk_id for hit in theirs[0]}) >= 18

"""What is recommended when the vector store, the embedder or both are away: a sourced list each time, labelled with what was missing."""

from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio
from sqlalchemy import text

from assay.ai.openai_client import open_client
from assay.ai.openai_embedder import OpenAIEmbedder
from assay.db.engine import create_engine
from assay.db.pgvector_store import PgVectorStore
from assay.domain.degradation import Cause
from assay.domain.learner import Learner, TheoryResult
from assay.domain.ports import Embedder, Vector, VectorStore
from assay.domain.ranking import rerank
from assay.domain.tracks import TrackContent
from assay.runtime import Runtime
from assay.services.retrieval import Retrieved, retrieve, sources_of
from assay.vectors.chroma import ChromaStore


class NamedAlike:
    """An embedder under the name of the index's own, whose provider is not there."""

    dimension = 256

    def __init__(self, name: str, inner: OpenAIEmbedder) -> None:
        self.name = name
        self._inner = inner

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """As the real client of a provider that is away."""
        return await self._inner.embed(texts)


@pytest_asyncio.fixture
async def absent_embedder(runtime: Runtime, unused_tcp_port: int) -> AsyncIterator[NamedAlike]:
    """The real client of a provider that is not there."""
    client = open_client(api_key="none", base_url=f"http://127.0.0.1:{unused_tcp_port}/v1", call_timeout=1)
    yield NamedAlike(runtime.embedder.name, OpenAIEmbedder(client, "text-embedding-3-small", 256, 2.0))
    await client.close()


@pytest_asyncio.fixture(params=["pgvector", "Chroma"])
async def absent_store(request: pytest.FixtureRequest, unused_tcp_port: int) -> AsyncIterator[VectorStore]:
    """A real store whose server is not there."""
    if request.param == "Chroma":
        store = ChromaStore(f"http://127.0.0.1:{unused_tcp_port}")
        yield store
        await store.close()
        return
    url = f"postgresql+asyncpg://assay@127.0.0.1:{unused_tcp_port}/none"
    engine = create_engine(url, pool_size=1, pool_timeout=1, statement_timeout_ms=1_000)
    yield PgVectorStore(engine)
    await engine.dispose()


async def _found(runtime: Runtime, embedder: Embedder, store: VectorStore) -> tuple[Learner, Retrieved, dict[str, str]]:
    async with runtime.open_uow() as uow:
        track = await uow.tracks.by_slug("backend-engineer")
        names = await uow.tracks.skill_names()
    assert track is not None
    theory = (TheoryResult(skills=("relational-databases",), credit=0),)
    content = TrackContent.model_validate({name: getattr(track, name) for name in TrackContent.model_fields})
    learner = Learner(track=content, theory=theory, signals={"interest:message-queues": 1.0})
    return learner, await retrieve(learner, names, open_uow=runtime.open_uow, embedder=embedder, vector_store=store), names


@pytest.mark.parametrize(
    ("away", "said"),
    [
        ("store", "the vector store did not answer"),
        ("embedder", "the embedder did not answer"),
        ("both", "the embedder and the vector store did not answer"),
    ],
)
async def test_three_ways_to_be_without_vectors(
    runtime: Runtime, absent_store: VectorStore, absent_embedder: Embedder, away: str, said: str
) -> None:
    """Each is told apart; full text alone finds a list whose items have sources that stand in the cited version."""
    embedder = runtime.embedder if away == "store" else absent_embedder
    store = runtime.vector_store if away == "embedder" else absent_store
    learner, found, names = await _found(runtime, embedder, store)
    assert found.shortfall is not None
    assert (found.shortfall.cause, found.shortfall.detail) == (Cause.UNAVAILABLE, said)
    ranking = rerank(learner, found.candidates, names, prerequisites=found.prerequisites)
    assert len(ranking.items) >= 6
    assert {name.split(".")[1] for item in ranking.items for name in item.candidate.ranks} == {"text"}
    for item, sources in zip(ranking.items, sources_of([item.candidate for item in ranking.items], found), strict=True):
        assert sources
        sections = item.candidate.content.sections()
        assert all(sections[source.section][source.start : source.end] == source.snippet for source in sources)


async def test_a_store_that_lost_the_index_is_told(runtime: Runtime, chroma_url: str) -> None:
    """A Chroma that was emptied is a misconfiguration, not an empty result: full text speaks, and the cause says so."""
    store = ChromaStore(chroma_url)
    _, found, _ = await _found(runtime, runtime.embedder, store)
    await store.close()
    assert found.shortfall is not None
    assert found.shortfall.cause is Cause.MISCONFIGURED
    assert found.candidates


async def test_a_database_that_lost_its_vectors_is_told(runtime: Runtime) -> None:
    """The extension goes missing while we run: no second try can help, full text speaks, and the cause says that somebody has to act."""
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("DROP EXTENSION vector CASCADE"))
    learner, found, names = await _found(runtime, runtime.embedder, runtime.vector_store)
    assert found.shortfall is not None
    assert found.shortfall.cause is Cause.MISCONFIGURED
    assert len(rerank(learner, found.candidates, names, prerequisites=found.prerequisites).items) >= 6


async def test_a_version_without_chunks_is_told(runtime: Runtime) -> None:
    """An index whose chunks are gone although its count says otherwise is no silent empty list either."""
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("DELETE FROM embedding_artifacts"))
    _, found, _ = await _found(runtime, runtime.embedder, runtime.vector_store)
    assert found.shortfall is not None
    assert found.shortfall.cause is Cause.MISCONFIGURED
    assert found.candidates

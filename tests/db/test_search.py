"""Search in Postgres: full text by weighted phrases, nearest vectors by exact cosine."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from assay.db.engine import create_engine
from assay.db.pgvector_store import PgVectorStore
from assay.domain.errors import Fault, ProviderError
from assay.domain.retrieval import websearch
from assay.kit.transactions import NetworkInsideTransaction
from assay.runtime import Runtime


async def _slugs(runtime: Runtime, query: str, limit: int = 10) -> list[str]:
    async with runtime.open_uow() as uow:
        hits = (await uow.search.full_text({"only": query}, limit)).hits["only"]
        rows = {row.credential_id: row.slug for row in await uow.search.current([hit.credential_id for hit in hits])}
    return [rows[hit.credential_id] for hit in hits]


async def test_a_phrase_in_the_title_comes_first(runtime: Runtime) -> None:
    """The title weighs more than skills, outcomes and description."""
    assert (await _slugs(runtime, websearch(["Kubernetes for the Curious"])))[0] == "kubernetes-for-the-curious"
    assert (await _slugs(runtime, websearch(["message queues"])))[0] in {"messaging-with-queues", "event-streams-and-event-sourcing"}


async def test_any_phrase_may_match_and_each_query_is_its_own(runtime: Runtime) -> None:
    """Several queries are answered in one statement, each with its own list, best first."""
    async with runtime.open_uow() as uow:
        found = (await uow.search.full_text({"a": websearch(["Kubernetes", "statistics"]), "b": websearch(["zymurgy"])}, 50)).hits
    assert found["b"] == []
    assert len(found["a"]) > 5
    assert [hit.score for hit in found["a"]] == sorted((hit.score for hit in found["a"]), reverse=True)


async def test_only_published_credentials_in_their_current_version(runtime: Runtime) -> None:
    """A retired credential is not found."""
    query = websearch(["Kubernetes for the Curious"])
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE credential_catalog SET status = 'retired' WHERE slug = 'kubernetes-for-the-curious'"))
    assert "kubernetes-for-the-curious" not in await _slugs(runtime, query)


@pytest.mark.parametrize("query", ['"', "' ; DROP TABLE users; --", "& | ! ( )", "\\", "or or or", ":*", "the of and"])
async def test_no_words_can_break_the_query(runtime: Runtime, query: str) -> None:
    """Whatever a free text holds, the search answers."""
    await _slugs(runtime, websearch([query]))


async def test_nearest_is_exact_and_ordered(runtime: Runtime) -> None:
    """A chunk's own vector finds that chunk first with similarity 1, the rest by falling similarity, all of one index version."""
    async with runtime.open_uow() as uow:
        active = await uow.index.active()
        assert active is not None
        chunk, vector = (
            await uow.session.execute(text("SELECT id, embedding::text FROM embedding_artifacts ORDER BY id LIMIT 1 OFFSET 700"))
        ).one()
    own, other = [float(number) for number in vector.strip("[]").split(",")], [1.0] * 256
    hits, others = await runtime.vector_store.nearest(active.id, [own, other], 20)
    assert hits[0].chunk_id == chunk
    assert hits[0].score == pytest.approx(1.0, abs=1e-5)
    assert len(hits) == 20
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert [others] == await runtime.vector_store.nearest(active.id, [other], 20)


async def test_an_unknown_index_holds_nothing(runtime: Runtime) -> None:
    """Searching an index version that does not exist finds nothing and fails nothing."""
    assert await runtime.vector_store.nearest(uuid4(), [[1.0] * 256], 5) == [[]]


async def test_another_dimension_is_a_named_fault(runtime: Runtime) -> None:
    """A vector of another length is a misconfiguration, not a crash."""
    with pytest.raises(ProviderError) as caught:
        await runtime.vector_store.nearest(await _active(runtime), [[1.0] * 3], 5)
    assert caught.value.fault is Fault.MISCONFIGURED


async def test_a_database_that_is_away_is_a_named_fault(unused_tcp_port: int) -> None:
    """No server at the address: `unavailable`."""
    engine = create_engine(
        f"postgresql+asyncpg://assay@127.0.0.1:{unused_tcp_port}/none", pool_size=1, pool_timeout=1, statement_timeout_ms=1_000
    )
    with pytest.raises(ProviderError) as caught:
        await PgVectorStore(engine).nearest(uuid4(), [[1.0] * 256], 5)
    await engine.dispose()
    assert caught.value.fault is Fault.UNAVAILABLE


async def test_no_search_inside_a_transaction(runtime: Runtime) -> None:
    """The store opens its own session, so asking it while holding one is refused."""
    active = await _active(runtime)
    with pytest.raises(NetworkInsideTransaction):
        async with runtime.open_uow():
            await runtime.vector_store.nearest(active, [[1.0] * 256], 5)


async def _active(runtime: Runtime) -> UUID:
    async with runtime.open_uow() as uow:
        active = await uow.index.active()
    assert active is not None
    return active.id

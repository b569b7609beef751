"""A catalog in the product's own search: a throwaway Postgres, migrated, loaded as seeds are, indexed; gone with the block."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from assay.ai.builtin_embedder import BuiltinEmbedder
from assay.broker.rq import RqBroker
from assay.db import migrate
from assay.db.engine import create_engine
from assay.db.pgvector_store import PgVectorStore
from assay.db.unit_of_work import OpenUnitOfWork, unit_of_work_factory
from assay.domain.ports import Embedder, VectorStore
from assay.domain.suitability import Candidate
from assay.embedded import postgres, throwaway
from assay.services import indexing, seeding
from assay.services.retrieval import candidate_of

_CONNECTIONS: Final = 4
_TIMEOUT_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Catalog:
    """What can be searched: the ports that the product searches through, and everything that can be found, by id."""

    open_uow: OpenUnitOfWork
    embedder: Embedder
    store: VectorStore
    names: Mapping[str, str]
    entries: Mapping[UUID, Candidate]
    chunks: int


@contextmanager
def database() -> Iterator[str]:
    """The URL of an empty database with the current schema. From the main thread, not inside an event loop. Raises `StartProblem`."""
    with throwaway.servers() as both:
        postgres.ensure_database(both.cluster)
        migrate.upgrade(_async(both.cluster.url()))
        yield both.cluster.url()


@asynccontextmanager
async def opened(url: str, seeds: Path) -> AsyncIterator[Catalog]:
    """The content of the folder `seeds` in the database at `url`, indexed with the built-in embedder. Raises `SeedError`."""
    engine = create_engine(_async(url), pool_size=_CONNECTIONS, pool_timeout=30, statement_timeout_ms=_TIMEOUT_MS)
    broker = RqBroker("redis://127.0.0.1:1/0", "evaluation")  # nothing here rings
    try:
        open_uow, embedder, store = unit_of_work_factory(engine, broker), BuiltinEmbedder(), PgVectorStore(engine)
        await seeding.load(open_uow, seeds)
        report = await indexing.ensure_index(open_uow, embedder, store)
        async with open_uow(autocommit=True) as uow:
            rows, names = await uow.credentials.published(), await uow.tracks.skill_names()
        entries = {row.credential_id: candidate_of(row) for row in rows}
        yield Catalog(open_uow, embedder, store, names, entries, report.chunk_count)
    finally:
        await broker.close()
        await engine.dispose()


def _async(url: str) -> str:
    return url.replace("postgresql://", "postgresql+asyncpg://", 1)

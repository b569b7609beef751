"""The vector store on pgvector: cosine search over the chunks of one index version.

Exact search reads every chunk of the version: recall 1, and below about 5,000 chunks as fast as an approximate index.
Above, an HNSW index finds them (see `vector_index`); it is built with the version, before anybody searches it.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from itertools import chain
from math import inf
from time import monotonic
from typing import Final
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from assay.db import vector_index
from assay.domain.errors import Fault, ProviderError
from assay.domain.ports import StoredChunk, Vector
from assay.domain.retrieval import ChunkHit
from assay.kit.transactions import assert_no_transaction

EXACT_BELOW: Final = 5_000
"""Chunks of a version up to which every vector is read."""
_LOOK_AGAIN_SECONDS: Final = 30.0
"""After which a version that had no index is looked at again."""
_SPARE: Final = 20
"""Chunks fetched beyond the limit, since half precision may put neighbours in the wrong order."""
# All vectors in one statement, sent as one array of numbers, which the driver packs at once; made vectors once (MATERIALIZED), not for
# every row they are compared with. Nearest first, then by place, so that equal distances come in the same order in every rebuild of the
# same catalog. One row of arrays for each vector: hundreds of short rows cost this process as much as the search costs Postgres.
_NEAREST: Final = """
    WITH {settings} wanted AS MATERIALIZED (
        SELECT place, CAST((CAST(:numbers AS real[]))[place * :dimension + 1 : (place + 1) * :dimension] AS vector) AS vector
        FROM {places}
    ), found AS (
        SELECT wanted.place, near.id, v.credential_id, v.version, near.section, near.start, near."end", near.distance,
               row_number() OVER (
                   PARTITION BY wanted.place ORDER BY near.distance, near.credential_version_id, near.section, near.start
               ) AS rank
        FROM wanted CROSS JOIN LATERAL (
            SELECT id, credential_version_id, section, start, "end", embedding <=> wanted.vector AS distance
            FROM {chunks}
            ORDER BY distance, credential_version_id, section, start LIMIT :limit
        ) AS near JOIN credential_versions v ON v.id = near.credential_version_id
    )
    SELECT place, array_agg(id ORDER BY rank), array_agg(credential_id ORDER BY rank), array_agg(version ORDER BY rank),
           array_agg(section ORDER BY rank), array_agg(start ORDER BY rank), array_agg("end" ORDER BY rank),
           array_agg(1 - distance ORDER BY rank)
    FROM found GROUP BY place
    """
_PLACES: Final = "generate_series(0, :count - 1) AS place"
_EXACT: Final = text(_NEAREST.format(settings="", places=_PLACES, chunks="embedding_artifacts WHERE index_version_id = :index_version"))
# The settings hold for this one statement and are made before the first row of `wanted`. Strict order: scanning goes on until the limit
# is reached, by rising distance. The version stands in the text, since a partial index is used only where its condition is proved.
_SETTINGS: Final = """settings AS MATERIALIZED (
        SELECT set_config('hnsw.ef_search', '{width}', true), set_config('hnsw.iterative_scan', 'strict_order', true)
    ),"""
_GRAPH: Final = """(
                SELECT id, credential_version_id, section, start, "end", embedding FROM embedding_artifacts
                WHERE index_version_id = '{version}'
                ORDER BY CAST(embedding AS halfvec({dimension})) <=> CAST(wanted.vector AS halfvec({dimension})) LIMIT {width}
            ) AS roughly"""
_COUNT: Final = text("SELECT count(*) FROM embedding_artifacts WHERE index_version_id = :index_version")


class PgVectorStore:
    """The `VectorStore` port on the system of record. Opens a short session of its own for each question.

    Versions of `exact_below` chunks or more get a graph when they are built; without a bound none does, and none is used.
    """

    def __init__(self, engine: AsyncEngine, *, exact_below: int | None = EXACT_BELOW) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")  # one statement: spares BEGIN and ROLLBACK
        self._exact_below = exact_below
        self._graphs: set[UUID] = set()
        self._looked: dict[UUID, float] = {}

    async def nearest(self, index_version: UUID, vectors: Sequence[Vector], limit: int) -> list[list[ChunkHit]]:
        """For each of `vectors` its nearest chunks, best first. Raises `ProviderError` when the database does not answer."""
        assert_no_transaction()
        found: list[list[ChunkHit]] = [[] for _ in vectors]
        if not vectors:
            return found
        values = {
            "index_version": index_version,
            "numbers": list(chain.from_iterable(vectors)),
            "count": len(vectors),
            "dimension": len(vectors[0]),
            "limit": limit,
        }
        async with self._connected() as connection:
            graph = await self._has_graph(connection, index_version)
            statement = _approximate(index_version, len(vectors[0]), limit) if graph else _EXACT
            for place, *columns in await connection.execute(statement, values):
                found[place] = list(map(ChunkHit, *columns))
        if not any(found):
            raise ProviderError(Fault.MISCONFIGURED, "the index version holds nothing: rebuild the index")
        return found

    async def build(self, index_version: UUID, dimension: int, chunks: AsyncIterator[Sequence[StoredChunk]]) -> None:
        """Index the chunks where they are kept, when they are many; few are searched exactly. Raises `ProviderError`."""
        assert_no_transaction()
        del chunks
        async with self._connected() as connection:
            count = await self._count(connection, index_version)
            if self._is_large(count):
                if dimension > vector_index.MAX_DIMENSION:
                    raise ProviderError(Fault.MISCONFIGURED, f"at most {vector_index.MAX_DIMENSION:,} dimensions can be indexed")
                await vector_index.create(connection, index_version, dimension, count)
        self._looked.pop(index_version, None)

    async def holds(self, index_version: UUID) -> int:
        """How many chunks of this version can be found; 0 while its index is needed and not there. Raises `ProviderError`."""
        assert_no_transaction()
        async with self._connected() as connection:
            count = await self._count(connection, index_version)
            return 0 if self._is_large(count) and not await vector_index.usable(connection, index_version) else count

    async def drop(self, index_version: UUID) -> None:
        """Remove the version's index; its chunks stay, and are searched exactly. Raises `ProviderError`."""
        assert_no_transaction()
        async with self._connected() as connection:
            await vector_index.drop(connection, index_version)
        self._graphs.discard(index_version)

    async def close(self) -> None:
        """The engine is closed by whoever opened it."""

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncConnection]:
        """A connection whose failures are named."""
        try:
            async with self._engine.connect() as connection:
                yield connection
        except (PoolTimeoutError, TimeoutError) as error:
            raise ProviderError(Fault.TIMEOUT, "the vector search took too long") from error
        except (DBAPIError, OSError) as error:
            raise _named(error) from error

    async def _has_graph(self, connection: AsyncConnection, index_version: UUID) -> bool:
        """Asked of Postgres once for each version, and every half minute while there is none."""
        if self._exact_below is None:
            return False
        if index_version not in self._graphs and monotonic() > self._looked.get(index_version, -inf) + _LOOK_AGAIN_SECONDS:
            self._looked[index_version] = monotonic()
            if await vector_index.usable(connection, index_version):
                self._graphs.add(index_version)
        return index_version in self._graphs

    def _is_large(self, count: int) -> bool:
        return self._exact_below is not None and count >= self._exact_below

    async def _count(self, connection: AsyncConnection, index_version: UUID) -> int:
        return int((await connection.execute(_COUNT, {"index_version": index_version})).scalar_one())


@lru_cache(maxsize=64)
def _approximate(index_version: UUID, dimension: int, limit: int) -> TextClause:
    width = limit + _SPARE
    graph = _GRAPH.format(version=index_version, dimension=dimension, width=width)
    return text(_NEAREST.format(settings=_SETTINGS.format(width=min(width, 1_000)), places=f"{_PLACES}, settings", chunks=graph))


def _named(error: DBAPIError | OSError) -> ProviderError:
    """What the database's code says of it.

    Class 22, data exception: a vector that does not fit the ones in the index. Class 42, something there is not, and 58P01, a file there
    is not: the extension has gone. Anything else is a database that is away.
    """
    state = str(getattr(getattr(error, "orig", None), "sqlstate", "") or "")
    if state.startswith("22"):
        return ProviderError(Fault.MISCONFIGURED, "the index holds vectors of another length")
    if state.startswith("42") or state == "58P01":
        return ProviderError(Fault.MISCONFIGURED, "the database does not know vectors any more: is the extension pgvector still there?")
    return ProviderError(Fault.UNAVAILABLE, f"the vector search failed: {type(error).__name__}")

"""The vector store on pgvector: exact cosine search over the chunks of one index version.

Exact search reads every chunk of the version: recall 1, and below about 20,000 chunks faster than it is worth an approximate index.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine

from assay.domain.errors import Fault, ProviderError
from assay.domain.ports import Vector
from assay.domain.retrieval import ChunkHit
from assay.kit.transactions import assert_no_transaction

# All vectors in one statement, sent as one array of numbers, which the driver packs at once; made vectors once (MATERIALIZED), not for
# every row they are compared with. Nearest first, then by place, so that equal distances come in the same order in every rebuild of
# the same catalog. One row of arrays for each vector: hundreds of short rows cost this process as much as the search costs Postgres.
_NEAREST: Final = text(
    """
    WITH wanted AS MATERIALIZED (
        SELECT place, CAST((CAST(:numbers AS real[]))[place * :dimension + 1 : (place + 1) * :dimension] AS vector) AS vector
        FROM generate_series(0, :count - 1) AS place
    ), found AS (
        SELECT wanted.place, near.id, v.credential_id, v.version, near.section, near.start, near."end", near.distance,
               row_number() OVER (
                   PARTITION BY wanted.place ORDER BY near.distance, near.credential_version_id, near.section, near.start
               ) AS rank
        FROM wanted CROSS JOIN LATERAL (
            SELECT id, credential_version_id, section, start, "end", embedding <=> wanted.vector AS distance
            FROM embedding_artifacts WHERE index_version_id = :index_version
            ORDER BY distance, credential_version_id, section, start LIMIT :limit
        ) AS near JOIN credential_versions v ON v.id = near.credential_version_id
    )
    SELECT place, array_agg(id ORDER BY rank), array_agg(credential_id ORDER BY rank), array_agg(version ORDER BY rank),
           array_agg(section ORDER BY rank), array_agg(start ORDER BY rank), array_agg("end" ORDER BY rank),
           array_agg(1 - distance ORDER BY rank)
    FROM found GROUP BY place
    """
)


class PgVectorStore:
    """The `VectorStore` port on the system of record. Opens a short session of its own for each question."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")  # one statement: spares BEGIN and ROLLBACK

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
        try:
            async with self._engine.connect() as connection:
                for place, *columns in await connection.execute(_NEAREST, values):
                    found[place] = list(map(ChunkHit, *columns))
                return found
        except (PoolTimeoutError, TimeoutError) as error:
            raise ProviderError(Fault.TIMEOUT, "the vector search took too long") from error
        except (DBAPIError, OSError) as error:
            raise _named(error) from error


def _named(error: DBAPIError | OSError) -> ProviderError:
    """Class 22, data exception: a vector that does not fit the ones in the index. Anything else is a database that is away."""
    if str(getattr(getattr(error, "orig", None), "sqlstate", "")).startswith("22"):
        return ProviderError(Fault.MISCONFIGURED, "the index holds vectors of another length")
    return ProviderError(Fault.UNAVAILABLE, f"the vector search failed: {type(error).__name__}")

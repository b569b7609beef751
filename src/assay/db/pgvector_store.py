"""The vector store on pgvector: exact cosine search over the chunks of one index version.

Exact search reads every chunk of the version: recall 1, and below about 20,000 chunks faster than it is worth an approximate index.
"""

from collections.abc import Sequence
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

# All vectors in one statement. Parsed once (MATERIALIZED), not for every row they are compared with. Nearest first, then by place,
# so that equal distances come in the same order in every rebuild of the same catalog.
_NEAREST: Final = text(
    """
    WITH wanted AS MATERIALIZED (
        SELECT CAST(given.vector AS vector) AS vector, given.place
        FROM unnest(CAST(:vectors AS text[])) WITH ORDINALITY AS given (vector, place)
    )
    SELECT wanted.place, near.id, v.credential_id, v.version, near.section, near.start, near."end", 1 - near.distance AS score
    FROM wanted CROSS JOIN LATERAL (
        SELECT id, credential_version_id, section, start, "end", embedding <=> wanted.vector AS distance
        FROM embedding_artifacts WHERE index_version_id = :index_version
        ORDER BY distance, credential_version_id, section, start LIMIT :limit
    ) AS near JOIN credential_versions v ON v.id = near.credential_version_id
    ORDER BY wanted.place, near.distance, near.credential_version_id, near.section, near.start
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
        values = {"index_version": index_version, "vectors": [_literal(vector) for vector in vectors], "limit": limit}
        try:
            async with self._engine.connect() as connection:
                for place, *hit in await connection.execute(_NEAREST, values):
                    found[place - 1].append(ChunkHit(*hit))
                return found
        except (PoolTimeoutError, TimeoutError) as error:
            raise ProviderError(Fault.TIMEOUT, "the vector search took too long") from error
        except (DBAPIError, OSError) as error:
            raise _named(error) from error


def _literal(vector: Vector) -> str:
    return f"[{','.join(map(repr, vector))}]"


def _named(error: DBAPIError | OSError) -> ProviderError:
    """Class 22, data exception: a vector that does not fit the ones in the index. Anything else is a database that is away."""
    if str(getattr(getattr(error, "orig", None), "sqlstate", "")).startswith("22"):
        return ProviderError(Fault.MISCONFIGURED, "the index holds vectors of another length")
    return ProviderError(Fault.UNAVAILABLE, f"the vector search failed: {type(error).__name__}")

"""The approximate index of one index version: an HNSW graph over its vectors alone, built without holding up anybody.

HNSW (Malkov and Yashunin, 2016) as pgvector builds it, a partial index for each version, over vectors in half precision: half the
memory, and the little that is lost is made good by ordering what was found by the full vectors.
"""

from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

log = structlog.get_logger(__name__)

MAX_DIMENSION: Final = 4_000
"""More cannot be indexed in half precision."""
_M: Final = 16
_EF_CONSTRUCTION: Final = 64
_MEMORY_MB: Final = (64, 2_048)
"""A graph that does not fit is built many times slower; least and most that a build may take."""
_BYTES_BESIDE_VECTOR: Final = 900
"""Neighbours, heap pointers and headers of an element while the graph is built; about 670 were seen."""
_NO_ROOM: Final = ("53100", "53200")
"""Disk full and out of memory: what Postgres says when shared memory for parallel workers is too small, as it is in containers."""
_USABLE: Final = text(
    """
    SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE c.relname = :name AND c.relnamespace = 'public'::regnamespace
    """
)
_SIZE: Final = text("SELECT coalesce(sum(pg_relation_size(oid)), 0) FROM pg_class WHERE relname = :name")


def name_of(index_version: UUID) -> str:
    """Of the index: `ann_` and the version's 32 hexadecimal digits."""
    return f"ann_{index_version.hex}"


async def usable(connection: AsyncConnection, index_version: UUID) -> bool:
    """Whether the version has an index that is complete."""
    return bool((await connection.execute(_USABLE, {"name": name_of(index_version)})).scalar())


async def size(connection: AsyncConnection, index_version: UUID) -> int:
    """Bytes of the version's index, 0 without one."""
    return int((await connection.execute(_SIZE, {"name": name_of(index_version)})).scalar_one())


async def drop(connection: AsyncConnection, index_version: UUID) -> None:
    """Remove the index, complete or not; searches go on. The connection commits each statement by itself."""
    await connection.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {name_of(index_version)}"))


async def create(connection: AsyncConnection, index_version: UUID, dimension: int, chunks: int) -> None:
    """Build the index unless it is there: minutes for a million chunks. The connection commits each statement by itself.

    Reads and writes of other sessions go on (`CONCURRENTLY`). What an interrupted build has left is removed first.
    """
    if await usable(connection, index_version):
        return
    await drop(connection, index_version)
    needed = chunks * (2 * dimension + _BYTES_BESIDE_VECTOR) // 2**20
    await connection.execute(text("SET statement_timeout = 0"))
    await connection.execute(text(f"SET maintenance_work_mem = '{min(max(needed, _MEMORY_MB[0]), _MEMORY_MB[1])}MB'"))
    try:
        await _create(connection, index_version, dimension)
    finally:
        await connection.execute(text("RESET maintenance_work_mem"))
        await connection.execute(text("RESET statement_timeout"))


async def _create(connection: AsyncConnection, index_version: UUID, dimension: int) -> None:
    statement = text(
        f"CREATE INDEX CONCURRENTLY {name_of(index_version)} ON embedding_artifacts"
        f" USING hnsw ((CAST(embedding AS halfvec({dimension:d}))) halfvec_cosine_ops)"
        f" WITH (m = {_M}, ef_construction = {_EF_CONSTRUCTION})"
        f" WHERE index_version_id = '{index_version}'"
    )
    try:
        await connection.execute(statement)
    except DBAPIError as error:
        if str(getattr(error.orig, "sqlstate", "")) not in _NO_ROOM:
            raise
        log.warning("index_built_alone", reason="no room for parallel workers")
        await drop(connection, index_version)
        await connection.execute(text("SET max_parallel_maintenance_workers = 0"))
        await connection.execute(statement)
        await connection.execute(text("RESET max_parallel_maintenance_workers"))

"""What a database server is, and how far its schema is."""

from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from assay.db.unit_of_work import outages_named

_SERVER: Final = text(
    "SELECT current_setting('server_version_num')::int / 10000, current_setting('server_version'),"
    " (SELECT extversion FROM pg_extension WHERE extname = 'vector'), to_regclass('alembic_version') IS NOT NULL, pg_is_in_recovery()"
)
_REVISION: Final = text("SELECT version_num FROM alembic_version")


class Standing(NamedTuple):
    """The server's version, pgvector's (None without it), the schema's revision (None before the first), and whether it only reads."""

    major: int
    version: str
    vectors: str | None
    revision: str | None
    read_only: bool


async def standing(engine: AsyncEngine) -> Standing:
    """As it is now. Raises `Unavailable`."""
    with outages_named():
        async with engine.connect() as connection:
            major, version, vectors, migrated, read_only = (await connection.execute(_SERVER)).one()
            revision = await connection.scalar(_REVISION) if migrated else None
    return Standing(major, version, vectors, revision, read_only)

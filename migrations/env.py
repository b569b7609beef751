"""Runs migrations through the same asynchronous driver as the application; the URL comes from `assay.db.migrate`."""

import asyncio

from alembic import context
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

from assay.db.models import Base


def run(connection: Connection) -> None:
    """Run in one transaction on `connection`, one migrator at a time."""
    context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=True)
    with context.begin_transaction():
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7_236_001)")
        # whoever waits for a table makes all wait that come after: better to give up, change nothing and be run again
        connection.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
        context.run_migrations()


async def run_online() -> None:
    """Connect, migrate, let go."""
    engine = create_async_engine(context.config.attributes["url"], poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


asyncio.run(run_online())

"""Runs migrations through the same asynchronous driver as the application; the URL comes from `assay.db.migrate`."""

import asyncio
import time

from alembic import context
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

from assay.db.models import Base


def run(connection: Connection) -> None:
    """Run in one transaction on `connection`, except for what a revision does outside of it; one migrator at a time."""
    _wait_for_others(connection)
    # whoever waits for a table makes all wait that come after: better to give up, change nothing and be run again
    connection.exec_driver_sql("SET lock_timeout = '5s'")
    connection.commit()
    context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()


def _wait_for_others(connection: Connection) -> None:
    """Hold the migrators' lock until the connection ends.

    Asked for again and again, since a statement that waits for it would keep an index from being built concurrently by who holds it.
    """
    while not connection.exec_driver_sql("SELECT pg_try_advisory_lock(7_236_001)").scalar_one():
        connection.commit()
        time.sleep(0.1)


async def run_online() -> None:
    """Connect, migrate, let go."""
    engine = create_async_engine(context.config.attributes["url"], poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


asyncio.run(run_online())

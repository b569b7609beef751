"""Connections: what they know of Postgres' own types, and which one of the pool is used."""

from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from assay.db.engine import create_engine
from assay.settings import Settings

type Asked = list[frozenset[int]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """The types that the server was asked about, and nothing known of them before."""
    seen: Asked = []
    ask: Callable[..., Any] = asyncpg.Connection._introspect_types

    async def noted(self: Any, typeoids: Any, *rest: Any) -> Any:
        seen.append(frozenset(typeoids))
        return await ask(self, typeoids, *rest)

    monkeypatch.setattr(asyncpg.Connection, "_introspect_types", noted)
    monkeypatch.setattr("assay.db.engine._fixed", {})
    return seen


async def test_the_server_is_asked_about_its_own_types_once(engine: AsyncEngine, asked: Asked) -> None:
    """Arrays of built-in types have the same shape on every connection; a second one reads them without a question."""
    for _ in range(2):
        async with engine.connect() as first, engine.connect() as second:
            for connection in (first, second):
                query = text("SELECT CAST(:numbers AS int[]), ARRAY['{}'::jsonb]")
                assert (await connection.execute(query, {"numbers": [1, 2]})).one() == ([1, 2], [{}])
        await engine.dispose()
    assert len(asked) == len(set(asked)) > 0


async def test_types_of_one_database_are_asked_about_on_each_connection(engine: AsyncEngine, asked: Asked) -> None:
    """A type of an extension may have another number in the next database."""
    for _ in range(2):
        async with engine.connect() as connection:
            assert (await connection.execute(text("SELECT '[1,2]'::vector"))).scalar_one() == "[1,2]"
        await engine.dispose()
    assert len(asked) == 2


async def test_the_connection_used_last_is_used_first(settings: Settings) -> None:
    """So few connections do all the work while few are needed, and theirs are the prepared statements."""
    engine = create_engine(settings.async_database_url, pool_size=5, pool_timeout=5, statement_timeout_ms=15_000)
    backend = text("SELECT pg_backend_pid()")
    async with engine.connect() as first, engine.connect() as second:
        both = {(await each.execute(backend)).scalar_one() for each in (first, second)}
    used = set()
    for _ in range(4):
        async with engine.connect() as connection:
            used.add((await connection.execute(backend)).scalar_one())
    await engine.dispose()
    assert len(used) == 1 < len(both)

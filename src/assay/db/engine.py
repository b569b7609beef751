"""The engine: one pool per process and event loop, with bounded waits."""

from collections.abc import Iterable
from typing import Any, Final

from asyncpg import Connection
from pydantic_core import from_json, to_json
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from assay.db.sealing import seal_what_is_written


def create_engine(
    url: str,
    *,
    pool_size: int,
    pool_timeout: float,
    statement_timeout_ms: int,
    connect_timeout: float = 5.0,
    application_name: str = "assay",
) -> AsyncEngine:
    """An engine of at most `pool_size` connections.

    A request waits at most `pool_timeout` seconds for one, a new one takes at most `connect_timeout`.
    """
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_timeout,
        # the one used last first: its statements are prepared and its memory is warm, while others would have to prepare them too
        pool_use_lifo=True,
        pool_pre_ping=False,
        # three times as fast as the standard library, and rubrics, verdicts and the catalog are all JSON
        json_deserializer=from_json,
        json_serializer=_to_json,
        hide_parameters=True,  # errors are logged, and values may be somebody's words
        connect_args={
            "connection_class": KnowingConnection,
            "timeout": connect_timeout,
            "server_settings": {
                "application_name": application_name,
                "statement_timeout": str(statement_timeout_ms),
                "idle_in_transaction_session_timeout": "60000",
                "jit": "off",
            },
        },
    )
    seal_what_is_written(engine)
    return engine


def _to_json(value: Any) -> str:
    return to_json(value).decode()


_FIXED_BELOW: Final = 10_000
"""Types with smaller ids are the same in every Postgres (`FirstGenbkiObjectId`); what lies above belongs to one database."""
_fixed: Final[dict[frozenset[int], Any]] = {}


class KnowingConnection(Connection):
    """A connection that asks for the shape of Postgres' own types (arrays, above all) once in a process.

    The driver asks on every connection anew, for each statement whose types it has not met there: 7 ms of the server's time, several
    times for each of a pool.
    """

    async def _introspect_types(self, typeoids: Iterable[int], timeout: float | None) -> Any:  # noqa: ASYNC109 - the driver's own signature
        wanted = frozenset(typeoids)
        if (known := _fixed.get(wanted)) is not None:
            return known
        found = await super()._introspect_types(typeoids, timeout)  # type: ignore[misc]  # not in the stubs
        if all(each < _FIXED_BELOW for each in wanted):
            _fixed[wanted] = found
        return found

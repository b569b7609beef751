"""Liveness, readiness of each dependency, and the metrics page."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from time import perf_counter
from typing import TypedDict

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from assay.domain.circuit import CircuitRead
from assay.domain.errors import ProviderError
from assay.observability import metrics
from assay.runtime import Runtime
from assay.services.retrieval import require_vectors

PING_SECONDS = 2.0


class Readiness(TypedDict):
    """Whether requests can be served, and how each dependency does."""

    ready: bool
    leaving: bool
    degraded: bool
    dependencies: dict[str, dict[str, str | float]]
    providers: dict[str, dict[str, str]]
    clock: dict[str, str | float]


async def healthz(_request: Request) -> Response:
    """The process answers."""
    return PlainTextResponse("ok")


async def readyz(request: Request) -> Response:
    """Each dependency with state and latency in milliseconds.

    Postgres and an active index are needed, and 503 says so; without Redis the ledger goes on alone, a little later. While a provider
    is left alone, or vectors cannot be searched, results are degraded and labelled, which is no reason to be asked nothing: that is
    `degraded`, not unready. A process that was told to end is not ready any more, though it still answers.
    """
    told = await readiness(request.app.state.runtime, leaving=request.app.state.leaving)
    return JSONResponse(told, 200 if told["ready"] else 503)


async def readiness(runtime: Runtime, *, leaving: bool = False) -> Readiness:
    """What `readyz` tells, for pages too."""
    database, redis, index, vectors = await asyncio.gather(
        _ping(runtime.ping_database()),
        _ping(runtime.broker.ping()),
        _ping(_index(runtime)),
        _ping(require_vectors(runtime.open_uow, runtime.vector_store)),
    )
    providers = {state.provider: _circuit(state) for state in [await breaker.state() for breaker in runtime.breakers]}
    return {
        "ready": not leaving and database["state"] == "up" and index["state"] == "up",
        "leaving": leaving,
        "degraded": vectors["state"] != "up" or any(provider["state"] != "closed" for provider in providers.values()),
        "dependencies": {"database": database, "redis": redis, "index": index, "vectors": vectors},
        "providers": providers,
        "clock": _clock(runtime.skew()),
    }


async def metrics_page(_request: Request) -> Response:
    """Prometheus text format."""
    body, content_type = metrics.exposition()
    return Response(body, media_type=content_type)


def _circuit(state: CircuitRead) -> dict[str, str]:
    """A provider's circuit, with the fault that opened it and when."""
    if state.opening is None:
        return {"state": state.phase}
    return {"state": state.phase, "cause": state.opening.fault, "since": state.opening.since.isoformat(timespec="seconds")}


def _clock(skew: timedelta) -> dict[str, str | float]:
    """Whether this machine's clock is right by the database's; where it is not the database's is told, and somebody has to see to it."""
    return {"state": "put right" if skew else "right", "skewSeconds": round(skew.total_seconds(), 1)}


async def _index(runtime: Runtime) -> None:
    async with runtime.open_uow(autocommit=True) as uow:
        if await uow.index.active() is None:
            msg = "no active index version"
            raise LookupError(msg)


async def _ping(check: Awaitable[None]) -> dict[str, str | float]:
    start = perf_counter()
    try:
        await asyncio.wait_for(check, PING_SECONDS)
    except Exception as error:  # noqa: BLE001 - whatever it is, the dependency is down and that is the answer
        told = error.detail if isinstance(error, ProviderError) else type(error).__name__
        return {"state": "down", "error": told, "milliseconds": round((perf_counter() - start) * 1000, 1)}
    return {"state": "up", "milliseconds": round((perf_counter() - start) * 1000, 1)}

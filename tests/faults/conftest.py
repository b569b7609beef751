"""Faults are tried on real processes with short leases, against a model that takes its time."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
import servers
import uvicorn
from invariants import broken
from processes import Processes, Provider, environment_of
from waiting import until

from assay.ai.scripted import Control, create_scripted_openai
from assay.runtime import Runtime
from assay.settings import Settings

CALL_SECONDS = 2.5
"""How long a call takes: time enough to be hit in the middle."""
LEASE_SECONDS = 1.5


@pytest.fixture
def redis_url(shared: servers.Servers) -> str:
    """The Valkey of these tests; a module may point it elsewhere."""
    return shared.redis_url


@pytest.fixture
def settings(settings: Settings, redis_url: str) -> Settings:
    """Short leases, and queues of this test alone."""
    changes = {"redis_url": redis_url, "lease_seconds": LEASE_SECONDS, "sweep_seconds": 0.2, "queue_namespace": uuid4().hex[:8]}
    return Settings.model_validate({**dict(settings), **changes})


@pytest_asyncio.fixture
async def provider() -> AsyncIterator[Provider]:
    """A scripted model on a free port of this process."""
    app = create_scripted_openai(Control(latency=str(CALL_SECONDS)))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    running = Provider(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}")
    yield running
    await running.close()
    server.should_exit = True
    await serving


@pytest.fixture
def processes(settings: Settings, provider: Provider, tmp_path: Path) -> Iterator[Processes]:
    """Nothing runs yet; whatever the test starts is ended."""
    opened = Processes(environment_of(settings, provider.url), tmp_path)
    yield opened
    opened.close()


@pytest_asyncio.fixture(autouse=True)
async def whole_ledger(runtime: Runtime, processes: Processes) -> AsyncIterator[None]:
    """After every fault the invariants hold."""
    yield
    assert await broken(runtime.open_uow) == {}

"""Real processes on the session's servers: workers and a sweeper that can be killed, and a model that keeps a journal."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from signal import SIGCONT
from typing import Any
from uuid import uuid4

import httpx2
import psutil
import pytest
import pytest_asyncio
import uvicorn

import servers
from assay.ai.scripted import Control, create_scripted_openai
from assay.embedded.processes import Program, Running, start, stop
from assay.runtime import Runtime
from assay.settings import Settings
from conftest import KEYS, settings_for
from invariants import broken
from waiting import until

CALL_SECONDS = 1.0
"""How long the model takes: time enough to be hit in the middle of a call."""
LEASE_SECONDS = 1.5


class Provider:
    """The scripted model on a free port of this process."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx2.AsyncClient(base_url=url)

    async def in_flight(self) -> int:
        """Calls under way."""
        return int((await self._state())["inFlight"])

    async def outcomes(self, task: str) -> list[str]:
        """What became of the calls of one task, in order."""
        return [entry["outcome"] for entry in (await self._state())["entries"] if entry["task"] == task]

    async def close(self) -> None:
        """Let go of the connection."""
        await self._http.aclose()

    async def _state(self) -> Mapping[str, Any]:
        state: Mapping[str, Any] = (await self._http.get("/control/journal")).json()
        return state


class Processes:
    """Processes of the product, each with its log."""

    def __init__(self, environment: Mapping[str, str], logs: Path) -> None:
        self._environment = environment
        self._logs = logs
        self.running: list[Running] = []

    async def start(self, *verbs: str, **changes: str) -> list[Running]:
        """Start `assay VERB` for each, together, and wait until all are ready."""
        begun = [start(self._program(verb, changes)) for verb in verbs]
        self.running.extend(begun)
        for each in begun:
            await until(lambda each=each: b"_ready" in self._log(each), within=60)  # type: ignore[misc]
        return begun

    def says(self, process: Running, event: str) -> bool:
        """Whether the process has logged `event`."""
        return event.encode() in self._log(process)

    def close(self) -> None:
        """End them all, the paused ones too."""
        for each in self.running:
            with suppress(psutil.NoSuchProcess):
                psutil.Process(each.pid).send_signal(SIGCONT)
        stop(self.running)

    def _program(self, verb: str, changes: Mapping[str, str]) -> Program:
        return Program(
            name=verb,
            argv=(sys.executable, "-m", "assay", verb),
            log=self._logs / f"{verb}-{uuid4().hex[:8]}.log",
            environment={**self._environment, **changes},
            grace_seconds=3,
        )

    @staticmethod
    def _log(process: Running) -> bytes:
        return process.program.log.read_bytes()


@pytest.fixture
def redis_url(shared: servers.Servers) -> str:
    """The Valkey of these tests; a module may point it elsewhere."""
    return shared.redis_url


@pytest.fixture
def settings(database_url: str, redis_url: str) -> Settings:
    """Short leases, and queues of this test alone."""
    return settings_for(database_url, redis_url, lease_seconds=LEASE_SECONDS, sweep_seconds=0.2, queue_namespace=uuid4().hex[:8])


@pytest_asyncio.fixture
async def provider() -> AsyncIterator[Provider]:
    """A model that takes its time."""
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
    """Nothing runs yet."""
    opened = Processes(_environment(settings, provider), tmp_path)
    yield opened
    opened.close()


def _environment(settings: Settings, provider: Provider) -> dict[str, str]:
    """What a process needs to read the same settings, with the scripted model as its provider."""
    return {
        "PYTHONPATH": ":".join(sys.path),
        "ASSAY_ENVIRONMENT": "test",
        "ASSAY_DATABASE_URL": settings.database_url.get_secret_value(),
        "ASSAY_REDIS_URL": settings.redis_url.get_secret_value(),
        "ASSAY_ENCRYPTION_KEYS": _pairs(KEYS["encryption_keys"]),
        "ASSAY_BLIND_INDEX_KEY": str(KEYS["blind_index_key"]),
        "ASSAY_JWT_KEYS": _pairs(KEYS["jwt_keys"]),
        "ASSAY_LEASE_SECONDS": str(settings.lease_seconds),
        "ASSAY_SWEEP_SECONDS": str(settings.sweep_seconds),
        "ASSAY_QUEUE_NAMESPACE": settings.queue_namespace,
        "OPENAI_API_KEY": "scripted",
        "OPENAI_BASE_URL": f"{provider.url}/v1",
    }


def _pairs(keys: Any) -> str:
    return keys if isinstance(keys, str) else ",".join(f"{name}={key}" for name, key in keys.items())


@pytest_asyncio.fixture
async def whole(runtime: Runtime) -> AsyncIterator[Callable[[], Any]]:
    """Checks the ledger, when asked and once more at the end of every test."""

    async def check() -> None:
        assert await broken(runtime.open_uow) == {}

    yield check
    await check()

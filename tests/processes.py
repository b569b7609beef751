"""Real processes for tests of faults: workers and sweepers that can be killed, and a model that keeps a journal."""

import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from signal import SIGCONT
from typing import Any
from uuid import uuid4

import httpx2
import psutil
from pydantic import SecretStr
from waiting import until

from assay.embedded.processes import Program, Running, start, stop
from assay.settings import Settings


class Provider:
    """A scripted model behind `url`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx2.AsyncClient(base_url=url)

    async def in_flight(self) -> int:
        """Calls under way."""
        return int((await self._state())["inFlight"])

    async def outcomes(self, task: str) -> list[str]:
        """What became of the calls of one task, in order."""
        return [entry["outcome"] for entry in (await self._state())["entries"] if entry["task"] == task]

    async def script(self, **control: Any) -> None:
        """Change the script: `faults`, `latency`, `retryAfter`."""
        (await self._http.post("/control", json=control)).raise_for_status()

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
        self._running: list[Running] = []

    async def start(self, *verbs: str, **changes: str) -> list[Running]:
        """Start `assay VERB` for each, together, and wait until all are ready."""
        begun = [start(self._program(verb, changes)) for verb in verbs]
        self._running.extend(begun)
        await until(lambda: all(b"_ready" in each.program.log.read_bytes() for each in begun), within=90)
        return begun

    def close(self) -> None:
        """End them all, the frozen ones too."""
        for each in self._running:
            with suppress(psutil.NoSuchProcess):
                psutil.Process(each.pid).send_signal(SIGCONT)
        stop(self._running)

    def _program(self, verb: str, changes: Mapping[str, str]) -> Program:
        return Program(
            name=verb,
            argv=(sys.executable, "-m", "assay", verb),
            log=self._logs / f"{verb}-{uuid4().hex[:8]}.log",
            environment={**self._environment, **changes},
            grace_seconds=3,
        )


def says(process: Running, event: str) -> bool:
    """Whether the process has logged `event`."""
    return event.encode() in process.program.log.read_bytes()


def environment_of(settings: Settings, model_url: str) -> dict[str, str]:
    """What a process needs to read the same settings, with the model at `model_url` as its provider."""
    return {
        "PYTHONPATH": ":".join(sys.path),
        "ASSAY_ENVIRONMENT": settings.environment,
        "ASSAY_DATABASE_URL": settings.database_url.get_secret_value(),
        "ASSAY_REDIS_URL": settings.redis_url.get_secret_value(),
        "ASSAY_ENCRYPTION_KEYS": _pairs(settings.encryption_keys),
        "ASSAY_BLIND_INDEX_KEY": settings.blind_index_key.get_secret_value(),
        "ASSAY_JWT_KEYS": _pairs(settings.jwt_keys),
        "ASSAY_LEASE_SECONDS": str(settings.lease_seconds),
        "ASSAY_SWEEP_SECONDS": str(settings.sweep_seconds),
        "ASSAY_QUEUE_NAMESPACE": settings.queue_namespace,
        "OPENAI_API_KEY": "scripted",
        "OPENAI_BASE_URL": f"{model_url}/v1",
    }


def _pairs(keys: Mapping[str, SecretStr]) -> str:
    return ",".join(f"{name}={key.get_secret_value()}" for name, key in keys.items())

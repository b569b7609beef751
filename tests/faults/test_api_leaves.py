"""An API server that is told to end: it says so, finishes what it was asked, and is gone."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from signal import SIGTERM

import httpx2
import psutil
import pytest
from processes import Provider, environment_of
from waiting import until

from assay.embedded.ports import pick_free
from assay.embedded.processes import start, stop
from assay.embedded.programs import services
from assay.settings import Settings

NOTICE_SECONDS = 1.5


@pytest.mark.usefixtures("processes")
async def test_it_is_unready_first_and_finishes_what_it_was_asked(settings: Settings, provider: Provider, tmp_path: Path) -> None:
    """After SIGTERM `/readyz` says 503 while everything else still answers; a request under way at the end gets its answer."""
    port = pick_free()
    environment = environment_of(settings, provider.url) | {"ASSAY_SHUTDOWN_NOTICE_SECONDS": str(NOTICE_SECONDS)}
    api, *_ = services(environment, port, tmp_path)
    running = start(api)
    process = psutil.Process(running.pid)
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            await until(lambda: api.ready(running.pid), within=90)
            assert (await http.get("/readyz")).json()["leaving"] is False
            process.send_signal(SIGTERM)
            ready = await http.get("/readyz")
            assert (ready.status_code, ready.json()["ready"], ready.json()["leaving"]) == (503, False, True)
            asked = [asyncio.create_task(http.get("/healthz")) for _ in range(20)]
            assert {(await answer).status_code for answer in asked} == {200}
            slow = asyncio.create_task(http.post("/api/v1/auth/token", content=_slowly(2 * NOTICE_SECONDS)))
            answer = await slow
            assert answer.status_code == 422, answer.text
        await until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, within=30)
    finally:
        stop([running])


async def _slowly(seconds: float) -> AsyncIterator[bytes]:
    """A body that takes its time."""
    yield b"{"
    await asyncio.sleep(seconds)
    yield b"}"

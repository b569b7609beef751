"""An installation that documents are worked through on: API, worker and sweeper as processes of their own, `assay` on the path."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import forked_assay
import httpx2
import pytest
from hooks import ADMIN
from journeys import Student
from processes import environment_of

from assay.domain.actors import Actor, Role
from assay.embedded import postgres
from assay.embedded.ports import pick_free
from assay.embedded.processes import start, stop, wait_until_ready
from assay.embedded.programs import services
from assay.runtime import open_runtime
from assay.services import webhooks
from assay.settings import Settings

LEFT_OUT = {"PYTHONPATH", "OPENAI_API_KEY", "OPENAI_BASE_URL", "ASSAY_DATABASE_URL", "ASSAY_REDIS_URL"}
"""Documents say DATABASE_URL, which the prefixed name would override."""


async def people_it(settings: Settings, url: str) -> None:
    """A student has finished an assessment, and somebody wants to be told of everything."""
    there = Settings.model_validate({**dict(settings), "public_url": url})
    async with open_runtime(there) as runtime, httpx2.AsyncClient(base_url=url) as client:
        async with runtime.open_uow() as uow:
            await webhooks.register(uow, ADMIN, webhooks.EndpointWrite(url="https://127.0.0.1:9/hooks", events=()))
            user = await uow.accounts.by_email("student@assay.example")
            track = await uow.tracks.by_slug("backend-engineer")
        assert user is not None
        assert track is not None
        token = runtime.identity.tokens.access(Actor(id=user.id, role=Role.STUDENT), runtime.clock())
        await Student(client, token).finished(track.id)


@pytest.fixture(scope="module")
def installation(module_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """The environment of somebody who works through documents on it; one for all documents of a module.

    It has the demo accounts, one of which has finished an assessment, and grades by itself: no model is configured.
    """
    logs, port = tmp_path_factory.mktemp("installation"), pick_free()
    programs = (str(logs), str(Path(sys.executable).parent), str(postgres.binaries()))
    environment = {
        **{name: value for name, value in environment_of(module_settings, "").items() if name not in LEFT_OUT},
        "PATH": os.pathsep.join((*programs, os.environ["PATH"])),
        "HOME": str(logs),
        "COLUMNS": "200",
        "DATABASE_URL": module_settings.database_url.get_secret_value(),
        "REDIS_URL": module_settings.redis_url.get_secret_value(),
        "ASSAY_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "ASSAY_SECURE_COOKIES": "false",
        "ASSAY_SHUTDOWN_NOTICE_SECONDS": "0",
        "ASSAY_RATE_LIMIT_SCALE": "1000",
    }
    running = [start(program) for program in services(environment, port, logs)]
    try:
        with forked_assay_in(logs):
            wait_until_ready(running[0])
            with ThreadPoolExecutor(1) as beside:  # the session's event loop is none of its business
                beside.submit(lambda: asyncio.run(people_it(module_settings, environment["ASSAY_PUBLIC_URL"]))).result()
            yield environment
    finally:
        stop(running)


@contextmanager
def forked_assay_in(folder: Path) -> Iterator[None]:
    """The program `assay` in `folder`, meanwhile."""
    place = folder / "forks"
    program = folder / "assay"
    program.write_text(forked_assay.CLIENT.format(python=sys.executable, socket=str(place)))
    program.chmod(0o755)
    command = [sys.executable, forked_assay.__file__, str(place)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"}) as forks:
        assert forks.stdout is not None
        assert forks.stdout.readline() == b"listening\n"
        try:
            yield
        finally:
            forks.kill()

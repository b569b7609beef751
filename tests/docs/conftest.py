"""An installation that documents are worked through on: API, worker and sweeper as processes of their own, `assay` on the path."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from processes import environment_of

from assay.embedded import postgres
from assay.embedded.ports import pick_free
from assay.embedded.processes import start, stop, wait_until_ready
from assay.embedded.programs import services
from assay.settings import Settings

LEFT_OUT = {"PYTHONPATH", "OPENAI_API_KEY", "OPENAI_BASE_URL", "ASSAY_DATABASE_URL", "ASSAY_REDIS_URL"}
"""Documents say DATABASE_URL, which the prefixed name would override."""


@pytest.fixture(scope="module")
def installation(module_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """The environment of somebody who works through documents on it; one for all documents of a module.

    It has the demo accounts, and grades by itself: no model is configured.
    """
    logs, port = tmp_path_factory.mktemp("installation"), pick_free()
    programs = (str(Path(sys.executable).parent), str(postgres.binaries()))
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
        wait_until_ready(running[0])
        yield environment
    finally:
        stop(running)

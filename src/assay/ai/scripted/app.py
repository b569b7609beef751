"""The server: the paid endpoints of the OpenAI protocol, the list of models, and `/control` to change the script as it runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import uvicorn
from fastapi import FastAPI, HTTPException

from assay.ai.scripted.journal import Journal
from assay.ai.scripted.script import Control, Script
from assay.ai.scripted.stage import Stage
from assay.ai.scripted.transport import CountInFlight

PATHS: Final = ("/v1/responses", "/v1/chat/completions", "/v1/embeddings")
MODELS: Final = ("scripted-grader", "scripted-embedder")


def create_scripted_openai(
    start: Control | None = None,
    *,
    seed: int = 0,
    journal: Path | None = None,
    drip_seconds: float = 1.0,
    keep_bodies: bool = False,
) -> FastAPI:
    """Build the server; `start` is what `POST /control` would be sent first. Raises `ValueError` when it cannot be read.

    `journal` is a file of JSON lines to append to; `keep_bodies` keeps requests in the journal in memory. There is no
    authentication, neither for the models nor for `/control`: serve it on loopback.
    """
    stage = Stage(Script(seed, start or Control()), Journal(journal), drip_seconds, keep_bodies)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        stage.journal.close()

    app = FastAPI(title="Scripted OpenAI", openapi_url=None, lifespan=lifespan)
    app.add_middleware(CountInFlight, in_flight=stage.in_flight)
    for path in PATHS:
        app.add_api_route(path, stage.answer, methods=["POST"], response_model=None)
    app.add_api_route("/v1/models", _models)
    _add_control(app, stage)
    return app


def serve(app: FastAPI, *, port: int, host: str = "127.0.0.1") -> None:
    """Serve until interrupted. Quiet: a connection cut off on purpose is not worth a line in the log."""
    # Idle connections outlive the client's own patience, as they do at real providers: no call meets a closing door by accident.
    uvicorn.run(app, host=host, port=port, log_level="critical", access_log=False, timeout_keep_alive=75)


async def _models() -> dict[str, Any]:
    return {"object": "list", "data": [{"id": name, "object": "model", "created": 0, "owned_by": "assay"} for name in MODELS]}


def _add_control(app: FastAPI, stage: Stage) -> None:
    @app.get("/control")
    async def state() -> Control:
        return stage.script.state()

    @app.post("/control")
    async def change(control: Control) -> Control:
        try:
            stage.script.change(control)
        except ValueError as error:
            raise HTTPException(422, str(error)) from None
        return stage.script.state()

    @app.get("/control/journal")
    async def read() -> dict[str, Any]:
        in_flight = stage.in_flight
        return {"entries": list(stage.journal.entries), "inFlight": in_flight.now, "peakInFlight": in_flight.peak}

    @app.post("/control/journal/take")
    async def take() -> dict[str, Any]:
        """The entries so far, which are then forgotten: a long run's journal is read in parts."""
        return {"entries": stage.journal.take()}

    @app.delete("/control/journal", status_code=204)
    async def clear() -> None:
        stage.journal.entries.clear()
        stage.in_flight.peak = stage.in_flight.now

"""A scripted provider on a free port of this process, a client of it, and something to grade and to tell."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI
from openai import AsyncOpenAI

from assay.ai.openai_client import open_client
from assay.ai.openai_model import Api, OpenAIModel
from assay.ai.scripted import Control, create_scripted_openai
from assay.domain.fusion import Fact, FactKind
from assay.domain.grading import EssayTask
from assay.domain.rubric import DimensionRubric, KeyPoint, Rubric
from assay.runtime import Runtime, open_runtime
from assay.settings import Settings
from assay.worker.drainer import Drainer

DRIP_SECONDS = 0.02
"""Far below any deadline here: no single read ever waits long."""


class Provider(NamedTuple):
    """A running scripted provider: its address, a client of it, and a client that reads its journal."""

    url: str
    client: AsyncOpenAI

    async def control(self, **change: Any) -> Control:
        """Change its script."""
        return Control.model_validate(await self._request("post", "/control", body=change))

    async def journal(self) -> dict[str, Any]:
        """Its journal."""
        journal: dict[str, Any] = await self._request("get", "/control/journal")
        return journal

    async def _request(self, method: str, path: str, **options: Any) -> Any:
        return await getattr(self.client, method)(f"{self.url}{path}", cast_to=object, **options)


@asynccontextmanager
async def provide(app: FastAPI) -> AsyncIterator[Provider]:
    """Serve `app` over HTTP on a free port of the loopback interface."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells no other way
        await asyncio.sleep(0.005)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    client = open_client(api_key="test", base_url=f"{url}/v1")
    try:
        yield Provider(url, client)
    finally:
        await client.close()
        server.should_exit = True
        await serving


@pytest.fixture(scope="session")
def providing() -> Callable[[FastAPI], AbstractAsyncContextManager[Provider]]:
    """For tests that need a provider of their own."""
    return provide


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def provider() -> AsyncIterator[Provider]:
    """One provider for all tests that order their faults by header."""
    async with provide(create_scripted_openai(drip_seconds=DRIP_SECONDS, keep_bodies=True)) as running:
        yield running


@pytest.fixture
def model(provider: Provider) -> Callable[..., OpenAIModel]:
    """Builds a model: which API, which fault it orders, how long a call may take."""

    def build(api: Api = "responses", fault: str | None = None, **options: Any) -> OpenAIModel:
        client = provider.client.with_options(default_headers={"x-scripted-fault": fault} if fault else {})
        return OpenAIModel(client, "scripted-grader", api, **options)

    return build


@pytest.fixture(scope="session")
def rubric() -> Rubric:
    """A rubric long enough for its prompt to be cached."""
    levels = ("Nothing usable.", "A first idea.", "Partly there, with gaps.", "Mostly there.", "Complete and precise.")
    dimension = DimensionRubric(levels=levels)
    points = (
        KeyPoint(id="one-owner", text="Retries need one owner, because nested retries multiply the load on a failing service."),
        KeyPoint(id="idempotent", text="A write may only be repeated when it is idempotent, for example through an idempotency key."),
        KeyPoint(id="backoff", text="Waiting between attempts should grow and be jittered so that clients do not return together."),
    )
    return Rubric(clarity=dimension, accuracy=dimension, coherence=dimension, key_points=points, grader_notes="Accept budgets too.")


@pytest.fixture(scope="session")
def task(rubric: Rubric) -> EssayTask:
    """A fair essay."""
    essay = (
        "Retries need one owner, because nested retries multiply the load on a service that is already failing. "
        "If every layer tries three times, one click becomes twenty-seven calls.\n\n"
        "A write may only be repeated when it is idempotent, so I would send an idempotency key with each payment. "
        "Then the server can see that it has done the work before and answers with the same receipt. "
        "Finally, waiting between attempts should grow, with jitter, so that clients do not all return together."
    )
    return EssayTask(prompt="A payment call times out now and then. How would you add retries?", essay=essay, rubric=rubric)


@pytest.fixture(scope="session")
def facts() -> list[Fact]:
    """What is known of a result."""
    return [
        Fact(id="f1", kind=FactKind.TRACK, text="The assessment was for the role Backend Engineer.", subject="Backend Engineer"),
        Fact(id="f2", kind=FactKind.SCORE, text="The theory questions were answered with 83 percent."),
        Fact(id="f3", kind=FactKind.SKILL, text="Caching was the weakest skill, with 1 of 4 points", subject="caching"),
        Fact(id="f4", kind=FactKind.CREDENTIAL, text="Caching in Practice covers caching.", subject="Caching in Practice"),
        Fact(
            id="f5",
            kind=FactKind.SNIPPET,
            text="You will choose an eviction policy and defend it.",
            subject="Caching in Practice",
        ),
    ]


@pytest.fixture
def working(settings: Settings) -> Any:
    """Opens a worker that asks the provider at an address; each is one more process."""

    @asynccontextmanager
    async def work(url: str, **changes: Any) -> AsyncIterator[Runtime]:
        mine = {"llm_provider": "openai", "openai_api_key": "test", "openai_base_url": f"{url}/v1", "openai_model": "scripted-grader"}
        async with open_runtime(Settings.model_validate({**dict(settings), **mine, **changes})) as opened:
            drainer = Drainer(opened, "test:1")
            task = asyncio.create_task(drainer.run())
            yield opened
            await drainer.stop()
            await task

    return work

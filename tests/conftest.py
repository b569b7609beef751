"""Fixtures: real Postgres and Valkey for the session, a fresh seeded database for each test, the real application on top."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import applications
import httpx2
import hypothesis
import pytest
import pytest_asyncio
import servers
import structlog
import uvicorn
from journeys import Student
from receivers import Receiver, receiver
from starlette.applications import Starlette

from assay.db import migrate
from assay.domain.actors import Actor, Role
from assay.embedded import throwaway
from assay.runtime import Runtime, open_runtime
from assay.security.encryption import new_key
from assay.services import identity, indexing, seeding
from assay.settings import Environment, Settings
from assay.worker.drainer import Drainer

SEEDS = Path(__file__).parents[1] / "seeds"
KEYS = {
    "encryption_keys": {"test": "dGVzdC1rZXktb2YtMzItYnl0ZXMtZm9yLWFzc2F5LTE="},
    "blind_index_key": "aW5kZXgta2V5LW9mLTMyLWJ5dGVzLWZvci1hc3NheS4=",
    "jwt_keys": {"test": "a-secret-for-tests-of-at-least-32-bytes"},
}
_names = count()
# examples share two cores with everything else: how long one takes says nothing
hypothesis.settings.register_profile("assay", deadline=None)
hypothesis.settings.load_profile("assay")


def pytest_configure(config: pytest.Config) -> None:
    """One set of servers for all workers."""
    servers.open_session(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker where they are."""
    servers.hand_on(node)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop them."""
    servers.close_session(config)


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> Iterator[None]:
    """Drawing an error with all near it takes seconds, and a logger that one test keeps would be deaf to another's `capture_logs`."""
    *usual, _ = structlog.get_config()["processors"]
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    configure = structlog.configure
    configure(processors=[*usual, renderer])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structlog, "configure", lambda **settings: configure(**settings | {"cache_logger_on_first_use": False}))
        yield


def settings_for(database_url: str, redis_url: str, **changes: Any) -> Settings:
    """Settings of a test process."""
    values = {
        "environment": Environment.TEST,
        "database_url": database_url,
        "redis_url": redis_url,
        "secure_cookies": False,
        "allowed_hosts": "assay.test",
        "database_pool_size": 10,
        "database_connect_timeout": 60,  # a machine that is busy with two suites may not answer for a while
        "worker_slots": 16,
        "rate_limit_scale": 1_000,
        **KEYS,
        **changes,
    }
    return Settings(**values)


def build_template(url: str) -> None:
    """Migrate, seed, index and people a database: what every test starts from."""

    async def fill() -> None:
        async with open_runtime(settings_for(url, "redis://127.0.0.1:1/0")) as runtime:
            await seeding.load(runtime.open_uow, SEEDS)
            await identity.ensure_demo_accounts(runtime.open_uow, runtime.passwords, runtime.clock)
            await indexing.ensure_index(runtime.open_uow, runtime.embedder, runtime.vector_store)

    migrate.upgrade(url.replace("postgresql://", "postgresql+asyncpg://", 1))
    asyncio.run(fill())


@pytest.fixture
def shared(request: pytest.FixtureRequest) -> servers.Servers:
    """The session's servers."""
    return servers.of(request.config)


@pytest.fixture
def database_url(shared: servers.Servers) -> Iterator[str]:
    """A fresh copy of the seeded template."""
    name = f"{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}_{next(_names)}"
    yield shared.fresh_database(name, build_template)
    shared.drop_database(name)


@pytest.fixture
def settings(database_url: str, shared: servers.Servers) -> Settings:
    """Settings that point at this test's database and Valkey."""
    return settings_for(database_url, shared.redis_url, queue_namespace=f"test-{os.getpid()}-{next(_names)}")


@pytest.fixture(scope="module")
def module_settings(request: pytest.FixtureRequest) -> Iterator[Settings]:
    """Settings that point at a database of a whole module, for tests that share an installation."""
    shared, name = servers.of(request.config), f"module_{os.getpid()}_{next(_names)}"
    yield settings_for(shared.fresh_database(name, build_template), shared.redis_url, queue_namespace=name)
    shared.drop_database(name)


@pytest.fixture(scope="session")
def chroma_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Chroma server for this worker, from its wheel: a fifth of a second and 50 MB."""
    with throwaway.chroma_server(tmp_path_factory.mktemp("chroma")) as url:
        yield url


@pytest_asyncio.fixture
async def runtime(settings: Settings) -> AsyncIterator[Runtime]:
    """The runtime on this test's database."""
    async with open_runtime(settings) as opened:
        yield opened


@pytest_asyncio.fixture
async def app(runtime: Runtime) -> AsyncIterator[Starlette]:
    """The whole application on this test's runtime."""
    async with applications.on(runtime) as opened:
        yield opened


@pytest_asyncio.fixture
async def client(app: Starlette) -> AsyncIterator[httpx2.AsyncClient]:
    """An HTTP client of the application, without a token."""
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://assay.test") as opened:
        yield opened


@pytest_asyncio.fixture
async def site(app: Starlette) -> AsyncIterator[str]:
    """The application on a free port of this machine; its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, lifespan="off", log_config=None, ws="none", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    await serving


async def _actor(runtime: Runtime, email: str, role: Role) -> Actor:
    async with runtime.open_uow() as uow:
        user = await uow.accounts.by_email(email)
    assert user is not None
    return Actor(id=user.id, role=role)


@pytest_asyncio.fixture
async def student_actor(runtime: Runtime) -> Actor:
    """The first demo student."""
    return await _actor(runtime, "student@assay.example", Role.STUDENT)


@pytest_asyncio.fixture
async def student(client: httpx2.AsyncClient, runtime: Runtime, student_actor: Actor) -> Student:
    """The first demo student with a token, at the API."""
    return Student(client, runtime.identity.tokens.access(student_actor, runtime.clock()))


@pytest_asyncio.fixture
async def other_student(client: httpx2.AsyncClient, runtime: Runtime) -> Student:
    """Another student of the same cohort."""
    actor = await _actor(runtime, "student2@assay.example", Role.STUDENT)
    return Student(client, runtime.identity.tokens.access(actor, runtime.clock()))


@pytest_asyncio.fixture
async def advisor(client: httpx2.AsyncClient, runtime: Runtime) -> Student:
    """The advisor of the demo cohort, at the API."""
    actor = await _actor(runtime, "advisor@assay.example", Role.ADVISOR)
    return Student(client, runtime.identity.tokens.access(actor, runtime.clock()))


@pytest_asyncio.fixture
async def admin(client: httpx2.AsyncClient, runtime: Runtime) -> Student:
    """The demo admin, at the API."""
    actor = await _actor(runtime, "admin@assay.example", Role.ADMIN)
    return Student(client, runtime.identity.tokens.access(actor, runtime.clock()))


@pytest_asyncio.fixture
async def track_id(runtime: Runtime) -> UUID:
    """The Backend Engineer track."""
    async with runtime.open_uow() as uow:
        track = await uow.tracks.by_slug("backend-engineer")
    assert track is not None
    return track.id


@pytest_asyncio.fixture
async def drainer(runtime: Runtime) -> AsyncIterator[Drainer]:
    """A worker's drainer in this process, running."""
    draining = Drainer(runtime, "test:1")
    task = asyncio.create_task(draining.run())
    yield draining
    await draining.stop()
    await task


@pytest.fixture
def fresh_key() -> str:
    """A random data key."""
    return new_key()


@pytest_asyncio.fixture
async def there() -> AsyncIterator[Receiver]:
    """A receiver of webhooks on loopback."""
    async with receiver() as opened:
        yield opened

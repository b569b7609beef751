"""The answer to a commit that is lost on the way: nobody knows whether it stands, and asking again under the key tells."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit
from uuid import UUID

import httpx2
import pytest
import pytest_asyncio
from journeys import Student
from sqlalchemy import text

from assay.asgi import create_app
from assay.domain.actors import Actor
from assay.runtime import Runtime, open_runtime
from assay.settings import Settings

SOCKET = ".s.PGSQL.5432"
COMMIT = b"Q\x00\x00\x00\x0cCOMMIT;\x00"
"""The message as the driver sends it: a simple query of twelve bytes."""
COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"


class Proxy:
    """Stands between API and Postgres; once armed it passes the next COMMIT on, and breaks the connection in the place of its answer."""

    def __init__(self, server: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="assay-px-"))  # short: a socket's path has 107 characters
        self.armed = False
        self.lost = 0
        self._server = server
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> asyncio.Server:
        """Listen."""
        return await asyncio.start_unix_server(self._connected, self.folder / SOCKET)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        there, back = await asyncio.open_unix_connection(f"{self._server}/{SOCKET}")
        with suppress(ConnectionError):
            async with asyncio.TaskGroup() as group:
                answers = group.create_task(self._pass(there, writer))
                while data := await reader.read(65_536):
                    striking = self.armed and data.endswith(COMMIT)
                    if striking:
                        self.armed = False
                        answers.cancel()
                        await asyncio.wait([answers])
                    back.write(data)
                    if striking:
                        await there.readuntil(COMMITTED)
                        self.lost += 1
                        break
                answers.cancel()
        back.close()
        writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
        writer.close()

    async def close(self) -> None:
        """Leave nothing behind."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        shutil.rmtree(self.folder)


@pytest_asyncio.fixture
async def proxy(settings: Settings) -> AsyncIterator[Proxy]:
    """A proxy to this test's Postgres."""
    (server,) = parse_qs(urlsplit(settings.database_url.get_secret_value()).query)["host"]
    opened = Proxy(server)
    async with await opened.open():
        yield opened
        await opened.close()


@pytest_asyncio.fixture
async def student(settings: Settings, proxy: Proxy, student_actor: Actor) -> AsyncIterator[Student]:
    """A student at an API that reaches its database through the proxy."""
    direct = urlsplit(settings.database_url.get_secret_value())
    url = f"{direct.scheme}://{direct.netloc}{direct.path}?host={quote(str(proxy.folder))}"
    proxied = Settings.model_validate({**dict(settings), "database_url": url})
    async with open_runtime(proxied) as through:

        @asynccontextmanager
        async def same(_settings: Settings) -> AsyncIterator[Runtime]:
            yield through

        app = create_app(proxied, same)
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with app.router.lifespan_context(app), httpx2.AsyncClient(transport=transport, base_url="http://assay.test") as client:
            yield Student(client, through.identity.tokens.access(student_actor, through.clock()))


async def _count(runtime: Runtime, table: str) -> int:
    async with runtime.open_uow() as uow:
        return int(await uow.session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


@pytest.mark.usefixtures("drainer")
async def test_the_retry_gets_the_stored_answer(runtime: Runtime, student: Student, track_id: UUID, proxy: Proxy) -> None:
    """503 although it stands; the same key then gets the one receipt, however often, and the jobs are there once and are done."""
    bundle, key = await student.start(track_id), {"Idempotency-Key": "mine"}
    await student.answer_all(bundle)
    proxy.armed = True
    unknown = await student.submit(bundle, headers=key)
    assert (unknown.status_code, proxy.lost) == (503, 1), unknown.text
    assert unknown.headers["content-type"] == "application/problem+json"
    assert int(unknown.headers["retry-after"]) >= 1
    assert (await _count(runtime, "idempotency_keys"), await _count(runtime, "async_jobs")) == (1, 2)
    receipts = [await student.submit(bundle, headers=key) for _ in range(3)]
    assert [each.status_code for each in receipts] == [202] * 3
    assert len({each.content for each in receipts}) == 1
    other = await student.submit(bundle, headers={"Idempotency-Key": "another"})
    assert other.status_code == 409, other.text
    assert (await student.result(bundle))["assessmentId"] == bundle["assessmentId"]
    assert await _count(runtime, "async_jobs") == 2

"""An API server whose own clock is wrong by an hour: it tells the database's, and whoever looks is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import httpx2
import pytest
from journeys import Student
from sqlalchemy import text

from assay.asgi import create_app
from assay.db.clock import DatabaseClock
from assay.kit.clock import system_clock
from assay.runtime import Runtime, open_runtime
from assay.settings import Settings

SIGN_IN = {"email": "student@assay.example", "password": "assay-demo"}


@asynccontextmanager
async def wrong_by(hours: float, settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an API on a machine with such a clock."""
    async with open_runtime(settings, clock=lambda: system_clock() + timedelta(hours=hours)) as runtime:

        @asynccontextmanager
        async def same(_settings: Settings) -> AsyncIterator[Runtime]:
            yield runtime

        app = create_app(settings, same)
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with app.router.lifespan_context(app), httpx2.AsyncClient(transport=transport, base_url="http://assay.test") as opened:
            yield opened


@pytest.mark.parametrize("hours", [-1.0, 1.0])
async def test_a_server_whose_clock_is_wrong_does_the_same(
    settings: Settings, runtime: Runtime, student: Student, client: httpx2.AsyncClient, track_id: object, hours: float
) -> None:
    """Tokens of either server hold at the other; start, save, resume and submit follow the database's time; `/readyz` tells."""
    async with wrong_by(hours, settings) as there:
        given = (await client.post("/api/v1/auth/token", json=SIGN_IN)).json()["accessToken"]
        away = Student(there, given)
        bundle = await away.start(track_id)  # type: ignore[arg-type]
        expires = datetime.fromisoformat(bundle["expiresAt"])
        assert abs(expires - runtime.clock() - timedelta(days=7)) < timedelta(minutes=1)
        resumed = await client.post("/api/v1/assessments/resume", json={"resumeToken": bundle["resumeToken"]})
        assert resumed.status_code == 200, resumed.text
        await away.answer_all(bundle)
        assert (await away.submit(bundle)).status_code == 202
        theirs = (await there.post("/api/v1/auth/token", json=SIGN_IN)).json()
        assert (await client.get("/api/v1/me", headers={"Authorization": f"Bearer {theirs['accessToken']}"})).status_code == 200
        renewed = await client.post("/api/v1/auth/refresh", json={"refreshToken": theirs["refreshToken"]})
        assert renewed.status_code == 200
        clock = (await there.get("/readyz")).json()["clock"]
        assert clock["state"] == "put right"
        assert clock["skewSeconds"] == pytest.approx(3_600 * hours, abs=5)
    assert (await client.get("/readyz")).json()["clock"] == {"state": "right", "skewSeconds": 0.0}
    async with runtime.open_uow() as uow:
        query = "SELECT started_at <= submitted_at AND submitted_at <= clock_timestamp() FROM assessments WHERE id = :id"
        assert await uow.session.scalar(text(query), {"id": bundle["assessmentId"]}) is True


async def test_a_clock_that_is_set_is_noticed(runtime: Runtime) -> None:
    """Whoever puts a machine's clock right changes nothing: the next comparison finds it so."""
    ahead = timedelta(hours=1)
    clock = DatabaseClock(lambda: system_clock() + ahead)
    await clock.compare(runtime.engine)
    assert abs(clock() - system_clock()) < timedelta(seconds=3)
    ahead = timedelta(0)
    await clock.compare(runtime.engine)
    assert clock.skew == timedelta(0)


async def test_a_database_that_is_away_is_no_reason_not_to_start(settings: Settings, unused_tcp_port: int) -> None:
    """The machine's own clock is told then."""
    nowhere = Settings.model_validate({**dict(settings), "database_url": f"postgresql://assay@127.0.0.1:{unused_tcp_port}/none"})
    async with open_runtime(nowhere) as runtime:
        assert abs(runtime.clock() - system_clock()) < timedelta(seconds=1)

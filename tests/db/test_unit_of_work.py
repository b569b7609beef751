"""The unit of work: all or nothing, rings only for what is durable, and a database that is away by its name."""

# ruff: noqa: PT012 - a unit of work fails on the way out, so the whole block is the statement

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from assay.broker.rq import RqBroker
from assay.db.engine import create_engine
from assay.db.models import Cohort
from assay.db.unit_of_work import OpenUnitOfWork, unit_of_work_factory
from assay.domain.errors import NotFound, Unavailable
from assay.domain.jobs import JobType
from assay.kit.ids import new_id
from assay.kit.transactions import NetworkInsideTransaction, assert_no_transaction
from assay.settings import Settings

COUNT = text("SELECT count(*) FROM cohorts")
INSERT = text("INSERT INTO cohorts (name) VALUES (:name)")


async def cohorts(open_uow: OpenUnitOfWork) -> int:
    """How many cohorts there are."""
    async with open_uow() as uow:
        return int(await uow.session.scalar(COUNT))


async def test_leaving_commits_and_rings_afterwards(engine: AsyncEngine, broker: Any) -> None:
    """At the first ring the transaction is over and visible to everybody; rings come in order, one each."""
    seen: list[int] = []

    class Watching(type(broker)):  # type: ignore[misc]
        async def ring(self, job_type: JobType, job_id: UUID) -> bool:
            async with engine.connect() as connection:
                seen.append(await connection.scalar(COUNT))
            return bool(await super().ring(job_type, job_id))

    watching = Watching()
    open_uow = unit_of_work_factory(engine, watching)
    before = await cohorts(open_uow)
    first, second = new_id(), new_id()
    async with open_uow() as uow:
        await uow.session.execute(INSERT, {"name": "new"})
        uow.ring_after_commit(JobType.SCORE_ESSAY, first)
        uow.ring_after_commit(JobType.GENERATE_RECOMMENDATIONS, second)
        assert watching.rung == []
    assert watching.rung == [(JobType.SCORE_ESSAY, first), (JobType.GENERATE_RECOMMENDATIONS, second)]
    assert seen == [before + 1] * 2


async def test_without_a_transaction_each_statement_stands_by_itself(open_uow: OpenUnitOfWork) -> None:
    """With autocommit an error afterwards undoes nothing, and later statements see what others have committed meanwhile."""
    before = await cohorts(open_uow)
    with pytest.raises(KeyError):
        async with open_uow(autocommit=True) as uow:
            await uow.session.execute(INSERT, {"name": "kept"})
            assert await cohorts(open_uow) == before + 1
            raise KeyError
    assert await cohorts(open_uow) == before + 1


async def test_what_needs_a_commit_is_refused_without_one(open_uow: OpenUnitOfWork, broker: Any) -> None:
    """An object nobody would write, or a ring for what is not committed yet, is a defect that shows at once."""
    with pytest.raises(RuntimeError):
        async with open_uow(autocommit=True) as uow:
            uow.ring_after_commit(JobType.SCORE_ESSAY, new_id())
    with pytest.raises(RuntimeError):
        async with open_uow(autocommit=True) as uow:
            uow.session.add(Cohort(name="lost"))
    assert broker.rung == []


@pytest.mark.parametrize("error", [NotFound("nothing here"), KeyError("bug"), asyncio.CancelledError()])
async def test_an_error_undoes_everything_and_rings_nothing(open_uow: OpenUnitOfWork, broker: Any, error: BaseException) -> None:
    """Errors of the business, defects and cancellation pass as they are, and leave no row and no ring."""
    before = await cohorts(open_uow)
    with pytest.raises(type(error)) as raised:
        async with open_uow() as uow:
            await uow.session.execute(INSERT, {"name": "gone"})
            uow.ring_after_commit(JobType.SCORE_ESSAY, new_id())
            raise error
    assert raised.value is error
    assert await cohorts(open_uow) == before
    assert broker.rung == []


async def test_a_commit_that_fails_rings_nothing(open_uow: OpenUnitOfWork, broker: Any) -> None:
    """The connection goes down between the last statement and the commit: the caller is told, nobody is woken for nothing."""
    with pytest.raises(Unavailable):
        async with open_uow() as uow:
            await uow.session.execute(INSERT, {"name": "lost"})
            uow.ring_after_commit(JobType.SCORE_ESSAY, new_id())
            await _terminate(open_uow, await uow.session.scalar(text("SELECT pg_backend_pid()")))
    assert broker.rung == []
    assert await cohorts(open_uow) == 1


async def _terminate(open_uow: OpenUnitOfWork, pid: int) -> None:
    async with open_uow() as other:
        await other.session.execute(text("SELECT pg_terminate_backend(:pid, 1000)"), {"pid": pid})


async def test_units_of_work_are_apart(open_uow: OpenUnitOfWork) -> None:
    """Two at once see nothing of each other until they are done; one that fails does not take the other along."""
    async with open_uow() as first:
        await first.session.execute(INSERT, {"name": "first"})
        with pytest.raises(KeyError):
            async with open_uow() as second:
                assert await second.session.scalar(COUNT) == 1
                raise KeyError
    assert await cohorts(open_uow) == 2


async def test_nothing_leaves_the_process_inside(open_uow: OpenUnitOfWork, settings: Settings) -> None:
    """Inside a unit of work the real broker refuses to be asked anything; outside and after an error it does not."""
    real = RqBroker(settings.redis_url.get_secret_value(), settings.queue_namespace)
    calls: list[Callable[[], Awaitable[Any]]] = [lambda: real.ring(JobType.SCORE_ESSAY, new_id()), real.depth, real.ping]
    for call in calls:
        with pytest.raises(NetworkInsideTransaction):
            async with open_uow():
                await call()
        assert_no_transaction()
    assert await real.depth() == {"high": 0, "default": 0, "low": 0}
    await real.close()


async def test_an_inner_unit_of_work_does_not_end_the_outer_law(open_uow: OpenUnitOfWork) -> None:
    """After an inner transaction the outer one is still open."""
    async with open_uow():
        async with open_uow():
            pass
        with pytest.raises(NetworkInsideTransaction):
            assert_no_transaction()


@asynccontextmanager
async def answering(sqlstate: bytes) -> AsyncIterator[int]:
    """A server that speaks enough of the protocol to refuse every connection with `sqlstate`; its port."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.read(1_024)
        if request[4:8] == b"\x04\xd2\x16\x2f":  # the client asks for TLS first
            writer.write(b"N")
            await reader.read(1_024)
        fields = b"SFATAL\0VFATAL\0C" + sqlstate + b"\0Mthe database system is not ready\0\0"
        writer.write(b"E" + (len(fields) + 4).to_bytes(4, "big") + fields)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def opening(url: str, broker: Any) -> None:
    """Try one statement on the database at `url`."""
    engine = create_engine(url, pool_size=1, pool_timeout=0.2, statement_timeout_ms=1_000)
    try:
        async with unit_of_work_factory(engine, broker)() as uow:
            await uow.session.execute(text("SELECT 1"))
    finally:
        await engine.dispose()


@pytest.mark.parametrize("sqlstate", [b"57P03", b"57P01", b"57P02", b"53300", b"53200", b"08006"])
async def test_a_server_that_is_not_ready_is_unavailable(broker: Any, sqlstate: bytes) -> None:
    """Starting up, shutting down, out of connections or memory: refused at the door is an outage, not a defect."""
    async with answering(sqlstate) as port:
        with pytest.raises(Unavailable, match="cannot be reached") as raised:
            await opening(f"postgresql+asyncpg://assay@127.0.0.1:{port}/assay", broker)
    assert raised.value.retry_after > 0


async def test_a_server_that_refuses_our_password_is_no_outage(broker: Any) -> None:
    """A wrong password does not heal by trying again: it shows as what it is."""
    async with answering(b"28P01") as port:
        with pytest.raises(Exception, match="not ready") as raised:
            await opening(f"postgresql+asyncpg://assay@127.0.0.1:{port}/assay", broker)
    assert not isinstance(raised.value, Unavailable)


@pytest.mark.parametrize("place", ["127.0.0.1:1/assay", "/assay?host=/nowhere"])
async def test_a_server_that_is_not_there_is_unavailable(broker: Any, place: str) -> None:
    """Nobody listens on the port, or the socket does not exist."""
    with pytest.raises(Unavailable, match="cannot be reached"):
        await opening(f"postgresql+asyncpg://assay@{place}", broker)


async def test_a_spent_pool_is_unavailable_after_a_bounded_wait(settings: Settings, broker: Any) -> None:
    """With every connection taken a request waits its time and is told so; afterwards all is well."""
    engine = create_engine(settings.async_database_url, pool_size=1, pool_timeout=0.1, statement_timeout_ms=1_000)
    open_uow = unit_of_work_factory(engine, broker)
    async with open_uow() as holder:
        await holder.session.execute(text("SELECT 1"))
        with pytest.raises(Unavailable, match="busy"):
            async with asyncio.timeout(3), open_uow() as late:
                await late.session.execute(text("SELECT 1"))
    async with open_uow() as uow:
        assert await uow.session.scalar(text("SELECT 1")) == 1
    await engine.dispose()


async def test_the_pool_tells_how_busy_it_is(settings: Settings, broker: Any) -> None:
    """Connections at work, units that wait for one, and how often the wait was in vain."""
    engine = create_engine(settings.async_database_url, pool_size=1, pool_timeout=0.2, statement_timeout_ms=1_000)
    open_uow = unit_of_work_factory(engine, broker)
    before = told("timeouts_total")
    async with open_uow() as holder:
        await holder.session.execute(text("SELECT 1"))
        late = [asyncio.create_task(cohorts(open_uow)) for _ in range(3)]
        await asyncio.sleep(0.05)
        assert (told("in_use"), told("waiting"), told("timeouts_total") - before) == (1, 3, 0)
        assert [type(each) for each in await asyncio.gather(*late, return_exceptions=True)] == [Unavailable] * 3
    assert (told("in_use"), told("waiting"), told("timeouts_total") - before) == (0, 0, 3)
    await engine.dispose()


def told(name: str) -> float:
    """What a metric of the pool says."""
    value = REGISTRY.get_sample_value(f"assay_db_pool_{name}")
    assert value is not None
    return value


async def test_a_restart_heals(open_uow: OpenUnitOfWork, engine: AsyncEngine) -> None:
    """Connections that died while idle cost one refusal in all, not one each; then everything works."""
    async with open_uow() as one, open_uow() as two, open_uow() as three:
        pids = [await uow.session.scalar(text("SELECT pg_backend_pid()")) for uow in (one, two, three)]
    outside = create_engine(str(engine.url), pool_size=1, pool_timeout=1, statement_timeout_ms=5_000)
    async with outside.connect() as connection:
        for pid in pids:
            await connection.execute(text("SELECT pg_terminate_backend(:pid, 1000)"), {"pid": pid})
    await outside.dispose()
    refused = 0
    for _ in range(6):
        try:
            await cohorts(open_uow)
        except Unavailable:
            refused += 1
    assert refused <= 1
    assert await cohorts(open_uow) == 1


RAISE = "DO $$ BEGIN RAISE EXCEPTION 'simulated' USING ERRCODE = '{}'; END $$"


@pytest.mark.parametrize("sqlstate", ["08006", "53100", "53200", "53300", "57P01", "57P02", "57P03", "25P03"])
async def test_outages_in_the_middle_are_named(open_uow: OpenUnitOfWork, sqlstate: str) -> None:
    """A full disk, spent memory or an operator's shutdown during a statement is `Unavailable`, and the pool goes on."""
    with pytest.raises(Unavailable):
        async with open_uow() as uow:
            await uow.session.execute(text(RAISE.format(sqlstate)))
    try:
        assert await cohorts(open_uow) == 1
    except Unavailable:  # the driver may have given the connection up
        assert await cohorts(open_uow) == 1


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
async def test_what_was_undone_for_another_may_be_tried_again(open_uow: OpenUnitOfWork, sqlstate: str) -> None:
    """A deadlock, or a failure to serialise, is nobody's defect: whoever asks again gets it, and the connection is good."""
    with pytest.raises(Unavailable, match="in favour of") as raised:
        async with open_uow() as uow:
            await uow.session.execute(INSERT, {"name": "undone"})
            await uow.session.execute(text(RAISE.format(sqlstate)))
    assert raised.value.retry_after > 0
    assert await cohorts(open_uow) == 1


@pytest.mark.parametrize("sqlstate", ["22012", "23503", "42703", "P0001"])
async def test_other_errors_pass_as_they_are(open_uow: OpenUnitOfWork, sqlstate: str) -> None:
    """Defects, conflicts and time-outs of a statement are no outage of the database."""
    with pytest.raises(DBAPIError) as raised:
        async with open_uow() as uow:
            await uow.session.execute(text(RAISE.format(sqlstate)))
    assert raised.value.orig.sqlstate == sqlstate  # type: ignore[union-attr]


async def test_a_violated_constraint_is_no_outage(open_uow: OpenUnitOfWork) -> None:
    """A taken name shows as the integrity error it is."""
    with pytest.raises(IntegrityError):
        async with open_uow() as uow:
            await uow.session.execute(INSERT, {"name": "twice"})
            await uow.session.execute(INSERT, {"name": "twice"})


async def test_an_errors_text_hides_what_was_being_written(open_uow: OpenUnitOfWork) -> None:
    """A database error goes to logs: it shows the statement and none of its values."""
    with pytest.raises(IntegrityError) as raised:
        async with open_uow() as uow:
            for _ in range(2):
                await uow.session.execute(INSERT, {"name": "canary-7f3a"})
    assert "[SQL" in str(raised.value)
    shown = str(raised.value).split("[SQL")[1]
    assert "canary-7f3a" not in shown


async def test_whoever_waits_for_a_connection_is_served_in_turn(settings: Settings, broker: Any) -> None:
    """Nobody who comes later passes somebody who waits, also not in the moment when a connection is given back."""
    engine = create_engine(settings.async_database_url, pool_size=1, pool_timeout=20, statement_timeout_ms=5_000)
    open_uow = unit_of_work_factory(engine, broker)
    served: list[int] = []

    async def caller(number: int) -> None:
        async with open_uow() as uow:
            await uow.session.execute(COUNT)
            served.append(number)

    async with asyncio.TaskGroup() as callers:
        for number in range(1_000):
            callers.create_task(caller(number))
            if number > 20 and len(served) < 15:  # then a newcomer in each turn of the event loop
                await asyncio.sleep(0)
    await engine.dispose()
    assert served == [*range(1_000)]

"""A Redis of the test's own that is frozen, full or killed: submitting does not wait for it, and the ledger loses nothing."""

import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

import pytest
from journeys import Student
from processes import Processes
from redis import Redis

from assay.embedded import valkey
from assay.embedded.processes import Running, start, stop, wait_until_ready

SUBMITTED_WITHIN = 1.0
"""Seconds: the ring gives up after a tenth of one, the rest is the submission on a busy machine."""


@pytest.fixture(scope="module")
def store() -> Iterator[tuple[valkey.Store, Callable[[], Running]]]:
    """A place for a server, and a way to start one there."""
    with tempfile.TemporaryDirectory(prefix="assay-") as name:
        folder = Path(name)
        place = valkey.Store(folder / "valkey", folder / "run" / "valkey.sock")
        valkey.prepare(place)
        running: list[Running] = []

        def begin() -> Running:
            running.append(start(valkey.program(place, folder / "valkey.log")))
            wait_until_ready(running[-1])
            return running[-1]

        yield place, begin
        stop(running)


@pytest.fixture
def server(store: tuple[valkey.Store, Callable[[], Running]]) -> Iterator[Running]:
    """The server, at work; whatever the test does to it, it is gone afterwards."""
    _, begin = store
    running = begin()
    yield running
    if running.process.poll() is None:
        os.kill(running.pid, signal.SIGCONT)
        running.process.kill()
        running.process.wait()


@pytest.fixture
def redis_url(store: tuple[valkey.Store, Callable[[], Running]], server: Running) -> str:
    """Where the product looks for Redis."""
    return store[0].url()


def freeze(server: Running, _url: str) -> None:
    """It takes connections and never answers."""
    os.kill(server.pid, signal.SIGSTOP)


def fill(_server: Running, url: str) -> None:
    """It answers and refuses every write."""
    with Redis.from_url(url) as redis:
        redis.config_set("maxmemory", "1")


def kill(server: Running, _url: str) -> None:
    """Nobody is there any more."""
    server.process.kill()
    server.process.wait()


@pytest.mark.parametrize("harm", [freeze, fill, kill])
async def test_the_ledger_goes_on_without_redis(
    harm: Callable[[Running, str], None], server: Running, redis_url: str, student: Student, track_id: UUID, processes: Processes
) -> None:
    """Harmed while a worker listens: submitting answers 202 at once, and the result comes, undegraded."""
    await processes.start("worker")
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    harm(server, redis_url)
    begun = perf_counter()
    assert (await student.submit(bundle)).status_code == 202
    assert perf_counter() - begun < SUBMITTED_WITHIN
    assert (await student.result(bundle))["degraded"] is False


async def test_a_redis_that_comes_back_empty_costs_nothing(
    server: Running,
    store: tuple[valkey.Store, Callable[[], Running]],
    student: Student,
    other_student: Student,
    track_id: UUID,
    processes: Processes,
) -> None:
    """Killed and started anew between two submissions: the same worker finishes both."""
    await processes.start("worker")
    results: list[dict[str, Any]] = []
    for person in (student, other_student):
        bundle = await person.start(track_id)
        await person.answer_all(bundle)
        assert (await person.submit(bundle)).status_code == 202
        results.append(await person.result(bundle))
        if person is student:
            kill(server, "")
            store[1]()
    assert [result["degraded"] for result in results] == [False, False]

"""A ring that never arrives: the ledger knows what is due, and a worker looks into it by itself."""

from time import perf_counter
from uuid import UUID

import pytest
from journeys import Student
from processes import Processes, says
from redis import Redis
from waiting import until


@pytest.mark.parametrize("redis_url", ["redis://127.0.0.1:1/0"])
async def test_everything_works_without_redis(redis_url: str, student: Student, track_id: UUID, processes: Processes) -> None:
    """Nobody answers at Redis' port: submitting says 202 without delay, and the worker finishes from the ledger alone."""
    (worker,) = await processes.start("worker")
    await until(lambda: says(worker, "doorbell_unreachable"))
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    begun = perf_counter()
    assert (await student.submit(bundle)).status_code == 202
    assert perf_counter() - begun < 1.0
    assert (await student.result(bundle))["degraded"] is False


async def test_a_flushed_redis_loses_no_job(redis_url: str, student: Student, track_id: UUID, processes: Processes) -> None:
    """The message is gone before any worker has seen it; the first look into the ledger finds the job."""
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    assert (await student.submit(bundle)).status_code == 202
    with Redis.from_url(redis_url) as redis:
        assert redis.dbsize() > 0
        redis.flushdb()
    await processes.start("worker")
    assert (await student.result(bundle))["degraded"] is False

"""Workers that are killed, frozen or stopped in the middle of a model call: the job is done once, by whoever is left."""

import os
import signal
from contextlib import suppress
from typing import Any, NamedTuple
from uuid import UUID

import psutil
from journeys import Student
from processes import Processes, Provider, says
from redis import Redis
from sqlalchemy import text
from waiting import until

from assay.embedded.processes import Running
from assay.runtime import Runtime
from assay.settings import Settings


class Job(NamedTuple):
    """What the ledger says of the essay job."""

    status: str
    attempt: int
    crashes: int
    fence: int
    owner: str | None
    effect_fence: int | None


async def _essay_job(runtime: Runtime) -> Job:
    query = (
        "SELECT j.status, j.attempt, j.crashes, j.fence, j.lease_owner, e.fence FROM async_jobs j"
        " LEFT JOIN effect_log e ON e.job_id = j.id WHERE job_type = 'score_essay'"
    )
    async with runtime.open_uow() as uow:
        return Job(*(await uow.session.execute(text(query))).one())


async def _submitted(student: Student, track_id: UUID) -> dict[str, Any]:
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    assert (await student.submit(bundle)).status_code == 202
    return bundle


async def _in_the_middle_of_a_call(runtime: Runtime, provider: Provider, workers: list[Running]) -> tuple[Running, Running]:
    """The worker whose three calls are under way, and the other one (the same when there is one)."""

    async def asking() -> bool:
        return await provider.in_flight() == 3

    await until(asking)
    owner = (await _essay_job(runtime)).owner or ""
    workers = sorted(workers, key=lambda worker: not owner.endswith(f":{worker.pid}"))
    return workers[0], workers[-1]


async def _scored_once(runtime: Runtime, bundle: dict[str, Any]) -> None:
    async with runtime.open_uow() as uow:
        scores = await uow.session.scalar(
            text("SELECT count(*) FROM essay_scores WHERE assessment_id = :id"), {"id": UUID(bundle["assessmentId"])}
        )
    assert scores == 3


async def test_a_killed_worker_s_job_is_done_by_another(
    runtime: Runtime, student: Student, track_id: UUID, processes: Processes, provider: Provider
) -> None:
    """SIGKILL in the model call: the sweeper frees the lease, the other worker does it all again: one crash, one effect."""
    _, *workers = await processes.start("sweeper", "worker", "worker")
    bundle = await _submitted(student, track_id)
    killed, _ = await _in_the_middle_of_a_call(runtime, provider, workers)
    os.kill(killed.pid, signal.SIGKILL)
    result = await student.result(bundle)
    assert result["degraded"] is False
    assert await _essay_job(runtime) == Job("succeeded", attempt=2, crashes=1, fence=2, owner=None, effect_fence=2)
    await _scored_once(runtime, bundle)
    assert sorted(await provider.outcomes("grade")) == ["abandoned"] * 3 + ["answered"] * 3


async def test_a_worker_is_one_process(
    runtime: Runtime, student: Student, track_id: UUID, processes: Processes, provider: Provider, settings: Settings
) -> None:
    """Who kills what RQ knows as the worker, in the middle of a call, leaves no child behind that works on: another does the job, once."""
    _, *workers = await processes.start("sweeper", "worker", "worker")
    bundle = await _submitted(student, track_id)
    killed, _ = await _in_the_middle_of_a_call(runtime, provider, workers)
    with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        known = {int(redis.hget(key, "pid") or 0) for key in redis.scan_iter("rq:worker:*", _type="hash")}
    assert known >= {worker.pid for worker in workers}
    assert psutil.Process(killed.pid).children(recursive=True) == []
    os.kill(killed.pid, signal.SIGKILL)
    killed.process.wait()
    assert _session(killed.pid) == []
    assert (await student.result(bundle))["degraded"] is False
    assert await _essay_job(runtime) == Job("succeeded", attempt=2, crashes=1, fence=2, owner=None, effect_fence=2)
    await _scored_once(runtime, bundle)
    assert sorted(await provider.outcomes("grade")) == ["abandoned"] * 3 + ["answered"] * 3


def _session(leader: int) -> list[int]:
    """The living processes of a session; a program's own begins with it, and children that are left over stay in it."""
    found: list[int] = []
    for pid in psutil.pids():
        with suppress(ProcessLookupError):
            found += [pid] if os.getsid(pid) == leader else []
    return found


async def test_a_frozen_worker_comes_back_too_late(
    runtime: Runtime, student: Student, track_id: UUID, processes: Processes, provider: Provider
) -> None:
    """SIGSTOP beyond the lease, SIGCONT after another has finished: the late one is fenced off and writes nothing."""
    _, *workers = await processes.start("sweeper", "worker", "worker")
    bundle = await _submitted(student, track_id)
    frozen, _ = await _in_the_middle_of_a_call(runtime, provider, workers)
    os.kill(frozen.pid, signal.SIGSTOP)
    await student.result(bundle)
    finished = await _essay_job(runtime)
    assert finished == Job("succeeded", attempt=2, crashes=1, fence=2, owner=None, effect_fence=2)
    os.kill(frozen.pid, signal.SIGCONT)
    await until(lambda: says(frozen, "job_fenced"))
    assert await _essay_job(runtime) == finished
    await _scored_once(runtime, bundle)


async def test_a_stopped_worker_hands_back_uncounted(
    runtime: Runtime, student: Student, track_id: UUID, processes: Processes, provider: Provider
) -> None:
    """SIGTERM in the model call with no time left to finish: the process ends well, the job waits as if it had never been claimed."""
    workers = await processes.start("worker", ASSAY_SHUTDOWN_GRACE_SECONDS="0.1")
    bundle = await _submitted(student, track_id)
    stopped, _ = await _in_the_middle_of_a_call(runtime, provider, workers)
    os.kill(stopped.pid, signal.SIGTERM)
    await until(lambda: stopped.process.poll() is not None)
    assert stopped.process.returncode == 0
    assert await _essay_job(runtime) == Job("queued", attempt=0, crashes=0, fence=1, owner=None, effect_fence=None)
    assert (await student.request("GET", f"/assessments/{bundle['assessmentId']}/status")).json()["status"] == "processing"

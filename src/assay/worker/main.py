"""The worker process: RQ's own worker in the main thread, the drainer's event loop in another."""

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Final

import structlog
import uvloop
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from assay.ai.builtin_embedder import BuiltinEmbedder
from assay.ai.openai_client import load_resources
from assay.broker.rq import connect, queue_name
from assay.domain import jobs
from assay.kit import heap
from assay.observability import metrics
from assay.observability.logging import configure_logging
from assay.observability.tracing import exporting
from assay.runtime import open_runtime, spans_of
from assay.security.encryption import KeyRingError
from assay.settings import Settings
from assay.worker.doorbell import on_ring
from assay.worker.drainer import Drainer
from assay.worker.lanes import ASSESSMENTS, DELIVERIES, SUSPECTS

log = structlog.get_logger(__name__)

RECONNECT_SECONDS: Final = 1.0
SIGNAL_SECONDS: Final = 0.05
WARM_UP_AFTER_SECONDS: Final = 0.5
"""What was waiting is claimed first."""


def owner_name(pid: int) -> str:
    """How a worker process signs its leases."""
    return f"{socket.gethostname()}:{pid}"


def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then finish or hand back what is in hand. Raises `KeyRingError` when the keys are the wrong ones."""
    heap.settle()
    configure_logging(settings.log_format, settings.log_level)
    metrics.serve(settings.metrics_host, settings.metrics_port)
    stopping = threading.Event()
    started = threading.Event()
    stop_draining: list[Callable[[], None]] = []
    refused: list[KeyRingError] = []

    async def drain() -> None:
        drainers: list[Drainer] = []

        def at_home(job_type: jobs.JobType) -> bool:
            return any(drainer.takes(job_type) for drainer in drainers)

        async with exporting(spans_of(settings, "worker")), open_runtime(settings, at_home=at_home) as runtime:
            drainers += [Drainer(runtime, owner_name(os.getpid()), lane) for lane in (ASSESSMENTS, DELIVERIES, SUSPECTS)]
            loop = asyncio.get_running_loop()
            wake, deliver, _ = (partial(_call_in, loop, drainer.wake) for drainer in drainers)
            stopped = asyncio.Event()
            on_ring(wake, deliver=deliver)
            stop_draining.append(partial(_call_in, loop, stopped.set))
            running = [asyncio.create_task(drainer.run()) for drainer in drainers]
            warming = asyncio.create_task(_warm_up(settings))
            started.set()
            log.info("worker_ready", pid=os.getpid())
            await asyncio.wait([asyncio.ensure_future(stopped.wait()), *running], return_when=asyncio.FIRST_COMPLETED)
            await asyncio.gather(*(drainer.stop() for drainer in drainers))
            warming.cancel()
            await asyncio.gather(*running)

    def drain_thread() -> None:
        try:
            uvloop.run(drain())
        except KeyRingError as error:
            refused.append(error)
        except BaseException:
            log.exception("drainer_died")
            os.kill(os.getpid(), signal.SIGTERM)
            raise
        finally:
            started.set()

    thread = threading.Thread(target=drain_thread, name="drainer")
    thread.start()
    started.wait()
    if refused:
        raise refused[0]
    _listen(settings, stopping)
    for stop in stop_draining:
        stop()
    thread.join()


async def _warm_up(settings: Settings) -> None:
    """Load the embedding model (half a second), and what is left of the SDK, while nobody waits for them, not when they are needed."""
    await asyncio.sleep(WARM_UP_AFTER_SECONDS)
    if settings.uses_openai:
        await asyncio.to_thread(load_resources)
    if settings.embedder == "built-in":
        await BuiltinEmbedder().embed(["ready"])
        heap.give_back()


def _call_in(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    loop.call_soon_threadsafe(call)


def _pass_on(ours: Callable[[int, FrameType | None], None]) -> None:
    """Tell RQ of a signal that came just before it put its own handlers in the place of `ours`: it would wait for messages for ever."""
    while signal.getsignal(signal.SIGTERM) is ours:
        time.sleep(SIGNAL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _listen(settings: Settings, stopping: threading.Event) -> None:
    """Answer rings until told to stop. Redis away is no reason to stop: the drainer goes on from the ledger alone."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if not stopping.is_set():
            stopping.set()
            threading.Thread(target=_pass_on, args=(stop,), daemon=True).start()

    while not stopping.is_set():
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        try:
            connection = connect(settings.redis_url.get_secret_value(), timeout=None)
            queues = [
                Queue(queue_name(queue, settings.queue_namespace), connection=connection, serializer=JSONSerializer) for queue in jobs.Queue
            ]
            worker = SimpleWorker(queues, connection=connection, serializer=JSONSerializer, default_result_ttl=0)
            worker.work(logging_level="WARNING")
            stopping.set()  # RQ returns when it got a signal
        except (RedisError, OSError) as error:
            log.warning("doorbell_unreachable", error=type(error).__name__)
            time.sleep(RECONNECT_SECONDS)

"""The sweeper: each second, take back leases that ran out, ring for jobs whose ring was lost, measure the queue, forget old keys.

Beside that it builds the index versions that an admin has asked for, works off large imports, heals results, writes down each minute how
the service stands, and once a day removes what is past its time.
"""

import asyncio
import signal

import structlog
import uvloop

from assay.domain.errors import Unavailable
from assay.kit import heap
from assay.observability import metrics
from assay.observability.logging import configure_logging
from assay.observability.tracing import exporting
from assay.runtime import Runtime, open_runtime, spans_of
from assay.services import idempotency, jobs
from assay.settings import Settings
from assay.worker.healer import Healer
from assay.worker.importer import import_what_waits
from assay.worker.indexer import build_what_waits
from assay.worker.main import owner_name
from assay.worker.recorder import record_each_minute
from assay.worker.retainer import remove_what_is_past

log = structlog.get_logger(__name__)


def run(settings: Settings) -> None:
    """Sweep until SIGTERM or SIGINT."""
    heap.settle()
    configure_logging(settings.log_format, settings.log_level)
    metrics.serve(settings.metrics_host, settings.metrics_port)
    uvloop.run(_sweep_until_stopped(settings))


async def release(settings: Settings, pid: int) -> int:
    """Free at once what a worker process on this host had in hand when it died; how many jobs."""
    async with open_runtime(settings) as runtime:
        return await jobs.release(runtime.open_uow, owner_name(pid))


async def _sweep_until_stopped(settings: Settings) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with exporting(spans_of(settings, "reconciler")), open_runtime(settings) as runtime:
        work = (
            build_what_waits(runtime),
            import_what_waits(runtime),
            Healer(runtime).run(),
            remove_what_is_past(runtime),
            record_each_minute(runtime),
        )
        beside = [asyncio.create_task(each) for each in work]
        log.info("sweeper_ready")
        while not stopped.is_set():
            await sweep_once(runtime)
            try:
                await asyncio.wait_for(stopped.wait(), settings.sweep_seconds)
            except TimeoutError:
                continue
        for task in beside:
            task.cancel()
        await asyncio.wait(beside)


async def sweep_once(runtime: Runtime) -> None:
    """One round; a database that is away ends it early and harms nothing."""
    try:
        async with runtime.open_uow() as uow:
            await jobs.sweep(uow)
            await jobs.measure(uow)
            await idempotency.forget_expired(uow)
        await jobs.top_up(runtime.open_uow, runtime.broker)
    except Unavailable:
        log.warning("sweep_postponed")
        metrics.SWEEPS.labels(outcome="postponed").inc()
        return
    metrics.SWEEPS.labels(outcome="done").inc()
    for queue, waiting in (await runtime.broker.depth()).items():
        metrics.DOORBELL_DEPTH.labels(queue=queue).set(waiting)

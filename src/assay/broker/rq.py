"""The doorbell on RQ: a message carries a job's id and nothing else, and losing it costs a second.

The ringing client gets no retries and a tenth of a second in all: after a commit nobody waits for Redis.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue, Worker
from rq.serializers import JSONSerializer

from assay.domain import jobs
from assay.domain.jobs import QUEUES, JobType, WorkerSeen
from assay.kit.transactions import assert_no_transaction
from assay.observability import metrics

log = structlog.get_logger(__name__)

FUNCTIONS: Final[dict[JobType, str]] = {
    JobType.SCORE_ESSAY: "assay.worker.doorbell.score_essay",
    JobType.GENERATE_RECOMMENDATIONS: "assay.worker.doorbell.generate_recommendations",
    JobType.DELIVER_WEBHOOK: "assay.worker.doorbell.deliver_webhook",
}
"""The functions a worker runs on a ring, by name: the API never imports the worker."""
RING_SECONDS: Final = 0.1
MESSAGE_SECONDS: Final = 120
"""A message that nobody took in this time is dropped: the ledger has long gone on without it."""


def queue_name(queue: jobs.Queue, namespace: str) -> str:
    """The RQ queue's name; a namespace keeps installations on one Redis apart."""
    return f"{namespace}:{queue}" if namespace else str(queue)


def connect(url: str, *, timeout: float | None) -> Redis:
    """A client of the doorbell's Redis. `timeout` in seconds bounds every step; without one the client may wait for messages."""
    return Redis.from_url(
        url, socket_connect_timeout=timeout or 5, socket_timeout=timeout, retry=Retry(NoBackoff(), 0), health_check_interval=0
    )


class RqBroker:
    """Rings through RQ. Calls run in a thread, since RQ is synchronous."""

    def __init__(self, url: str, namespace: str = "", at_home: Callable[[JobType], bool] = lambda _: False) -> None:
        """`at_home` is asked first: a worker that takes the job itself need not be called."""
        self._at_home = at_home
        self._redis = connect(url, timeout=RING_SECONDS)
        self._queues = {
            queue: Queue(queue_name(queue, namespace), connection=self._redis, serializer=JSONSerializer) for queue in jobs.Queue
        }

    async def ring(self, job_type: JobType, job_id: UUID) -> bool:
        """Enqueue a wake-up, unless one waits already; False when Redis did not take it in time.

        A message still in the queue after the commit will be taken after the commit, and one wake-up drains the ledger.
        """
        assert_no_transaction()
        if self._at_home(job_type):
            metrics.DOORBELL_RINGS.labels(outcome="at_home").inc()
            return True
        try:
            rung = await asyncio.wait_for(asyncio.to_thread(self._enqueue, job_type, job_id), RING_SECONDS)
        except (RedisError, TimeoutError, OSError) as error:
            metrics.DOORBELL_RINGS.labels(outcome="lost").inc()
            log.warning("doorbell_unreachable", error=type(error).__name__)
            return False
        metrics.DOORBELL_RINGS.labels(outcome="rung" if rung else "waiting").inc()
        return True

    async def depth(self) -> dict[str, int]:
        """Messages waiting, by queue; empty when Redis is away."""
        assert_no_transaction()
        try:
            return await asyncio.to_thread(lambda: {str(name): queue.count for name, queue in self._queues.items()})
        except (RedisError, OSError):
            return {}

    async def workers(self) -> tuple[WorkerSeen, ...] | None:
        """Worker processes that listen to these queues; None when Redis is away."""
        assert_no_transaction()
        try:
            return await asyncio.to_thread(self._registered)
        except (RedisError, OSError):
            return None

    async def ping(self) -> None:
        """Raises `RedisError` when Redis is away."""
        assert_no_transaction()
        await asyncio.to_thread(self._redis.ping)

    async def eviction_policy(self) -> str:
        """As `INFO` tells it: managed servers do not answer `CONFIG`. Raises `RedisError` when Redis is away."""
        assert_no_transaction()
        told: dict[str, Any] = await asyncio.to_thread(self._redis.info, "memory")
        return str(told.get("maxmemory_policy", "unknown"))

    async def close(self) -> None:
        """Let go of the connections."""
        await asyncio.to_thread(self._redis.close)

    def _registered(self) -> tuple[WorkerSeen, ...]:
        found = Worker.all(queue=self._queues[jobs.Queue.DEFAULT], serializer=JSONSerializer)
        seen = (WorkerSeen(name=f"{each.hostname}:{each.pid}", state=each.get_state(), heard_at=each.last_heartbeat) for each in found)
        return tuple(sorted(seen, key=lambda worker: worker.name))

    def _enqueue(self, job_type: JobType, job_id: UUID) -> bool:
        queue = self._queues[QUEUES[job_type]]
        if queue.count:
            return False
        queue.enqueue_call(FUNCTIONS[job_type], args=(str(job_id),), ttl=MESSAGE_SECONDS, result_ttl=0, failure_ttl=MESSAGE_SECONDS)
        return True

"""The ledger in traces, by the semantic conventions for messaging: a job is sent, processed and settled, all under one trace."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Literal
from uuid import UUID

from assay.domain.jobs import ClaimedJob, JobType
from assay.observability import tracing


@contextmanager
def sending(job_type: JobType, job_id: UUID | None = None) -> Iterator[str | None]:
    """Trace the writing of a job, or of several for whom no single id stands; yields the `traceparent` that they keep."""
    with tracing.span(f"send {job_type}", "PRODUCER", _message("send", job_type, job_id)):
        yield tracing.traceparent()


def processing(job: ClaimedJob, waited: float) -> AbstractContextManager[tracing.Span]:
    """Trace one attempt at a job, as part of what wrote it; it was due for `waited` seconds."""
    told: tracing.Attributes = {"assay.job.attempt": job.attempt, "assay.job.waited": round(waited, 3), "assay.track": job.track}
    attributes = {**_message("process", job.type, job.id), **told}
    return tracing.span(f"process {job.type}", "CONSUMER", attributes, parent=job.traceparent)


def settling(job: ClaimedJob) -> AbstractContextManager[tracing.Span]:
    """Trace the end of a job in the ledger, with what that brings about."""
    return tracing.span(f"settle {job.type}", "CLIENT", _message("settle", job.type, job.id))


def _message(operation: Literal["send", "process", "settle"], job_type: JobType, job_id: UUID | None) -> tracing.Attributes:
    told: tracing.Attributes = {
        "messaging.system": "assay",
        "messaging.destination.name": job_type.value,
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
    }
    return told if job_id is None else {**told, "messaging.message.id": str(job_id)}

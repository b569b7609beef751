"""Jobs in traces: what a row keeps of its trace, through crashes too, and nothing while nobody traces."""

from collectors import collector
from ledger import NewJob, claim, expire, sweep

from assay.db.repositories.job_spans import processing
from assay.db.unit_of_work import OpenUnitOfWork
from assay.observability import tracing
from assay.observability.tracing import Exporting, exporting


async def test_a_job_keeps_its_trace_through_a_crash(open_uow: OpenUnitOfWork, new_job: NewJob) -> None:
    """Each attempt is a child of the span that wrote the job, with its number and how long it was due."""
    with collector() as there:
        async with exporting(Exporting(there.url, {}, "test", "test", 1.0)):
            with tracing.span("request", "SERVER"):
                job_id = await new_job()
            (first,) = await claim(open_uow)
            with processing(first.job, first.waited):
                await expire(open_uow, first.job)
                await sweep(open_uow)
            (second,) = await claim(open_uow, "w2")
            with processing(second.job, second.waited) as span:
                span.fail("retry")
    sent = next(span for span in there.spans if span.name == "send score_essay")
    attempts = [span for span in there.spans if span.name == "process score_essay"]
    assert sent.is_told_by(first.job.traceparent)
    assert first.job.traceparent == second.job.traceparent
    assert [(span.trace, span.parent) for span in attempts] == [(sent.trace, sent.id)] * 2
    assert [(span.attributes["assay.job.attempt"], span.failed) for span in attempts] == [(1, False), (2, True)]
    assert {span.attributes["messaging.message.id"] for span in (sent, *attempts)} == {str(job_id)}


async def test_without_traces_a_job_keeps_none(open_uow: OpenUnitOfWork, new_job: NewJob) -> None:
    """As rows that an older version has written."""
    await new_job()
    ((job, waited, _),) = await claim(open_uow)
    assert job.traceparent is None
    with processing(job, waited):
        assert tracing.traceparent() is None

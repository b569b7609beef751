"""The summary: facts go to the narrator, what comes back is verified sentence by sentence, and a template speaks when too little stands.

A reply is stored under its content key in a transaction of its own, so that doing a job again never pays twice.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import structlog

from assay.db.unit_of_work import OpenUnitOfWork
from assay.domain.degradation import Cause
from assay.domain.errors import CircuitOpen, Fault, ProviderError
from assay.domain.fusion import CheckedSummary, Fact, verify
from assay.domain.grading import ModelReply, Provenance
from assay.domain.jobs import ClaimedJob
from assay.domain.ports import Narrator
from assay.kit.hashing import content_hash
from assay.observability import metrics
from assay.services import model_calls
from assay.services.retrieval import passes

log = structlog.get_logger(__name__)

PURPOSE: Final = "narrate"
MIN_SENTENCES: Final = 2
"""A summary of which less stands is no summary."""


class Narrated(NamedTuple):
    """A verified summary with how it came to be; `cause` names why the fallback had to speak."""

    summary: CheckedSummary
    provenance: Provenance
    cause: Cause | None = None


def reply_key(narrator: Narrator, facts: Sequence[Fact]) -> str:
    """The content address of a reply."""
    return content_hash([PURPOSE, narrator.identity.model_dump(mode="json"), [fact.model_dump(mode="json") for fact in facts]])


async def narrate(
    facts: Sequence[Fact], job: ClaimedJob, *, open_uow: OpenUnitOfWork, narrator: Narrator, fallback: Narrator, patient: bool = False
) -> Narrated:
    """Tell `facts`. When the narrator fails, or fewer than `MIN_SENTENCES` of its sentences stand, the fallback tells them.

    While `patient`, a passing fault is raised as `ProviderError` instead.
    """
    try:
        narrated = await _told(facts, job, open_uow, narrator)
    except ProviderError as error:
        if patient and passes(error):
            raise
        log.warning("narrator_replaced", fault=str(error.fault))
        return await _instead(facts, job, open_uow, fallback, Cause(error.fault.value))
    if len(narrated.summary.sentences) >= MIN_SENTENCES or narrator.identity == fallback.identity:
        return narrated
    log.warning("narrator_replaced", fault=str(Fault.INVALID_REPLY), dropped=len(narrated.summary.dropped))
    return await _instead(facts, job, open_uow, fallback, Cause.INVALID_REPLY)


async def _instead(facts: Sequence[Fact], job: ClaimedJob, open_uow: OpenUnitOfWork, fallback: Narrator, cause: Cause) -> Narrated:
    return (await _told(facts, job, open_uow, fallback))._replace(cause=cause)


async def _told(facts: Sequence[Fact], job: ClaimedJob, open_uow: OpenUnitOfWork, narrator: Narrator) -> Narrated:
    reply, replayed = await _reply(facts, job, open_uow, narrator)
    summary = verify(narrator.read(reply), facts)
    identity = narrator.identity
    if summary.dropped:
        metrics.SENTENCES_DROPPED.labels(producer=identity.producer, track=job.track).inc(len(summary.dropped))
    provenance = Provenance(
        producer=identity.producer,
        model=identity.model,
        prompt_hash=identity.prompt_hash,
        parameters=identity.parameters,
        usage=reply.usage,
        replayed=replayed,
    )
    return Narrated(summary, provenance)


async def _reply(facts: Sequence[Fact], job: ClaimedJob, open_uow: OpenUnitOfWork, narrator: Narrator) -> tuple[ModelReply, bool]:
    if narrator.identity.producer != "openai":  # a template costs nothing: asking again is the replay
        return await narrator.ask(facts), False
    key = reply_key(narrator, facts)
    async with open_uow(autocommit=True) as uow:
        stored = await uow.replies.find(key)
    metrics.looked_up("model_replies", stored is not None, stored is None)
    if stored is not None:
        metrics.MODEL_REPLIES_REUSED.labels(purpose=PURPOSE, track=job.track).inc()
        return stored, True
    try:
        reply = await narrator.ask(facts)
    except CircuitOpen:  # no call, nothing to record
        raise
    except ProviderError as error:
        await _record(job, open_uow, narrator, str(error.fault), None, None)
        raise
    await _record(job, open_uow, narrator, "ok", reply, key)
    return reply, False


async def _record(
    job: ClaimedJob, open_uow: OpenUnitOfWork, narrator: Narrator, outcome: str, reply: ModelReply | None, key: str | None
) -> None:
    await model_calls.record(
        open_uow, assessment_id=job.assessment_id, purpose=PURPOSE, identity=narrator.identity, outcome=outcome, reply=reply, key=key
    )

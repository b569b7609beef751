"""Replies about essays: under their content keys from the store, or asked for, in time, and stored before anything rests on them."""

import asyncio
import unicodedata
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from assay.db.unit_of_work import OpenUnitOfWork
from assay.domain.errors import CircuitOpen, Fault, ProviderError
from assay.domain.grading import EssayTask, Identity, ModelReply, Part, UsedReply, VerdictDraft
from assay.domain.jobs import ClaimedJob
from assay.domain.ports import Grader
from assay.domain.sampling import level_order
from assay.kit.hashing import content_hash, text_hash
from assay.observability import metrics
from assay.services import model_calls

PURPOSE: Final = "score_essay"
USED_UP: Final = "the time set aside for grading is used up"

type KnownReplies = Mapping[str, ModelReply | None]
"""Replies by content key that were looked up already; None stands for one that is not there."""


class Attempt(NamedTuple):
    """What the essays of one job share: the job, its store, what is known already, and until when (the loop's time) a model may answer."""

    job: ClaimedJob
    open_uow: OpenUnitOfWork
    known: KnownReplies
    until: float | None
    last: bool = False


class UsableReply(NamedTuple):
    """A reply, what it was for, and whether it was there already."""

    used: UsedReply
    reply: ModelReply
    stored: bool

    def of_twin(self) -> "UsableReply":
        """The same, as one about the essay's twin."""
        return self._replace(used=self.used.model_copy(update={"twin": True}))

    def of_core(self) -> "UsableReply":
        """The same, as one about the sentences that touch the question."""
        return self._replace(used=self.used.model_copy(update={"core": True}))

    def of_second(self, identity: Identity) -> "UsableReply":
        """The same, as one that a second reader of this identity gave."""
        return self._replace(used=self.used.model_copy(update={"second": identity}))


type Asked = tuple[list[UsableReply], list[tuple[Part, VerdictDraft]]]
"""One reply for each part that was asked about, and what they say."""


def reply_key(identity: Identity, task: EssayTask, failed_quotes: Sequence[str] = ()) -> str:
    """The content address of a reply: essay, rubric, prompt, model and parameters, which call it is, and what was asked again.

    The essay counts by its letters (NFC), not by how a keyboard has put them together.
    """
    address = [
        PURPOSE,
        text_hash(unicodedata.normalize("NFC", task.essay)),
        text_hash(task.prompt),
        task.rubric.hash,
        identity.model_dump(mode="json"),
    ]
    part = task.part
    which = [] if part == Part() else [[part.dimension, part.sample, list(level_order(task.rubric, part.sample))]]
    return content_hash([*address, list(failed_quotes), *which])


async def ask(task: EssayTask, grader: Grader, parts: Sequence[Part], attempt: Attempt, failed_quotes: Sequence[str] = ()) -> Asked:
    """Ask about each of `parts`, side by side. Raises `ProviderError`; what was answered is stored."""
    tasks = [about(task, part) for part in parts]
    replies = await gathered(_reply(each, grader, attempt, failed_quotes) for each in tasks)
    return replies, [(each.part, grader.read(each, got.reply)) for each, got in zip(tasks, replies, strict=True)]


async def gathered[T](calls: Iterable[Awaitable[T]]) -> list[T]:
    """All results. What is under way is finished, and stored, before the first failure is raised."""
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]


async def _reply(task: EssayTask, grader: Grader, attempt: Attempt, failed_quotes: Sequence[str]) -> UsableReply:
    key = reply_key(grader.identity, task, failed_quotes)
    used = UsedReply(key=key, part=task.part, again=bool(failed_quotes))
    stored = attempt.known[key] if key in attempt.known else await _stored(key, attempt.open_uow)
    metrics.looked_up("model_replies", stored is not None, stored is None)
    if stored is not None:
        metrics.MODEL_REPLIES_REUSED.labels(purpose=PURPOSE, track=attempt.job.track).inc()
        return UsableReply(used, stored, stored=True)
    if attempt.until is not None and asyncio.get_running_loop().time() >= attempt.until:
        raise ProviderError(Fault.TIMEOUT, USED_UP)  # a call that is cut at once may still be paid for
    try:
        reply = await _in_time(grader.ask(task, failed_quotes=failed_quotes), attempt.until)
    except CircuitOpen:  # no call, nothing to record
        raise
    except ProviderError as error:
        await _record(attempt, grader, str(error.fault), None, None)
        raise
    await _record(attempt, grader, "ok", reply, key)
    return UsableReply(used, reply, stored=False)


async def _in_time(asking: Awaitable[ModelReply], until: float | None) -> ModelReply:
    try:
        async with asyncio.timeout_at(until):
            return await asking
    except TimeoutError:
        raise ProviderError(Fault.TIMEOUT, USED_UP) from None


async def _stored(key: str, open_uow: OpenUnitOfWork) -> ModelReply | None:
    async with open_uow(autocommit=True) as uow:
        return await uow.replies.find(key)


async def _record(attempt: Attempt, grader: Grader, outcome: str, reply: ModelReply | None, key: str | None) -> None:
    await model_calls.record(
        attempt.open_uow,
        assessment_id=attempt.job.assessment_id,
        purpose=PURPOSE,
        identity=grader.identity,
        outcome=outcome,
        reply=reply,
        key=key,
    )


def about(task: EssayTask, part: Part) -> EssayTask:
    """`task` as the call about `part` of it."""
    return task if task.part == part else task.model_copy(update={"part": part})

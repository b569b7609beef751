"""One essay from task to verified verdict: what is asked of whom, what is read from store, and when the substitute speaks.

Every call is a reply under its own content key, stored before anything rests on it, so that no call is ever paid for twice. The calls
about one essay (readings, dimensions, the twin without flagged spans) are made at once; only a verdict that is nearly the best there is
is looked at more closely after them. From replies to verdict leads `domain.judging`.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from typing import Final, NamedTuple
from uuid import UUID

import structlog

from assay.domain import doubts, judging, prechecks
from assay.domain.errors import PERMANENT_FAULTS, CircuitOpen, ProviderError
from assay.domain.grading import EssayTask, Identity, Part, Provenance, Quote, Verdict, total
from assay.domain.jobs import backoff_seconds
from assay.domain.judging import Looks, Round
from assay.domain.ports import Grader
from assay.domain.prechecks import Flag
from assay.kit.model import Value
from assay.observability import metrics
from assay.services import asking
from assay.services.asking import Asked, Attempt, UsableReply, about, gathered, reply_key

log = structlog.get_logger(__name__)

NOBODY: Final = "none"
"""The model named by a verdict on an essay that no grader could judge."""
FALLBACK_SECONDS: Final = 1.0
"""Of the grading budget, what is kept for the substitute: three essays of 12,000 characters take it a fifth of that on two cores."""
LOOK_AFTER_SECONDS: Final = 1.0
"""The pre-checks wait so long, or for the reply: of a hundred essays at once, each is with the model before the first is looked at."""
WORTH_TRYING_SECONDS: Final = 1.0
"""With less than this left after the delay, the ledger need not try again."""
NO_QUOTE: Final = ("",)
"""What is named when asking again about a level for which no quote was given at all."""


class Essay(Value):
    """One essay with the question it answers."""

    question_id: UUID
    task: EssayTask
    min_words: int = 0


class Graders(NamedTuple):
    """The configured grader with the calls it is asked in, and the one that speaks when it cannot. Without a provider they are the same."""

    primary: Grader
    fallback: Grader
    parts: tuple[Part, ...] = (Part(),)
    closer_look: bool = False
    """Whether verdicts near the top are held against further readings."""

    @property
    def second(self) -> Grader | None:
        """Who reads an essay again whose verdict is doubtful."""
        return self.fallback if self.closer_look and self.primary is not self.fallback else None


class Graded(NamedTuple):
    """A verified verdict with how it came to be; `fault` names why the fallback had to speak."""

    essay: Essay
    verdict: Verdict
    provenance: Provenance
    reply_key: str
    fault: ProviderError | None = None


class _Read(NamedTuple):
    """What one text was judged to be, and the replies that say so."""

    found: Round
    replies: list[UsableReply]


def flags_of(essay: Essay) -> tuple[Flag, ...]:
    """What the pre-checks notice about the essay."""
    return prechecks.precheck(essay.task.essay, prompt=essay.task.prompt, min_words=essay.min_words)


def first_keys(essays: Iterable[Essay], graders: Graders) -> list[str]:
    """The keys of the replies that grading begins with, to be looked up at once."""
    return [
        reply_key(graders.primary.identity, about(essay.task, part))
        for essay in essays
        for part in graders.parts
        if essay.task.essay.strip()
    ]


async def grade(essay: Essay, graders: Graders, attempt: Attempt) -> Graded:
    """The verdict on `essay`, by the configured grader while there is time, else by the substitute.

    Raises `ProviderError` when the grader failed and the ledger may try again in time.
    """
    if not any(map(str.isalnum, essay.task.essay)):
        return Graded(essay, judging.blank(essay.task, flags_of(essay)), unasked(essay, graders.fallback.identity.model), "")
    alone = graders.primary is graders.fallback
    hurried = attempt._replace(until=None) if alone else attempt  # without a substitute there is nobody to keep time for
    try:
        return await _judged(essay, graders.primary, graders.parts, hurried, graders.second)
    except ProviderError as error:
        if not attempt.last and _may_try_again(error, attempt):
            raise
        fault = error
    log.warning("grader_replaced", fault=str(fault.fault), question=str(essay.question_id))
    unhurried = attempt._replace(known={}, until=None)
    graded = await _judged(essay, graders.fallback, (Part(),), unhurried)
    return graded._replace(fault=fault)


def unasked(essay: Essay, model: str) -> Provenance:
    """How a verdict came to be that no grader was asked for."""
    return Provenance(producer="static", model=model, prompt_hash="", rubric_hash=essay.task.rubric.hash)


def _may_try_again(error: ProviderError, attempt: Attempt) -> bool:
    if isinstance(error, CircuitOpen) or error.fault in PERMANENT_FAULTS or attempt.until is None:
        return False
    delay = backoff_seconds(attempt.job.errors + 1, error.retry_after, draw=1.0)
    return asyncio.get_running_loop().time() + delay + WORTH_TRYING_SECONDS < attempt.until


async def _judged(essay: Essay, grader: Grader, parts: Sequence[Part], attempt: Attempt, second_reader: Grader | None = None) -> Graded:
    asked = asyncio.ensure_future(asking.ask(essay.task, grader, parts, attempt))
    flags = await _looked_at(essay, asked)
    twin = judging.twin_of(essay.task, flags)
    reading = [_read(asked, essay.task, grader, parts, attempt, judging.set_aside(flags))]
    if twin is not None:
        reading.append(_read(asking.ask(twin, grader, parts, attempt), twin, grader, parts, attempt))
    read, *others = await gathered(reading)
    replies = [*read.replies, *(each.of_twin() for other in others for each in other.replies)]
    looks = Looks(twin=others[0].found if others else None)
    _count_twin(read.found, essay, flags, looks, grader, attempt)
    if second_reader is not None:
        looks, more = await _looked_closer(read.found, essay.task, flags, looks, _Markers(grader, parts, second_reader), attempt)
        replies += more
    verdict = judging.conclude(read.found, essay.task, flags, looks)
    _count(verdict, grader, attempt)
    return Graded(essay, verdict, _provenance(essay, grader.identity, replies), replies[0].used.key)


class _Markers(NamedTuple):
    """Who gave a verdict, in which calls, and who reads an essay again whose verdict is doubtful."""

    grader: Grader
    parts: Sequence[Part]
    second: Grader


async def _looked_closer(
    found: Round, task: EssayTask, flags: Sequence[Flag], looks: Looks, markers: _Markers, attempt: Attempt
) -> tuple[Looks, list[UsableReply]]:
    """What else a verdict that is nearly the best is held against: the second reader, then, if that does not refute it, its core.

    What does not touch the question may mislead the second reader too: a whole that would refute the verdict is read again without it.
    """
    verdict = judging.compared(found, task, flags, looks.twin)
    if not doubts.is_doubtful(verdict):
        return looks, []
    replies: list[UsableReply] = []
    core = judging.core_of(task, flags)
    if (whole := judging.second_of(task, flags)) is not None:
        read = await _second_reading(whole, markers.second, attempt)
        replies += read.replies
        if core is not None and judging.refuted(verdict, read.found):
            read = await _second_reading(core, markers.second, attempt)
            replies += (each.of_core() for each in read.replies)
        looks, replies = looks._replace(second=read.found), [each.of_second(markers.second.identity) for each in replies]
        if judging.refuted(verdict, read.found):
            return looks, replies
    if core is not None:
        try:
            read = await _read(asking.ask(core, markers.grader, markers.parts, attempt), core, markers.grader, markers.parts, attempt)
        except ProviderError as error:  # an honest essay is not to lose its level because the model is away by now
            log.warning("core_not_read", fault=str(error.fault))
        else:
            looks, replies = looks._replace(core=read.found), [*replies, *(each.of_core() for each in read.replies)]
    return looks, replies


async def _second_reading(task: EssayTask, reader: Grader, attempt: Attempt) -> _Read:
    parts, unhurried = (Part(),), attempt._replace(known={}, until=None)
    return await _read(asking.ask(task, reader, parts, unhurried), task, reader, parts, unhurried)


async def _looked_at(essay: Essay, asked: asyncio.Future[Asked]) -> tuple[Flag, ...]:
    try:
        await asyncio.wait([asked], timeout=LOOK_AFTER_SECONDS)
        if asked.done():
            asked.result()  # without a reply there is nothing to look at: the next who is asked will
        return flags_of(essay)
    except BaseException:
        asked.cancel()
        raise


async def _read(
    asked: Awaitable[Asked], task: EssayTask, grader: Grader, parts: Sequence[Part], attempt: Attempt, aside: Sequence[Quote] = ()
) -> _Read:
    """Check the evidence of what was `asked`, ask once more about quotes that are not there, and take what is proved."""
    replies, drafts = await asked
    found = judging.judge(drafts, task.essay, aside)
    if found.failed:
        metrics.QUOTES_REJECTED.labels(producer=grader.identity.producer, track=attempt.job.track).inc(len(found.failed))
    if not found.unproved:
        return _Read(found, replies)
    again = [part for part in parts if part.sample == 0 and part.dimension in {None, *found.unproved}]
    try:
        more, drafts = await asking.ask(task, grader, again, attempt._replace(known={}), found.failed or NO_QUOTE)
        return _Read(judging.judge_again(found, drafts, task.essay, aside), [*replies, *more])
    except ProviderError:
        return _Read(found, replies)  # the first round stands, with its unproved dimensions held


def _provenance(essay: Essay, identity: Identity, replies: Sequence[UsableReply]) -> Provenance:
    return Provenance(
        producer=identity.producer,
        model=identity.model,
        prompt_hash=identity.prompt_hash,
        rubric_hash=essay.task.rubric.hash,
        parameters=identity.parameters,
        usage=total(each.reply.usage for each in replies if each.used.second is None),  # a second reader here has no price
        replayed=all(each.stored for each in replies),
        replies=tuple(each.used for each in replies),
    )


def _count_twin(found: Round, essay: Essay, flags: Sequence[Flag], looks: Looks, grader: Grader, attempt: Attempt) -> None:
    if looks.twin is None:
        return
    alone, beside = (judging.compared(found, essay.task, flags, twin).levels() for twin in (None, looks.twin))
    outcome = "same" if alone == beside else "held"
    metrics.ESSAY_TWINS.labels(outcome=outcome, producer=grader.identity.producer, track=attempt.job.track).inc()


def _count(verdict: Verdict, grader: Grader, attempt: Attempt) -> None:
    producer, track = grader.identity.producer, attempt.job.track
    for correction in verdict.corrections:
        metrics.COMMENTS_CORRECTED.labels(producer=producer, kind=correction.kind, track=track).inc()
    for given in verdict.dimensions.values():
        if given.cap is not None:
            metrics.LEVELS_CAPPED.labels(flag=given.cap.flag, track=track).inc()
        if given.held:
            metrics.LEVELS_HELD.labels(producer=producer, track=track).inc()

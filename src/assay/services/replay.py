"""Replay: the levels of an assessment once more from the stored replies, by the same path, without asking anybody."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from assay.db.models import EssayScore
from assay.db.unit_of_work import OpenUnitOfWork
from assay.domain import judging
from assay.domain.errors import NotFound, ProviderError
from assay.domain.grading import (
    DimensionVerdict,
    EssayTask,
    Identity,
    ModelReply,
    Part,
    Producer,
    Provenance,
    Quote,
    UsedReply,
    Verdict,
    VerdictDraft,
)
from assay.domain.judging import Looks, Round
from assay.domain.prechecks import Flag
from assay.domain.rubric import Dimension
from assay.kit.model import Value
from assay.services import asking, essay_scoring, grading
from assay.services.grading import Essay
from assay.services.question_bank import QuestionBank

type Reader = Callable[[EssayTask, ModelReply], VerdictDraft]
"""How a stored reply is read again; raises `ProviderError` when it holds no verdict."""


class Level(Value):
    """What one dimension was given, and what that counts for; both None when it is held."""

    given: int | None
    counts: int | None


class ReplayedLevel(Value):
    """One dimension: as stored, and as it comes out now (None when it could not be derived)."""

    dimension: Dimension
    stored: Level
    replayed: Level | None
    same: bool


class ReplayedEssay(Value):
    """One essay. `problem` says why it could not be replayed, empty when it could."""

    question_id: UUID
    producer: Producer
    model: str
    replies: int
    flags: tuple[str, ...]
    """What the pre-checks notice now."""
    stored_flags: tuple[str, ...]
    """What they noticed then. Where the two differ, caps and twins may too."""
    levels: tuple[ReplayedLevel, ...]
    problem: str = ""
    same: bool


class Replay(Value):
    """One assessment, essays in the order they were asked."""

    assessment_id: UUID
    essays: tuple[ReplayedEssay, ...]
    same: bool


class _Unreplayable(Exception):
    """Why an essay cannot be replayed, in a sentence."""


class _Case(NamedTuple):
    """A stored score with what it rests on."""

    essay: Essay
    provenance: Provenance
    replies: Mapping[str, ModelReply | None]
    readers: Mapping[Producer, Reader]


async def replay(open_uow: OpenUnitOfWork, bank: QuestionBank, readers: Mapping[Producer, Reader], assessment_id: UUID) -> Replay:
    """Derive the levels of `assessment_id` again and lay them beside the stored ones. Nothing is written and nobody is asked.

    Raises `NotFound` when there is no such assessment or none of its essays has been scored.
    """
    async with open_uow(autocommit=True) as uow:
        essays, _ = await essay_scoring.read_essays(uow, bank, assessment_id)
        scores = {score.question_id: score for score in await uow.scores.essay_scores(assessment_id)}
        provenances = {question: Provenance.model_validate(score.provenance) for question, score in scores.items()}
        keys = [used.key for provenance in provenances.values() for used in provenance.replies]
        replies = await uow.replies.find_all(keys)
    if not scores:
        raise NotFound(f"There is no scored essay of an assessment {assessment_id}.")
    done = tuple(
        _essay(essay, scores[essay.question_id], provenances[essay.question_id], replies, readers)
        for essay in essays
        if essay.question_id in scores
    )
    return Replay(assessment_id=assessment_id, essays=done, same=len(done) == len(scores) and all(essay.same for essay in done))


def _essay(
    essay: Essay, score: EssayScore, provenance: Provenance, replies: Mapping[str, ModelReply | None], readers: Mapping[Producer, Reader]
) -> ReplayedEssay:
    stored, problem = Verdict.model_validate(score.verdict), ""
    again: Verdict | None = None
    try:
        again = _verdict(essay, provenance, replies, readers)
    except (_Unreplayable, ProviderError) as error:
        problem = str(error)
    levels = tuple(_beside(name, given, again.dimensions.get(name) if again else None) for name, given in stored.dimensions.items())
    return ReplayedEssay(
        question_id=essay.question_id,
        producer=provenance.producer,
        model=provenance.model,
        replies=len(provenance.replies),
        flags=tuple(flag.kind.value for flag in grading.flags_of(essay)),
        stored_flags=stored.flags,
        levels=levels,
        problem=problem,
        same=not problem and all(level.same for level in levels),
    )


def _beside(name: Dimension, stored: DimensionVerdict, again: DimensionVerdict | None) -> ReplayedLevel:
    before, after = _level(stored), _level(again) if again else None
    return ReplayedLevel(dimension=name, stored=before, replayed=after, same=before == after)


def _level(given: DimensionVerdict) -> Level:
    return Level(given=given.level, counts=given.counts)


def _verdict(essay: Essay, provenance: Provenance, replies: Mapping[str, ModelReply | None], readers: Mapping[Producer, Reader]) -> Verdict:
    flags = grading.flags_of(essay)
    if provenance.producer not in readers:
        return judging.not_scored(flags) if provenance.model == grading.NOBODY else judging.blank(essay.task, flags)
    if provenance.rubric_hash != essay.task.rubric.hash:
        raise _Unreplayable("the score was given under another rubric than the question has")
    case = _Case(essay, provenance, replies, readers)
    found = _round(case, essay.task, judging.set_aside(flags), _used(case))
    return judging.conclude(found, essay.task, flags, _looks(case, flags))


def _used(case: _Case, *, twin: bool = False, core: bool = False, second: bool = False) -> list[UsedReply]:
    """The replies about the essay itself, or those of one of the looks at it."""
    wanted = (twin, core, second)
    return [each for each in case.provenance.replies if (each.twin, each.core, each.second is not None) == wanted]


def _looks(case: _Case, flags: Sequence[Flag]) -> Looks:
    task = case.essay.task
    twin, whole, core = judging.twin_of(task, flags), judging.second_of(task, flags), judging.core_of(task, flags)
    return Looks(
        twin=_look(case, twin, _used(case, twin=True)),
        second=_look(case, core, _used(case, second=True, core=True)) or _look(case, whole, _used(case, second=True)),
        core=_look(case, core, _used(case, core=True)),
    )


def _look(case: _Case, task: EssayTask | None, used: Sequence[UsedReply]) -> Round | None:
    if not used:
        return None
    if task is None:
        raise _Unreplayable("it was graded without some passages too, and the pre-checks find none now")
    return _round(case, task, (), used)


def _round(case: _Case, task: EssayTask, aside: Sequence[Quote], used: Sequence[UsedReply]) -> Round:
    found = judging.judge(_drafts(case, task, [each for each in used if not each.again], ()), task.essay, aside)
    again = [each for each in used if each.again]
    if not again:
        return found
    return judging.judge_again(found, _drafts(case, task, again, found.failed or grading.NO_QUOTE), task.essay, aside)


def _drafts(case: _Case, task: EssayTask, used: Sequence[UsedReply], failed: Sequence[str]) -> list[tuple[Part, VerdictDraft]]:
    if not used:
        raise _Unreplayable("the score names no reply that it rests on")
    drafts = []
    for each in used:
        about, identity = task.model_copy(update={"part": each.part}), each.second or _identity(case.provenance)
        if asking.reply_key(identity, about, failed) != each.key:
            raise _Unreplayable("a reply was given to another essay, question or prompt than the score names")
        reply = case.replies.get(each.key)
        if reply is None:
            raise _Unreplayable(f"the reply {each.key[:12]} is not stored any more")
        drafts.append((each.part, case.readers[identity.producer](about, reply)))
    return drafts


def _identity(provenance: Provenance) -> Identity:
    return Identity(
        producer=provenance.producer, model=provenance.model, prompt_hash=provenance.prompt_hash, parameters=provenance.parameters
    )

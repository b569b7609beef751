"""A question tried with a sample answer before anybody is asked it: what its rule or its rubric would make of the answer."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from assay.db.unit_of_work import OpenUnitOfWork
from assay.domain import answers, judging, prechecks
from assay.domain.actors import Actor
from assay.domain.audit import AuditAction
from assay.domain.errors import FieldProblem, Invalid, ProviderError
from assay.domain.grading import EssayTask, Part, Producer, Verdict
from assay.domain.ports import Grader
from assay.domain.prechecks import Flag
from assay.domain.questions import QuestionContent, TextOptions
from assay.domain.rubric import Rubric
from assay.domain.rubric_lint import Finding, lint
from assay.domain.rules import score
from assay.domain.signals import read_signals
from assay.kit.ids import new_id
from assay.kit.model import Value
from assay.services import audit, question_edits
from assay.services.asking import about, gathered
from assay.services.grading import Graders


class DryRunWrite(Value):
    """A sample answer, in the shape that the question's format asks for."""

    answer: Any = None


class EssayTried(Value):
    """What one grader made of a sample essay, its evidence checked; `fault` when it could not be asked."""

    producer: Producer
    model: str
    verdict: Verdict | None = None
    percent: float | None = None
    fault: str | None = None


class DryRunRead(Value):
    """What became of a sample answer: credit by a rule, signals, or what each grader says; and what is weak in the rubric."""

    credit: float | None = None
    signals: Mapping[str, float] | None = None
    essay: tuple[EssayTried, ...] = ()
    lint: tuple[Finding, ...] = ()


async def run(content: QuestionContent, answer: Any, graders: Graders) -> DryRunRead:
    """Try `content` with `answer`; an essay is read by the configured grader and the built-in one. Call it outside of units.

    Nothing is stored and nothing is taken from the store. Raises `Invalid` for an answer that the format does not take.
    """
    if problem := answers.objection(content, answer):
        raise Invalid("The sample is no answer to this question.", problems=(FieldProblem("/answer", problem),))
    if content.rule is not None:
        return DryRunRead(credit=round(score(content.rule, answer), 4))
    if content.signals is not None:
        return DryRunRead(signals=read_signals(content.signals, answer))
    if content.rubric is None:  # the content's own validation refuses this
        msg = "a question that nothing judges"
        raise TypeError(msg)
    return await _essay(content, content.rubric, answer or "", graders)


async def of_bank(open_uow: OpenUnitOfWork, actor: Actor | None, question_id: UUID, answer: Any, graders: Graders) -> DryRunRead:
    """Try a question of the bank; that it was tried is recorded, with what is not. Without an `actor` it was the operator.

    Raises `NotFound` and what `run` raises.
    """
    async with open_uow() as uow:
        question = await question_edits.get(uow, question_id)
        await audit.record(uow, actor, AuditAction.QUESTION_TRIED, "question", question_id, {})
    return await run(question.content, answer, graders)


async def of_draft(open_uow: OpenUnitOfWork, actor: Actor | None, content: QuestionContent, answer: Any, graders: Graders) -> DryRunRead:
    """Try a question that is not in the bank and has no id to be found by. Otherwise as `of_bank`."""
    async with open_uow() as uow:
        await audit.record(uow, actor, AuditAction.QUESTION_TRIED, "question_draft", new_id(), {})
    return await run(content, answer, graders)


async def _essay(content: QuestionContent, rubric: Rubric, essay: str, graders: Graders) -> DryRunRead:
    bounds = content.options if isinstance(content.options, TextOptions) else TextOptions()
    task = EssayTask(prompt=content.prompt, essay=essay, rubric=rubric)
    flags = prechecks.precheck(essay, prompt=content.prompt, min_words=bounds.min_words or 0)
    if not any(map(str.isalnum, essay)):
        return DryRunRead(lint=lint(rubric))
    asked: list[tuple[Grader, tuple[Part, ...]]] = [(graders.fallback, (Part(),))]
    if graders.primary is not graders.fallback:
        asked.insert(0, (graders.primary, graders.parts))
    tried = await gathered(_tried(task, flags, grader, parts) for grader, parts in asked)
    return DryRunRead(essay=tuple(tried), lint=lint(rubric))


async def _tried(task: EssayTask, flags: tuple[Flag, ...], grader: Grader, parts: tuple[Part, ...]) -> EssayTried:
    by = grader.identity
    tasks = [about(task, part) for part in parts]
    try:
        replies = await gathered(grader.ask(each) for each in tasks)
        drafts = [(each.part, grader.read(each, reply)) for each, reply in zip(tasks, replies, strict=True)]
    except ProviderError as error:
        return EssayTried(producer=by.producer, model=by.model, fault=error.fault)
    found = judging.judge(drafts, task.essay, judging.set_aside(flags))
    verdict = judging.conclude(found, task, flags)
    levels = verdict.levels()
    percent = round(task.rubric.percent(levels), 1) if levels else None
    return EssayTried(producer=by.producer, model=by.model, verdict=verdict, percent=percent)

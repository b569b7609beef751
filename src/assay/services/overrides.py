"""An advisor's level instead of a model's, or the same one as a confirmation; the model's stays beside it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from assay.db.repositories.overrides import StandingOverride
from assay.db.unit_of_work import UnitOfWork
from assay.domain import overrides
from assay.domain.actors import Actor, Author
from assay.domain.audit import AuditAction
from assay.domain.errors import Conflict, FieldProblem, Invalid, NotFound
from assay.domain.grading import Verdict
from assay.domain.rubric import Dimension, Level, Rubric
from assay.kit.model import Value
from assay.kit.text import StorableText
from assay.services import audit, responses
from assay.services.question_bank import QuestionBank


class OverrideWrite(Value):
    """Levels from 0 to 4 by dimension, those that are left out stay as they are.

    A level that differs from the model's needs a `reason`, which the student reads; one that is the same confirms it.
    """

    levels: Annotated[dict[Dimension, Level], Field(min_length=1)]
    reason: Annotated[StorableText, Field(max_length=overrides.MAX_REASON)] | None = None


class OverrideRead(Value):
    """What an advisor said of one dimension."""

    level: Level
    reason: str | None
    """None where the model's level was confirmed without a word."""
    by: Author
    at: datetime


class StandingLevel(Value):
    """The level that stands, and the model's beside it. Without an override they are the same; without either it is held."""

    level: Level | None
    model_level: Level | None
    override: OverrideRead | None


class OverrideReceipt(Value):
    """An essay's score after the override, by the levels that stand, and by the model's alone."""

    essay_score_id: UUID
    assessment_id: UUID
    question_id: UUID
    percent: float
    model_percent: float
    dimensions: dict[Dimension, StandingLevel]


type EssayOverrides = Mapping[Dimension, OverrideRead]
"""The overrides of one essay that stand."""


async def override(uow: UnitOfWork, bank: QuestionBank, actor: Actor, essay_score_id: UUID, write: OverrideWrite) -> OverrideReceipt:
    """Write the caller's levels; earlier ones are kept as history, the newest of a dimension stands.

    Everything that shows the result follows from the next reading on. What was recommended and written before stays as it is:
    a recommendation is not made again for an override, since an advisor who disagrees with one says so in the feedback.
    Raises `NotFound` for a score that is not the caller's to see, `Conflict` when it has been replaced by a newer one, and
    `Invalid` for a change without a reason.
    """
    found = await uow.overrides.target(essay_score_id)
    row = await uow.assessments.visible(found.assessment_id, actor, lock=True) if found else None
    if found is None or row is None:
        raise NotFound("There is no such essay score.")
    if found.newer_id is not None:
        raise Conflict(
            "This essay has been scored again since. Look at the new score.",
            code="score_replaced",
            essay_score_id=str(found.newer_id),
        )
    verdict = Verdict.model_validate(found.verdict)
    changed = overrides.changes(verdict, write.levels)
    reason = write.reason if write.reason and write.reason.strip() else None
    if changed and reason is None:
        raise Invalid(
            "Say why the level should be another one; the student will read it.",
            code="reason_required",
            problems=(FieldProblem("/reason", "a level that differs from the model's needs a reason"),),
        )
    contents = await responses.asked_contents(uow, bank, row.id)
    before = (await standing(uow, actor, row.id)).get(found.question_id, {})
    await uow.overrides.add(essay_score_id, actor.id, write.levels, reason)
    after = (await standing(uow, actor, row.id))[found.question_id]
    action = AuditAction.ESSAY_SCORE_OVERRIDDEN if changed else AuditAction.ESSAY_SCORE_CONFIRMED
    await audit.record(uow, actor, action, "essay_score", essay_score_id, _changes(verdict, write.levels, before))
    content = contents.get(found.question_id)
    return OverrideReceipt(
        essay_score_id=essay_score_id,
        assessment_id=row.id,
        question_id=found.question_id,
        percent=round(percent(found.percent, content.rubric if content else None, verdict, after), 1),
        model_percent=round(found.percent, 1),
        dimensions=standing_levels(verdict, after),
    )


async def standing(uow: UnitOfWork, reader: Actor, assessment_id: UUID) -> dict[UUID, dict[Dimension, OverrideRead]]:
    """The overrides of an assessment that stand, by question and dimension, as `reader` may know their authors."""
    found: dict[UUID, dict[Dimension, OverrideRead]] = {}
    for row in await uow.overrides.standing(assessment_id):
        found.setdefault(row.question_id, {})[Dimension(row.dimension)] = _read(row, reader)
    return found


def standing_levels(verdict: Verdict, said: EssayOverrides) -> dict[Dimension, StandingLevel]:
    """Each dimension of `verdict` with the level that stands, the model's, and what an advisor said."""
    levels = overrides.standing(verdict, _levels(said))
    return {
        dimension: StandingLevel(level=levels.get(dimension), model_level=graded.level, override=said.get(dimension))
        for dimension, graded in verdict.dimensions.items()
    }


def percent(stored: float, rubric: Rubric | None, verdict: Verdict, said: EssayOverrides) -> float:
    """The essay's score in percent by the levels that stand."""
    return overrides.percent(stored, rubric, verdict, _levels(said))


def _levels(said: EssayOverrides) -> dict[Dimension, Level]:
    return {dimension: override.level for dimension, override in said.items()}


def _read(row: StandingOverride, reader: Actor) -> OverrideRead:
    by = Author.shown_to(reader, row.author_role, row.author_pseudonym)
    return OverrideRead(level=row.level, reason=row.reason, by=by, at=row.at)


def _changes(verdict: Verdict, levels: Mapping[Dimension, Level], before: EssayOverrides) -> dict[str, dict[str, int | None]]:
    stood = standing_levels(verdict, before)
    return {
        dimension.value: {"model": stood[dimension].model_level, "before": stood[dimension].level, "after": level}
        for dimension, level in levels.items()
        if dimension in stood
    }

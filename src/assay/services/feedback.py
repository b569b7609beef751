"""What students and advisors think of a recommendation: does it fit, do they take it."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from assay.db.repositories.assessments import AssessmentRow
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor, Author, Role
from assay.domain.audit import AuditAction
from assay.domain.errors import FieldProblem, Invalid, NotFound
from assay.kit.model import Value
from assay.kit.text import StorableText
from assay.services import assessments, audit, webhook_events

type Rating = Annotated[int, Field(ge=1, le=5, strict=True)]
type Decision = Literal["accept", "reject"]


class ItemFeedback(Value):
    """What somebody decides about one recommended credential."""

    credential_id: UUID
    decision: Decision
    reason: Annotated[StorableText, Field(max_length=1_000)] = ""


class FeedbackWrite(Value):
    """Relevance and fit for the role from 1 (not at all) to 5 (very much), and decisions."""

    relevance: Rating
    fit: Rating
    decision: Decision | None = None
    items: tuple[ItemFeedback, ...] = Field(default=(), max_length=20)
    comment: Annotated[StorableText, Field(max_length=4_000)] | None = None


class FeedbackReceipt(FeedbackWrite):
    """What stands."""

    recommendation_id: UUID


class AdvisorDecision(Value):
    """What an advisor said of a recommendation, as other advisors of the student read it."""

    recommendation_id: UUID
    by: Author
    own: bool
    """Whether the reader said it."""
    decision: Decision | None
    relevance: Rating
    fit: Rating
    items: tuple[ItemFeedback, ...]
    comment: str | None
    at: datetime


async def give(uow: UnitOfWork, actor: Actor, recommendation_id: UUID, feedback: FeedbackWrite) -> FeedbackReceipt:
    """Write the caller's feedback; their earlier one is replaced.

    Raises `NotFound` for a recommendation that is not theirs to see and `Invalid` for a credential that was not recommended.
    """
    row = await _assessment_of(uow, actor, recommendation_id)
    items = await uow.recommendations.items(recommendation_id)
    versions = await uow.credentials.by_version_ids([item.credential_version_id for item in items])
    recommended = {version.credential_id for version in versions.values()}
    unknown = tuple(
        FieldProblem(f"/items/{index}/credentialId", "this credential was not recommended here")
        for index, item in enumerate(feedback.items)
        if item.credential_id not in recommended
    )
    if unknown:
        raise Invalid("Feedback can only be given on what was recommended.", problems=unknown)
    await uow.feedback.put(
        recommendation_id=recommendation_id,
        author_id=actor.id,
        author_role=actor.role,
        track_slug=row.track_slug,
        relevance=feedback.relevance,
        fit=feedback.fit,
        decision=feedback.decision,
        items=[item.model_dump(mode="json") for item in feedback.items],
        comment=feedback.comment,
    )
    if actor.role is Role.ADVISOR:
        await audit.record(uow, actor, AuditAction.RECOMMENDATION_JUDGED, "recommendation", recommendation_id, _without_words(feedback))
    await webhook_events.feedback_given(uow, row.id, row.track_slug, recommendation_id, actor.role)
    return FeedbackReceipt(recommendation_id=recommendation_id, **feedback.model_dump(by_alias=False))


def _without_words(feedback: FeedbackWrite) -> dict[str, Any]:
    """What the audit trail keeps of it: reasons and comments may tell of the student."""
    kept = feedback.model_dump(mode="json", include={"relevance", "fit", "decision"}, exclude_none=True)
    return {**kept, "items": {str(item.credential_id): item.decision for item in feedback.items}}


async def mine(uow: UnitOfWork, actor: Actor, recommendation_id: UUID) -> FeedbackReceipt | None:
    """What the caller said before."""
    row = await uow.feedback.by_author(recommendation_id, actor.id)
    if row is None:
        return None
    return FeedbackReceipt(
        recommendation_id=recommendation_id,
        relevance=row.relevance,
        fit=row.fit,
        decision=row.decision,
        items=tuple(ItemFeedback.model_validate(item) for item in row.items),
        comment=row.comment,
    )


async def decisions(uow: UnitOfWork, reader: Actor, assessment_ids: Sequence[UUID]) -> dict[UUID, tuple[AdvisorDecision, ...]]:
    """What advisors said, by assessment, oldest first; for an advisor who may see these assessments, empty for anybody else."""
    found: dict[UUID, tuple[AdvisorDecision, ...]] = {}
    if reader.role is not Role.ADVISOR:
        return found
    for row in await uow.feedback.by_advisors(assessment_ids):
        told = AdvisorDecision.model_validate(
            {
                **{name: getattr(row, name) for name in ("recommendation_id", "decision", "relevance", "fit", "items", "comment", "at")},
                "by": Author.shown_to(reader, Role.ADVISOR, row.author_pseudonym),
                "own": row.author_id == reader.id,
            }
        )
        found[row.assessment_id] = (*found.get(row.assessment_id, ()), told)
    return found


async def _assessment_of(uow: UnitOfWork, actor: Actor, recommendation_id: UUID) -> AssessmentRow:
    """Whose recommendation it is. Nothing tells another's from one that does not exist."""
    if assessment_id := await uow.feedback.assessment_of(recommendation_id):
        with suppress(NotFound):
            return await assessments.visible(uow, actor, assessment_id)
    raise NotFound("There is no such recommendation.")

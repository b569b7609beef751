"""Bodies of the assessment routes, and the shape of a status answer."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from assay.domain.degradation import Degradation
from assay.domain.progress import AssessmentStatus, Progress, StageProgress
from assay.kit.model import Value
from assay.kit.text import StorableText
from assay.services.responses import ResponseWrite


class StartRequest(Value):
    """Which track to start."""

    track_id: UUID


class ResumeRequest(Value):
    """The token that `start` answered."""

    resume_token: Annotated[StorableText, Field(min_length=1, max_length=4_096)]


class SaveRequest(Value):
    """A batch of answers. `client_batch_id` makes repeating it safe."""

    responses: Annotated[tuple[ResponseWrite, ...], Field(min_length=1, max_length=50)]
    client_batch_id: Annotated[StorableText, Field(min_length=1, max_length=100)]


class SubmitRequest(Value):
    """`confirm_unanswered` submits although questions are empty; they then earn nothing."""

    confirm_unanswered: Annotated[bool, Field(strict=True)] = False


class StagesRead(Value):
    """The three stages a result goes through."""

    rule_scoring: StageProgress
    essay_scoring: StageProgress
    recommendations: StageProgress


class StatusRead(Value):
    """Where an assessment stands. `percent` of the way; the estimate is in seconds, null while nothing runs."""

    status: AssessmentStatus
    percent: int
    stages: StagesRead
    degraded: bool
    degradations: tuple[Degradation, ...]
    estimated_seconds_remaining: int | None
    held_back: str | None = None
    """Told to a student whose result is there and not to be seen yet: why, in a sentence."""

    @classmethod
    def of(cls, progress: Progress) -> Self:
        """The answer for `progress`."""
        return cls(
            status=progress.status,
            percent=progress.percent,
            stages=StagesRead(
                rule_scoring=progress.rule_scoring,
                essay_scoring=progress.essay_scoring,
                recommendations=progress.recommendations,
            ),
            degraded=progress.degraded,
            degradations=progress.degradations,
            estimated_seconds_remaining=progress.estimated_seconds_remaining,
            held_back=progress.held_back,
        )

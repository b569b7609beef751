"""What one assessment shows, in one statement: every statement costs the worker a millisecond, and this is read for each recommendation."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import AssessmentResponse, EssayScore
from assay.db.models.base import Json, encrypted

_SHOWN: Final = text(
    """
    WITH asked AS (
        SELECT array_agg(question_id ORDER BY position) AS questions, array_agg(question_version_id ORDER BY position) AS versions,
               array_agg(difficulty ORDER BY position) AS difficulties
        FROM assessment_question_snapshots JOIN questions ON questions.id = question_id WHERE assessment_id = :id
    ), answered AS (
        SELECT array_agg(question_id) AS questions, array_agg(answer) AS answers FROM assessment_responses WHERE assessment_id = :id
    ), rules AS (
        SELECT jsonb_agg(
                   jsonb_build_object('question_id', question_id, 'credit', credit, 'signals', signals) ORDER BY question_id) AS scores
        FROM rule_scores WHERE assessment_id = :id
    ), essays AS (
        SELECT jsonb_agg(jsonb_build_object(
                   'question_id', question_id, 'accuracy', accuracy, 'percent', percent, 'flags', flags) ORDER BY question_id) AS scores,
               array_agg(verdict ORDER BY question_id) AS verdicts, array_agg(id ORDER BY question_id) AS ids
        FROM (SELECT DISTINCT ON (question_id) * FROM essay_scores WHERE assessment_id = :id ORDER BY question_id, version DESC) AS newest
    ), declared AS (
        SELECT to_jsonb(declaration) AS learning
        FROM assessments JOIN learner_declarations declaration USING (student_id) WHERE assessments.id = :id
    )
    SELECT to_jsonb(track), (SELECT jsonb_object_agg(slug, name) FROM skills), asked.questions, asked.versions, asked.difficulties,
           answered.questions, answered.answers, rules.scores, essays.scores, essays.verdicts, essays.ids, declared.learning
    FROM asked, answered, rules, essays LEFT JOIN declared ON true LEFT JOIN role_catalog track ON track.slug = :track
    """
)
_ANSWER: Final = encrypted(AssessmentResponse, "answer")
_VERDICT: Final = encrypted(EssayScore, "verdict")


class ShownRuleScore(NamedTuple):
    """What a rule gave."""

    question_id: UUID
    credit: float | None
    signals: Mapping[str, float]


class ShownEssayScore(NamedTuple):
    """The newest verdict on an essay."""

    question_id: UUID
    accuracy: int | None
    percent: float
    flags: Sequence[str]
    verdict: Json


class Shown(NamedTuple):
    """All of it; `track` is None when there is no such track, `learning` when nothing was declared, both by column name."""

    track: Json | None
    names: dict[str, str]
    asked: dict[UUID, UUID]
    """Question versions by question, in order."""
    difficulties: dict[UUID, int]
    """How hard each question is, 1 to 3."""
    answers: dict[UUID, Any]
    rule_scores: list[ShownRuleScore]
    essay_scores: list[ShownEssayScore]
    learning: Json | None


class ShownAssessments:
    """What assessments show, in this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def read(self, assessment_id: UUID, track_slug: str) -> Shown:
        """Everything that was asked, answered, scored and declared; empty for an assessment that does not exist."""
        row = (await self._session.execute(_SHOWN, {"id": assessment_id, "track": track_slug})).one()
        track, names, asked, versions, difficulties, answered, answers, rules, essays, verdicts, ids, learning = row
        said = {each: _ANSWER.opened(answer, assessment_id, each)[0] for each, answer in zip(answered or (), answers or (), strict=True)}
        told = (_VERDICT.opened(verdict, score_id) for verdict, score_id in zip(verdicts or (), ids or (), strict=True))
        return Shown(
            track=track,
            names=names or {},
            asked=dict(zip(asked or (), versions or (), strict=True)),
            difficulties=dict(zip(asked or (), difficulties or (), strict=True)),
            answers=said,
            rule_scores=[ShownRuleScore(UUID(score["question_id"]), score["credit"], score["signals"]) for score in rules or ()],
            essay_scores=[
                ShownEssayScore(UUID(score["question_id"]), score["accuracy"], score["percent"], score["flags"], verdict)
                for score, verdict in zip(essays or (), told, strict=True)
            ],
            learning=learning,
        )

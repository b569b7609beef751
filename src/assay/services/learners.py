"""From rows to a learner: what was asked, answered, scored and judged, without anything that names the student."""

from typing import Any, NamedTuple
from uuid import UUID

from assay.db.repositories.shown import Shown, ShownEssayScore
from assay.db.unit_of_work import UnitOfWork
from assay.domain.grading import Verdict
from assay.domain.learner import EssayResult, Learner, TheoryResult
from assay.domain.learning import Learning
from assay.domain.passages import sentences
from assay.domain.questions import QuestionContent, QuestionFormat, QuestionType
from assay.domain.rubric import Dimension
from assay.domain.signals import merge_signals
from assay.domain.tracks import TrackContent
from assay.services.question_bank import QuestionBank

_SENTENCES_PER_ESSAY = 2


class LearnerAndWords(NamedTuple):
    """A learner, and the skill vocabulary (name by slug) to speak of what they know."""

    learner: Learner
    names: dict[str, str]


class DeclaredLearner(NamedTuple):
    """A learner with prior learning, the vocabulary, and the declaration."""

    learner: Learner
    names: dict[str, str]
    learning: Learning


async def read(uow: UnitOfWork, bank: QuestionBank, assessment_id: UUID, track_slug: str) -> LearnerAndWords:
    """Everything an assessment shows. Raises `LookupError` when the track does not exist."""
    shown = await uow.shown.read(assessment_id, track_slug)
    return LearnerAndWords(await _learner(uow, bank, shown, track_slug), shown.names)


async def read_as_declared(uow: UnitOfWork, bank: QuestionBank, assessment_id: UUID, track_slug: str) -> DeclaredLearner:
    """The same with what the student declares of their learning at this moment."""
    shown = await uow.shown.read(assessment_id, track_slug)
    learning = Learning.model_validate({name: shown.learning[name] for name in Learning.model_fields}) if shown.learning else Learning()
    return DeclaredLearner(learning.known_of(await _learner(uow, bank, shown, track_slug)), shown.names, learning)


async def _learner(uow: UnitOfWork, bank: QuestionBank, shown: Shown, track_slug: str) -> Learner:
    if shown.track is None:
        msg = f"there is no track {track_slug}"
        raise LookupError(msg)
    read = await bank.contents(uow, shown.asked.values())
    contents = {question_id: read[version_id] for question_id, version_id in shown.asked.items() if version_id in read}
    rules = {score.question_id: score for score in shown.rule_scores}
    essays = {score.question_id: score for score in shown.essay_scores}
    texts = {question_id: _text(shown.answers.get(question_id)) for question_id in contents}
    return Learner(
        track=TrackContent.model_validate({name: shown.track[name] for name in TrackContent.model_fields}),
        theory=tuple(
            TheoryResult(skills=content.skills, credit=rules[question_id].credit or 0.0, difficulty=shown.difficulties[question_id])
            for question_id, content in contents.items()
            if content.type is QuestionType.THEORETICAL and question_id in rules
        ),
        essays=tuple(
            _essay(essays[question_id], content, texts[question_id]) for question_id, content in contents.items() if question_id in essays
        ),
        signals=dict(sorted(merge_signals(score.signals for score in shown.rule_scores if score.question_id in contents).items())),
        free_texts=tuple(
            texts[question_id]
            for question_id, content in contents.items()
            if content.format is QuestionFormat.FREE_TEXT and texts[question_id]
        ),
    )


def _essay(score: ShownEssayScore, content: QuestionContent, text: str) -> EssayResult:
    verdict = Verdict.model_validate(score.verdict)
    points = {point.id: point.text for point in content.rubric.key_points} if content.rubric else {}
    return EssayResult(
        skills=content.skills,
        percent=score.percent if verdict.levels() else None,
        accuracy=score.accuracy,
        held=any(dimension.held for dimension in verdict.dimensions.values()),
        flags=tuple(score.flags),
        covered=tuple(points[point] for point in verdict.topics_well if point in points),
        missed=tuple(points[point] for point in verdict.topics_missed if point in points),
        sentences=_own_words(verdict, text),
    )


def _own_words(verdict: Verdict, text: str) -> tuple[str, ...]:
    """A few of the student's own sentences: those that prove the accuracy first, the opening ones otherwise."""
    quoted = [
        quote.text for name in (Dimension.ACCURACY, *Dimension) if name in verdict.dimensions for quote in verdict.dimensions[name].quotes
    ]
    opening = [text[start:end] for start, end in sentences(text)]
    return tuple(dict.fromkeys(quoted or opening))[:_SENTENCES_PER_ESSAY]


def _text(answer: Any) -> str:
    return answer.strip() if isinstance(answer, str) else ""

"""From rows to a learner: what was asked, answered, scored and judged, without anything that names the student."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from assay.db.models import EssayScore, RuleScore, Track
from assay.db.repositories.responses import SavedAnswer
from assay.db.unit_of_work import UnitOfWork
from assay.domain.grading import Verdict
from assay.domain.learner import EssayResult, Learner, TheoryResult
from assay.domain.learning import Learning
from assay.domain.passages import sentences
from assay.domain.questions import QuestionContent, QuestionFormat, QuestionType
from assay.domain.rubric import Dimension
from assay.domain.signals import merge_signals
from assay.domain.tracks import TrackContent
from assay.services import responses
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
    track = await uow.tracks.by_slug(track_slug)
    if track is None:
        msg = f"there is no track {track_slug}"
        raise LookupError(msg)
    contents = await responses.asked_contents(uow, bank, assessment_id)
    answers = await uow.responses.all(assessment_id)
    rules = [(score, contents[score.question_id]) for score in await uow.scores.rule_scores(assessment_id) if score.question_id in contents]
    essays = [
        (score, contents[score.question_id]) for score in await uow.scores.essay_scores(assessment_id) if score.question_id in contents
    ]
    places = {question_id: place for place, question_id in enumerate(contents)}
    learner = Learner(
        track=track_content(track),
        theory=tuple(
            TheoryResult(skills=content.skills, credit=score.credit or 0.0)
            for score, content in _in_order(rules, places)
            if content.type is QuestionType.THEORETICAL
        ),
        essays=tuple(_essay(score, content, _text(answers.get(score.question_id))) for score, content in _in_order(essays, places)),
        signals=dict(sorted(merge_signals(score.signals for score, _ in rules if score.signals).items())),
        free_texts=tuple(
            text
            for question_id, content in contents.items()
            if content.format is QuestionFormat.FREE_TEXT and (text := _text(answers.get(question_id)))
        ),
    )
    return LearnerAndWords(learner, await uow.tracks.skill_names())


async def read_as_declared(uow: UnitOfWork, bank: QuestionBank, assessment_id: UUID, track_slug: str) -> DeclaredLearner:
    """The same with what the student declares of their learning at this moment."""
    learner, names = await read(uow, bank, assessment_id, track_slug)
    learning = await uow.declarations.of_assessment(assessment_id)
    return DeclaredLearner(learning.known_of(learner), names, learning)


def track_content(track: Track) -> TrackContent:
    """What a track is, from its row."""
    return TrackContent.model_validate({name: getattr(track, name) for name in TrackContent.model_fields})


def _in_order[Score: (RuleScore, EssayScore)](
    scores: list[tuple[Score, QuestionContent]], places: Mapping[UUID, int]
) -> list[tuple[Score, QuestionContent]]:
    return sorted(scores, key=lambda entry: places[entry[0].question_id])


def _essay(score: EssayScore, content: QuestionContent, text: str) -> EssayResult:
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


def _text(saved: SavedAnswer | None) -> str:
    answer: Any = saved.answer if saved else None
    return answer.strip() if isinstance(answer, str) else ""

"""The students of an evaluation as the product sees them: a learner each, with what they wrote and what was judged to suit them."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from assay.ai.builtin_grader import BuiltinGrader
from assay.domain.learner import EssayResult, Learner, TheoryResult
from assay.domain.passages import sentences
from assay.domain.rubric import Dimension
from assay.domain.signals import TextSignals, merge_signals, read_signals
from assay.domain.tracks import TrackContent
from evals import golden
from evals.golden import Answered
from evals.questions import Judged, Question, essay_questions, judge

SENTENCES: Final = 2
"""Of each essay, as many of the student's own sentences as the product reads."""


class Query(NamedTuple):
    """One student. `learner` is what the product knows, `essays` the texts behind it, `grades` what suits, by credential."""

    id: str
    track: str
    learner: Learner
    essays: tuple[str, ...]
    grades: Mapping[str, int]


class Reader:
    """Turns answers into learners; every essay is graded once, by the built-in grader, its quotes verified."""

    def __init__(self, grader: BuiltinGrader) -> None:
        self._grader = grader
        self._read: dict[tuple[str, str], EssayResult] = {}
        self._seeds = {seed.slug: seed for seed in golden.seeds().questions}
        self._tracks = {
            seed.slug: TrackContent.model_validate(seed.model_dump(exclude={"slug", "status"})) for seed in golden.seeds().tracks
        }

    async def query(self, given: Answered, grades: Mapping[str, int], texts: Sequence[str] | None = None) -> Query:
        """The query of `given`; `texts`, when there are any, stand in place of the essays in their order."""
        written = tuple(texts or (golden.essays()[name].essay for name in given.essays.values()))
        essays = [await self.essay(slug, text) for slug, text in zip(given.essays, written, strict=True)]
        learner = Learner(
            track=self._tracks[given.track],
            theory=tuple(self._theory(slug, credit) for slug, credit in given.theory.items()),
            essays=tuple(essays),
            signals=self._signals(given),
            free_texts=tuple(answer for slug, answer in given.profile.items() if self._is_free_text(slug)),
        )
        return Query(given.id, given.track, learner, written, grades)

    async def essay(self, slug: str, text: str) -> EssayResult:
        """`text` as an answer to the seed question `slug`. Raises `ProviderError` when the embedder cannot be loaded."""
        if (slug, text) not in self._read:
            question = essay_questions()[slug]
            judged = await judge(self._grader, question, text)
            self._read[slug, text] = result(question, self._seeds[slug].skills, judged, text)
        return self._read[slug, text]

    def _theory(self, slug: str, credit: float) -> TheoryResult:
        return TheoryResult(skills=self._seeds[slug].skills, credit=credit, difficulty=self._seeds[slug].difficulty)

    def _signals(self, given: Answered) -> dict[str, float]:
        rules = ((self._seeds[slug].signals, answer) for slug, answer in given.profile.items())
        return dict(sorted(merge_signals(read_signals(rule, answer) for rule, answer in rules if rule).items()))

    def _is_free_text(self, slug: str) -> bool:
        signals = self._seeds[slug].signals
        return signals is None or isinstance(signals, TextSignals)


def result(question: Question, skills: Sequence[str], judged: Judged, text: str) -> EssayResult:
    """An essay as `services.learners` reads it from its score."""
    levels, points = judged.verdict.levels(), {point.id: point.text for point in question.rubric.key_points}
    quoted = [quote.text for name in (Dimension.ACCURACY, *Dimension) for quote in judged.verdict.dimensions[name].quotes]
    opening = [text[start:end] for start, end in sentences(text)]
    return EssayResult(
        skills=tuple(skills),
        percent=question.rubric.percent(levels) if levels else None,
        accuracy=levels.get(Dimension.ACCURACY),
        held=judged.held > 0,
        flags=judged.verdict.flags,
        covered=tuple(points[point] for point in judged.verdict.topics_well if point in points),
        missed=tuple(points[point] for point in judged.verdict.topics_missed if point in points),
        sentences=tuple(dict.fromkeys(quoted or opening))[:SENTENCES],
    )


def elsewhere(given: Answered) -> list[str]:
    """A text about something unrelated for each essay of `given`: another track's essay or none of a track's, by hash of the query."""
    topics = _topics(given.track)
    others = [text.essay for text in golden.essays().values() if text.question is not None and text.question not in topics]
    numbers = [_number(given.id, slug) for slug in given.essays]
    return [
        strange(f"{given.id}/{slug}") if (number + place) % 2 else others[number % len(others)]
        for place, (slug, number) in enumerate(zip(given.essays, numbers, strict=True))
    ]


def strange(name: str) -> str:
    """A text that is about no track at all, by hash of `name`."""
    texts = [text.essay for text in golden.essays().values() if text.question is None]
    return texts[_number(name) % len(texts)]


def _number(*words: str) -> int:
    return int(sha256("/".join(words).encode()).hexdigest()[:8], 16)


def _topics(track: str) -> set[str]:
    return {seed.slug for seed in golden.seeds().questions if track in seed.tracks}

"""The built-in evaluator behind the `Grader` port: local embeddings and plain text features instead of a model, explained number by number.

Texts in English are what it was calibrated on; in other languages the style signals know fewer words and the embedder fewer meanings.
"""

import asyncio
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Final

from pydantic import ValidationError

from assay.ai.builtin_accuracy import Content, PointEvidence, judge_accuracy, weigh
from assay.ai.builtin_calibration import CALIBRATION, VERSION, Calibration, calibration_hash
from assay.ai.builtin_clarity import judge_clarity
from assay.ai.builtin_coherence import judge_coherence
from assay.ai.builtin_feedback import (
    BLANK,
    FEEDBACK_HASH,
    accuracy_advice,
    accuracy_reason,
    improvement,
    overall,
    rationale,
    style_advice,
    style_reasons,
)
from assay.ai.builtin_language import Span, words
from assay.ai.builtin_order import judge_order
from assay.ai.builtin_reading import Reading, read
from assay.ai.builtin_style import Judgement
from assay.domain.errors import Fault, ProviderError
from assay.domain.evidence import MIN_QUOTE_WORDS, count_words
from assay.domain.grading import DimensionDraft, EssayTask, Identity, ModelReply, Usage, VerdictDraft
from assay.domain.ports import Embedder
from assay.domain.rubric import MAX_LEVEL, Dimension
from assay.kit.hashing import content_hash
from assay.kit.transactions import assert_no_transaction

MAX_QUOTES: Final = 6
MAX_QUOTE_LENGTH: Final = 900
AT_ONCE: Final = 2
"""Essays in hand: it is all work for the processor, and of three hundred begun at once each would only end with the last."""


class BuiltinGrader:
    """Grades without a network. The same essay, rubric, embedder and version always get the same verdict."""

    def __init__(self, embedder: Embedder, calibration: Calibration = CALIBRATION) -> None:
        self._embedder = embedder
        self._calibration = calibration
        self._turns = asyncio.Semaphore(AT_ONCE)
        own = calibration_hash(calibration, embedder.name)
        self._identity = Identity(producer="built-in", model=VERSION, prompt_hash=content_hash([own, FEEDBACK_HASH]))

    @property
    def identity(self) -> Identity:
        """The version, and the hash of thresholds, word lists, phrases and the embedder's name in place of a prompt's."""
        return self._identity

    async def ask(self, task: EssayTask, *, failed_quotes: Sequence[str] = ()) -> ModelReply:
        """The verdict as JSON content. `failed_quotes` changes nothing: quotes are cut from the essay by offset, so none can fail.

        Raises `ProviderError` when the embedder does.
        """
        del failed_quotes
        assert_no_transaction()
        start = perf_counter()
        if not words(task.essay):
            draft = _blank(task)
        else:
            async with self._turns:
                reading = await read(task, self._embedder, self._calibration)
                draft = await asyncio.to_thread(_grade, reading, self._calibration)
        usage = Usage(duration_ms=1000 * (perf_counter() - start))
        return ModelReply(content=draft.model_dump(mode="json"), usage=usage)

    def read(self, task: EssayTask, reply: ModelReply) -> VerdictDraft:  # noqa: ARG002 - part of the port
        """The draft in `reply`. Raises `ProviderError(INVALID_REPLY)` when it holds none."""
        try:
            return VerdictDraft.model_validate(reply.content)
        except ValidationError as problem:
            raise ProviderError(Fault.INVALID_REPLY, f"not a verdict: {problem.error_count()} fields are wrong") from problem


def _grade(reading: Reading, calibration: Calibration) -> VerdictDraft:
    content = weigh(reading, calibration)
    made = [found.point.id for found in content.points if found.strength >= calibration.point_counts]
    missed = [found for found in content.points if found.point.id not in made]
    order = judge_order(reading, content.of_sentences(reading), calibration)
    clarity = judge_clarity(reading, content, order, calibration)
    coherence = judge_coherence(reading, content, order, calibration)
    drafts = {
        Dimension.CLARITY: _style(Dimension.CLARITY, reading, clarity),
        Dimension.ACCURACY: _accuracy(reading, content, missed, calibration),
        Dimension.COHERENCE: _style(Dimension.COHERENCE, reading, coherence),
    }
    advice = {
        Dimension.CLARITY: style_advice(clarity),
        Dimension.ACCURACY: accuracy_advice(missed),
        Dimension.COHERENCE: style_advice(coherence),
    }
    return _verdict(drafts, advice, made, [found.point.id for found in missed])


def _blank(task: EssayTask) -> VerdictDraft:
    rubrics = {name: task.rubric.dimension(name) for name in Dimension}
    drafts = {
        name: DimensionDraft(level=0, rationale=rationale(0, rubric, BLANK), improvement=improvement(0, rubric))
        for name, rubric in rubrics.items()
    }
    return _verdict(drafts, {}, [], [point.id for point in task.rubric.key_points])


def _verdict(
    drafts: dict[Dimension, DimensionDraft], advice: Mapping[Dimension, str], made: Sequence[str], missed: Sequence[str]
) -> VerdictDraft:
    feedback = overall({name: draft.level for name, draft in drafts.items()}, advice)
    return VerdictDraft(dimensions=drafts, feedback=feedback, topics_well=tuple(made), topics_missed=tuple(missed))


def _accuracy(reading: Reading, content: Content, missed: Sequence[PointEvidence], calibration: Calibration) -> DimensionDraft:
    judgement = judge_accuracy(reading, content, calibration)
    rubric = reading.task.rubric.accuracy
    level = judgement.level
    return DimensionDraft(
        level=level,
        rationale=rationale(level, rubric, accuracy_reason(judgement, missed, reading.copied_share)),
        quotes=_quotes(reading, judgement.evidence or reading.sentences[:1]) if level else (),
        improvement=improvement(level, rubric, accuracy_advice(missed) if level < MAX_LEVEL else ""),
        features={**judgement.features(), **_point_features(content), "copied_share": round(reading.copied_share, 4)},
    )


def _point_features(content: Content) -> dict[str, float]:
    """What was measured for every key point; the points' contributions add up to the coverage."""
    total = sum(found.point.weight for found in content.points)
    values: dict[str, float] = {}
    for found in content.points:
        name = f"point.{found.point.id}"
        values |= {
            name: found.strength,
            f"{name}.of_coverage": content.trust * found.strength * found.point.weight / total,
            f"{name}.similarity": found.similarity,
            f"{name}.overlap": found.overlap,
            f"{name}.prompt": found.baseline,
            f"{name}.contradiction": found.contradiction,
        }
    return {name: round(value, 4) for name, value in values.items()}


def _style(name: Dimension, reading: Reading, judgement: Judgement) -> DimensionDraft:
    rubric = reading.task.rubric.dimension(name)
    return DimensionDraft(
        level=judgement.level,
        rationale=rationale(judgement.level, rubric, *style_reasons(judgement, reading.copied_share)),
        quotes=_quotes(reading, judgement.evidence),
        improvement=improvement(judgement.level, rubric, style_advice(judgement)),
        features={**judgement.features(), "copied_share": round(reading.copied_share, 4)},
    )


def _quotes(reading: Reading, spans: Sequence[Span]) -> tuple[str, ...]:
    """The spans as quotes: cut from the essay, long enough to prove something, short enough to store, each once."""
    quotes = (_shortened(_widened(reading, span).text) for span in spans)
    return tuple(dict.fromkeys(quote for quote in quotes if quote))[:MAX_QUOTES]


def _widened(reading: Reading, span: Span) -> Span:
    """`span`, or when it has too few words for a quote, the shortest run of sentences from or up to it that has enough."""
    essay = reading.task.essay
    ends = [span.end, *(sentence.end for sentence in reading.sentences if sentence.end > span.end)]
    starts = [sentence.start for sentence in reversed(reading.sentences) if sentence.start < span.start]
    stretches = [(span.start, end) for end in ends] + [(start, ends[-1]) for start in starts]
    return next(
        (Span(essay[start:end], start, end) for start, end in stretches if count_words(essay[start:end]) >= MIN_QUOTE_WORDS),
        Span(essay, 0, len(essay)),
    )


def _shortened(text: str) -> str:
    """`text` cut between words to what can be stored; nothing when too few words are left."""
    if len(text) <= MAX_QUOTE_LENGTH:
        return text
    cut = text[:MAX_QUOTE_LENGTH].rsplit(maxsplit=1)[0]
    return cut if count_words(cut) >= MIN_QUOTE_WORDS else ""

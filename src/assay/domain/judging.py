"""From what graders reply to the verdict that is stored: one pure path, so that a stored reply gives the same verdict again at any time.

Readings are combined, quotes are looked for, what is unproved may be asked about once more; then readings and the twin without the flagged
spans are compared, a verdict that is nearly the best is looked at more closely, the words are held against the levels, and caps are set
beside them.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from assay.domain import caps, doubts, evidence, feedback_check, relevance, sampling, twins
from assay.domain.grading import DimensionVerdict, EssayTask, Part, Quote, Verdict, VerdictDraft
from assay.domain.prechecks import Flag, FlagKind
from assay.domain.prechecks.languages import language_of
from assay.domain.rubric import Dimension

PROVES_NOTHING: Final = frozenset({FlagKind.INSTRUCTION_LIKE, FlagKind.ENCODED})
"""Flags whose spans do not answer the question, so that a quote from inside them is no evidence."""
BUILT_IN_READS: Final = frozenset({"English", ""})
"""Languages of questions, the unknown one among them, in which the built-in grader is a reader to be reckoned with."""
NOT_SCORED: Final = "Automatic scoring failed; a person will read this essay."

type Drafts = Sequence[tuple[Part, VerdictDraft]]
"""What each call said, with what it was about."""


class Round(NamedTuple):
    """What has been proved so far, the quotes that were not found, and how far the readings lie apart where there are several."""

    verdict: Verdict
    failed: tuple[str, ...]
    spreads: dict[Dimension, int]

    @property
    def unproved(self) -> tuple[Dimension, ...]:
        """Dimensions worth asking about again: held for want of a quote, while the readings agree."""
        held = (name for name, given in self.verdict.dimensions.items() if given.held)
        return tuple(name for name in held if self.spreads.get(name, 0) < sampling.HELD_FROM)


def set_aside(flags: Sequence[Flag]) -> tuple[Quote, ...]:
    """The spans of the essay that prove nothing."""
    return tuple(span for flag in flags if flag.kind in PROVES_NOTHING for span in flag.spans)


def twin_of(task: EssayTask, flags: Sequence[Flag]) -> EssayTask | None:
    """The same task without the flagged spans, to be judged beside it; None when there is nothing to cut, or no word would be left."""
    text = twins.without_spans(task.essay, flags)
    return None if text is None else task.model_copy(update={"essay": text})


def judge(drafts: Drafts, essay: str, aside: Sequence[Quote] = ()) -> Round:
    """The first round. Raises `ProviderError(INVALID_REPLY)` when a dimension is missing."""
    combined = sampling.combine(drafts)
    verdict, failed = evidence.verify(combined.draft, essay, aside)
    return Round(verdict, _quotes(failed), combined.spreads)


def judge_again(before: Round, drafts: Drafts, essay: str, aside: Sequence[Quote] = ()) -> Round:
    """The second round: what was unproved is taken from the new replies, what was proved stays. Raises as `judge` does."""
    combined = sampling.combine(drafts, before.unproved)
    verified, failed = evidence.verify(combined.draft, essay, aside)
    update: dict[str, object] = {"dimensions": before.verdict.dimensions | verified.dimensions}
    if all(part.dimension is None for part, _ in drafts):  # else it speaks of a part of the essay's dimensions
        update["feedback"] = verified.feedback or before.verdict.feedback
    if Dimension.ACCURACY in before.unproved:
        update |= {"topics_well": verified.topics_well, "topics_missed": verified.topics_missed}
    return Round(before.verdict.model_copy(update=update), _quotes(failed), before.spreads)


class Looks(NamedTuple):
    """What else was asked about one essay: its twin without flagged spans; of a doubtful verdict a second reader's, and its core's."""

    twin: Round | None = None
    second: Round | None = None
    """Of the whole, or of the core if what was read of the whole would have refuted the verdict."""
    core: Round | None = None


def compared(found: Round, task: EssayTask, flags: Sequence[Flag], twin: Round | None = None) -> Verdict:
    """What was proved, without what readings or the `twin` do not agree on.

    Without the flagged spans an essay that has nothing else would be at level 0: then no `twin` need be judged.
    """
    verdict = sampling.settle(found.verdict, found.spreads)
    if twin is not None:
        return twins.settle(verdict, _settled(twin))
    if twins.anything_to_cut(flags) and twin_of(task, flags) is None:
        return twins.settle(verdict, twins.blank_twin(verdict))
    return verdict


def second_of(task: EssayTask, flags: Sequence[Flag]) -> EssayTask | None:
    """What a second reader, the built-in grader, is given: the task, or its twin. None in languages that it was not calibrated on."""
    if any(flag.kind is FlagKind.WRONG_LANGUAGE for flag in flags) or language_of(task.prompt) not in BUILT_IN_READS:
        return None
    return twin_of(task, flags) or task


def core_of(task: EssayTask, flags: Sequence[Flag]) -> EssayTask | None:
    """The same task with those sentences alone that touch the question; None when all do, or no word would be left.

    An answer in another language than its question's shares no words with it, and is left as it is.
    """
    if any(flag.kind is FlagKind.WRONG_LANGUAGE for flag in flags):
        return None
    task = twin_of(task, flags) or task
    beside = relevance.beside_the_question(task)
    text = twins.without(task.essay, beside) if beside else None
    return None if text is None else task.model_copy(update={"essay": text})


def refuted(verdict: Verdict, second: Round) -> bool:
    """Whether the second reader's levels alone are reason enough to hold `verdict`."""
    return doubts.refutes(_settled(second), verdict, doubts.SECOND_REFUTES_FROM)


def conclude(found: Round, task: EssayTask, flags: Sequence[Flag], looks: Looks = Looks()) -> Verdict:  # noqa: B008 - frozen
    """The verdict as it is stored: what readings, twin and closer looks do not bear out held, words that fit the levels, flags, caps."""
    verdict = compared(found, task, flags, looks.twin)
    if looks.second is not None:
        verdict = doubts.settle(verdict, _settled(looks.second), doubts.LOWER_ELSEWHERE, doubts.SECOND_REFUTES_FROM)
    if looks.core is not None:
        verdict = doubts.settle(verdict, _settled(looks.core), doubts.RESTS_ELSEWHERE)
    verdict = feedback_check.check(verdict, task, set_aside(flags))
    return caps.apply(with_flags(verdict, flags), task.rubric)


def with_flags(verdict: Verdict, flags: Sequence[Flag]) -> Verdict:
    """`verdict` with the names of what was noticed about the essay."""
    return verdict.model_copy(update={"flags": tuple(flag.kind.value for flag in flags)})


def blank(task: EssayTask, flags: Sequence[Flag]) -> Verdict:
    """The verdict on an answer without a word in it: nobody need be asked."""
    zero = DimensionVerdict(level=0, rationale="Nothing was written.", improvement="Write an answer to earn a level.")
    verdict = Verdict(
        dimensions=dict.fromkeys(Dimension, zero),
        feedback="This question was left empty.",
        topics_missed=tuple(point.id for point in task.rubric.key_points),
    )
    return with_flags(verdict, flags)


def not_scored(flags: Sequence[Flag]) -> Verdict:
    """The verdict on an essay that no grader could judge: everything is held for a person."""
    held = DimensionVerdict(level=None, rationale="", held=True, held_reason=NOT_SCORED)
    return with_flags(Verdict(dimensions=dict.fromkeys(Dimension, held)), flags)


def _settled(found: Round) -> Verdict:
    return sampling.settle(found.verdict, found.spreads)


def _quotes(failed: dict[Dimension, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(quote for quotes in failed.values() for quote in quotes))

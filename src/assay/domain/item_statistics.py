"""How questions have worked: classical item analysis from finished assessments, with intervals, and silent about small groups.

A question's points are a share of 1: a rule's credit, or an essay's percentage by the grader's levels over 100. The rest, against which it
is held, is the mean of the other points of the same assessment.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Final

from assay.domain.agreement import Agreement
from assay.domain.questions import QuestionContent, QuestionType
from assay.domain.rubric import MAX_LEVEL, Dimension
from assay.domain.rules import MultipleChoiceRule, SingleChoiceRule, TrueFalseRule
from assay.kit.model import Value

MIN_SHOWN: Final = 5
"""Fewer finished assessments than this tell of persons rather than of a question: no figure is shown."""
MIN_JUDGED: Final = 30
"""Fewer than this say too little for a discrimination index or a flag: the interval of a correlation is then wider than 0.7."""
TOO_HARD: Final = 0.2
TOO_EASY: Final = 0.95
_Z: Final = 1.959964
"""Of a normal distribution 95 % lie within so many standard deviations."""


class ItemFlag(StrEnum):
    """Why somebody should look at a question, the most urgent first."""

    NEGATIVE_DISCRIMINATION = "negativeDiscrimination"
    """Those who do well elsewhere do worse here: often a wrong key."""
    TOO_HARD = "tooHard"
    TOO_EASY = "tooEasy"
    UNUSED_DISTRACTOR = "unusedDistractor"
    """Nobody chooses a wrong option: it takes part in nothing."""


class Estimate(Value):
    """A figure, what it rests on, and the interval that holds the true one in 95 of 100 samples."""

    value: float
    low: float
    high: float
    n: int


class ChoiceFrequency(Value):
    """How often an option was chosen, of those who answered."""

    option: str
    text: str
    right: bool | None
    """None where nothing is right or wrong."""
    count: int
    share: float


class LevelFrequencies(Value):
    """How often each level of a dimension was given, from 0, and how often none could be."""

    counts: tuple[int, ...]
    held: int


class Observed(Value):
    """What was counted of a question's version in finished assessments."""

    n: int
    """Finished assessments that asked it."""
    omitted: int
    scored: int
    mean: float | None
    correlation: float | None
    """Of its points with the rest."""
    paired: int
    """Assessments in which there is a rest."""
    upper_lower: float | None


class ItemStatistics(Value):
    """How a question has worked in one version. What rests on too little is null; `few` says that everything does."""

    n: int
    few: bool
    omitted: float | None = None
    """Share of those who left it empty."""
    facility: Estimate | None = None
    """Mean share of the points."""
    discrimination: Estimate | None = None
    """Corrected item-rest correlation."""
    upper_lower: float | None = None
    """Mean points of the upper 27 % by the rest minus those of the lower 27 % (Kelley, 1939)."""
    choices: tuple[ChoiceFrequency, ...] | None = None
    levels: dict[Dimension, LevelFrequencies] | None = None
    held: float | None = None
    """Share of an essay's dimensions for which no level could be proved."""
    agreement: dict[Dimension, Agreement] | None = None
    """Advisors' levels against the grader's."""
    flags: tuple[ItemFlag, ...] = ()


def analyse(
    content: QuestionContent,
    seen: Observed | None,
    chosen: Mapping[str, int] | None = None,
    levels: Mapping[Dimension, Mapping[int | None, int]] | None = None,
    agreement: Mapping[Dimension, Agreement] | None = None,
) -> ItemStatistics:
    """The statistics of a version. `chosen` counts answers by option, with those who answered under the empty name."""
    if seen is None or seen.n < MIN_SHOWN:
        return ItemStatistics(n=seen.n if seen else 0, few=True)
    judged = seen.paired >= MIN_JUDGED
    choices = _choices(content, chosen or {})
    facility = None if seen.mean is None or seen.scored < MIN_SHOWN else wilson(seen.mean, seen.scored)
    discrimination = fisher(seen.correlation, seen.paired) if judged and seen.correlation is not None else None
    spread = {dimension: _spread(given) for dimension, given in (levels or {}).items()}
    agreed = {dimension: each for dimension, each in (agreement or {}).items() if each.n >= MIN_SHOWN}
    return ItemStatistics(
        n=seen.n,
        few=False,
        omitted=seen.omitted / seen.n,
        facility=facility,
        discrimination=discrimination,
        upper_lower=seen.upper_lower if judged else None,
        choices=choices,
        levels=spread or None,
        held=_held(spread.values()) if spread else None,
        agreement=agreed or None,
        flags=tuple(_flags(content, facility, discrimination, _unused(choices or (), (chosen or {}).get("", 0)))),
    )


def wilson(share: float, n: int) -> Estimate:
    """A mean of `n` values between 0 and 1 with Wilson's interval (1927), which is on the safe side where values lie between."""
    spread = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    middle, scale = share + _Z**2 / (2 * n), 1 + _Z**2 / n
    return Estimate(value=share, low=max(0.0, (middle - spread) / scale), high=min(1.0, (middle + spread) / scale), n=n)


def fisher(correlation: float, n: int) -> Estimate:
    """A correlation over `n` > 3 pairs with the interval of Fisher's z (1921)."""
    z = math.atanh(max(-0.999999, min(0.999999, correlation)))
    reach = _Z / math.sqrt(n - 3)
    return Estimate(value=correlation, low=math.tanh(z - reach), high=math.tanh(z + reach), n=n)


def urgency(statistics: ItemStatistics) -> tuple[int, float]:
    """For sorting: flagged questions first, the most urgent flag before the others, then by discrimination, the lowest first."""
    flagged = min((list(ItemFlag).index(flag) for flag in statistics.flags), default=len(ItemFlag))
    return flagged, statistics.discrimination.value if statistics.discrimination else 1.0


def _choices(content: QuestionContent, chosen: Mapping[str, int]) -> tuple[ChoiceFrequency, ...] | None:
    answered = chosen.get("", 0)
    if not isinstance(content.options, tuple) or answered < MIN_SHOWN:
        return None
    right: frozenset[str] | None = None
    match content.rule:
        case SingleChoiceRule(correct=one) | TrueFalseRule(correct=one):
            right = frozenset({one})
        case MultipleChoiceRule(correct=several):
            right = several
    counts = {option.id: chosen.get(option.id, 0) for option in content.options}
    return tuple(
        ChoiceFrequency(
            option=option.id,
            text=option.text,
            right=None if right is None else option.id in right,
            count=counts[option.id],
            share=counts[option.id] / answered,
        )
        for option in content.options
    )


def _spread(given: Mapping[int | None, int]) -> LevelFrequencies:
    return LevelFrequencies(counts=tuple(given.get(level, 0) for level in range(MAX_LEVEL + 1)), held=given.get(None, 0))


def _held(spread: Collection[LevelFrequencies]) -> float:
    return sum(each.held for each in spread) / max(1, sum(each.held + sum(each.counts) for each in spread))


def _unused(choices: Sequence[ChoiceFrequency], answered: int) -> list[ChoiceFrequency]:
    """Wrong options that nobody has chosen, where enough could have."""
    return [choice for choice in choices if answered >= MIN_JUDGED and choice.right is False and not choice.count]


def _flags(
    content: QuestionContent, facility: Estimate | None, discrimination: Estimate | None, unused: Sequence[ChoiceFrequency]
) -> list[ItemFlag]:
    if content.type is QuestionType.PROFILE:
        return []
    enough = facility is not None and facility.n >= MIN_JUDGED
    holds = {
        ItemFlag.NEGATIVE_DISCRIMINATION: discrimination is not None and discrimination.value < 0,
        ItemFlag.TOO_HARD: enough and facility is not None and facility.value < TOO_HARD,
        ItemFlag.TOO_EASY: enough and facility is not None and facility.value > TOO_EASY,
        ItemFlag.UNUSED_DISTRACTOR: bool(unused),
    }
    return [flag for flag, held in holds.items() if held]

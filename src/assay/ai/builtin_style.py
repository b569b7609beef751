"""What the three dimensions share: signals with weights, a score made of them, and limits that no score can pass."""

from collections.abc import Mapping, Sequence
from statistics import fmean, median
from types import MappingProxyType
from typing import NamedTuple

from assay.ai.builtin_calibration import Calibration, Curve
from assay.ai.builtin_language import Span, clashes, function_share, list_share
from assay.ai.builtin_reading import Reading
from assay.ai.builtin_wording import Wording


class Signal(NamedTuple):
    """One measured thing: the value as measured, the score (0 to 1) it earns, and its weight in the dimension."""

    name: str
    value: float
    score: float
    weight: float


class Limit(NamedTuple):
    """A reason why the level cannot be above `level`, whatever the signals say."""

    name: str
    level: int


class Judgement(NamedTuple):
    """The level of a dimension with everything it came from, and the spans of the essay that show it."""

    level: int
    score: float
    signals: tuple[Signal, ...]
    limits: tuple[Limit, ...]
    """Only those that hold."""
    evidence: tuple[Span, ...]
    details: Mapping[str, float] = MappingProxyType({})
    """What single values are made of."""

    def features(self) -> dict[str, float]:
        """Every value with its contribution to the score; the contributions add up to `score`. A limit is listed with its level."""
        total = sum(signal.weight for signal in self.signals) or 1.0
        found = {"score": self.score}
        for signal in self.signals:
            found[signal.name] = signal.value
            found[f"{signal.name}.contribution"] = signal.weight * signal.score / total
        found |= self.details
        found |= {f"limit.{limit.name}": float(limit.level) for limit in self.limits}
        return {name: round(value, 4) for name, value in found.items()}


def judge(
    values: Mapping[str, float],
    curves: Mapping[str, Curve],
    limits: Sequence[Limit],
    evidence: Sequence[Span],
    cuts: Sequence[float],
) -> Judgement:
    """The weighted mean of the scores that the measured `values` earn, the level its cut points give, and the lowest limit on it."""
    signals = tuple(Signal(name, value, curves[name].score(value), curves[name].weight) for name, value in values.items())
    score = sum(signal.weight * signal.score for signal in signals) / sum(signal.weight for signal in signals)
    earned = level_of(score, cuts)
    holding = tuple(limit for limit in limits if limit.level < earned)
    level = min([earned, *(limit.level for limit in holding)])
    return Judgement(level, score, signals, holding, tuple(evidence) if level else ())


def level_of(score: float, cuts: Sequence[float]) -> int:
    """How many of the four cut points `score` reaches."""
    return sum(score >= cut for cut in cuts)


def limits(reading: Reading, said: Wording, calibration: Calibration) -> list[Limit]:
    """What limits all dimensions: too little own text, the question said again, a list of terms, words in no order, or another subject."""
    text = " ".join(reading.plain)
    own = len(reading.own_words)
    found = [Limit("length", level) for level, least in enumerate(calibration.min_words) if own < least][:1]
    if said.of_the_prompt > calibration.prompt_again:
        found.append(Limit("prompt", 0))
    prose = function_share(text)
    if prose < calibration.prose[1] or list_share(text) > calibration.listing[1]:
        found.append(Limit("list", 1 if prose >= calibration.prose[0] else 0))
    if clashes(text) > max(1.0, calibration.disorder[1] * own):
        found.append(Limit("word_order", 1))
    mean, middle = calibration.topical
    if topicality(reading) < mean or median(reading.relevance or [0.0]) < middle:
        found.append(Limit("topic", 1))
    return found


def topicality(reading: Reading) -> float:
    """Mean relevance of the sentences; 0 without any."""
    return fmean(reading.relevance) if reading.relevance else 0.0

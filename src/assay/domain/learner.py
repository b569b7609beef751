"""What an assessment says about a student: results per question, how far an essay can be trusted, mastery per skill.

Mastery is a shrunk mean in [0, 1]: every piece of evidence counts with its weight beside a prior of weight 1, and the prior
is the student's overall level, itself shrunk towards `PRIOR`. One right answer gives about 0.7, one wrong about 0.2, none
leaves the prior. The weights were tuned on the development half of evals/retrieval.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from math import prod
from typing import Final

from pydantic import Field

from assay.domain.questions import Slug
from assay.domain.tracks import TrackContent
from assay.kit.model import Value

PRIOR: Final = 0.4
"""Mastery assumed of somebody of whom nothing is known."""
STRONG: Final = 0.65
WEAK: Final = 0.45
_ESSAY: Final = 2.5
"""Weight of an essay beside one theoretical question."""
_SECONDARY: Final = 0.5
"""Weight of a question's further skills beside its first."""
_DECLARED: Final = 1.0
"""Weight of what a student says of the own experience beside one answer that shows it."""

FLAG_TRUST: Final = {
    "blank": 0.0,
    "instruction_like": 0.3,
    "copied_prompt": 0.4,
    "repetition": 0.4,
    "too_short": 0.5,
    "hidden_characters": 0.7,
    "gibberish": 0.0,
    "encoded": 0.3,
    "wrong_language": 0.5,
}
"""How far an essay's words count as the student's view of the topic when it carries a flag."""
ACCURACY_TRUST: Final = (0.2, 0.5, 0.8, 1.0, 1.0)
"""The same by accuracy level: an essay that says nothing right about its topic is most likely off it."""
ACCURACY_SHOWS: Final = (0.0, 0.1, 0.35, 0.6, 1.0)
"""Mastery by accuracy level: a beginning (1) shows little, and half of what a good answer covers is less than half of the mastery."""
_HELD_TRUST: Final = 0.5
_OFF_TOPIC: Final = 20
"""Percent below which an essay that says nothing right does not even speak about its topic: all dimensions ask about the question."""


class TheoryResult(Value):
    """A theoretical question: its skills, most important first, and the credit earned in [0, 1]."""

    skills: tuple[Slug, ...]
    credit: float


class EssayResult(Value):
    """An essay as judged. `covered` and `missed` are key points in full; `sentences` are the student's own words."""

    skills: tuple[Slug, ...]
    percent: float | None
    """None while every dimension is held: then the essay counts for nothing, which is not the same as nothing shown."""
    accuracy: int | None
    held: bool = False
    """Whether a dimension waits for a person."""
    flags: tuple[str, ...] = ()
    covered: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()

    @property
    def trust(self) -> float:
        """How much the essay's words count as the student's view of the topic, 0 to 1."""
        accuracy = _HELD_TRUST if self.accuracy is None else ACCURACY_TRUST[self.accuracy]
        return round(accuracy * self._flagged, 4)

    @property
    def knowledge(self) -> float:
        """Mastery that the essay shows, 0 to 1: its accuracy. Clear and orderly sentences are no mastery of the topic."""
        return (self.percent or 0.0) / 100 if self.accuracy is None else ACCURACY_SHOWS[self.accuracy]

    @property
    def bearing(self) -> float:
        """How much the essay counts as evidence of mastery, 0 to 1. Saying nothing right is evidence, writing of something else is none."""
        if self.percent is None or (self.accuracy == 0 and self.percent < _OFF_TOPIC):
            return 0.0
        return (_HELD_TRUST if self.accuracy is None else 1.0) * self._flagged

    @property
    def _flagged(self) -> float:
        return prod(FLAG_TRUST.get(flag, 1.0) for flag in self.flags)


class Learner(Value):
    """One student at one track, as the answers show them. Carries no identity."""

    track: TrackContent
    theory: tuple[TheoryResult, ...] = ()
    essays: tuple[EssayResult, ...] = ()
    signals: dict[str, float] = Field(default_factory=dict)
    """Signal tags (`interest:sql`) with summed weights."""
    free_texts: tuple[str, ...] = ()
    """Profile answers in the student's own words."""
    prior_learning: tuple[Slug, ...] = ()
    """Skills that the student declares to master: they count as such, but the answers have not shown them."""

    @property
    def theory_percent(self) -> float | None:
        """Mean credit of the theoretical questions in percent, to one decimal; None when there were none."""
        return round(100 * _mean([result.credit for result in self.theory]), 1) if self.theory else None

    @property
    def essay_percent(self) -> float | None:
        """Mean score of the essays in percent, to one decimal; None when none has one."""
        scored = [round(result.percent, 1) for result in self.essays if result.percent is not None]
        return round(_mean(scored), 1) if scored else None

    def tagged(self, kind: str) -> dict[str, float]:
        """Signals of one kind by name, clamped to [-1, 1], strongest first."""
        found = {tag.split(":", 1)[1]: max(-1.0, min(1.0, weight)) for tag, weight in self.signals.items() if tag.startswith(f"{kind}:")}
        return dict(sorted(found.items(), key=lambda entry: (-entry[1], entry[0])))

    @cached_property
    def interests(self) -> dict[str, float]:
        """Interest by skill, -1 to 1, strongest first."""
        return self.tagged("interest")

    @cached_property
    def pace(self) -> str:
        """How much time the student says there is, in a word; empty when nothing was said."""
        return next((name for name, weight in self.tagged("pace").items() if weight > 0), "")

    @cached_property
    def overall(self) -> float:
        """The student's general level: all answers, shrunk towards the prior with the weight of one."""
        earned = [(1.0, result.credit) for result in self.theory] + [(_ESSAY * essay.bearing, essay.knowledge) for essay in self.essays]
        return (PRIOR + sum(weight * value for weight, value in earned)) / (1 + sum(weight for weight, _ in earned))

    @cached_property
    def shown(self) -> dict[str, float]:
        """Mastery of the skills that were asked about (declared experience alone shows nothing), by slug."""
        heard = [essay for essay in self.essays if essay.bearing > 0]
        asked = {skill for result in self.theory for skill in result.skills} | {skill for essay in heard for skill in essay.skills}
        return {skill: self._evident(skill) for skill in sorted(asked)}

    @cached_property
    def strong(self) -> tuple[str, ...]:
        """Skills handled well, best first."""
        return tuple(
            sorted((skill for skill, level in self.shown.items() if level >= STRONG), key=lambda skill: (-self.shown[skill], skill))
        )

    @cached_property
    def weak(self) -> tuple[str, ...]:
        """Skills that were asked about, not shown and not declared, weakest first."""
        missed = (skill for skill, level in self.shown.items() if level <= WEAK and skill not in self.prior_learning)
        return tuple(sorted(missed, key=lambda skill: (self.shown[skill], skill)))

    def mastery(self, skill: str) -> float:
        """Mastery of `skill`, 0 to 1."""
        known = self._masteries  # a ranking asks for the same few hundreds of times
        if skill not in known:
            known[skill] = 1.0 if skill in self.prior_learning else self._evident(skill)
        return known[skill]

    def need(self, skill: str) -> float:
        """How much the student would gain from `skill` for the track, 0 to 1: what is missing, squared, times what the track asks.

        The square lets a gap that showed weigh well above a skill nobody asked about. The track's focus is in order of importance
        (1 falling to 0.6); a skill outside it counts half, and only when it was shown to be missing.
        """
        return self._importance(skill) * (1 - self.mastery(skill)) ** 2

    def _importance(self, skill: str) -> float:
        focus = self.track.skill_focus
        if skill not in focus:
            return 0.5 if skill in self.weak else 0.0
        return 1 - 0.4 * focus.index(skill) / max(1, len(focus) - 1)

    def _evident(self, skill: str) -> float:
        """Mastery of `skill` as the answers show it."""
        evidence = self._evidence.get(skill, ())
        return (self.overall + sum(weight * value for weight, value in evidence)) / (1 + sum(weight for weight, _ in evidence))

    @cached_property
    def _masteries(self) -> dict[str, float]:
        return {}

    @cached_property
    def _evidence(self) -> dict[str, list[tuple[float, float]]]:
        found: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for skill, weight, value in (*_from_theory(self.theory), *_from_essays(self.essays)):
            found[skill].append((weight, value))
        for skill, declared in self.tagged("experience").items():
            found[skill].append((_DECLARED, 0.3 + (0.7 if declared > 0 else 0.3) * declared))
        return found


def _from_theory(results: Sequence[TheoryResult]) -> Iterator[tuple[str, float, float]]:
    for result in results:
        for place, skill in enumerate(result.skills):
            yield skill, _SECONDARY if place else 1.0, result.credit


def _from_essays(results: Sequence[EssayResult]) -> Iterator[tuple[str, float, float]]:
    for result in results:
        for place, skill in enumerate(result.skills):
            yield skill, _ESSAY * result.bearing * (_SECONDARY if place else 1.0), result.knowledge


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)

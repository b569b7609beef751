"""What an assessment says about a student: results per question, how far an essay can be trusted, mastery per skill.

Mastery is a shrunk mean in [0, 1]: every piece of evidence counts with its weight beside a prior of weight 1, and the prior
is the student's overall level, itself shrunk towards `PRIOR`. One right answer gives about 0.7, one wrong about 0.2, none
leaves the prior.
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
_SECONDARY: Final = 0.7
"""Weight of a theory question's further skills beside its first."""
_DECLARED: Final = 0.5
"""Weight of what a student says of the own experience beside one answer that shows it."""

FLAG_TRUST: Final = {
    "blank": 0.0,
    "instruction_like": 0.3,
    "copied_prompt": 0.4,
    "repetition": 0.4,
    "too_short": 0.5,
    "hidden_characters": 0.7,
}
"""How far an essay's words count as the student's view of the topic when it carries a flag."""
ACCURACY_TRUST: Final = (0.2, 0.5, 0.8, 1.0, 1.0)
"""The same by accuracy level: an essay that says nothing right about its topic is most likely off it."""
_HELD_TRUST: Final = 0.5


class TheoryResult(Value):
    """A theoretical question: its skills, most important first, and the credit earned in [0, 1]."""

    skills: tuple[Slug, ...]
    credit: float


class EssayResult(Value):
    """An essay as judged. `covered` and `missed` are key points in full; `sentences` are the student's own words."""

    skills: tuple[Slug, ...]
    percent: float
    accuracy: int | None
    held: bool = False
    """Whether a dimension waits for a person."""
    flags: tuple[str, ...] = ()
    covered: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()

    @property
    def trust(self) -> float:
        """How much the essay counts, 0 to 1."""
        accuracy = _HELD_TRUST if self.accuracy is None else ACCURACY_TRUST[self.accuracy]
        return round(accuracy * prod(FLAG_TRUST.get(flag, 1.0) for flag in self.flags), 4)


class Learner(Value):
    """One student at one track, as the answers show them. Carries no identity."""

    track: TrackContent
    theory: tuple[TheoryResult, ...] = ()
    essays: tuple[EssayResult, ...] = ()
    signals: dict[str, float] = Field(default_factory=dict)
    """Signal tags (`interest:sql`) with summed weights."""
    free_texts: tuple[str, ...] = ()
    """Profile answers in the student's own words."""

    @property
    def theory_percent(self) -> float | None:
        """Mean credit of the theoretical questions in percent, to one decimal; None when there were none."""
        return round(100 * _mean([result.credit for result in self.theory]), 1) if self.theory else None

    @property
    def essay_percent(self) -> float | None:
        """Mean score of the essays in percent, to one decimal; None when there were none."""
        return round(_mean([round(result.percent, 1) for result in self.essays]), 1) if self.essays else None

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
        """The student's general level: all answers, shrunk towards the prior with the weight of two."""
        earned = [result.credit for result in self.theory]
        essays = [(result.trust, result.percent / 100) for result in self.essays]
        weight = len(earned) + sum(trust for trust, _ in essays)
        return (2 * PRIOR + sum(earned) + sum(trust * value for trust, value in essays)) / (2 + weight)

    @cached_property
    def shown(self) -> dict[str, float]:
        """Mastery of the skills that were asked about (declared experience alone shows nothing), by slug."""
        heard = [essay for essay in self.essays if essay.trust > 0]
        asked = {skill for result in self.theory for skill in result.skills} | {skill for essay in heard for skill in essay.skills}
        return {skill: self.mastery(skill) for skill in sorted(asked)}

    @cached_property
    def strong(self) -> tuple[str, ...]:
        """Skills handled well, best first."""
        return tuple(
            sorted((skill for skill, level in self.shown.items() if level >= STRONG), key=lambda skill: (-self.shown[skill], skill))
        )

    @cached_property
    def weak(self) -> tuple[str, ...]:
        """Skills that were asked about and not shown, weakest first."""
        return tuple(sorted((skill for skill, level in self.shown.items() if level <= WEAK), key=lambda skill: (self.shown[skill], skill)))

    def mastery(self, skill: str) -> float:
        """Mastery of `skill`, 0 to 1."""
        known = self._masteries  # a ranking asks for the same few hundreds of times
        if skill not in known:
            evidence = self._evidence.get(skill, ())
            known[skill] = (self.overall + sum(weight * value for weight, value in evidence)) / (1 + sum(weight for weight, _ in evidence))
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
        for skill in result.skills:
            yield skill, result.trust, result.percent / 100


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)

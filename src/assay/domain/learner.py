"""What an assessment says about a student: results per question, how far an essay can be trusted, mastery per skill.

Mastery of a skill is a distribution over four levels (`domain.mastery`), inferred from every answer with regard to how hard it was; where a
single number is wanted, the expected level as a share of the highest. A right answer of middling difficulty gives about 0.55, a wrong one
0.2; a skill of which nothing is known is taken to be as the general level.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from math import copysign, prod
from typing import Final

from pydantic import Field

from assay.domain.mastery import Evidence, Levels, Standing, answered, declared, infer, mean, tempered, written
from assay.domain.questions import Slug
from assay.domain.tracks import TrackContent
from assay.kit.model import Value

STRONG: Final = 0.5
"""Mastery from which a skill that was asked about was handled well."""
WEAK: Final = 0.36
"""Mastery up to which it left room to grow."""
_SHARP: Final = 3
"""Power to which interests are raised: in the development half a wish was behind 6 % of those of 0.5, 23 % at 0.8 and 73 % at 1."""

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
_ASKED: Final = 2
"""Level of a skill at which need for it ends: what an intermediate credential teaches."""
_HELD_TRUST: Final = 0.5
_KNOWN: Final[Levels] = (0.0, 0.0, 0.0, 1.0)
"""Of what is declared as learned."""
_OFF_TOPIC: Final = 20
"""Percent below which an essay that says nothing right does not even speak about its topic: all dimensions ask about the question."""


class TheoryResult(Value):
    """A theoretical question: its skills, most important first, and the credit earned in [0, 1]."""

    skills: tuple[Slug, ...]
    credit: float
    difficulty: int = Field(default=2, ge=1, le=3)
    """What level of its skill it asks for: 1 a beginner's, 2 an intermediate's, 3 an advanced one."""


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
    def shows(self) -> float:
        """Accuracy, 0 to 4, the percentage in its place while that is held: clear and orderly sentences are no mastery of the topic."""
        return (self.percent or 0.0) / 25 if self.accuracy is None else float(self.accuracy)

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
    def keenness(self) -> dict[str, float]:
        """Interest by skill, sharpened: a clear wish or dislike in full, what merely came along with another choice hardly."""
        return {skill: copysign(abs(weight) ** _SHARP, weight) for skill, weight in self.interests.items()}

    @cached_property
    def pace(self) -> str:
        """How much time the student says there is, in a word; empty when nothing was said."""
        return next((name for name, weight in self.tagged("pace").items() if weight > 0), "")

    @cached_property
    def standing(self) -> Standing:
        """How likely each level of each skill is, by all answers and what the student says of the own experience."""
        return infer([*_from_theory(self.theory), *_from_essays(self.essays), *_from_words(self.tagged("experience"))])

    @property
    def overall(self) -> float:
        """The student's general level, 0 to 1."""
        return mean(self.standing.general)

    @cached_property
    def shown(self) -> dict[str, float]:
        """Mastery of the skills that were asked about (declared experience alone shows nothing), by slug."""
        heard = [essay.skills for essay in self.essays if essay.bearing > 0]
        asked = {skill for skills in [*(result.skills for result in self.theory), *heard] for skill in skills[:1]}
        return {skill: mean(self.standing.of(skill)) for skill in sorted(asked)}

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

    def levels(self, skill: str) -> Levels:
        """How likely each level of `skill` is; what is declared as learned counts as known."""
        return _KNOWN if skill in self.prior_learning else self.standing.of(skill)

    def mastery(self, skill: str) -> float:
        """Mastery of `skill`, 0 to 1: the expected level as a share of the highest."""
        return mean(self.levels(skill))

    def need(self, skill: str) -> float:
        """How much the student would gain from `skill` for the track, 0 to 1: what is missing, squared, times what the track asks.

        The square lets a gap that showed weigh well above a skill nobody asked about. The track's focus is in order of importance
        (1 falling to 0.6); a skill outside it counts half, and only when it was shown to be missing.
        """
        known = self._needs  # a ranking asks for the same few hundreds of times
        if skill not in known:
            known[skill] = self._importance(skill) * self._missing(skill) ** 2
        return known[skill]

    def steps(self, skill: str, level: int) -> float:
        """How many levels of `skill` are expected to be yet to be learned up to `level`."""
        return sum(chance * max(0, level - known) for known, chance in enumerate(self.levels(skill)))

    def _missing(self, skill: str) -> float:
        """Share of what a role usually asks for that is yet to be learned. The level aimed for is the business of levels alone."""
        return self.steps(skill, _ASKED) / _ASKED

    def _importance(self, skill: str) -> float:
        focus = self.track.skill_focus
        if skill not in focus:
            return 0.5 if skill in self.weak else 0.0
        return 1 - 0.4 * focus.index(skill) / max(1, len(focus) - 1)

    @cached_property
    def _needs(self) -> dict[str, float]:
        return {}


def _from_theory(results: Sequence[TheoryResult]) -> Iterator[Evidence]:
    for result in results:
        yield from _said(result.skills, answered(result.credit, result.difficulty))


def _from_essays(results: Sequence[EssayResult]) -> Iterator[Evidence]:
    for result in results:
        if result.bearing:
            yield from _said(result.skills, tempered(written(result.shows), result.bearing))


def _from_words(experience: Mapping[str, float]) -> Iterator[Evidence]:
    return (Evidence(skill, declared(weight)) for skill, weight in experience.items())


def _said(skills: Sequence[str], likelihood: Levels) -> Iterator[Evidence]:
    """A question asks for its first skill; those it touches besides have hardly a part in whether it is answered well."""
    return (Evidence(skill, likelihood) for skill in skills[:1])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)

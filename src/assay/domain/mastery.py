"""How much of a skill a student knows, as a distribution over levels: a small Bayesian network over questions, essays and declarations.

Levels count the content that is known: 0 nothing, 1 what a beginner's credential teaches, 2 an intermediate one's, 3 an advanced one's.
A student has a general level, each skill one of its own near it, and every piece of evidence depends on the skill's level alone. Such a
tree is solved exactly: the general level by all evidence, each skill by its own and by what the others say of the general level.
A question says more the better its difficulty fits: a wrong answer to a hard one says little about a beginner, a right answer to an easy
one little about mastery (item response theory, with guesses and slips as in the three- and four-parameter logistic models).
"""

from collections.abc import Iterable, Mapping
from functools import cache
from math import exp, prod
from typing import Final, NamedTuple

type Levels = tuple[float, float, float, float]
"""A number per level 0 to 3: probabilities, or likelihoods up to a factor."""

TOP: Final = 3
UNKNOWN: Final[Levels] = (1.0, 1.0, 1.0, 1.0)
_GENERAL: Final[Levels] = (0.3, 0.35, 0.25, 0.1)
"""Of somebody of whom nothing is known: few come with the content of advanced credentials."""
_NEXT: Final = 0.35
"""How likely a skill is one level from the general one, beside being at it; each further level as much less again."""
_RIGHT: Final = (0.15, 0.5, 0.95)
"""Chance of a right answer two levels or more below what the question asks, one below, and at it: guesses and slips."""
_ACCURACY: Final[Levels] = (0.75, 2.25, 3.75, 4.0)
_ACCURACY_SPREAD: Final = 0.8
"""Accuracy (0 to 4) that essays get by level, and how much it varies."""
_ELSEWHERE: Final = 0.1
"""Share of essays whose accuracy is no sign of mastery: misread, off the topic, or judged wrongly."""
_SAYS: Final[Levels] = (-0.4, 0.3, 0.7, 0.9)
_SAYS_SPREAD: Final = 0.45
"""What students say of their own experience (-1 to 1) by level, and how much it varies."""


class Evidence(NamedTuple):
    """What one answer says of one skill."""

    skill: str
    likelihood: Levels


class Standing(NamedTuple):
    """The general level and the skills of which there is evidence, each a distribution over the levels."""

    general: Levels
    own: Mapping[str, Levels]

    def of(self, skill: str) -> Levels:
        """How likely each level of `skill` is; one without evidence is taken to be as the rest."""
        return self.own.get(skill, self.general)


def infer(evidence: Iterable[Evidence]) -> Standing:
    """What `evidence` says altogether."""
    said: dict[str, Levels] = {}
    for skill, likelihood in evidence:
        said[skill] = _times(said.get(skill, UNKNOWN), likelihood)
    of_general = {skill: _through(likelihood) for skill, likelihood in said.items()}
    general = _normalised([chance * prod(each[level] for each in of_general.values()) for level, chance in enumerate(_GENERAL)])
    own: dict[str, Levels] = {}
    for skill, likelihood in said.items():
        without = (chance / of_general[skill][level] for level, chance in enumerate(general))
        own[skill] = _normalised(_times(_spread(without), likelihood))
    return Standing(general, own)


def mean(levels: Levels) -> float:
    """The expected level as a share of the top, 0 to 1."""
    return sum(level * chance for level, chance in enumerate(levels)) / TOP


def answered(credit: float, difficulty: int) -> Levels:
    """What a theoretical question of `difficulty` 1 to 3, answered with `credit`, says; part of the credit counts as part of an answer."""
    right = [_RIGHT[max(0, min(2, level - difficulty + 2))] for level in range(TOP + 1)]
    return _levels(chance**credit * (1 - chance) ** (1 - credit) for chance in right)


def written(accuracy: float) -> Levels:
    """What an essay of `accuracy` 0 to 4 says."""
    return _levels(_ELSEWHERE + (1 - _ELSEWHERE) * near for near in _near(accuracy, _ACCURACY, _ACCURACY_SPREAD))


def declared(experience: float) -> Levels:
    """What a student says by claiming `experience`, -1 to 1."""
    return _levels(_ELSEWHERE + (1 - _ELSEWHERE) * near for near in _near(experience, _SAYS, _SAYS_SPREAD))


def tempered(likelihood: Levels, weight: float) -> Levels:
    """`likelihood` counted `weight` times, 0 to 1."""
    return likelihood if weight == 1 else _levels(value**weight for value in likelihood)


def _near(value: float, centres: Levels, spread: float) -> list[float]:
    return [exp(-(((value - centre) / spread) ** 2) / 2) for centre in centres]


def _through(likelihood: Levels) -> Levels:
    """What a likelihood of a skill's level says of the general level."""
    return _levels(sum(chance * value for chance, value in zip(row, likelihood, strict=True)) for row in _kernel())


def _spread(general: Iterable[float]) -> Levels:
    """Levels of a skill when the general level is as `general` says."""
    weights = list(general)
    return _levels(sum(weight * row[level] for weight, row in zip(weights, _kernel(), strict=True)) for level in range(TOP + 1))


@cache
def _kernel() -> tuple[Levels, ...]:
    return tuple(_normalised([_NEXT ** abs(level - general) for level in range(TOP + 1)]) for general in range(TOP + 1))


def _times(one: Levels, other: Levels) -> Levels:
    return _levels(a * b for a, b in zip(one, other, strict=True))


def _normalised(values: Iterable[float]) -> Levels:
    listed = list(values)
    total = sum(listed)
    return _levels(value / total for value in listed)


def _levels(values: Iterable[float]) -> Levels:
    nothing, beginner, intermediate, advanced = values
    return nothing, beginner, intermediate, advanced

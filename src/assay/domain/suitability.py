"""How well one credential suits one student: signals for it, what speaks against it, what rules it out; each with a sentence."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from math import log2
from typing import Final, NamedTuple
from uuid import UUID

from pydantic import Field

from assay.domain.credentials import CredentialContent
from assay.domain.learner import WEAK, Learner
from assay.domain.questions import Slug
from assay.domain.tracks import SkillLevel
from assay.kit.model import Value

SIGNALS: Final[dict[str, float]] = {"relevance": 0.25, "skill_gap": 0.27, "role_focus": 0.23, "interest": 0.2}
"""What each signal adds to a score when it is full. Tuned by eye on the six tracks of the seed catalog."""
_FULL_GAP: Final = 0.45
_FULL_INTEREST: Final = 0.7
"""Need and interest, averaged over a credential's skills, from which the signal is full."""
_LEVEL_FITS: Final = 0.05
_LEVEL_STEP: Final = 0.25
_MAIN_SKILL: Final = 0.7
"""Share of a credential's first skill in what its level is held against: it is the one that is taught."""
_BEGINNER: Final = 0.25
_PER_LEVEL: Final = 0.3
"""Mastery that a beginner's credential suits best, and what each level above it asks more."""
_KNOWN: Final = 0.7
_SKIPS: Final = {SkillLevel.BEGINNER: 0.45, SkillLevel.INTERMEDIATE: 0.6, SkillLevel.ADVANCED: 0.75}
"""Mastery of its skills from which a prerequisite of this level counts as met."""
_PREREQUISITE: Final = 0.1
_WORKLOAD: Final = 0.08
_WEEKS: Final = 12
_WEEKLY_HOURS: Final = {"light": 2, "steady": 5, "brisk": 10, "intensive": 20}


class Preferences(Value):
    """What holds besides the answers: languages, completed credentials, hours there are in all (from the pace signal when None)."""

    languages: frozenset[str] = frozenset({"en"})
    completed: frozenset[Slug] = frozenset()
    hours: float | None = None


class Candidate(Value):
    """A credential that a search found, in the version it would be cited in. `relevance` and `ranks` are those of the fusion."""

    credential_id: UUID
    version_id: UUID
    slug: Slug
    version: int
    published: bool
    content: CredentialContent
    relevance: float
    ranks: dict[str, int] = Field(default_factory=dict)


class Reason(Value):
    """One signal's part in a score, in words."""

    code: str
    text: str
    contribution: float


class Objection(NamedTuple):
    """Why a credential is left out."""

    code: str
    text: str


class Situation(NamedTuple):
    """For whom, and knowing what: `names` is the skill vocabulary, `known` holds contents by slug, `offered` what may be recommended."""

    learner: Learner
    preferences: Preferences
    names: Mapping[str, str]
    known: Mapping[Slug, CredentialContent]
    offered: frozenset[Slug] = frozenset()

    def listed(self, skills: Sequence[str]) -> str:
        """Skills by name, as prose."""
        return joined([self.names.get(skill, skill.replace("-", " ")) for skill in skills])


def objection(candidate: Candidate, situation: Situation) -> Objection | None:
    """What rules `candidate` out, or None."""
    content, learner, wishes = candidate.content, situation.learner, situation.preferences
    if not candidate.published:
        return Objection("retired", "It is no longer offered.")
    if candidate.slug in wishes.completed:
        return Objection("completed", "It is already completed.")
    if content.language not in wishes.languages:
        return Objection("language", f"It is taught in another language ({content.language}).")
    if content.level is SkillLevel.BEGINNER and all(learner.mastery(skill) >= _KNOWN for skill in content.skills):
        return Objection(
            "already_known", f"It starts from the beginning, and your answers already show {situation.listed(content.skills)}."
        )
    needed = content.prerequisite_skills
    if needed and all(skill in learner.weak or learner.mastery(skill) < WEAK / 2 for skill in needed):
        return Objection("too_early", f"It builds on {situation.listed(needed)}, where your answers left room to grow.")
    return None


def unmet(content: CredentialContent, situation: Situation) -> tuple[Slug, ...]:
    """Prerequisite credentials of `content` that are neither completed nor covered by what the student has shown."""
    return tuple(
        slug
        for slug in content.prerequisites
        if slug not in situation.preferences.completed
        and not (slug in situation.known and _could_skip(situation.known[slug], situation.learner))
    )


def reasons(candidate: Candidate, situation: Situation, best_relevance: float) -> list[Reason]:
    """Everything that adds to or takes from the score of `candidate`; `best_relevance` is that of the most relevant one."""
    content, learner = candidate.content, situation.learner
    values = {
        "relevance": candidate.relevance / best_relevance if best_relevance else 0.0,
        "skill_gap": min(1.0, discounted(content.skills, learner.need) / _FULL_GAP),
        "role_focus": discounted(content.skills, lambda skill: float(skill in learner.track.skill_focus)),
        "interest": min(1.0, discounted(content.skills, lambda skill: learner.interests.get(skill, 0.0)) / _FULL_INTEREST),
    }
    signals = [
        Reason(code=code, text=_WORDS[code](candidate, situation), contribution=contribution)
        for code, value in values.items()
        if (contribution := round(SIGNALS[code] * value, 4))
    ]
    return [*signals, _level(content, learner), *_workload(content, situation), *_prerequisites(content, situation)]


def discounted(skills: Sequence[Slug], value: Callable[[str], float]) -> float:
    """Mean of `value` over `skills`, most important first, each place counting 1 / log2(place + 1) as in DCG."""
    weights = _discounts(len(skills))
    return sum(weight * value(skill) for weight, skill in zip(weights, skills, strict=True)) / sum(weights)


@cache
def _discounts(places: int) -> tuple[float, ...]:
    return tuple(1 / log2(place + 2) for place in range(places))


def joined(words: Sequence[str]) -> str:
    """Words as prose: `a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _could_skip(content: CredentialContent, learner: Learner) -> bool:
    return content.skills[0] not in learner.weak and discounted(content.skills, learner.mastery) >= _SKIPS[content.level]


def _level(content: CredentialContent, learner: Learner) -> Reason:
    """A little for a level within half a step of the mastery, off for each step beyond; a beginner's fits a gap that showed."""
    main, *others = [learner.mastery(skill) for skill in content.skills]
    shown = _MAIN_SKILL * main + (1 - _MAIN_SKILL) * sum(others) / len(others) if others else main
    ideal = max(0.0, min((shown - _BEGINNER) / _PER_LEVEL, learner.track.target_level.rank + 1, 2.0))
    beyond = abs(content.level.rank - ideal) - 0.5
    name = content.level.capitalize()
    if beyond <= 0 or (content.level is SkillLevel.BEGINNER and content.skills[0] in learner.weak):
        return Reason(code="level_fit", text=f"{name} level fits what your answers show.", contribution=_LEVEL_FITS)
    text = f"{name} level is {'above' if content.level.rank > ideal else 'below'} what your answers show."
    return Reason(code="level_misfit", text=text, contribution=-round(_LEVEL_STEP * beyond, 4))


def _workload(content: CredentialContent, situation: Situation) -> Iterator[Reason]:
    hours = situation.preferences.hours or _WEEKS * _WEEKLY_HOURS.get(situation.learner.pace, 0)
    if hours and content.workload_hours > hours:
        text = f"Its {content.workload_hours} hours are more than the time you have in the next months."
        off = round(_WORKLOAD * min(1.0, content.workload_hours / hours - 1), 4)
        yield Reason(code="workload", text=text, contribution=-off)


def _prerequisites(content: CredentialContent, situation: Situation) -> Iterator[Reason]:
    """Off for prerequisites that cannot be recommended beside it; those that can are put in order by the ranking."""
    missing = [slug for slug in unmet(content, situation) if slug not in situation.offered]
    skills = [skill for skill in content.prerequisite_skills if skill in situation.learner.weak]
    if missing:
        titles = [situation.known[slug].title if slug in situation.known else slug.replace("-", " ") for slug in missing]
        yield Reason(code="prerequisite", text=f"Expects {joined(titles)} first.", contribution=-_PREREQUISITE)
    elif skills:
        yield Reason(code="prerequisite", text=f"Expects {situation.listed(skills)}, not yet shown.", contribution=-_PREREQUISITE / 2)


def _relevance_words(candidate: Candidate, situation: Situation) -> str:
    del situation
    found = dict.fromkeys(name.split(".")[0] for name, _ in sorted(candidate.ranks.items(), key=lambda entry: (entry[1], entry[0])))
    words = {"role": "the role", "gaps": "what to work on", "interests": "your interests", "essays": "your essays"}
    return f"Found by searching for {joined([words[part] for part in found if part in words] or ['the role'])}."


def _gap_words(candidate: Candidate, situation: Situation) -> str:
    learner, skills = situation.learner, candidate.content.skills
    if missing := [skill for skill in skills if skill in learner.weak]:
        return f"Builds {situation.listed(missing)}, where your answers left room to grow."
    return f"Takes you further in {situation.listed([skill for skill in skills if learner.need(skill) > 0])}."


def _focus_words(candidate: Candidate, situation: Situation) -> str:
    focus = situation.learner.track.skill_focus
    return f"Covers {situation.listed([skill for skill in candidate.content.skills if skill in focus])}, which the role asks for."


def _interest_words(candidate: Candidate, situation: Situation) -> str:
    interests = situation.learner.interests
    if liked := [skill for skill in candidate.content.skills if interests.get(skill, 0) > 0]:
        return f"Matches your interest in {situation.listed(liked)}."
    return f"You were less drawn to {situation.listed([skill for skill in candidate.content.skills if interests.get(skill, 0) < 0])}."


_WORDS: Final[dict[str, Callable[[Candidate, Situation], str]]] = {
    "relevance": _relevance_words,
    "skill_gap": _gap_words,
    "role_focus": _focus_words,
    "interest": _interest_words,
}

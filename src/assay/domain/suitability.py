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

SIGNALS: Final[dict[str, float]] = {"relevance": 0.25, "skill_gap": 0.35, "role_focus": 0.23, "interest": 0.2}
"""What each signal adds to a score when it is full. These and the other weights were tuned on the development half of evals/retrieval."""
_FULL_GAP: Final = 0.45
_FULL_INTEREST: Final = 0.7
"""Need and interest, averaged over a credential's skills, from which the signal is full."""
_LEVEL_FITS: Final = 0.05
_LEVEL_STEP: Final = 0.5
_FIRST_SKILL: Final = 2.0
"""Weight of a credential's first skill, the one that is taught, beside those of the further ones, which fall as in DCG."""
_MAIN_SKILL: Final = 0.7
"""Share of a credential's first skill in what its level is held against: it is the one that is taught."""
_BEGINNER: Final = 0.25
_PER_LEVEL: Final = 0.3
"""Mastery that a beginner's credential suits best, and what each level above it asks more."""
_AIM: Final = 0.5
"""Levels by which an aim one level above intermediate shifts what suits."""
_KNOWN: Final = 0.7
_SKIPS: Final = {SkillLevel.BEGINNER: 0.45, SkillLevel.INTERMEDIATE: 0.6, SkillLevel.ADVANCED: 0.75}
"""Mastery of its skills from which a prerequisite of this level counts as met."""
_LACKING: Final = 0.35
"""Mastery below which a skill that is asked for is lacking; less than the prior, so that nothing is held against the unknown."""
_PREREQUISITE: Final = 0.1
"""Off for the step that has to be taken first, and for each skill that is asked for and lacking."""
_WORKLOAD: Final = 0.08
WEEKS: Final = 12
"""How far the time a student has in a week reaches ahead."""
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


COMPLETED: Final = Objection("completed", "It is already completed.")


class Situation(NamedTuple):
    """For whom, and knowing what: `names` is the skill vocabulary, `known` holds contents by slug."""

    learner: Learner
    preferences: Preferences
    names: Mapping[str, str]
    known: Mapping[Slug, CredentialContent]

    def listed(self, skills: Sequence[str]) -> str:
        """Skills by name, as prose."""
        return joined([self.names.get(skill, skill.replace("-", " ")) for skill in skills])


def objection(candidate: Candidate, situation: Situation) -> Objection | None:
    """What rules `candidate` out, or None."""
    content, learner, wishes = candidate.content, situation.learner, situation.preferences
    if not candidate.published:
        return Objection("retired", "It is no longer offered.")
    if candidate.slug in wishes.completed:
        return COMPLETED
    if content.language not in wishes.languages:
        return Objection("language", f"It is taught in another language ({content.language}).")
    if known := _known(content, situation):
        return known
    needed = content.prerequisite_skills
    if needed and all(skill in learner.weak or learner.mastery(skill) < WEAK / 2 for skill in needed):
        return Objection("too_early", f"It builds on {situation.listed(needed)}, where your answers left room to grow.")
    return None


def _known(content: CredentialContent, situation: Situation) -> Objection | None:
    """What a student declares counts up to the level that the track asks for, what the answers show for a beginner's credential."""
    learner = situation.learner
    if content.level.rank <= learner.track.target_level.rank and set(content.skills) <= set(learner.prior_learning):
        return Objection("prior_learning", f"You have already learned {situation.listed(content.skills)}, as you say.")
    if content.level is SkillLevel.BEGINNER and all(learner.mastery(skill) >= _KNOWN for skill in content.skills):
        known = "you already know" if _declared(content, learner) else "your answers already show"
        return Objection("already_known", f"It starts from the beginning, and {known} {situation.listed(content.skills)}.")
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
    """Mean of `value` over `skills`, most important first: the first counts double, each further place 1 / log2(place + 1) as in DCG."""
    weights, total = _discounts(len(skills))
    return sum(weight * value(skill) for weight, skill in zip(weights, skills, strict=True)) / total


@cache
def _discounts(places: int) -> tuple[tuple[float, ...], float]:
    weights = (_FIRST_SKILL, *(1 / log2(place + 1) for place in range(2, places + 1)))
    return weights, sum(weights)


def joined(words: Sequence[str]) -> str:
    """Words as prose: `a`, `a and b`, `a, b and c`; nothing for none."""
    return "".join(words) if len(words) < 2 else f"{', '.join(words[:-1])} and {words[-1]}"


def available_hours(learner: Learner, preferences: Preferences) -> float:
    """Hours there are in all; 0 when nothing is known of it."""
    return preferences.hours or WEEKS * _WEEKLY_HOURS.get(learner.pace, 0)


def _declared(content: CredentialContent, learner: Learner) -> bool:
    """Whether any of its skills is known from what the student says alone."""
    return any(skill in learner.prior_learning for skill in content.skills)


def _could_skip(content: CredentialContent, learner: Learner) -> bool:
    return content.skills[0] not in learner.weak and discounted(content.skills, learner.mastery) >= _SKIPS[content.level]


def _level(content: CredentialContent, learner: Learner) -> Reason:
    """A little for a level within half a step of the mastery, off for each step beyond; a beginner's fits a gap that showed."""
    main, *others = [learner.mastery(skill) for skill in content.skills]
    shown = _MAIN_SKILL * main + (1 - _MAIN_SKILL) * sum(others) / len(others) if others else main
    aim = learner.track.target_level.rank - SkillLevel.INTERMEDIATE.rank
    ideal = max(0.0, min((shown - _BEGINNER) / _PER_LEVEL + _AIM * aim, aim + 2, 2.0))
    beyond = abs(content.level.rank - ideal) - 0.5
    name, shows = content.level.capitalize(), "you already know" if _declared(content, learner) else "your answers show"
    view = f", with the {learner.track.target_level} level in view" if aim else ""
    if beyond <= 0 or (content.level is SkillLevel.BEGINNER and content.skills[0] in learner.weak):
        return Reason(code="level_fit", text=f"{name} level fits what {shows}{view}.", contribution=_LEVEL_FITS)
    text = f"{name} level is {'above' if content.level.rank > ideal else 'below'} what {shows}{view}."
    return Reason(code="level_misfit", text=text, contribution=-round(_LEVEL_STEP * beyond, 4))


def _workload(content: CredentialContent, situation: Situation) -> Iterator[Reason]:
    hours = available_hours(situation.learner, situation.preferences)
    if hours and content.workload_hours > hours:
        text = f"Its {content.workload_hours} hours are more than the time you have in the next months."
        off = round(_WORKLOAD * min(1.0, content.workload_hours / hours - 1), 4)
        yield Reason(code="workload", text=text, contribution=-off)


def _prerequisites(content: CredentialContent, situation: Situation) -> Iterator[Reason]:
    """Off for what has to be learned first, also when it can be recommended beside it: then it is the step after the next."""
    missing = [situation.known[slug].title if slug in situation.known else slug.replace("-", " ") for slug in unmet(content, situation)]
    skills = [skill for skill in content.prerequisite_skills if situation.learner.mastery(skill) < _LACKING]
    if missing or skills:
        first, basics = joined(missing), situation.listed(skills)
        expected = [*([f"{first} first"] if first else []), *([f"{basics}, not yet shown"] if basics else [])]
        off = -round(_PREREQUISITE * (bool(missing) + len(skills)), 4)
        yield Reason(code="prerequisite", text=f"Expects {' and '.join(expected)}.", contribution=off)


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

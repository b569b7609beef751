"""How well one credential suits one student: signals for it, what speaks against it, what rules it out; each with a sentence."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from math import log2
from operator import mul
from typing import Any, Final, NamedTuple
from uuid import UUID

from assay.domain.credentials import CredentialContent
from assay.domain.learner import Learner
from assay.domain.mastery import TOP, mean
from assay.domain.questions import Slug
from assay.domain.tracks import SkillLevel
from assay.kit.model import Value

SIGNALS: Final[dict[str, float]] = {"relevance": 0.15, "skill_gap": 0.35, "role_focus": 0.4, "interest": 0.15}
"""What each signal adds to a score when it is full. These and the other weights were tuned on the development half of evals/retrieval."""
_FULL_GAP: Final = 0.3
_FULL_INTEREST: Final = 0.5
"""Need and interest, averaged over a credential's skills, from which the signal is full."""
_FIRST_SKILL: Final = 4.0
"""Weight of a credential's first skill, the one that is taught, beside those of the further ones, which fall as in DCG."""
_LEVEL_STEP: Final = 0.3
"""Off for each level that a credential is expected to lie from what is known of its first skill."""
_FITS: Final = 0.75
"""Expected distance in levels up to which a level fits: to be this unsure of a level is usual."""
_AIM: Final = 0.5
"""Levels by which an aim one level above intermediate shifts what suits."""
_KNOWN: Final = 0.7
"""Mastery of all its skills from which a beginner's credential has nothing to teach."""
_LACKING: Final = 0.3
"""Chance of knowing nothing of it from which a skill that is asked for counts as lacking."""
_MET: Final = 0.8
"""Chance of knowing what it teaches from which a prerequisite need not be taken."""
_PREREQUISITE: Final = 0.7
"""Off for each level expected to be climbed before a credential can be begun."""
_MOST_STEPS: Final = 3.0
_TOO_EARLY: Final = 1.4
"""Lacking skills, as far as they are expected to lack, from which a credential comes too early."""
_WORKLOAD: Final = 0.15
"""Off for a workload of twice the time there is, less in proportion."""
WEEKS: Final = 12
"""How far the time a student has in a week reaches ahead."""
_WEEKLY_HOURS: Final = {"light": 2, "steady": 5, "brisk": 10, "intensive": 20}


class Preferences(Value):
    """What holds besides the answers: languages, completed credentials, hours there are in all (from the pace signal when None)."""

    languages: frozenset[str] = frozenset({"en"})
    completed: frozenset[Slug] = frozenset()
    hours: float | None = None


class Candidate(NamedTuple):
    """A credential that a search found, in the version it would be cited in. `relevance` and `ranks` are those of the fusion."""

    credential_id: UUID
    version_id: UUID
    slug: Slug
    version: int
    published: bool
    content: CredentialContent
    relevance: float
    ranks: Mapping[str, int]


class Reason(Value):
    """One signal's part in a score, in words."""

    code: str
    text: str
    contribution: float


class Sign(NamedTuple):
    """The same before it is put into words, which is done for the few that are shown: `words(*said_of)` is its text."""

    code: str
    contribution: float
    words: Callable[..., str]
    said_of: tuple[Any, ...]

    @property
    def text(self) -> str:
        """The sentence."""
        return self.words(*self.said_of)

    def reason(self) -> Reason:
        """In words."""
        return Reason(code=self.code, text=self.text, contribution=self.contribution)


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
    needed = _lacking(content, learner)
    if sum(needed.values()) >= _TOO_EARLY:
        return Objection("too_early", f"It builds on {situation.listed(list(needed))}, where your answers left room to grow.")
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


def signs(candidate: Candidate, situation: Situation, best_relevance: float) -> list[Sign]:
    """Everything that adds to or takes from the score of `candidate`; `best_relevance` is that of the most relevant one."""
    content, learner = candidate.content, situation.learner
    skills, focus, keenness = content.skills, learner.track.skill_focus, learner.keenness
    values = {
        "relevance": candidate.relevance / best_relevance if best_relevance else 0.0,
        "skill_gap": min(1.0, discounted(skills, map(learner.need, skills)) / _FULL_GAP),
        "role_focus": discounted(skills, (skill in focus for skill in skills)),
        "interest": min(1.0, discounted(skills, (keenness.get(skill, 0.0) for skill in skills)) / _FULL_INTEREST),
    }
    found = [
        Sign(code, contribution, _WORDS[code], (candidate, situation))
        for code, value in values.items()
        if (contribution := round(SIGNALS[code] * value, 4))
    ]
    return [*found, _level(content, learner), *_workload(content, situation), *_prerequisites(content, situation)]


def discounted(skills: Sequence[Slug], values: Iterable[float]) -> float:
    """Mean of the `values` of `skills`, most important first: the first counts double, each further place 1 / log2(place + 1) as in DCG."""
    weights, total = _discounts(len(skills))
    weighted: float = sum(map(mul, weights, values))
    return weighted / total


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
    return sum(learner.levels(content.skills[0])[content.level.rank + 1 :]) >= _MET


def _lacking(content: CredentialContent, learner: Learner) -> dict[Slug, float]:
    """The skills that `content` asks for and that are likely not known at all, each with the chance of that."""
    chances = {skill: learner.levels(skill)[0] for skill in content.prerequisite_skills}
    return {skill: chance for skill, chance in chances.items() if chance >= _LACKING}


def _level(content: CredentialContent, learner: Learner) -> Sign:
    """More, the nearer the level is expected to lie to what is known of the first skill; each level of distance costs the same."""
    levels, rank = learner.levels(content.skills[0]), content.level.rank
    aim = _AIM * (learner.track.target_level.rank - SkillLevel.INTERMEDIATE.rank)
    distance = sum(chance * abs(suited - rank) for chance, suited in zip(levels, _suited(aim), strict=True))
    worth = round(_LEVEL_STEP * (_FITS - distance), 4)
    if worth >= 0:
        return Sign("level_fit", worth, _level_words, (content, learner, aim, "fits"))
    above = rank > TOP * mean(levels) + aim
    return Sign("level_misfit", worth, _level_words, (content, learner, aim, "is above" if above else "is below"))


def _level_words(content: CredentialContent, learner: Learner, aim: float, lies: str) -> str:
    shows = "you already know" if _declared(content, learner) else "your answers show"
    view = f", with the {learner.track.target_level} level in view" if aim else ""
    return f"{content.level.capitalize()} level {lies} what {shows}{view}."


@cache
def _suited(aim: float) -> tuple[float, ...]:
    """The level that suits, by the level known: moved by the aim within the levels there are; who knows all of them has outgrown them."""
    highest = SkillLevel.ADVANCED.rank
    return (*(max(0.0, min(known + aim, highest)) for known in range(TOP)), float(TOP))


def _workload(content: CredentialContent, situation: Situation) -> Iterator[Sign]:
    hours = available_hours(situation.learner, situation.preferences)
    if hours and content.workload_hours > hours:
        off = round(_WORKLOAD * min(1.0, content.workload_hours / hours - 1), 4)
        yield Sign("workload", -off, _workload_words, (content,))


def _workload_words(content: CredentialContent) -> str:
    return f"Its {content.workload_hours} hours are more than the time you have in the next months."


def _prerequisites(content: CredentialContent, situation: Situation) -> Iterator[Sign]:
    """Off for what has to be learned first, also when it can be recommended beside it: then it is the step after the next."""
    learner = situation.learner
    known = {slug: situation.known.get(slug) for slug in unmet(content, situation)}
    skills = _lacking(content, learner)
    if known or skills:
        climbed = [learner.steps(each.skills[0], each.level.rank + 1) if each else 1.0 for each in known.values()]
        off = round(_PREREQUISITE * min(_MOST_STEPS, sum(climbed) + sum(skills.values())), 4)
        yield Sign("prerequisite", -off, _prerequisite_words, (known, skills, situation))


def _prerequisite_words(known: Mapping[Slug, CredentialContent | None], skills: Mapping[Slug, float], situation: Situation) -> str:
    first = joined([each.title if each else slug.replace("-", " ") for slug, each in known.items()])
    expected = [*([f"{first} first"] if first else []), *([f"{situation.listed(list(skills))}, not yet shown"] if skills else [])]
    return f"Expects {' and '.join(expected)}."


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

"""Choosing credentials, second half: a deterministic rerank in which every point of a score has a reason.

A score is the weighted sum of five signals in [0, 1], minus what speaks against: workload beyond the time there is, prerequisites
that are not shown, and overlap with what is already recommended (maximal marginal relevance, Carbonell and Goldstein, SIGIR 1998).
Nothing is random; ties fall to the slug.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import log2
from typing import Final
from uuid import UUID

from assay.domain.credentials import CredentialContent
from assay.domain.learner import WEAK, Learner
from assay.domain.questions import Slug
from assay.domain.tracks import SkillLevel
from assay.kit.model import Value

MAX_ITEMS: Final = 8
MIN_ITEMS: Final = 6
"""Below this many, weak candidates are still shown rather than cut."""
MAX_EXCLUDED: Final = 6
_NOTABLE: Final = 16
"""An exclusion is worth a word when the search had the credential among this many."""

SIGNALS: Final[dict[str, float]] = {"relevance": 0.25, "skill_gap": 0.25, "role_focus": 0.15, "level_fit": 0.2, "interest": 0.15}
_WORKLOAD: Final = 0.08
_PREREQUISITE: Final = 0.1
_OVERLAP: Final = 0.2
_PER_PRIMARY_SKILL: Final = 2
_CUT: Final = 0.5
"""Candidates below this share of the best score are left out."""
_KNOWN: Final = 0.7
_SKIPS: Final = {SkillLevel.BEGINNER: 0.45, SkillLevel.INTERMEDIATE: 0.6, SkillLevel.ADVANCED: 0.75}
"""Mastery of its skills from which a prerequisite of this level counts as met."""
_WEEKS: Final = 12
_WEEKLY_HOURS: Final = {"light": 2, "steady": 5, "brisk": 10, "intensive": 20}


class Preferences(Value):
    """What holds besides the answers: languages, completed credentials, hours there are in all (from the pace signal when None)."""

    languages: frozenset[str] = frozenset({"en"})
    completed: frozenset[Slug] = frozenset()
    hours: float | None = None


class Candidate(Value):
    """A credential that a search found, in the version it would be cited in."""

    credential_id: UUID
    version_id: UUID
    slug: Slug
    version: int
    published: bool
    content: CredentialContent
    relevance: float
    ranks: dict[str, int] = {}


class Reason(Value):
    """One signal's part in a score, in words."""

    code: str
    text: str
    contribution: float


class RankedItem(Value):
    """A recommended credential: `score` is the sum of the contributions."""

    candidate: Candidate
    score: float
    reasons: tuple[Reason, ...]


class Excluded(Value):
    """A credential the search found near the top that is not recommended, and why."""

    credential_id: UUID
    title: str
    code: str
    reason: str


class Ranking(Value):
    """The recommendation, best first, and the notable exclusions."""

    items: tuple[RankedItem, ...]
    excluded: tuple[Excluded, ...]


def rerank(
    learner: Learner,
    candidates: Sequence[Candidate],
    names: Mapping[str, str],
    *,
    preferences: Preferences | None = None,
    titles: Mapping[Slug, CredentialContent] | None = None,
) -> Ranking:
    """Choose up to `MAX_ITEMS` of `candidates` for `learner`.

    `names` is the skill vocabulary, `titles` the contents of the candidates' prerequisites. Pure: the same input gives the same list.
    """
    wishes = preferences or Preferences()
    known = {candidate.slug: candidate.content for candidate in candidates} | dict(titles or {})
    offered = {candidate.slug for candidate in candidates if not _objection(candidate, learner, wishes, names)}
    best = max((candidate.relevance for candidate in candidates), default=0.0) or 1.0
    allowed: list[RankedItem] = []
    refused: list[tuple[Candidate, str, str]] = []
    for candidate in candidates:
        if objection := _objection(candidate, learner, wishes, names):
            refused.append((candidate, *objection))
        else:
            allowed.append(_scored(candidate, learner, names, wishes, known, best, offered))
    chosen, passed_over = _select(_prerequisites_first(allowed, learner, known))
    return Ranking(items=tuple(chosen), excluded=_notable(candidates, [*refused, *passed_over]))


def unmet(content: CredentialContent, learner: Learner, known: Mapping[Slug, CredentialContent], completed: frozenset[Slug]) -> tuple[Slug, ...]:
    """Prerequisite credentials of `content` that are neither completed nor covered by what the student has shown."""
    return tuple(
        slug for slug in content.prerequisites if slug not in completed and not (slug in known and _could_skip(known[slug], learner))
    )


def _could_skip(content: CredentialContent, learner: Learner) -> bool:
    return content.skills[0] not in learner.weak and _discounted(content.skills, learner.mastery) >= _SKIPS[content.level]


def _objection(candidate: Candidate, learner: Learner, wishes: Preferences, names: Mapping[str, str]) -> tuple[str, str] | None:
    """Why `candidate` is out of the question: a code and a sentence."""
    content = candidate.content
    if not candidate.published:
        return "retired", "It is no longer offered."
    if candidate.slug in wishes.completed:
        return "completed", "It is already completed."
    if content.language not in wishes.languages:
        return "language", f"It is taught in another language ({content.language})."
    if content.level.rank == 0 and all(learner.mastery(skill) >= _KNOWN for skill in content.skills):
        return "already_known", f"It starts from the beginning, and your answers already show {_listed(content.skills, names)}."
    if content.prerequisite_skills and all(
        skill in learner.weak or learner.mastery(skill) < WEAK / 2 for skill in content.prerequisite_skills
    ):
        return "too_early", f"It builds on {_listed(content.prerequisite_skills, names)}, where your answers left room to grow."
    return None


def _scored(
    candidate: Candidate,
    learner: Learner,
    names: Mapping[str, str],
    wishes: Preferences,
    known: Mapping[Slug, CredentialContent],
    best: float,
    offered: set[str],
) -> RankedItem:
    content = candidate.content
    values = {
        "relevance": candidate.relevance / best,
        "skill_gap": min(1.0, _discounted(content.skills, learner.need) / 0.7),
        "role_focus": _discounted(content.skills, lambda skill: float(skill in learner.track.skill_focus)),
        "level_fit": _level_fit(content, learner),
        "interest": min(1.0, _discounted(content.skills, lambda skill: learner.tagged("interest").get(skill, 0.0)) / 0.7),
    }
    reasons = [
        Reason(code=code, text=_words(code, candidate, learner, names), contribution=round(SIGNALS[code] * value, 4))
        for code, value in values.items()
        if round(SIGNALS[code] * value, 4)
    ]
    return _summed(candidate, [*reasons, *_against(candidate, learner, wishes, known, names, offered)])


def _against(
    candidate: Candidate, learner: Learner, wishes: Preferences, known: Mapping[Slug, CredentialContent], names: Mapping[str, str], offered: set[str]
) -> Iterator[Reason]:
    content = candidate.content
    hours = wishes.hours or _hours(learner)
    if hours and content.workload_hours > hours:
        excess = min(1.0, content.workload_hours / hours - 1)
        yield Reason(
            code="workload",
            text=f"Its {content.workload_hours} hours are more than the time you have in the next months.",
            contribution=-round(_WORKLOAD * excess, 4),
        )
    missing = [known[slug].title if slug in known else slug for slug in unmet(content, learner, known, wishes.completed) if slug not in offered]
    skills = [skill for skill in content.prerequisite_skills if skill in learner.weak]
    if missing:
        yield Reason(code="prerequisite", text=f"Expects {_joined(missing)} first.", contribution=-_PREREQUISITE)
    elif skills:
        yield Reason(code="prerequisite", text=f"Expects {_listed(skills, names)}, not yet shown.", contribution=-_PREREQUISITE / 2)


def _prerequisites_first(
    items: Sequence[RankedItem], learner: Learner, known: Mapping[Slug, CredentialContent]
) -> list[RankedItem]:
    """Items with none scored above an unmet prerequisite of its own: such a one is held back to just below it."""
    by_slug = {item.candidate.slug: item for item in items}
    settled: dict[Slug, RankedItem] = {}

    def settle(item: RankedItem, path: frozenset[Slug]) -> RankedItem:
        slug = item.candidate.slug
        if slug in settled or slug in path:
            return settled.get(slug, item)
        needed = [by_slug[other] for other in unmet(item.candidate.content, learner, known, frozenset()) if other in by_slug]
        for first in (settle(other, path | {slug}) for other in needed):
            if item.score >= first.score:
                held = round(first.score - item.score - 0.001, 4)
                text = f"Comes after {first.candidate.content.title}."
                item = _summed(item.candidate, [*item.reasons, Reason(code="sequence", text=text, contribution=held)])
        settled[slug] = item
        return item

    return [settle(item, frozenset()) for item in items]


def _select(items: Sequence[RankedItem]) -> tuple[list[RankedItem], list[tuple[Candidate, str, str]]]:
    """The list, picked one by one with the overlap discounted, and what was passed over."""
    chosen: list[RankedItem] = []
    left = sorted(items, key=_order)
    passed: list[tuple[Candidate, str, str]] = []
    while left and len(chosen) < MAX_ITEMS:
        best = min((_less_overlap(item, chosen) for item in left), key=_order)
        left = [item for item in left if item.candidate.slug != best.candidate.slug]
        if len(chosen) >= MIN_ITEMS and best.score < _CUT * chosen[0].score:
            passed.append((best.candidate, "low_score", "Others fit your answers and the role clearly better."))
            continue
        same = [item for item in chosen if item.candidate.content.skills[0] == best.candidate.content.skills[0]]
        if len(same) >= _PER_PRIMARY_SKILL:
            passed.append((best.candidate, "similar", f"It covers much the same as {same[0].candidate.content.title}."))
            continue
        chosen.append(best)
    passed += [(item.candidate, "low_score", "Others fit your answers and the role better.") for item in left]
    return chosen, passed


def _less_overlap(item: RankedItem, chosen: Sequence[RankedItem]) -> RankedItem:
    overlaps = [(_jaccard(item.candidate.content.skills, other.candidate.content.skills), other) for other in chosen]
    most = max((overlap for overlap, _ in overlaps), default=0.0)
    if not most:
        return item
    nearest = next(other for overlap, other in overlaps if overlap == most)
    text = f"Overlaps with {nearest.candidate.content.title}."
    return _summed(item.candidate, [*item.reasons, Reason(code="overlap", text=text, contribution=-round(_OVERLAP * most, 4))])


def _notable(candidates: Sequence[Candidate], refused: Sequence[tuple[Candidate, str, str]]) -> tuple[Excluded, ...]:
    order = sorted(candidates, key=lambda candidate: (-candidate.relevance, candidate.slug))[:_NOTABLE]
    place = {candidate.slug: number for number, candidate in enumerate(order)}
    worth = sorted((entry for entry in refused if entry[0].slug in place), key=lambda entry: place[entry[0].slug])
    return tuple(
        Excluded(credential_id=candidate.credential_id, title=candidate.content.title, code=code, reason=reason)
        for candidate, code, reason in worth[:MAX_EXCLUDED]
    )


def _words(code: str, candidate: Candidate, learner: Learner, names: Mapping[str, str]) -> str:
    content = candidate.content
    match code:
        case "relevance":
            parts = list(dict.fromkeys(name.split(".")[0] for name, _ in sorted(candidate.ranks.items(), key=lambda entry: entry[1])))
            words = {"role": "the role", "gaps": "what to work on", "interests": "your interests", "essays": "your essays"}
            return f"Found by searching for {_joined([words.get(part, part) for part in parts])}."
        case "skill_gap":
            missing = [skill for skill in content.skills if skill in learner.weak]
            if missing:
                return f"Builds {_listed(missing, names)}, where your answers left room to grow."
            open_skills = [skill for skill in content.skills if learner.need(skill) > 0]
            return f"Takes you further in {_listed(open_skills, names)}."
        case "role_focus":
            return f"Covers {_listed([skill for skill in content.skills if skill in learner.track.skill_focus], names)}, which the role asks for."
        case "level_fit":
            return f"{content.level.capitalize()} level fits what your answers show."
        case _:
            wanted = learner.tagged("interest")
            liked = [skill for skill in content.skills if wanted.get(skill, 0) > 0]
            disliked = [skill for skill in content.skills if wanted.get(skill, 0) < 0]
            return f"Matches your interest in {_listed(liked, names)}." if liked else f"You were less drawn to {_listed(disliked, names)}."


def _level_fit(content: CredentialContent, learner: Learner) -> float:
    """1 when the level suits the mastery of its skills (0 beginner, 1 advanced), less by three quarters per level apart; never past the target + 1."""
    ideal = min(2 * _discounted(content.skills, learner.mastery), learner.track.target_level.rank + 1)
    return max(0.0, 1 - 0.75 * abs(content.level.rank - ideal))


def _hours(learner: Learner) -> float | None:
    pace = next((name for name, weight in learner.tagged("pace").items() if weight > 0), "")
    weekly = _WEEKLY_HOURS.get(pace)
    return _WEEKS * weekly if weekly else None


def _summed(candidate: Candidate, reasons: Sequence[Reason]) -> RankedItem:
    ordered = tuple(sorted(reasons, key=lambda reason: (-reason.contribution, reason.code)))
    return RankedItem(candidate=candidate, score=round(sum(reason.contribution for reason in ordered), 4), reasons=ordered)


def _order(item: RankedItem) -> tuple[float, str]:
    return -item.score, item.candidate.slug


def _discounted(skills: Sequence[Slug], value: Callable[[str], float]) -> float:
    """Mean of `value` over `skills`, most important first, each place counting 1 / log2(place + 1) as in DCG."""
    weights = [1 / log2(place + 2) for place in range(len(skills))]
    return sum(weight * value(skill) for weight, skill in zip(weights, skills, strict=True)) / sum(weights)


def _jaccard(left: Sequence[str], right: Sequence[str]) -> float:
    return len(set(left) & set(right)) / len(set(left) | set(right))


def _mean(values: Iterator[float]) -> float:
    found = list(values)
    return sum(found) / len(found)


def _listed(skills: Sequence[str], names: Mapping[str, str]) -> str:
    return _joined([names.get(skill, skill.replace("-", " ")) for skill in skills])


def _joined(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"

"""Choosing credentials, second half: a deterministic rerank in which every point of a score has a reason.

A score is the sum of the reasons of `suitability`, with prerequisites put before what builds on them and overlap with what is already
chosen discounted (maximal marginal relevance, Carbonell and Goldstein, SIGIR 1998). Nothing is random; ties fall to the slug.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple, Self
from uuid import UUID

from assay.domain.credentials import CredentialContent
from assay.domain.learner import Learner
from assay.domain.questions import Slug
from assay.domain.suitability import SIGNALS, Candidate, Objection, Preferences, Reason, Sign, Situation, objection, signs, unmet
from assay.kit.model import Value

MAX_ITEMS: Final = 8
MIN_ITEMS: Final = 6
"""Below this many, weaker candidates are still shown rather than cut."""
MAX_EXCLUDED: Final = 6
_NOTABLE: Final = 16
"""An exclusion is worth a word when the credential was among this many of the most relevant."""
_DECLARED: Final = frozenset({"completed", "prior_learning"})
"""So is one, wherever the credential was, that follows from what the student declared."""
_CUT: Final = 0.5
"""Candidates below this share of the best score are left out."""
_OVERLAP: Final = 0.1
_PER_MAIN_SKILL: Final = 2
_OPENS_THE_WAY: Final = 0.5
LOW_SCORE: Final = "low_score"
"""Code of what is left out because others score higher."""
ADJUSTMENTS: Final = frozenset({"opens_the_way", "overlap", "sequence"})
"""Codes of the reasons that come from the list as a whole."""
_LACKS: Final = {
    "relevance": "The search found others closer to the role and to you.",
    "skill_gap": "It adds less to what your answers left open.",
    "role_focus": "It has less to do with what the role asks for.",
    "interest": "It is further from your interests.",
}


class RankedItem(NamedTuple):
    """A recommended credential: `score` is the sum of the contributions of its signs, which stand by contribution."""

    candidate: Candidate
    score: float
    signs: tuple[Sign, ...]

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The signs in words."""
        return tuple(sign.reason() for sign in self.signs)

    def adjusted(self, code: str, text: str, contribution: float) -> "RankedItem":
        """The same with one sign more, whose words are `text`."""
        return ranked(self.candidate, [*self.signs, Sign(code, round(contribution, 4), str, (text,))])


class Excluded(Value):
    """A credential found near the top that is not recommended, and why."""

    credential_id: UUID
    title: str
    code: str
    reason: str


class Ranking(NamedTuple):
    """The recommendation, best first, and the notable exclusions."""

    items: tuple[RankedItem, ...]
    excluded: tuple[Excluded, ...] = ()


class _PassedOver(NamedTuple):
    """A credential that is left out. Why, is put into words for the few that are told."""

    candidate: Candidate
    code: str
    words: Callable[[], str]

    @classmethod
    def by(cls, candidate: Candidate, why: Objection) -> Self:
        """Left out by `why`."""
        return cls(candidate, why.code, lambda: why.text)


class Appraisal(NamedTuple):
    """Every candidate on its own: what is ruled out, and what the rest scores before others are looked at."""

    situation: Situation
    refused: Mapping[Slug, Objection]
    scored: Mapping[Slug, RankedItem]


class _Overlap(NamedTuple):
    """The largest share of skills (Jaccard) that a credential has in common with a chosen one, and which."""

    share: float
    nearest: RankedItem | None


def rerank(
    learner: Learner,
    candidates: Sequence[Candidate],
    names: Mapping[str, str],
    *,
    preferences: Preferences | None = None,
    prerequisites: Mapping[Slug, CredentialContent] | None = None,
    watched: Collection[UUID] = (),
) -> Ranking:
    """Choose up to `MAX_ITEMS` of `candidates` for `learner`. Pure: the same input gives the same list.

    `names` is the skill vocabulary, `prerequisites` the contents of credentials that candidates build on; the exclusion of a `watched`
    credential (by id) is always told.
    """
    return select(appraise(learner, candidates, names, preferences, prerequisites), candidates, watched)


def appraise(
    learner: Learner,
    candidates: Sequence[Candidate],
    names: Mapping[str, str],
    preferences: Preferences | None = None,
    prerequisites: Mapping[Slug, CredentialContent] | None = None,
) -> Appraisal:
    """The first half of `rerank`: objections and reasons, candidate by candidate."""
    known = {candidate.slug: candidate.content for candidate in candidates} | dict(prerequisites or {})
    situation = Situation(learner, preferences or Preferences(), names, known)
    refused = {candidate.slug: why for candidate in candidates if (why := objection(candidate, situation))}
    allowed = [candidate for candidate in candidates if candidate.slug not in refused]
    best = max((candidate.relevance for candidate in candidates), default=0.0)
    return Appraisal(situation, refused, {candidate.slug: ranked(candidate, signs(candidate, situation, best)) for candidate in allowed})


def select(appraisal: Appraisal, candidates: Sequence[Candidate], watched: Collection[UUID] = ()) -> Ranking:
    """The second half of `rerank`: the list as a whole, and the exclusions worth a word."""
    situation, refused, scored = appraisal
    after = {slug: frozenset(unmet(item.candidate.content, situation)) & scored.keys() for slug, item in scored.items()}
    chosen, passed = _select(_held_back(_lifted(scored, after), after), after)
    ruled_out = [_PassedOver.by(candidate, refused[candidate.slug]) for candidate in candidates if candidate.slug in refused]
    return Ranking(items=tuple(chosen), excluded=_notable(candidates, [*ruled_out, *passed], watched))


def ranked(candidate: Candidate, found: Sequence[Sign]) -> RankedItem:
    """An item with its score, signs by contribution."""
    ordered = tuple(sorted(found, key=lambda sign: (-sign.contribution, sign.code)))
    return RankedItem(candidate, round(sum(sign.contribution for sign in ordered), 4), ordered)


def _lifted(items: Mapping[Slug, RankedItem], after: Mapping[Slug, frozenset[Slug]]) -> dict[Slug, RankedItem]:
    """Items with each unmet prerequisite lifted half-way to the best credential that it opens the way to."""
    lifted = dict(items)
    for item in sorted(items.values(), key=_order):
        for slug in sorted(after[item.candidate.slug]):
            first = items[slug]
            if first.score < item.score and lifted[slug] is first:
                gain = _OPENS_THE_WAY * (item.score - first.score)
                lifted[slug] = first.adjusted("opens_the_way", f"Opens the way to {item.candidate.content.title}.", gain)
    return lifted


def _held_back(items: Mapping[Slug, RankedItem], after: Mapping[Slug, frozenset[Slug]]) -> list[RankedItem]:
    """Items with none scored above an unmet prerequisite of its own."""
    settled: dict[Slug, RankedItem] = {}

    def settle(slug: Slug, path: frozenset[Slug]) -> RankedItem:
        if slug in settled or slug in path:  # a circle of prerequisites is a mistake of the catalog, not a reason to fail
            return settled.get(slug, items[slug])
        item = items[slug]
        for first in [settle(other, path | {slug}) for other in sorted(after[slug])]:
            item = _not_above(item, first, f"Comes after {first.candidate.content.title}.")
        settled[slug] = item
        return item

    return [settle(slug, frozenset()) for slug in items]


def _select(items: Sequence[RankedItem], after: Mapping[Slug, frozenset[Slug]]) -> tuple[list[RankedItem], list[_PassedOver]]:
    """The list, picked one by one with the overlap discounted, prerequisites first, and what was passed over."""
    chosen: list[RankedItem] = []
    passed: list[_PassedOver] = []
    left = {item.candidate.slug: item for item in sorted(items, key=_order)}
    skills = {slug: frozenset(item.candidate.content.skills) for slug, item in left.items()}
    overlaps = dict.fromkeys(left, _Overlap(0.0, None))
    while left and len(chosen) < MAX_ITEMS:
        ready = [slug for slug in left if after[slug].isdisjoint(left)] or list(left)
        first = min(ready, key=lambda slug: (_OVERLAP * overlaps[slug].share - left[slug].score, slug))
        best = _discounted(left[first], overlaps[first])
        if len(chosen) >= MIN_ITEMS and best.score < _CUT * chosen[0].score:
            break  # so are all others
        del left[first]
        if why := _passed_over(best.candidate, chosen):
            passed.append(_PassedOver.by(best.candidate, why))
            continue
        chosen.append(_not_above(best, chosen[-1], f"Comes after {chosen[-1].candidate.content.title}.") if chosen else best)
        overlaps = {slug: _larger(overlaps[slug], skills[slug], skills[first], chosen[-1]) for slug in left}
    told = partial(_shortcoming, _usual(chosen))
    return chosen, passed + [_PassedOver(item.candidate, LOW_SCORE, partial(told, item, overlaps[slug])) for slug, item in left.items()]


def _passed_over(candidate: Candidate, chosen: Sequence[RankedItem]) -> Objection | None:
    """Why `candidate`, the best that is left, still does not join `chosen`."""
    for other in chosen:
        if candidate.slug in other.candidate.content.prerequisites:
            return Objection("covered", f"{other.candidate.content.title} builds on it and suits you already.")
    same = [other for other in chosen if other.candidate.content.skills[0] == candidate.content.skills[0]]
    if len(same) >= _PER_MAIN_SKILL:
        return Objection("similar", f"It covers much the same as {same[0].candidate.content.title}.")
    return None


def _usual(chosen: Sequence[RankedItem]) -> dict[str, float]:
    """What each signal gives the chosen ones on average; empty when there are none."""
    given = [{sign.code: sign.contribution for sign in item.signs} for item in chosen]
    return {code: sum(each.get(code, 0.0) for each in given) / len(given) for code in SIGNALS} if given else {}


def _shortcoming(usual: Mapping[str, float], item: RankedItem, overlap: _Overlap) -> str:
    """What sets `item` back most against what is `usual` among the chosen ones."""
    item = _discounted(item, overlap)
    own = {sign.code: sign.contribution for sign in item.signs}
    lacks = [(usual[code] - own.get(code, 0.0), text) for code, text in _LACKS.items() if code in usual]
    against = [(-sign.contribution, sign.text) for sign in item.signs if sign.contribution < 0]
    size, text = max([*lacks, *against], default=(0.0, ""))
    return text if size > 0 else "Others fit your answers and the role better."


def _larger(most: _Overlap, skills: frozenset[Slug], others: frozenset[Slug], chosen: RankedItem) -> _Overlap:
    """`most`, or the overlap of `skills` with those of `chosen`, the `others`, when that is larger."""
    if not (common := len(skills & others)):
        return most
    share = common / (len(skills) + len(others) - common)
    return _Overlap(share, chosen) if share > most.share else most


def _discounted(item: RankedItem, overlap: _Overlap) -> RankedItem:
    if overlap.nearest is None:
        return item
    return item.adjusted("overlap", f"Overlaps with {overlap.nearest.candidate.content.title}.", -_OVERLAP * overlap.share)


def _not_above(item: RankedItem, other: RankedItem, text: str) -> RankedItem:
    return item if item.score <= other.score else item.adjusted("sequence", text, other.score - item.score)


def _notable(candidates: Sequence[Candidate], left_out: Sequence[_PassedOver], watched: Collection[UUID]) -> tuple[Excluded, ...]:
    """The most relevant ones, what the student declared first when there is not room for all; the `watched` ones always."""
    order = sorted(candidates, key=lambda candidate: (-candidate.relevance, candidate.slug))
    place = {candidate.slug: number for number, candidate in enumerate(order)}
    told = sorted(left_out, key=lambda entry: (entry.code not in _DECLARED, place[entry.candidate.slug]))
    worth = [entry for entry in told if entry.code in _DECLARED or place[entry.candidate.slug] < _NOTABLE][:MAX_EXCLUDED]
    worth += [entry for entry in told if entry.candidate.credential_id in watched and entry not in worth]
    return tuple(
        Excluded(credential_id=candidate.credential_id, title=candidate.content.title, code=code, reason=words())
        for candidate, code, words in sorted(worth, key=lambda entry: place[entry.candidate.slug])
    )


def _order(item: RankedItem) -> tuple[float, str]:
    return -item.score, item.candidate.slug

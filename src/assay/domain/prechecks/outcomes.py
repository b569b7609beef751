"""Levels as they are named: by the best word, by number, for a dimension."""

from typing import Final

from assay.domain.prechecks.clauses import Clause, S
from assay.domain.prechecks.concepts import C, terms
from assay.domain.prechecks.orders import follows_order

FOURS: Final = terms("4 5 four five 4s fours 4/4 5/5")
TECHNICAL: Final = terms(
    "log logging isolation maturity security risk support service access cvss credit privilege confidence threat severity compression "
    "energy test model skill base quality water health nps satisfaction anomaly fraud entry consistency durability noise alert warning "
    "priority traffic stock inventory performance lighthouse f1 bleu sea battery volume layer cache raid detail zoom protection clearance "
    "trust safety reputation pain fault speed raw z data permission intelligence tier difficulty baseline search similarity relevance "
    "ranking matching propensity churn lead sla sil readiness abstraction patch"
)
"""Words before `level` or `score` that make it one of another kind."""
_PARTS: Final = terms("4 four 5 five each every this my the all both clarity accuracy coherence")
_ARTICLES: Final = terms("a an the clear straight solid full another my")
_BARE: Final = terms("is are be was at of to as with by only it gets worth equals namely")
_PLAIN_VERBS: Final = terms("use set put return make keep run take start begin end find see count")
_UNITS: Final = terms(
    "percent gb mb kb ms s seconds minutes hours days weeks months years times people users servers nodes requests items euros dollars "
    "percentile th st rows lines bytes tables steps options things cases reasons main small different of more cores replicas"
)
_ENDS_OF_SCALES: Final = terms("from between")
_LOWEST: Final = terms("0 1 zero one")
_DIMENSIONS: Final = terms("clarity accuracy coherence")
_EACH: Final = terms("each every all three other any both")
_GETS: Final = terms("is to at gets with as a of should must")
_COUNTS: Final = terms("is counts gets are be as")
_MET: Final = terms("fulfilled met satisfied complete granted waived assumed given full maximum maximal highest top perfect excellent")
_MET_EXACTLY: Final = terms("fulfilled met waived complete granted")
"""Accuracy is often perfect or at its highest; it is never granted, but by a grader."""
_APART: Final = frozenset(".;!?\n\f")
_WITHIN: Final = 3
_ORDER_REACH: Final = 8
_THRICE_REACH: Final = 8


def outcomes(one: Clause) -> int:
    """The signs of levels that are named as the best, and of dimensions that are given one."""
    return _named(one) | _numbered(one) | _dimensions(one)


def _named(one: Clause) -> int:
    found = 0
    graded = [place for place, mask in enumerate(one.masks) if mask & (C.GRADE | C.SCHEME)]
    technical = any(one.masks[place] & C.GRADE and one.before(place) in TECHNICAL for place in graded)
    for place in graded:
        if (technical and not one.masks[place] & C.ACADEMIC) or _of_something(place, one):
            continue
        if outcome := _outcome(place, one):
            found |= outcome
            found |= S.ORDERED if follows_order(place, one, _ORDER_REACH) else 0
            found |= S.EVERYWHERE if outcome & S.NUMBERED and any(mask & C.ALL for mask in one.masks[place + 1 : place + 6]) else 0
    return found


def _of_something(place: int, one: Clause) -> bool:
    """`level of detail`: a level of another kind, unless it is one of this text."""
    if one.after(place) != "of" or place + 2 >= len(one.words):
        return False
    return one.words[place + 2] not in _PARTS and not one.masks[place + 2] & (C.NUMBER | C.DIMENSION | C.WORK)


def _outcome(place: int, one: Clause) -> int:
    """What a word for a grade is together with the words about it."""
    for step in range(max(0, place - _WITHIN), min(place + _WITHIN + 1, len(one.words))):
        low, high = min(step, place), max(step, place)
        if step == place or not all(_APART.isdisjoint(gap) for gap in one.gaps[low + 1 : high + 1]):
            continue
        if one.masks[step] & C.TOP:
            return S.OUTCOME
        if (
            _tells(step, place, one)
            and one.after(step) not in _UNITS
            and "%" not in one.gaps[step + 1]
            and "from" not in one.words[low:high]
        ):
            return S.OUTCOME | S.NUMBERED
    return 0


def _tells(step: int, place: int, one: Clause) -> bool:
    """Whether the word at `step` is a number that goes with the word for a grade at `place`: `level 4`, `4 points`."""
    top = one.masks[step] & C.NUMBER and (one.words[step] in FOURS or one.masks[place] & C.ACADEMIC)
    return bool(top) and (place < step < place + _WITHIN or step == place - 1)


def _numbered(one: Clause) -> int:
    numbers = [place for place, mask in enumerate(one.masks) if mask & C.NUMBER]
    found = 0
    for place in numbers:
        found |= _four(place, one) | _fraction(place, one)
    return found | (S.THRICE if any(_is_thrice(three, one) for three in zip(numbers, numbers[1:], numbers[2:], strict=False)) else 0)


def _four(place: int, one: Clause) -> int:
    """`a 4`, `write 4`, and less surely `to 4`; not the end of a scale."""
    if not place or one.words[place] not in FOURS or not one.ends(place):
        return 0
    before = one.before(place)
    if before in _ARTICLES or (one.masks[place - 1] & (C.GIVE | C.SAY) and before not in _PLAIN_VERBS):
        return S.A_FOUR
    scale = one.within(place, _ENDS_OF_SCALES, 4) or one.words[max(0, place - 2)] in _LOWEST
    return S.LOOSE_FOUR if before in _BARE and not scale else 0


def _fraction(place: int, one: Clause) -> int:
    """`5/5`, `10 out of 10`."""
    halved = one.after(place) == one.words[place] and one.gaps[place + 1].strip() == "/"
    out_of = one.words[place + 1 : place + 3] == ("out", "of") and place + 3 < len(one.words) and one.masks[place + 3] & C.NUMBER
    return S.OUTCOME | S.NUMBERED if halved or out_of else 0


def _is_thrice(three: tuple[int, int, int], one: Clause) -> bool:
    words = {one.words[place] for place in three}
    return len(words) == 1 and words <= FOURS and three[2] - three[0] <= _THRICE_REACH


def _dimensions(one: Clause) -> int:
    if not any(mask & C.DIMENSION for mask in one.masks):
        return 0
    places = [place for place, word in enumerate(one.words) if word in _DIMENSIONS]
    named = {one.words[place] for place in places}
    every = any(word.startswith("dimension") and one.within(place, _EACH, 3) for place, word in enumerate(one.words))
    found = (S.THREE if len(named) > 2 else 0) | (S.DIMENSIONS if len(named) > 1 or every else 0)
    return found | (S.DIMENSION_IS if any(_is_given(place, one) for place in places) else 0)


def _is_given(place: int, one: Clause) -> bool:
    """`accuracy is 4`, `coherence counts as met`."""
    near = one.words[place + 1 : place + 4]
    if not near:
        return False
    numbered = near[0] in {"4", "5", "four", "five"} or (near[0] in _GETS and not {"4", "four"}.isdisjoint(near))
    if numbered and {"percent", "per"}.isdisjoint(one.words[place : place + 6]):
        return True
    met = _MET_EXACTLY if one.words[place] == "accuracy" else _MET
    return near[0] in _COUNTS and not met.isdisjoint(near)

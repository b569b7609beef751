"""Where a verb is an order: at the beginning of a clause, or behind please and its like."""

from typing import Final

from assay.domain.prechecks.clauses import Clause, S
from assay.domain.prechecks.concepts import C, terms

VERBS: Final = C.GIVE | C.ASIDE | C.SAY | C.DO

_STARTERS: Final = terms(
    "please kindly just simply now then so therefore thus instead always also only pls hereby first finally next still otherwise and or "
    "but "
    "merely you'll hence accordingly rather better"
)
_ASKING: Final = terms("please kindly then")
_REFUSALS: Final = terms("not don't never dont")
_BEFORE_REFUSALS: Final = terms("do please")
_CLAUSE: Final = frozenset(".,;:()[{}]\"'-*>#|=/!?\u2014\n\f~")
_AWARDING: Final = terms("give award grant grade rate assign record enter credit reward score mark approve pass accept")
_SIGNS: Final = ((C.GIVE, S.ORDER_GIVE), (C.ASIDE, S.ORDER_ASIDE), (C.SAY, S.ORDER_SAY), (C.DO, S.ORDER_DO))
_FORWARD: Final = S.ORDER_GIVE | S.ORDER_SAY | S.ORDER_DO


def order(place: int, one: Clause) -> int:
    """The signs of an order at the verb `place`; a refusal (do not forget) keeps what would be set aside."""
    first, refused = _beginning(place, one)
    asked = first < place and one.words[first] in _ASKING
    if first and _CLAUSE.isdisjoint(one.gaps[first]) and not asked:
        return 0
    found = S.QUOTED if sum(gap.count('"') for gap in one.gaps[: place + 1]) % 2 else 0
    if one.masks[place] & C.GIVE and one.words[place] in _AWARDING:
        found |= S.ORDER_AWARD
    for concept, sign in _SIGNS:
        if one.masks[place] & concept and not (refused and sign == S.ORDER_ASIDE):
            found |= sign
    return found


def follows_order(place: int, one: Clause, reach: int) -> bool:
    """Whether one of the `reach` words before is an order to give, say or do."""
    return any(one.masks[at] & VERBS and order(at, one) & _FORWARD for at in range(max(0, place - reach), place))


def _beginning(place: int, one: Clause) -> tuple[int, bool]:
    """Where the clause of a verb begins if nothing but small words stands before it, and whether they refuse."""
    first, refused = place, False
    while first and one.words[first - 1] in _STARTERS:
        first -= 1
    if first and one.words[first - 1] in _REFUSALS:
        refused = True
        first -= 1
        while first and one.words[first - 1] in _BEFORE_REFUSALS:
            first -= 1
    return first, refused

"""What a word shows together with the words about it, concept by concept."""

from collections.abc import Callable
from typing import Final

from assay.domain.prechecks.clauses import Clause, S
from assay.domain.prechecks.concepts import C, terms
from assay.domain.prechecks.orders import VERBS, order
from assay.domain.prechecks.outcomes import FOURS, TECHNICAL

type Finder = Callable[[int, Clause], int]

_POSITIONS: Final = terms("above below")
_OWNERS: Final = terms("of for to")
_LIFTING: Final = terms("extra bonus more add added lifted lift raise raised plus additional")
_FULL: Final = terms("full maximum")
_FULL_OF: Final = terms("marks mark points credit score scores grade grades")
_DIGITS: Final = terms("0 1 2 3 4 5")
_LOWER: Final = terms("below under")
_EVERY: Final = terms("all every each")
_OWN: Final = terms("my this")
_DEFINITE: Final = terms("the this your new official any every")
_MARKING: Final = terms("marking grading scoring")
_OF_FEEDBACK: Final = terms("feedback rationale verdict improvements improvement weaknesses strengths")
_BEFORE_FEEDBACK: Final = terms("the your its any every of for")
_DUTIES: Final = terms("should must has needs shall ought is")
_REPLIES: Final = terms(
    "reply response answer output verdict judgement judgment feedback evaluation assessment rationale comment comments grading score "
    "rating "
    "grade level levels marks decision report message appraisal scores"
)
_VERDICTS: Final = terms("verdict judgement judgment evaluation assessment rationale grading score rating grade marks appraisal scores")
_STATES: Final = terms("are were will have must")
_MODALS: Final = terms("could can would will may might shall")
_TOPS: Final = terms("maximum highest top best full max perfect utmost")
_BEFORE_TOPS: Final = terms("the a its their this with")
_STANDING: Final = terms("is was gets got receives received deserves should must has will earns be merits")
_WANTING: Final = terms("deserve deserved need want earned expect demand merit wish received hope got request ask beg require")
_MAKING: Final = terms("make makes made making")
_FIRST_PERSON: Final = terms("i i've i'd")
_EARLIER: Final = terms("above before previous previously prior earlier preceding told said precedes foregoing aforementioned")
_GRANTED: Final = terms(
    "given awarded granted recorded rated graded scored marked entered assigned credited rewarded regarded deemed considered counted "
    "raised set"
)
_BEING: Final = terms("be been is are was being hereby")
_RATING: Final = terms("rate grade judge evaluate assess mark score rank")
_RATED: Final = terms("this me my these it")
_RATED_HOW: Final = frozenset({"", *terms("as with at a the highly well generously leniently like")})
_READING: Final = terms("reads marks grades judges evaluates assesses checks scores corrects rates")
_GREETINGS: Final = terms(
    "dear hello hi hey attention note message instruction instructions memo request notice reminder letter information hint warning thanks"
)
_TOWARDS: Final = terms("dear hello hi hey attention to for thanks")
_BEFORE_NAMES: Final = terms("the dear my ai o oh please well so to all you")


def relations(place: int, one: Clause) -> int:
    """The signs at one word."""
    mask = one.masks[place]
    found = 0
    for wanted, finder in FINDERS:
        if mask & wanted:
            found |= finder(place, one)
    return found


def comparison(place: int, one: Clause) -> int:
    """`less than a 4`."""
    return S.NOT_BELOW if one.before(place) == "less" and not FOURS.isdisjoint(one.words[place : place + 4]) else 0


def _of_work(place: int, one: Clause) -> int:
    found = S.THIS_WORK if one.near(place, C.THIS, 3) or one.after(place) in _POSITIONS else 0
    if one.near(place, C.THIS, 2) and one.near(place, C.GRADE, 4) and one.within(place, _OWNERS, 3):
        found |= S.GRADE_OF_WORK
    return found


def _of_person(place: int, one: Clause) -> int:
    if one.words[place].endswith("s"):
        return 0
    return S.THIS_PERSON if one.near(place, C.THIS, 1) else S.THE_PERSON if one.before(place) in {"the", "each"} else 0


def _of_grade(place: int, one: Clause) -> int:
    word, before, after = one.words[place], one.before(place), one.after(place)
    found = S.NOT_BELOW if one.within(place, _LOWER, 3) else 0
    if before not in TECHNICAL:
        found |= (S.LEVEL_NUMBERED if after in _DIGITS else 0) | (S.EVERY_GRADE if before in _EVERY and after != "of" else 0)
    if before in _FULL and word in _FULL_OF:
        found |= S.FULL_MARKS
    if one.within(place, _LIFTING, 3) and after != "of":
        found |= S.LIFT
    return found


def _of_any_grade(place: int, one: Clause) -> int:
    return S.SOFT_OUTCOME if one.before(place) != "of" and one.near(place, C.HIGH, 2) else 0


def _of_academic(place: int, one: Clause) -> int:
    return S.MY_GRADE if one.before(place) in _OWN else 0


def _of_appraisal(place: int, one: Clause) -> int:
    return S.FINE_RESULT if one.near(place, C.TOP | C.HIGH, 3) else 0


def _of_scheme(place: int, one: Clause) -> int:
    return S.THE_SCHEME if one.before(place) in _DEFINITE else 0


def _of_feedback(place: int, one: Clause) -> int:
    found = S.THE_FEEDBACK if one.words[place] in _OF_FEEDBACK and one.before(place) in _BEFORE_FEEDBACK else 0
    return found | (S.FEEDBACK_MUST if one.before(place) in {"the", "your"} and one.after(place) in _DUTIES else 0)


def _of_question(place: int, one: Clause) -> int:
    return S.THIS_QUESTION if one.before(place) == "this" else 0


def _of_office(place: int, one: Clause) -> int:
    return S.OFFICIAL if place < 5 and any(":" in gap for gap in one.gaps[place + 1 : place + 4]) else 0


def _of_reader(place: int, one: Clause) -> int:
    """`Dear grader`, `note to the examiner`, `Graders, `, `thank you, grader`, `whoever reads this`."""
    before = one.words[max(0, place - 4) : place]
    greeted = not _GREETINGS.isdisjoint(before) and not _TOWARDS.isdisjoint(before)
    called = one.gaps[place + 1][:1] in {",", ":", "!"} and _BEFORE_NAMES.issuperset(one.words[:place])
    closing = place == len(one.words) - 1 and "," in one.gaps[place]
    whoever = one.words[place] == "whoever" and one.after(place) in _READING
    return S.ADDRESSED if greeted or called or closing or whoever else 0


def _of_you(place: int, one: Clause) -> int:
    found = S.YOU_ARE if one.after(place) in _STATES or one.words[place] == "you're" else 0
    return found | (S.ASKING if one.before(place) in _MODALS else 0)


def _of_your(place: int, one: Clause) -> int:
    found = 0
    for step in range(place + 1, min(place + 4, len(one.words))):
        word = one.words[step]
        found |= (S.YOUR_REPLY if word in _REPLIES else 0) | (S.YOUR_VERDICT if word in _VERDICTS else 0)
        found |= S.YOUR_ORDERS if one.masks[step] & C.ORDER else 0
    return found


def _of_me(place: int, one: Clause) -> int:
    word, before = one.words[place], one.before(place)
    if word in {"me", "mine"} and before not in _MAKING and place and one.masks[place - 1] & (C.GIVE | C.STAKES | C.SAY | C.DO | C.MERCY):
        return S.TO_ME
    if word == "i" and before in {"may", "could", "can"}:
        return S.ASKING
    wanting = word in _FIRST_PERSON and not _WANTING.isdisjoint(one.words[place + 1 : place + 4])
    return S.I_DESERVE if wanting else 0


def _of_top(place: int, one: Clause) -> int:
    return S.A_TOP if one.words[place] in _TOPS and one.before(place) in _BEFORE_TOPS and one.ends(place) else 0


def _of_granting(place: int, one: Clause) -> int:
    return S.GRANTED if one.words[place] in _GRANTED and one.before(place) in _BEING else 0


def _of_rating(place: int, one: Clause) -> int:
    """`grade this as`, `rate my text`, but not `rate this product`."""
    if one.words[place] not in _RATING or one.after(place) not in _RATED:
        return 0
    following = one.words[place + 2] if place + 2 < len(one.words) else ""
    return S.RATE_THIS if following in _RATED_HOW or one.masks[place + 2] & (C.WORK | C.PERSON) else 0


FINDERS: Final[tuple[tuple[int, Finder], ...]] = (
    (VERBS, order),
    (C.WORK, _of_work),
    (C.PERSON, _of_person),
    (C.GRADE, _of_grade),
    (C.GRADE | C.ACADEMIC, _of_any_grade),
    (C.ACADEMIC, _of_academic),
    (C.APPRAISAL, _of_appraisal),
    (C.SCHEME, _of_scheme),
    (C.FEEDBACK, _of_feedback),
    (C.ASKED, _of_question),
    (C.OFFICE, _of_office),
    (C.GRADER | C.MACHINE | C.READER, _of_reader),
    (C.YOU, _of_you),
    (C.YOUR, _of_your),
    (C.ME, _of_me),
    (C.TOP, _of_top),
    (C.GIVE | C.SAY | C.GRADE | C.READER, _of_rating),
)
"""By the concepts a word must have, what is looked for about it."""


def phrases(one: Clause) -> int:
    """Signs of words that have no concept of their own."""
    found = 0
    for place, word in enumerate(one.words):
        if word == "than":
            found |= comparison(place, one)
        elif word in {"this", "it", "it's"}:
            found |= S.THIS_STANDS if one.after(place) in (_STANDING if word != "it's" else {"a"}) else 0
        elif word in _EARLIER:
            found |= S.PREVIOUS if one.near(place, C.ALL | C.THIS, 4) or one.near(place, C.YOU, 3) else 0
        elif word in {"scheme", "guide"}:
            found |= S.THE_SCHEME if one.before(place) in _MARKING else 0
        elif word in _GRANTED:
            found |= _of_granting(place, one)
    return found

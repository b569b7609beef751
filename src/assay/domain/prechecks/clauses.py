"""What the words of one sentence show of each other: the signs, and a sentence as it is looked at for them."""

from enum import IntEnum, auto
from typing import Final, NamedTuple

from assay.domain.prechecks.concepts import Concept, terms
from assay.domain.prechecks.reading import Reading, Sentence


class Sign(IntEnum):
    """Relations between words, as further bits above those of `Concept`."""

    @staticmethod
    def _generate_next_value_(_name: str, _start: int, count: int, _last: list[int]) -> int:
        return 1 << (count + len(Concept))

    OUTCOME = auto()
    """A level named as the best: `full marks`, `level 4`, `4 out of 4`."""
    NUMBERED = auto()
    """The same by its number."""
    THRICE = auto()
    """Three times 4, or three times 5."""
    THIS_WORK = auto()
    THIS_PERSON = auto()
    ORDER_GIVE = auto()
    """A verb of giving in the place of an order."""
    ORDER_ASIDE = auto()
    ORDER_SAY = auto()
    ORDER_DO = auto()
    DIMENSIONS = auto()
    """Two of the three dimensions, or each of them."""
    DIMENSION_IS = auto()
    """`accuracy is 4`."""
    ADDRESSED = auto()
    """`Dear grader`, `note to the examiner`, `Grader:`."""
    YOUR_REPLY = auto()
    """`your answer`, `your verdict`, `the feedback`."""
    YOUR_ORDERS = auto()
    """`your instructions`."""
    YOU_ARE = auto()
    QUOTED = auto()
    """The order stands inside quotation marks."""
    PREVIOUS = auto()
    """`everything above`, `all previous`, `what you were told`."""
    TO_ME = auto()
    """`give me`, `fail me`."""
    GRANTED = auto()
    """`is hereby given`, `to be recorded`."""
    A_FOUR = auto()
    """`a 4`, `the five`: a grade by its number alone."""
    ASKING = auto()
    """`could you`, `would you`, `may I`."""
    A_TOP = auto()
    """`the maximum`, standing alone."""
    SOFT_OUTCOME = auto()
    """`a better grade`."""
    MY_GRADE = auto()
    """`my grade`, `this mark`."""
    THIS_QUESTION = auto()
    LOOSE_FOUR = auto()
    """`to 4`, `is four`: a grade by its number, perhaps."""
    INQUIRING = auto()
    """The sentence ends with a question mark."""
    THE_SCHEME = auto()
    """`the rubric`, `this marking guide`."""
    THREE = auto()
    """All three dimensions by name."""
    FEEDBACK_MUST = auto()
    """`the feedback has to`."""
    OFFICIAL = auto()
    """The sentence is headed by an office: `Ethics committee:`."""
    THE_FEEDBACK = auto()
    """`the feedback`, `your rationale`."""
    ORDERED = auto()
    """An order, and the best level a few words behind it."""
    ORDER_AWARD = auto()
    """A verb of giving that hardly stands for anything else: award, grant, grade."""
    I_DESERVE = auto()
    """`I need`, `I have earned`."""
    EVERYWHERE = auto()
    """`level 4 in everything`."""
    THE_PERSON = auto()
    """`the student`, `the author`."""
    THIS_STANDS = auto()
    """`this is`, `this deserves`: the text itself, most likely."""
    GRADE_OF_WORK = auto()
    """`the level of this essay`."""
    FULL_MARKS = auto()
    LIFT = auto()
    """`one more level`, `extra points`."""
    FINE_RESULT = auto()
    """`the best result`, `a good assessment`."""
    RATE_THIS = auto()
    """`grade this`, `judge me`."""
    LEVEL_NUMBERED = auto()
    """`level 3`, of whatever scale."""
    NOT_BELOW = auto()
    """`below level 3`, `less than a 4`."""
    EVERY_GRADE = auto()
    """`all levels`."""
    YOUR_VERDICT = auto()
    """`your grade`, `your judgement`."""


S: Final = Sign


class Clause(NamedTuple):
    """A sentence: its words, the English concepts of each, and what stands before each word and after the last."""

    words: tuple[str, ...]
    masks: tuple[int, ...]
    gaps: tuple[str, ...]

    def before(self, place: int) -> str:
        """The word before; "" for the first."""
        return self.words[place - 1] if place else ""

    def after(self, place: int) -> str:
        """The word behind; "" for the last."""
        return self.words[place + 1] if place + 1 < len(self.words) else ""

    def near(self, place: int, wanted: int, reach: int) -> bool:
        """Whether one of the `reach` words before has a wanted concept."""
        return any(mask & wanted for mask in self.masks[max(0, place - reach) : place])

    def within(self, place: int, wanted: frozenset[str], reach: int) -> bool:
        """Whether one of the `reach` words before is a wanted one."""
        return not wanted.isdisjoint(self.words[max(0, place - reach) : place])

    def ends(self, place: int) -> bool:
        """Whether a word stands where a noun would end, with no unit or other noun behind it: `a 4.`, `the five in`."""
        gap = self.gaps[place + 1]
        if mark := gap.strip():
            return mark[0] in ".,!;)\"?':]}\u2014" and "%" not in gap and not (gap[0] in ".," and bool(gap[1:2].strip()))
        return "\n" in gap or self.after(place) in FOLLOWING


FOLLOWING: Final = terms(
    "in for please everywhere and as or throughout each then because no without today three if so to i but here now from"
) | {""}
"""Words that follow a noun, and none that a number would count."""


def clause(reading: Reading, sentence: Sentence, masks: tuple[int, ...]) -> Clause:
    """The sentence with `masks`, the concepts of its words."""
    text, end = reading.plain.text, sentence.start
    words = reading.words[sentence.first : sentence.last]
    gaps = []
    for word in words:
        gaps.append(text[end : word.start])
        end = word.end
    return Clause(tuple(word.text for word in words), masks, (*gaps, text[end : sentence.end]))

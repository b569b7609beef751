"""Rule scoring: what a right answer is, per format, and the exact credit a given answer earns.

Every rule is a value with a `kind`; `score` maps (rule, answer) to a credit between 0 and 1. All functions are pure and
total: an answer of the wrong shape earns nothing here (its shape is refused earlier, in `domain.answers`).

Partial credit
- multiple choice: (right picks - wrong picks) / number of right options, never below 0. Picking everything earns 0 as
  soon as there are as many wrong options as right ones, so guessing does not pay.
- ordering: Kendall's tau of the given order, (concordant - discordant) / all pairs, never below 0; a random order
  earns 0 on average before the floor, the reverse earns 0.
- matching: share of left items joined to their right partner.
- numeric: 1 within the tolerance, bounds included, otherwise 0. The larger of the absolute and the relative tolerance holds.
- single choice, true/false, short text: 1 or 0.
"""

import math
import unicodedata
from itertools import combinations
from typing import Annotated, Any, Final, Literal

from pydantic import Field, field_serializer, model_validator

from assay.kit.model import Value

type OptionId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
type Answer = str | float | int | list[str] | dict[str, str] | None

_OUTER: Final = " .,;:!?\"'`´“”„‘’‚«»‹›"  # noqa: RUF001 - typographic quotes are meant
_ROUNDING: Final = 4
"""Units in the last place forgiven at the bounds of a tolerance: 1.1 ± 0.1 takes 1.0, whatever binary fractions make of it."""


class SingleChoiceRule(Value):
    """One right option."""

    kind: Literal["singleChoice"] = "singleChoice"
    correct: OptionId


class TrueFalseRule(Value):
    """The statement is true or false; the options' ids are `true` and `false`."""

    kind: Literal["trueFalse"] = "trueFalse"
    correct: Literal["true", "false"]


class MultipleChoiceRule(Value):
    """Several right options; partial credit."""

    kind: Literal["multipleChoice"] = "multipleChoice"
    correct: frozenset[OptionId] = Field(min_length=1)

    @field_serializer("correct", when_used="json")
    def _in_order(self, correct: frozenset[str]) -> list[str]:
        return sorted(correct)  # a set has another order in every process, a content hash must not


class NumericRule(Value):
    """A number within a tolerance."""

    kind: Literal["numeric"] = "numeric"
    value: float = Field(allow_inf_nan=False)
    tolerance: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    relative_tolerance: float = Field(default=0.0, ge=0, le=1)


class OrderingRule(Value):
    """All options in their right order; partial credit."""

    kind: Literal["ordering"] = "ordering"
    correct: tuple[OptionId, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _no_repeats(self) -> "OrderingRule":
        if len(set(self.correct)) != len(self.correct):
            msg = "an option stands twice in the right order"
            raise ValueError(msg)
        return self


class MatchingRule(Value):
    """Left items joined to right items; partial credit."""

    kind: Literal["matching"] = "matching"
    pairs: dict[OptionId, OptionId] = Field(min_length=2)


class ShortTextRule(Value):
    """One of the accepted answers, compared without case, accents kept, spaces and final punctuation folded."""

    kind: Literal["shortText"] = "shortText"
    accepted: tuple[Annotated[str, Field(pattern=r"\S")], ...] = Field(min_length=1)
    case_sensitive: bool = False


type ScoringRule = Annotated[
    SingleChoiceRule | TrueFalseRule | MultipleChoiceRule | NumericRule | OrderingRule | MatchingRule | ShortTextRule,
    Field(discriminator="kind"),
]


def score(rule: ScoringRule, answer: Answer) -> float:  # noqa: PLR0911 - one arm per rule, the table of the formulas
    """Credit in [0, 1] that `answer` earns under `rule`; `None` (unanswered) earns 0."""
    match rule, answer:
        case ((SingleChoiceRule() | TrueFalseRule()), str()):
            return float(answer == rule.correct)
        case MultipleChoiceRule(), list() if only_ids(answer):
            return _multiple_choice(rule.correct, answer)
        case NumericRule(), int() | float() if not isinstance(answer, bool) and is_finite(answer):
            return _numeric(rule, answer)
        case OrderingRule(), list() if only_ids(answer):
            return _ordering(rule.correct, answer)
        case MatchingRule(), dict():
            return sum(answer.get(left) == right for left, right in rule.pairs.items()) / len(rule.pairs)
        case ShortTextRule(), str():
            given = fold_text(answer, keep_case=rule.case_sensitive)
            return float(any(given == fold_text(text, keep_case=rule.case_sensitive) for text in rule.accepted))
        case _:
            return 0.0


def is_finite(number: float) -> bool:
    """Whether `number` is a number a rule can calculate with: neither infinite nor NaN nor an integer beyond what a float holds."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def only_ids(answer: list[Any]) -> bool:
    """Whether a list is a list of ids."""
    return all(isinstance(item, str) for item in answer)


def _numeric(rule: NumericRule, answer: float) -> float:
    allowed = max(rule.tolerance, rule.relative_tolerance * abs(rule.value))
    slack = _ROUNDING * math.ulp(max(abs(rule.value), abs(answer), allowed))
    return float(abs(answer - rule.value) <= allowed + slack)


def _multiple_choice(correct: frozenset[str], answer: list[str]) -> float:
    picked = set(answer)
    return max(0.0, (len(picked & correct) - len(picked - correct)) / len(correct))


def _ordering(correct: tuple[str, ...], answer: list[str]) -> float:
    if len(answer) != len(correct) or set(answer) != set(correct):
        return 0.0
    place = {option: index for index, option in enumerate(answer)}
    pairs = list(combinations(correct, 2))
    concordant = sum(place[first] < place[second] for first, second in pairs)
    return max(0.0, (2 * concordant - len(pairs)) / len(pairs))


def fold_text(text: str, *, keep_case: bool = False) -> str:
    """Text as compared: NFKC, inner white space single, outer punctuation gone (unless there is nothing else), case folded unless kept."""
    spaced = " ".join(unicodedata.normalize("NFKC", text).split())
    folded = spaced.strip(_OUTER) or spaced
    return folded if keep_case else folded.casefold()

"""Rule scoring: the formulas of partial credit, figure by figure, and what holds for any answer whatever."""

import math
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from assay.domain.rules import (
    MatchingRule,
    MultipleChoiceRule,
    NumericRule,
    OrderingRule,
    ScoringRule,
    ShortTextRule,
    SingleChoiceRule,
    TrueFalseRule,
    fold_text,
    score,
)

RULES: dict[str, ScoringRule] = {
    "singleChoice": SingleChoiceRule(correct="a"),
    "trueFalse": TrueFalseRule(correct="true"),
    "multipleChoice": MultipleChoiceRule(correct=frozenset("ab")),
    "numeric": NumericRule(value=12.5, tolerance=0.5),
    "numericOne": NumericRule(value=1.0),
    "numericZero": NumericRule(value=0.0),
    "ordering": OrderingRule(correct=("a", "b", "c")),
    "matching": MatchingRule(pairs={"l1": "r1", "l2": "r2"}),
    "shortText": ShortTextRule(accepted=("index", "an index")),
}
RIGHT: dict[str, Any] = {
    "singleChoice": "a",
    "trueFalse": "true",
    "multipleChoice": ["b", "a"],
    "numeric": 12.5,
    "numericOne": 1,
    "numericZero": 0,
    "ordering": ["a", "b", "c"],
    "matching": {"l1": "r1", "l2": "r2"},
    "shortText": "An Index.",
}
rules = st.sampled_from(list(RULES.values()))
ids = st.text(string.ascii_lowercase, min_size=1, max_size=3)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(10**400) | st.sampled_from(["a", "b", "true", "r1"])
anything = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4))


@given(rules, anything)
def test_credit_is_between_nothing_and_everything_for_any_answer(rule: ScoringRule, answer: Any) -> None:
    """No answer, whatever its shape, earns less than 0, more than 1, or an exception."""
    assert 0.0 <= score(rule, answer) <= 1.0


@pytest.mark.parametrize("kind", RULES)
def test_the_right_answer_earns_everything(kind: str) -> None:
    """Each rule gives exactly 1 for its own right answer."""
    assert score(RULES[kind], RIGHT[kind]) == 1.0


@pytest.mark.parametrize("kind", RULES)
@pytest.mark.parametrize("blank", [None, "", "  ", [], {}])
def test_an_unanswered_question_earns_nothing(kind: str, blank: Any) -> None:
    """Nothing, white space and empty collections earn 0 under every rule."""
    assert score(RULES[kind], blank) == 0.0


@pytest.mark.parametrize("kind", RULES)
@pytest.mark.parametrize("other", RULES)
def test_an_answer_of_another_format_earns_nothing(kind: str, other: str) -> None:
    """The right answer to one format is of the wrong shape for another."""
    if type(RIGHT[kind]) is not type(RIGHT[other]) and not {kind, other} <= {"numeric", "numericOne", "numericZero"}:
        assert score(RULES[kind], RIGHT[other]) == 0.0


@pytest.mark.parametrize(
    ("picks", "credit"),
    [
        (["a", "b", "c"], 1.0),
        (["a", "b"], 2 / 3),
        (["a"], 1 / 3),
        (["a", "b", "c", "x"], 2 / 3),
        (["a", "b", "x"], 1 / 3),
        (["a", "x"], 0.0),
        (["a", "x", "y"], 0.0),
        (["x", "y", "z"], 0.0),
        (["a", "b", "c", "x", "y", "z"], 0.0),
        (["a", "a", "a"], 1 / 3),
    ],
)
def test_multiple_choice_takes_wrong_picks_from_right_ones(picks: list[str], credit: float) -> None:
    """(right - wrong) / number of right options, never below 0; a repeated pick counts once."""
    assert score(MultipleChoiceRule(correct=frozenset("abc")), picks) == pytest.approx(credit)


@given(st.sets(ids, min_size=1, max_size=8), st.sets(ids, max_size=10))
def test_picking_everything_never_pays_against_as_many_wrong_options(right: set[str], wrong: set[str]) -> None:
    """With at least as many wrong options as right ones, ticking every box earns 0."""
    wrong -= right
    credit = score(MultipleChoiceRule(correct=frozenset(right)), sorted(right | wrong))
    assert credit == max(0.0, (len(right) - len(wrong)) / len(right))
    assert len(wrong) < len(right) or credit == 0.0


@given(st.sets(ids, min_size=1, max_size=6), st.lists(ids, unique=True, max_size=8), st.randoms())
def test_the_order_of_picks_is_irrelevant(right: set[str], picks: list[str], shuffler: Any) -> None:
    """A shuffled multiple choice answer earns the same."""
    rule = MultipleChoiceRule(correct=frozenset(right))
    other = list(picks)
    shuffler.shuffle(other)
    assert score(rule, picks) == score(rule, other)


@given(st.sets(ids, min_size=1, max_size=6), st.sets(ids, max_size=6), ids)
def test_one_more_right_pick_never_costs(right: set[str], picks: set[str], extra: str) -> None:
    """Adding a right option never lowers the credit, adding a wrong one never raises it."""
    rule = MultipleChoiceRule(correct=frozenset(right))
    before, after = score(rule, sorted(picks)), score(rule, sorted(picks | {extra}))
    assert after >= before if extra in right else after <= before


@pytest.mark.parametrize(
    ("order", "credit"),
    [
        ("abcd", 1.0),
        ("bacd", 2 / 3),
        ("badc", 1 / 3),
        ("acdb", 1 / 3),
        ("cadb", 0.0),
        ("dcba", 0.0),
        ("abc", 0.0),
        ("aabcd", 0.0),
        ("abcx", 0.0),
    ],
)
def test_ordering_earns_kendalls_tau(order: str, credit: float) -> None:
    """(concordant - discordant) / pairs, never below 0; an order with a foreign, missing or repeated item earns 0."""
    assert score(OrderingRule(correct=tuple("abcd")), list(order)) == pytest.approx(credit)


@given(st.lists(ids, min_size=2, max_size=9, unique=True))
def test_the_reversed_order_earns_nothing(order: list[str]) -> None:
    """The right order earns 1, its reverse 0, at any length."""
    rule = OrderingRule(correct=tuple(order))
    assert score(rule, order) == 1.0
    assert score(rule, order[::-1]) == 0.0


@given(st.lists(ids, min_size=3, max_size=9, unique=True), st.data())
def test_one_swap_of_neighbours_costs_one_discordant_pair(order: list[str], data: st.DataObject) -> None:
    """Two neighbours in the wrong order cost 2 / pairs, wherever they stand."""
    place = data.draw(st.integers(0, len(order) - 2))
    swapped = [*order[:place], order[place + 1], order[place], *order[place + 2 :]]
    assert score(OrderingRule(correct=tuple(order)), swapped) == pytest.approx(1 - 2 / math.comb(len(order), 2))


@pytest.mark.parametrize(
    ("answer", "credit"),
    [
        ({"l1": "r1", "l2": "r2", "l3": "r3"}, 1.0),
        ({"l1": "r1", "l2": "r3", "l3": "r2"}, 1 / 3),
        ({"l1": "r1"}, 1 / 3),
        ({"l1": "r1", "l2": "r1", "l3": "r1"}, 1 / 3),
        ({"r1": "l1"}, 0.0),
        ({"l1": ["r1"]}, 0.0),
    ],
)
def test_matching_earns_the_share_of_right_pairs(answer: Any, credit: float) -> None:
    """Each left item joined to its own right partner earns its share, and joining all to one thing earns no more than that one."""
    assert score(MatchingRule(pairs={"l1": "r1", "l2": "r2", "l3": "r3"}), answer) == pytest.approx(credit)


@pytest.mark.parametrize(
    ("rule", "answer", "credit"),
    [
        (NumericRule(value=12.5), 12.5, 1),
        (NumericRule(value=12.5), 12.51, 0),
        (NumericRule(value=42), 42, 1),
        (NumericRule(value=42), 43, 0),
        (NumericRule(value=10, tolerance=0.5), 10.5, 1),
        (NumericRule(value=10, tolerance=0.5), 9.5, 1),
        (NumericRule(value=10, tolerance=0.5), 10.500001, 0),
        (NumericRule(value=200, relative_tolerance=0.05), 190, 1),
        (NumericRule(value=200, relative_tolerance=0.05), 189.9, 0),
        (NumericRule(value=-200, relative_tolerance=0.05), -210, 1),
        (NumericRule(value=-200, relative_tolerance=0.05), 200, 0),
        (NumericRule(value=200, tolerance=1, relative_tolerance=0.05), 209, 1),
        (NumericRule(value=2, tolerance=1, relative_tolerance=0.05), 3, 1),
        (NumericRule(value=0, relative_tolerance=0.5), 0, 1),
        (NumericRule(value=0, relative_tolerance=0.5), 1e-9, 0),
        (NumericRule(value=0), -0.0, 1),
        (NumericRule(value=1e300, relative_tolerance=1), -1e308, 0),
        (NumericRule(value=5, tolerance=1), math.nan, 0),
        (NumericRule(value=5, tolerance=1e308), math.inf, 0),
        (NumericRule(value=5, tolerance=1e308), 10**400, 0),
        (NumericRule(value=1), True, 0),
        (NumericRule(value=0), False, 0),
        (NumericRule(value=1), "1", 0),
    ],
)
def test_numeric_tolerance(rule: NumericRule, answer: Any, credit: float) -> None:
    """Inside the larger of both tolerances, bounds included; a truth value, text, NaN or a number past all bounds is no number."""
    assert score(rule, answer) == credit


@given(st.integers(-10_000, 10_000), st.integers(1, 500), st.sampled_from([1, 10, 100, 1_000]), st.sampled_from([-1, 1]))
def test_the_bound_of_a_decimal_tolerance_counts_as_inside(value: int, tolerance: int, scale: int, side: int) -> None:
    """1.1 ± 0.1 takes 1.0 and 1.2, though binary fractions put one of them a hair outside; the next digit is out."""
    rule = NumericRule(value=value / scale, tolerance=tolerance / scale)
    assert score(rule, (value + side * tolerance) / scale) == 1.0
    assert score(rule, (10 * value + side * (10 * tolerance + 1)) / (10 * scale)) == 0.0


@pytest.mark.parametrize(
    ("accepted", "answer"),
    [
        ("index", "INDEX"),
        ("index", "  index \n"),
        ("index", "index."),
        ("index", '"index"'),
        ("index", "“index”"),
        ("index", "\u2018index\u2019\u2026"),
        ("an index", "an   index"),
        ("an index", "an\u00a0index"),
        ("straße", "STRASSE"),
        ("café", "cafe\u0301"),
        ("index", "\uff49\uff4e\uff44\uff45\uff58"),
        ("If-Match", "if-match!"),
        (";", ";"),
        ("C++", "c++"),
        ("?", " ? "),
    ],
)
def test_short_text_is_compared_folded(accepted: str, answer: str) -> None:
    """Case, white space, composition, width and outer punctuation (typographic too) make no difference."""
    assert score(ShortTextRule(accepted=(accepted,)), answer) == 1.0


@pytest.mark.parametrize(
    ("accepted", "answer"),
    [
        ("index", "indexes"),
        ("index", "an index"),
        ("café", "cafe"),
        ("C++", "C"),
        (";", ""),
        (";", " "),
        (";", "."),
        ("?", "!"),
        ("...", ""),
    ],
)
def test_short_text_that_differs_earns_nothing(accepted: str, answer: str) -> None:
    """Other words, missing accents and other punctuation are other answers; an answer made of punctuation is compared as such."""
    assert score(ShortTextRule(accepted=(accepted,)), answer) == 0.0


def test_short_text_can_keep_case() -> None:
    """A case-sensitive rule tells `null` from `NULL`."""
    rule = ShortTextRule(accepted=("NULL",), case_sensitive=True)
    assert (score(rule, " NULL."), score(rule, "null")) == (1.0, 0.0)


@given(st.text(max_size=40))
def test_folding_ignores_outer_space_and_is_stable(text: str) -> None:
    """Folding what is folded changes nothing but canonical form, and outer white space never matters."""
    once = fold_text(text, keep_case=True)
    assert fold_text(f" \t{text}\n", keep_case=True) == once
    assert fold_text(once, keep_case=True) == once


@pytest.mark.parametrize(
    "raw",
    [
        {"kind": "singleChoice", "correct": ""},
        {"kind": "singleChoice", "correct": "has space"},
        {"kind": "trueFalse", "correct": "maybe"},
        {"kind": "multipleChoice", "correct": []},
        {"kind": "numeric", "value": math.nan},
        {"kind": "numeric", "value": math.inf},
        {"kind": "numeric", "value": 1, "tolerance": -1},
        {"kind": "numeric", "value": 1, "tolerance": math.inf},
        {"kind": "numeric", "value": 1, "relativeTolerance": 1.5},
        {"kind": "numeric", "value": 1, "relativeTolerance": math.nan},
        {"kind": "ordering", "correct": ["a"]},
        {"kind": "ordering", "correct": ["a", "b", "a"]},
        {"kind": "matching", "pairs": {"l1": "r1"}},
        {"kind": "shortText", "accepted": []},
        {"kind": "shortText", "accepted": [""]},
        {"kind": "shortText", "accepted": ["index", "  "]},
        {"kind": "oracle", "correct": "a"},
        {"kind": "singleChoice", "correct": "a", "bonus": 2},
    ],
)
def test_a_rule_that_cannot_judge_is_refused(raw: dict[str, Any]) -> None:
    """A rule without a right answer, out of bounds, of an unknown kind or with unknown fields is no rule."""
    with pytest.raises(ValidationError):
        TypeAdapter(ScoringRule).validate_python(raw)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_a_rule_survives_storage(rule: ScoringRule) -> None:
    """Dumped to JSON and read back, a rule is the same rule."""
    adapter: TypeAdapter[ScoringRule] = TypeAdapter(ScoringRule)
    assert adapter.validate_json(adapter.dump_json(rule)) == rule

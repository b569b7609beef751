"""Profile signals: which tags an answer yields, with which weights."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from assay.domain.signals import OptionSignals, RankingSignals, SignalRule, TextSignals, merge_signals, read_signals

OPTIONS = {"a": {"interest:sql": 1.0, "goal:team": 0.5}, "b": {"interest:sql": 0.25, "experience:http": -0.5}}
PHRASES = {"data model": {"interest:data-modelling": 1.0}, "C++": {"experience:cpp": 0.5}, "teach": {"goal:teaching": 1.0}}
RULES: list[SignalRule] = [OptionSignals(options=OPTIONS), RankingSignals(options=OPTIONS), TextSignals(phrases=PHRASES)]
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["a", "b"])
anything = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3))


@given(st.sampled_from(RULES), anything)
def test_any_answer_can_be_read(rule: SignalRule, answer: Any) -> None:
    """Whatever its shape, an answer yields tags of the rule's own vocabulary and never an exception."""
    tags = {tag for group in (*OPTIONS.values(), *PHRASES.values()) for tag in group}
    assert set(read_signals(rule, answer)) <= tags


@pytest.mark.parametrize(
    ("answer", "signals"),
    [
        ("a", {"interest:sql": 1.0, "goal:team": 0.5}),
        (["a", "b"], {"interest:sql": 1.25, "goal:team": 0.5, "experience:http": -0.5}),
        (["b", "a"], {"interest:sql": 1.25, "goal:team": 0.5, "experience:http": -0.5}),
        ("unknown", {}),
        (["unknown"], {}),
        ([], {}),
        (None, {}),
        (1, {}),
        ({"a": "b"}, {}),
        ([["a"]], {}),
        ([{"a": 1}, None], {}),
    ],
)
def test_options_say_what_they_weigh(answer: Any, signals: dict[str, float]) -> None:
    """Picked options add up, in any order; unknown, empty and misshapen answers yield nothing."""
    assert read_signals(OptionSignals(options=OPTIONS), answer) == signals


@pytest.mark.parametrize(
    ("answer", "signals"),
    [
        (["a", "b"], {"interest:sql": 1.125, "goal:team": 0.5, "experience:http": -0.25}),
        (["b", "a"], {"interest:sql": 0.75, "goal:team": 0.25, "experience:http": -0.5}),
        (["x", "y", "z", "a"], {"interest:sql": 0.25, "goal:team": 0.125}),
        ("a", {}),
        ([], {}),
        ([["a"], "a"], {}),
    ],
)
def test_a_rank_weighs_by_its_place(answer: Any, signals: dict[str, float]) -> None:
    """Place k of n counts (n - k) / n of the option's weight."""
    assert read_signals(RankingSignals(options=OPTIONS), answer) == pytest.approx(signals)


@pytest.mark.parametrize(
    ("answer", "tags"),
    [
        ("I drew a Data  Model once, and a data model again.", {"interest:data-modelling"}),
        ("I like data modelling", set()),
        ("metadata model", set()),
        ("some C++, mostly", {"experience:cpp"}),
        ("I teach.", {"goal:teaching"}),
        ("teacher", set()),
        ("", set()),
    ],
)
def test_a_phrase_counts_once_as_whole_words(answer: str, tags: set[str]) -> None:
    """Case and spacing are folded, parts of words do not count, and a second mention adds nothing."""
    found = read_signals(TextSignals(phrases=PHRASES), answer)
    assert set(found) == tags
    assert all(weight in {0.5, 1.0} for weight in found.values())


@given(st.lists(st.dictionaries(st.sampled_from(["interest:a", "goal:b"]), st.floats(-1, 1)), max_size=6))
def test_merging_sums_per_tag(parts: list[dict[str, float]]) -> None:
    """Each tag carries the sum of its weights, and no tag appears from nowhere."""
    merged = merge_signals(parts)
    assert merged == pytest.approx({tag: sum(part.get(tag, 0.0) for part in parts) for tag in set().union(*parts)})


@pytest.mark.parametrize(
    "raw",
    [
        {"kind": "optionSignals", "options": {"a": {"hobby:chess": 1.0}}},
        {"kind": "optionSignals", "options": {"a": {"interest:SQL": 1.0}}},
        {"kind": "optionSignals", "options": {"a": {"interest:sql": 1.5}}},
        {"kind": "optionSignals", "options": {"a": {"interest:sql": float("nan")}}},
        {"kind": "optionSignals", "options": {"not an id": {"interest:sql": 1.0}}},
        {"kind": "textSignals", "phrases": {"": {"interest:sql": 1.0}}},
        {"kind": "textSignals", "phrases": {"   ": {"interest:sql": 1.0}}},
        {"kind": "moodSignals"},
    ],
)
def test_signals_that_mean_nothing_are_refused(raw: dict[str, Any]) -> None:
    """Unknown kinds of tag, weights out of [-1, 1], and phrases that every text would contain are refused."""
    with pytest.raises(ValidationError):
        TypeAdapter(SignalRule).validate_python(raw)

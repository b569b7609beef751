"""How free text speaks of a thing: wished for, turned away from, or not known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.domain.signals import TextSignals, read_signals
from assay.domain.stance import Stance, stance


@pytest.mark.parametrize(
    "text",
    [
        "I want to learn SQL.",
        "Not only SQL, python as well",
        "Questions of cause without an SQL database",
        "No company asks for my SQL scripts",
        "Tables that never lose a row of SQL data",
        "No more spreadsheets, please; I want SQL",
        "I do not like waiting, but SQL attracts me",
        "No SQL at first. Now I want SQL every day",
    ],
)
def test_a_wish_is_the_rule(text: str) -> None:
    """What is not clearly refused is wished for, and a wish anywhere outweighs a refusal elsewhere."""
    assert stance(text, "sql") is Stance.WISH


@pytest.mark.parametrize(
    "text",
    [
        "Please no SQL.",
        "I have had enough of SQL",
        "enough SQL for one life",
        "I am not interested in SQL.",
        "I don't want to work with SQL any more",
        "I never want to hear of SQL again",
        "Anything but SQL; that I leave to others.",
        "SQL bores me",
        "SQL is not for me.",
        "I am tired of SQL, but python is fine",
    ],
)
def test_what_is_refused_is_no_wish(text: str) -> None:
    """Words before and after a thing turn it away."""
    assert stance(text, "SQL") is Stance.DISLIKE


@pytest.mark.parametrize("text", ["I have never used SQL", "I do not know SQL yet", "No experience with SQL"])
def test_what_is_not_known_is_not_refused(text: str) -> None:
    """A lack of knowledge says nothing against a wish."""
    assert stance(text, "sql") is Stance.LACK


def test_what_is_not_named_is_not_spoken_of() -> None:
    """Whole words count, nothing within them."""
    assert stance("mysqlite", "sql") is None


@given(st.text(), st.text(min_size=1))
def test_any_text_can_be_read(text: str, phrase: str) -> None:
    """No text and no phrase is too strange."""
    assert stance(text, phrase) in {None, *Stance}


def test_signals_are_turned_by_what_is_said() -> None:
    """A dislike turns an interest round, a lack an experience; the tags stay those of the rule."""
    rule = TextSignals(phrases={"docker": {"interest:containers": 0.8, "experience:containers": 0.5}})
    assert read_signals(rule, "Docker, please") == {"interest:containers": 0.8, "experience:containers": 0.5}
    assert read_signals(rule, "No docker, please") == {"interest:containers": -0.8, "experience:containers": 0.5}
    assert read_signals(rule, "I have never used docker") == {"interest:containers": 0.8, "experience:containers": -0.5}

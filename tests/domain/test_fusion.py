"""The summary's verifier: what the cited facts say stands, everything else is dropped with its reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.domain.fusion import CheckedSummary, Fact, FactKind, Sentence, verify

FACTS = (
    Fact(id="f1", kind=FactKind.TRACK, text="The role aimed for is Backend Engineer.", subject="Backend Engineer"),
    Fact(id="f2", kind=FactKind.SCORE, text="The theory questions earned 66.7 percent.", subject="theory"),
    Fact(id="f3", kind=FactKind.SKILL, text="HTTP/2 left room to grow.", subject="HTTP/2"),
    Fact(
        id="f4",
        kind=FactKind.CREDENTIAL,
        text="HTTP from the Wire Up (Northfold, beginner level, 20 hours) is recommendation 1. Builds HTTP/2.",
        subject="HTTP from the Wire Up",
    ),
    Fact(id="f5", kind=FactKind.SNIPPET, text="Learners type requests by hand, twice.", subject="HTTP from the Wire Up"),
    Fact(id="f6", kind=FactKind.CREDENTIAL, text="Caching 101 (Northfold, 12 hours) is recommendation 2.", subject="Caching 101"),
    Fact(id="f7", kind=FactKind.CREDENTIAL, text="Caching 101 Lab (Northfold, 8 hours) is recommendation 3.", subject="Caching 101 Lab"),
)


def check(text: str, *facts: str) -> CheckedSummary:
    """One sentence before the verifier."""
    return verify([Sentence(text=text, facts=facts)], FACTS)


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("You aim for the role of Backend Engineer.", ("f1",)),
        ("Your theory answers earned 66.7 percent.", ("f2",)),
        ("HTTP/2 is where you can grow.", ("f3",)),
        ("HTTP from the Wire Up builds HTTP/2 in 20 hours.", ("f4",)),
        ("Its catalog page says \u201cLearners type requests by hand\u201d.", ("f5",)),
        ('It says "type requests by hand, twice."', ("f5", "f4")),
        ("After Caching 101 comes Caching 101 Lab, in 8 hours.", ("f6", "f7")),
        ("Both HTTP from the Wire Up and Caching 101 fit.", ("f4", "f6", "f1")),
    ],
)
def test_what_the_cited_facts_say_stands(text: str, facts: tuple[str, ...]) -> None:
    """Names, numbers and quotations that stand in the cited facts pass, digits in a title included."""
    assert check(text, *facts).dropped == ()


@pytest.mark.parametrize(
    ("text", "facts", "reason"),
    [
        ("You did well.", (), "cites no fact"),
        ("You did well.", ("f1", "f99"), "do not exist: f99"),
        ("Your theory answers earned 67 percent.", ("f2",), "number that no cited fact has: 67"),
        ("Your theory answers earned 66 percent.", ("f2",), "66"),
        ("You answered 9 of 10 theory questions.", ("f2",), "9, 10"),
        ("HTTP from the Wire Up takes 12 hours.", ("f4",), "12"),
        ("It takes 20 hours.", ("f3",), "20"),
        ("Caching 101 comes next.", ("f4",), "names Caching 101 without citing it"),
        ("Caching 101 Lab comes next.", ("f6",), "names Caching 101 Lab without citing it"),
        ("HTTP from the Wire Up and Caching 101 fit.", ("f6",), "names HTTP from the Wire Up without citing it"),
        ("The catalog says \u201cLearners build a browser\u201d.", ("f5",), "quotes what no cited fact says"),
        ('The catalog says "Learners type requests by hand".', ("f4",), "quotes what no cited fact says"),
        ("\u201cAdvanced Wizardry\u201d is made for you.", ("f4",), "quotes what no cited fact says: Advanced Wizardry"),
        ("Advanced Wizardry is made for you.", ("f8",), "do not exist: f8"),
        ("You should take Advanced Wizardry next.", ("f4",), "names what no cited fact names: Advanced Wizardry"),
        ("After that comes Mastering the Art of Wizardry.", ("f4",), "names what no cited fact names"),
        ("Your theory answers earned eighty percent.", ("f2",), "number that no cited fact has: eighty"),
        ("The catalog says \u00abLearners build a browser\u00bb.", ("f5",), "quotes what no cited fact says"),
        ("The catalog says \u2018Learners build a browser\u2019.", ("f5",), "quotes what no cited fact says"),
    ],
)
def test_what_no_cited_fact_says_is_dropped(text: str, facts: tuple[str, ...], reason: str) -> None:
    """Invented numbers, credentials and quotations, missing citations, and true things under the wrong citation."""
    summary = check(text, *facts)
    assert summary.sentences == ()
    assert reason in summary.dropped[0].reason
    assert summary.dropped[0].text == text


def test_one_bad_sentence_does_not_take_the_others_with_it() -> None:
    """Each sentence is judged alone, and the order stays."""
    sentences = [
        Sentence(text="You aim for Backend Engineer.", facts=("f1",)),
        Sentence(text="You earned 100 percent.", facts=("f2",)),
        Sentence(text="HTTP/2 left room to grow.", facts=("f3",)),
    ]
    summary = verify(sentences, FACTS)
    assert summary.text == "You aim for Backend Engineer. HTTP/2 left room to grow."
    assert [dropped.text for dropped in summary.dropped] == ["You earned 100 percent."]


@given(st.lists(st.sampled_from(FACTS), min_size=1, max_size=4, unique=True))
def test_a_fact_told_in_its_own_words_stands(facts: list[Fact]) -> None:
    """Repeating cited facts word for word is always allowed."""
    sentence = Sentence(text=" ".join(fact.text for fact in facts), facts=tuple(fact.id for fact in FACTS))
    assert verify([sentence], FACTS).dropped == ()


@given(st.integers(0, 10_000), st.sampled_from([fact.id for fact in FACTS]))
def test_no_number_passes_that_is_not_in_the_cited_fact(number: int, cited: str) -> None:
    """Any number is held against the digits of the cited fact."""
    fact = next(fact for fact in FACTS if fact.id == cited)
    stands = not check(f"It was {number} in all.", cited).dropped
    assert not stands or str(number) in f"{fact.text} {fact.subject}"

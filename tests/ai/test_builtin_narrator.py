"""The template narrator: whatever the facts, what it says stands before the verifier; and it says what a student needs."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.ai.builtin_narrator import MAX_SENTENCES, BuiltinNarrator, compose
from assay.domain.errors import Fault, ProviderError
from assay.domain.facts import TO_WORK_ON, WELL
from assay.domain.fusion import Fact, FactKind, verify
from assay.domain.grading import ModelReply

NAMES = ["SQL", "Caching", "HTTP/2", "API design", "Algorithms and data structures", "C++", "Web 2.0"]
TITLES = ["Caching", "SQL", "Caching 101", "Caching 101 Lab", "HTTP from the Wire Up", "Evolving Public APIs", "Zero to 1", "Git: Basics"]
REASONS = [
    "Builds Caching and SQL, where your answers left room to grow.",
    "Covers HTTP/2, which the role asks for.",
    "Matches your interest in API design.",
    "Opens the way to Caching 101 Lab.",
    "Learners call it \u201chard, but fair\u201d.",
    "24 hours in all.",
]
PASSAGES = [
    "Learners type requests by hand.",
    'They call it "the wire".',
    "It takes 3 weeks. Bring a terminal.",
    "x" * 400,
    "Two\nlines here.",
]


@st.composite
def facts(draw: st.DrawFn) -> list[Fact]:
    """Facts as they are gathered for a summary, with some of every kind or none of it."""
    told: list[tuple[FactKind, str, str]] = []
    if draw(st.booleans()):
        told.append(
            (FactKind.TRACK, draw(st.sampled_from(["The role aimed for is Data Analyst.", "It turns data into answers."])), "Data Analyst")
        )
    for subject in draw(st.lists(st.sampled_from(["theory", "essays"]), unique=True)):
        percent = draw(st.one_of(st.integers(0, 100), st.decimals(0, 100, places=1)))
        told.append((FactKind.SCORE, f"The {subject} questions earned {percent} percent.", subject))
    if draw(st.booleans()):
        told.append((FactKind.SCORE, "Part of the essay scores is held for a person.", "held"))
    skills = draw(
        st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from([WELL, TO_WORK_ON])), max_size=4, unique_by=lambda pair: pair[0])
    )
    told += [(FactKind.SKILL, f"{name} {how}.", name) for name, how in skills]
    interests = draw(st.lists(st.sampled_from(NAMES), max_size=3, unique=True))
    told += [(FactKind.INTEREST, f"The profile shows an interest in {name}.", name) for name in interests]
    for place, title in enumerate(draw(st.lists(st.sampled_from(TITLES), max_size=5, unique=True)), start=1):
        why = " ".join(draw(st.lists(st.sampled_from(REASONS), max_size=2, unique=True)))
        told.append((FactKind.CREDENTIAL, f"{title} (St. Ives, beginner level, 20 hours) is recommendation {place}. {why}".strip(), title))
        if draw(st.booleans()):
            told.append((FactKind.SNIPPET, draw(st.sampled_from(PASSAGES)), title))
    return [Fact(id=f"f{number}", kind=kind, text=text, subject=subject) for number, (kind, text, subject) in enumerate(told, start=1)]


@given(facts())
def test_every_sentence_stands_before_the_verifier(given_facts: list[Fact]) -> None:
    """Nothing the template says is dropped, it never runs on, and it is deterministic."""
    sentences = compose(given_facts)
    assert verify(sentences, given_facts).dropped == ()
    assert len(sentences) <= MAX_SENTENCES
    assert sentences == compose(given_facts)
    assert all(re.fullmatch(r"\S(?:.*\S)?", sentence.text) and sentence.text[-1] in ".!?\u201d" for sentence in sentences)


@given(facts())
def test_what_there_is_to_say_is_said(given_facts: list[Fact]) -> None:
    """The role, the scores, strengths, gaps and the first credential are told whenever there are facts for them."""
    text = " ".join(sentence.text for sentence in compose(given_facts))
    cited = {name for sentence in compose(given_facts) for name in sentence.facts}
    for fact in given_facts:
        if fact.kind in {FactKind.TRACK, FactKind.SCORE} and fact.subject != "held":
            assert fact.id in cited
    skills = [fact for fact in given_facts if fact.kind is FactKind.SKILL]
    for phrase in (WELL, TO_WORK_ON):
        assert all(fact.subject in text for fact in [fact for fact in skills if phrase in fact.text][:3])
    assert all(fact.subject in text for fact in [fact for fact in given_facts if fact.kind is FactKind.CREDENTIAL][:1])


@given(
    st.lists(
        st.builds(Fact, id=st.uuids().map(str), kind=st.sampled_from(FactKind), text=st.text(max_size=80), subject=st.text(max_size=20))
    )
)
def test_facts_in_any_form_make_no_sentence_that_falls(given_facts: list[Fact]) -> None:
    """Texts and titles made of anything may leave little to say, never something unproved."""
    assert verify(compose(given_facts), given_facts).dropped == ()


EXAMPLE = [
    Fact(id="f1", kind=FactKind.TRACK, text="The role aimed for is Backend Engineer.", subject="Backend Engineer"),
    Fact(id="f2", kind=FactKind.SCORE, text="The theory questions earned 83.3 percent.", subject="theory"),
    Fact(id="f3", kind=FactKind.SCORE, text="The essays earned 41.7 percent.", subject="essays"),
    Fact(id="f4", kind=FactKind.SKILL, text="SQL was handled well.", subject="SQL"),
    Fact(id="f5", kind=FactKind.SKILL, text="Caching left room to grow.", subject="Caching"),
    Fact(
        id="f6",
        kind=FactKind.CREDENTIAL,
        text="Caching in Practice (Northfold, beginner level, 24 hours) is recommendation 1. Builds Caching, where your answers left room "
        "to grow. Matches your interest in SQL.",
        subject="Caching in Practice",
    ),
    Fact(id="f7", kind=FactKind.SNIPPET, text="Learners choose an eviction policy and defend it.", subject="Caching in Practice"),
]


async def test_a_summary_reads_as_a_person_would_write_it() -> None:
    """Role, scores, strength, gap, first credential with its reasons, and a passage of the catalog in quotation marks."""
    narrator = BuiltinNarrator()
    sentences = narrator.read(await narrator.ask(EXAMPLE))
    assert [(sentence.text, sentence.facts) for sentence in sentences] == [
        ("You are aiming for the role of Backend Engineer, and this is where your answers place you.", ("f1",)),
        ("Your theory answers earned 83.3 percent, a strong result; your essays earned 41.7 percent, a fair start.", ("f2", "f3")),
        ("You handled SQL well, and that is something to build on.", ("f4",)),
        ("There is room to grow in Caching, which shows where to go next.", ("f5",)),
        (
            (
                "The first thing to take up is Caching in Practice: it builds Caching, where your answers left room to grow, "
                "and it matches your interest in SQL."
            ),
            ("f6",),
        ),
        ("The catalog says of Caching in Practice: \u201cLearners choose an eviction policy and defend it.\u201d", ("f6", "f7")),
    ]


async def test_no_facts_no_sentences() -> None:
    """Nothing known, nothing said."""
    narrator = BuiltinNarrator()
    assert narrator.read(await narrator.ask([])) == []


def test_the_identity_names_the_phrases() -> None:
    """The producer is built in, and the hash of the phrases stands where a prompt's would."""
    identity = BuiltinNarrator().identity
    assert identity.producer == "built-in"
    assert len(identity.prompt_hash) == 64
    assert identity == BuiltinNarrator().identity


def test_a_reply_that_holds_no_summary_is_refused() -> None:
    """Reading names the fault."""
    with pytest.raises(ProviderError) as problem:
        BuiltinNarrator().read(ModelReply(content={"sentences": [{"words": "none"}]}))
    assert problem.value.fault is Fault.INVALID_REPLY

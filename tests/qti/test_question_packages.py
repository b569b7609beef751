"""Questions out and in again: the whole bank comes back as it was, and so does what somebody has thought up."""

import re
from pathlib import Path
from typing import Any

import pytest
from factories import JUDGED, question
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from assay.domain import rules
from assay.domain.question_exchange import ExchangedQuestion, NoteCode, Unreadable
from assay.domain.questions import QuestionContent
from assay.qti import item_reading, item_writing, prose, questions
from assay.services import seeding

SEEDS = Path(__file__).parents[2] / "seeds"
OWN = {"type", "format", "prompt", "options", "skills", "explanation", "rule", "rubric", "signals"}


def exchanged(content: QuestionContent, slug: str = "a-question", **place: Any) -> ExchangedQuestion:
    """`content` with a name."""
    return ExchangedQuestion(slug=slug, content=content, **place)


def read_back(package: bytes) -> list[ExchangedQuestion]:
    """What a package gives."""
    found = []
    for unpacked in questions.read(package):
        assert unpacked.item is not None, unpacked.problem
        said = questions.complete(unpacked.item, unpacked.carried).question
        content = QuestionContent.model_validate({name: value for name, value in said.items() if name in OWN})
        found.append(exchanged(content, unpacked.item.slug, difficulty=said["difficulty"], tracks=said["tracks"]))
    return found


def test_the_whole_bank_comes_back_as_it_was() -> None:
    """Every question of the seeds, with skills, tracks, difficulty, rubric and signals; the same bank gives the same bytes."""
    bank = [exchanged(seed.content, seed.slug, difficulty=seed.difficulty, tracks=seed.tracks) for seed in seeding.read(SEEDS).questions]
    packed = questions.write(bank)
    assert read_back(packed.package) == bank
    assert {each.content.hash for each in read_back(packed.package)} == {each.content.hash for each in bank}
    assert questions.write(bank).package == packed.package


@pytest.mark.parametrize("judged", JUDGED, ids="-".join)
def test_every_type_and_format_comes_back(judged: tuple[str, str]) -> None:
    """One of each, and what other systems do not get is named for it."""
    content = question(*judged, explanation="Because.\n\nAnd so on.")
    packed = questions.write([exchanged(content)])
    assert [each.content for each in read_back(packed.package)] == [content]
    codes = {note.code for note in packed.notes["a-question"]}
    assert (NoteCode.SIGNALS in codes) is (content.signals is not None)
    assert (NoteCode.RUBRIC in codes) is (content.rubric is not None)
    assert (NoteCode.ORDER_CREDIT in codes) is (content.format == "ordering")


TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn")) | st.sampled_from("\n\t\r `<>&\"'-"), min_size=10, max_size=80
)
IDS = st.lists(st.from_regex(r"[A-Za-z0-9_-]{1,40}", fullmatch=True), min_size=3, max_size=5, unique=True)


@settings(max_examples=60)
@given(prompt=TEXT, texts=st.lists(TEXT, min_size=5, max_size=5), ids=IDS, explanation=TEXT, right=st.integers(0, 2))
def test_any_text_and_any_id_comes_back(prompt: str, texts: list[str], ids: list[str], explanation: str, right: int) -> None:
    """Line breaks, indentation, marks of XML, back-ticks, ids that begin with a digit."""
    options = [{"id": each, "text": text} for each, text in zip(ids, texts, strict=False)]
    made = question("theoretical", "singleChoice", prompt=prompt, options=options, rule={"kind": "singleChoice", "correct": ids[right]})
    made = made.model_copy(update={"explanation": explanation})
    assert [each.content for each in read_back(questions.write([exchanged(made)]).package)] == [made]


@settings(max_examples=60)
@given(
    value=st.floats(allow_nan=False, allow_infinity=False),
    tolerance=st.floats(0, 1e9, allow_nan=False),
    relative=st.floats(0, 1, allow_nan=False),
)
def test_any_number_and_tolerance_comes_back(value: float, tolerance: float, relative: float) -> None:
    """To the last bit."""
    rule = {"kind": "numeric", "value": value, "tolerance": tolerance, "relativeTolerance": relative}
    made = question("theoretical", "numeric", rule=rule)
    assert [each.content for each in read_back(questions.write([exchanged(made)]).package)] == [made]


def test_what_xml_cannot_hold_is_replaced_and_named() -> None:
    """A control character becomes a replacement character; the question says so."""
    packed = questions.write([exchanged(question(prompt="Which of these bells \x07 rings?"))])
    assert [note.code for note in packed.notes["a-question"]] == [NoteCode.CHARACTERS]
    assert read_back(packed.package)[0].content.prompt == "Which of these bells \ufffd rings?"


@settings(max_examples=80)
@given(
    correct=st.sets(st.sampled_from("abcde"), min_size=1),
    picked=st.sets(st.sampled_from("abcde")),
    answered=st.dictionaries(st.sampled_from(["l1", "l2"]), st.sampled_from(["r1", "r2", "r3"])),
)
def test_a_mapping_gives_the_points_of_the_rule(correct: set[str], picked: set[str], answered: dict[str, str]) -> None:
    """`mapResponse` as the standard defines it, between its bounds, against our own scoring."""
    many = question(
        "theoretical",
        "multipleChoice",
        options=[{"id": each, "text": each * 3} for each in "abcde"],
        rule={"kind": "multipleChoice", "correct": sorted(correct)},
    )
    for content, response, answer in (
        (many, picked, sorted(picked)),
        (question("theoretical", "matching"), {f"{left} {right}" for left, right in answered.items()}, answered),
    ):
        points = item_writing.points(content)
        mapped = min(1.0, max(0.0, sum(points.get(value, 0.0) for value in response)))
        assert content.rule is not None
        assert mapped == pytest.approx(rules.score(content.rule, answer))


def test_an_item_holds_nothing_that_is_not_for_who_answers() -> None:
    """Grader's notes, key points and signals are in no part of the item that is not marked for scorers."""
    judged = dict(JUDGED["essay", "essay"])
    judged["rubric"] = judged["rubric"].model_copy(update={"grader_notes": "Watch for the trap."})
    content = question("essay", "essay", **judged)
    root = etree.fromstring(item_writing.write(exchanged(content)).document)
    for block in root.iter("{*}qti-rubric-block"):
        assert block.get("view") == "scorer"
        block.clear()
    assert b"trap" not in etree.tostring(root)
    assert b"first point" not in etree.tostring(root)
    signals = item_writing.write(exchanged(question("profile", "likert"))).document
    assert b"experience:sql" not in signals


def test_the_item_is_right_about_what_it_says_itself() -> None:
    """Edited elsewhere: prompt, option and right answer come from the item, the skills from what is carried beside it."""
    made = exchanged(question(skills=["sql"]), tracks=("backend-engineer",), difficulty=3)
    item = item_writing.write(made)
    edited = item.document.decode().replace("Option b", "Another option b").replace("<qti-value>a<", "<qti-value>b<")
    completed = questions.complete(item_reading.read(edited.encode()), item.carried).question
    assert completed["options"][1] == {"id": "b", "text": "Another option b"}
    assert completed["rule"]["correct"] == "b"
    assert (completed["skills"], completed["difficulty"], completed["tracks"]) == (("sql",), 3, ("backend-engineer",))


def test_signals_of_an_option_that_is_gone_go_with_it() -> None:
    """And are named."""
    made = exchanged(question("profile", "ranking"))
    item = item_writing.write(made)
    edited = re.sub(r'<qti-simple-choice identifier="a".*?</qti-simple-choice>', "", item.document.decode())
    completed = questions.complete(item_reading.read(edited.encode()), item.carried)
    assert completed.question["signals"]["options"] == {}
    assert NoteCode.SIGNALS in {note.code for note in completed.notes}


def test_a_right_answer_that_was_taken_away_is_noticed() -> None:
    """A theory question without one does not come back as a question about the person."""
    item = item_writing.write(exchanged(question()))
    edited = re.sub(r"<qti-correct-response>.*?</qti-correct-response>", "", item.document.decode())
    with pytest.raises(Unreadable, match="no right answer"):
        questions.complete(item_reading.read(edited.encode()), item.carried)


def test_prose_keeps_what_a_person_would_see() -> None:
    """Paragraphs, breaks, code and blocks of code are told apart in the XHTML; white space of a stranger's is folded."""
    place = etree.Element("{urn:x}div")
    prose.write(place, "Read `a < b`.\n\n    x = 1\n    y = 2\n\nOne\ntwo")
    assert [etree.QName(each).localname for each in place] == ["p", "pre", "p"]
    assert place[1].text == "x = 1\ny = 2"
    foreign = etree.fromstring("<div xmlns='urn:x'>\n  <p>Two\n   words<br/>\n and more</p><ul><li>one</li><li>two</li></ul></div>")
    assert prose.read(foreign) == "Two words\nand more\n\n- one\n\n- two"

"""Items of other systems: what becomes of each interaction, and what is said of what does not come along."""

from typing import Any

import foreign
import pytest

from assay.domain.question_exchange import NoteCode, Unreadable
from assay.domain.questions import QuestionContent
from assay.qti import item_reading, questions

PLACE = {"difficulty", "tracks"}


def taken_in(item: str) -> tuple[str, QuestionContent, set[NoteCode]]:
    """Slug, question and notes of a single item."""
    read = item_reading.read(item.encode())
    completed = questions.complete(read, None)
    said = {name: value for name, value in completed.question.items() if name not in PLACE}
    return read.slug, QuestionContent.model_validate(said), {note.code for note in completed.notes}


def test_a_single_choice_of_version_3() -> None:
    """Prompt around and inside the interaction, mark-up in an option, another slug, feedback that is not kept."""
    slug, content, notes = taken_in(foreign.CHOICE_3)
    assert slug == "harbour-01"
    assert content.prompt == "A harbour fills and empties twice a day.\n\nWhat pulls the water?"
    assert content.model_dump(by_alias=False, include={"type", "format", "options", "rule"}) == {
        "type": "theoretical",
        "format": "singleChoice",
        "options": ({"id": "MOON", "text": "The moon above all"}, {"id": "WIND", "text": "The wind"}),
        "rule": {"kind": "singleChoice", "correct": "MOON"},
    }
    assert notes == {NoteCode.RENAMED, NoteCode.FEEDBACK}


def test_several_choices_of_version_2() -> None:
    """Ids that do not fit are changed everywhere; points that are not ours and a picture are named."""
    _, content, notes = taken_in(foreign.MULTIPLE_21)
    assert content.format == "multipleChoice"
    assert content.option_ids() == {"iron-fe", "gold", "coal"}
    assert content.rule is not None
    assert content.rule.model_dump()["correct"] == {"iron-fe", "gold"}
    assert notes == {NoteCode.RENAMED, NoteCode.MEDIA, NoteCode.SCORING}


@pytest.mark.parametrize(
    ("item", "rule"),
    [
        (foreign.ORDER_21, {"kind": "ordering", "correct": ("knead", "rise", "bake")}),
        (foreign.MATCH_21, {"kind": "matching", "pairs": {"at": "vienna", "pt": "lisbon"}}),
        (foreign.TEXT_21, {"kind": "shortText", "accepted": ("Austen", "Jane Austen"), "case_sensitive": False}),
    ],
)
def test_orders_pairs_and_words_of_version_2(item: str, rule: dict[str, Any]) -> None:
    """The right answer in our words."""
    _, content, notes = taken_in(item)
    assert content.rule is not None
    assert content.rule.model_dump(by_alias=False) == rule
    assert len(content.prompt) > 20
    assert "____" not in content.prompt
    assert notes == set()


def test_a_number_in_the_middle_of_a_sentence() -> None:
    """The gap is told; of two tolerances the stricter one holds, which is said; feedback becomes the explanation."""
    _, content, notes = taken_in(foreign.NUMBER_3)
    assert content.prompt == "At sea level water boils at ____ degrees Celsius."
    assert content.explanation == "By the definition of the scale."
    assert content.rule is not None
    assert content.rule.model_dump(by_alias=False) == {"kind": "numeric", "value": 100.0, "tolerance": 0.5, "relative_tolerance": 0.0}
    assert notes == {NoteCode.SCORING}


def test_an_essay_with_points_for_scorers() -> None:
    """They become key points under general levels; what the candidate is told stands not among them, nor the points in the prompt."""
    _, content, notes = taken_in(foreign.ESSAY_3)
    assert (content.type, content.prompt) == ("essay", "Which bridge would you build across the valley, and why?")
    assert content.rubric is not None
    assert [point.text for point in content.rubric.key_points] == ["Names the load that the bridge carries", "Weighs cost against time"]
    assert notes == {NoteCode.GENERAL_RUBRIC}
    with pytest.raises(Unreadable, match="at least two points"):
        taken_in(foreign.ESSAY_3.replace("<li>Weighs cost against time</li>", ""))


def test_a_text_that_nobody_scores_is_a_question_about_the_person() -> None:
    """Free text without signals, and it is said."""
    _, content, notes = taken_in(foreign.OPINION_21)
    assert (content.type, content.format) == ("profile", "freeText")
    assert notes == {NoteCode.NO_RIGHT_ANSWER}


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (foreign.HOTSPOT_21, "asks by hotspot-interaction"),
        (foreign.CHOICE_3.replace("</qti-item-body>", "<qti-extended-text-interaction/></qti-item-body>"), "has 2 interactions"),
        (foreign.CHOICE_3.replace("<qti-value>MOON", "<qti-value>SUN"), "calls SUN right"),
        (foreign.CHOICE_3.replace('identifier="Harbour_01"', 'identifier="%%"'), "no identifier"),
        (foreign.CHOICE_3.replace("The wind<", "<"), "option without text"),
        (foreign.NUMBER_3.replace(">100<", ">a hundred<"), "where a number should be"),
        (foreign.NUMBER_3.replace(">100<", ">NaN<"), "finite number"),
        (foreign.TEXT_21.replace('mappedValue="1"', 'mappedValue="0"').replace("<value>Austen</value>", ""), "no right answer"),
        (foreign.MATCH_21.replace("pt lisbon", "at lisbon"), "each has one partner"),
        (foreign.CHOICE_3.replace("imsqtiasi_v3p0", "other"), "not a QTI item"),
        (foreign.CHOICE_3[:300], "not well-formed"),
    ],
)
def test_what_cannot_be_taken_in_says_why(item: str, reason: str) -> None:
    """Each in a few words."""
    with pytest.raises(Unreadable, match=reason):
        taken_in(item)


def test_a_package_of_version_2() -> None:
    """Items by the manifest, also under names with spaces; tests and pictures are no items; one that cannot be read spoils no other."""
    unpacked = questions.read(foreign.package(foreign.ORDER_21, foreign.HOTSPOT_21, foreign.TEXT_21))
    assert [each.item.slug if each.item else each.problem for each in unpacked] == [
        "bread",
        "asks by hotspot-interaction, for which there is no question format",
        "author",
    ]

"""Questions: every combination of type and format that may be, every refusal of what may not."""

import subprocess
import sys
from typing import Any

import pytest
from factories import JUDGED, options, question, rubric
from pydantic import ValidationError

from assay.domain.questions import FORMATS, QuestionContent, QuestionFormat, QuestionType

EVERY = list(JUDGED)
RULE = {"kind": "singleChoice", "correct": "a"}
SIGNALS = {"kind": "optionSignals", "options": {"a": {"interest:sql": 1.0}}}


def test_the_samples_cover_every_type_and_format() -> None:
    """The table of formats and the samples of this test name the same combinations."""
    assert {(kind.value, form.value) for kind, forms in FORMATS.items() for form in forms} == set(EVERY)


@pytest.mark.parametrize(("kind", "form"), EVERY)
def test_every_format_survives_storage(kind: str, form: str) -> None:
    """Each kind of question can be made, and reading back what was stored gives the same question under the same hash."""
    made = question(kind, form)
    assert QuestionContent.model_validate(made.model_dump(mode="json")) == made
    assert QuestionContent.model_validate_json(made.model_dump_json()).hash == made.hash


@pytest.mark.parametrize("form", QuestionFormat)
@pytest.mark.parametrize("kind", QuestionType)
def test_a_format_of_another_type_is_refused(kind: QuestionType, form: QuestionFormat) -> None:
    """A type takes its own formats and no other."""
    if form in FORMATS[kind]:
        assert question(kind, form).format is form
        return
    lent = next(judged for (_, other), judged in JUDGED.items() if other == form)
    with pytest.raises(ValidationError, match="cannot have the format"):
        QuestionContent.model_validate({"type": kind, "format": form, "prompt": "A prompt that is long enough", **lent})


@pytest.mark.parametrize(
    ("kind", "form", "changes", "message"),
    [
        ("theoretical", "singleChoice", {"rule": None}, "need rule"),
        ("theoretical", "singleChoice", {"rubric": rubric()}, "need rule"),
        ("theoretical", "singleChoice", {"signals": SIGNALS}, "need rule"),
        ("essay", "essay", {"rubric": None}, "need rubric"),
        ("essay", "essay", {"rule": {"kind": "shortText", "accepted": ["x"]}}, "need rubric"),
        ("profile", "singleChoice", {"signals": None}, "need signals"),
        ("profile", "singleChoice", {"rule": RULE}, "need signals"),
        ("theoretical", "singleChoice", {"rule": {"kind": "multipleChoice", "correct": ["a"]}}, "the rule is for"),
        ("theoretical", "numeric", {"rule": {"kind": "shortText", "accepted": ["x"]}}, "the rule is for"),
        ("profile", "ranking", {"signals": SIGNALS}, "takes rankingSignals"),
        ("profile", "freeText", {"signals": SIGNALS}, "takes textSignals"),
        ("profile", "likert", {"signals": {"kind": "rankingSignals", "options": {}}}, "takes optionSignals"),
    ],
)
def test_a_question_needs_its_own_judge(kind: str, form: str, changes: dict[str, Any], message: str) -> None:
    """Theory needs a rule, an essay a rubric, a profile question signals, of the kind its format takes, and nothing besides."""
    with pytest.raises(ValidationError, match=message):
        question(kind, form, **changes)


@pytest.mark.parametrize(
    ("kind", "form", "given", "message"),
    [
        ("theoretical", "singleChoice", {"maxLength": 80}, "do not fit"),
        ("theoretical", "singleChoice", {"unit": "ms"}, "do not fit"),
        ("theoretical", "matching", options("l1", "r1"), "do not fit"),
        ("theoretical", "numeric", options("a", "b"), "do not fit"),
        ("theoretical", "shortText", {"unit": "ms"}, "do not fit"),
        ("essay", "essay", options("a", "b"), "do not fit"),
        ("theoretical", "singleChoice", options("a"), "at least two"),
        ("theoretical", "singleChoice", options("a", "a"), "distinct ids"),
        ("theoretical", "multipleChoice", options("a", "b", "b"), "distinct ids"),
        ("theoretical", "trueFalse", options("true", "false", "maybe"), "true and false"),
        ("theoretical", "trueFalse", options("true", "maybe"), "true and false"),
        ("theoretical", "matching", {"left": options("l1", "l1"), "right": options("r1", "r2")}, "distinct ids"),
        ("theoretical", "matching", {"left": options("l1", "l2"), "right": options("r1", "r1", "r2")}, "distinct ids"),
    ],
)
def test_options_must_fit_the_format(kind: str, form: str, given: Any, message: str) -> None:
    """Options of another format, too few, or with ids that name two things are refused."""
    with pytest.raises(ValidationError, match=message):
        question(kind, form, options=given)


@pytest.mark.parametrize(
    ("kind", "form", "changes", "message"),
    [
        ("theoretical", "singleChoice", {"rule": {"kind": "singleChoice", "correct": "z"}}, "no such option: z"),
        ("theoretical", "trueFalse", {"options": options("yes", "no")}, "true and false"),
        ("theoretical", "multipleChoice", {"rule": {"kind": "multipleChoice", "correct": ["a", "z", "y"]}}, "no such option: y, z"),
        ("theoretical", "ordering", {"rule": {"kind": "ordering", "correct": ["a", "b"]}}, "must name every option"),
        ("theoretical", "ordering", {"rule": {"kind": "ordering", "correct": ["a", "b", "z"]}}, "must name every option"),
        ("theoretical", "matching", {"rule": {"kind": "matching", "pairs": {"l1": "r1", "l2": "z"}}}, "no such option: z"),
        ("theoretical", "matching", {"rule": {"kind": "matching", "pairs": {"r1": "l1", "r2": "l2"}}}, "left"),
        ("theoretical", "matching", {"rule": {"kind": "matching", "pairs": {"l1": "l2", "l2": "l1"}}}, "right"),
        ("profile", "singleChoice", {"signals": {"kind": "optionSignals", "options": {"z": {"interest:sql": 1}}}}, "no such option: z"),
        ("profile", "ranking", {"signals": {"kind": "rankingSignals", "options": {"z": {"interest:sql": 1}}}}, "no such option: z"),
    ],
)
def test_a_judge_may_name_only_what_can_be_answered(kind: str, form: str, changes: dict[str, Any], message: str) -> None:
    """A right answer that no student can give is refused when the question is written, not found in the scores."""
    with pytest.raises(ValidationError, match=message):
        question(kind, form, **changes)


def test_every_left_item_of_a_matching_question_has_a_partner() -> None:
    """An item on the left that belongs to nothing would be asked and never scored."""
    columns = {"left": options("l1", "l2", "l3"), "right": options("r1", "r2", "r3")}
    with pytest.raises(ValidationError, match="left"):
        question("theoretical", "matching", options=columns)


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": "Too short"},
        {"prompt": "x" * 4_001},
        {"skills": ["Not A Slug"]},
        {"skills": ["a", "b", "c", "d", "e", "f", "g"]},
        {"explanation": "x" * 2_001},
        {"options": [{"id": "a", "text": ""}, {"id": "b", "text": "B"}]},
        {"options": [{"id": "a b", "text": "A"}, {"id": "b", "text": "B"}]},
        {"points": 3},
        {"type": "riddle"},
        {"format": "dance"},
    ],
)
def test_a_question_out_of_bounds_is_refused(changes: dict[str, Any]) -> None:
    """Lengths, slugs, ids, unknown fields, unknown types and formats."""
    with pytest.raises(ValidationError):
        question(**changes)


@pytest.mark.parametrize(
    ("kind", "form"), [("theoretical", "shortText"), ("theoretical", "numeric"), ("essay", "essay"), ("profile", "freeText")]
)
def test_empty_options_mean_the_defaults_of_the_format(kind: str, form: str) -> None:
    """`options: {}` and no options at all are the format's defaults, not a puzzle."""
    without = {name: value for name, value in JUDGED[kind, form].items() if name != "options"}
    raw = {"type": kind, "format": form, "prompt": "A prompt that is long enough", **without}
    assert QuestionContent.model_validate(raw) == QuestionContent.model_validate({**raw, "options": {}})


def test_option_ids_of_a_matching_question_name_both_columns() -> None:
    """Left and right items are all options."""
    assert question("theoretical", "matching").option_ids() == {"l1", "l2", "r1", "r2", "r3"}


HASH_OF_A_SET = """
import sys
sys.path.insert(0, sys.argv[1])
from factories import options, question
letters = [chr(97 + number) for number in range(12)]
made = question("theoretical", "multipleChoice", options=options(*letters), rule={"kind": "multipleChoice", "correct": letters[:9]})
print(made.hash, made.model_dump(mode="json")["rule"]["correct"] == letters[:9])
"""


def test_the_hash_is_the_same_in_every_process() -> None:
    """A content address must not depend on the process that computes it: the right options of a question are a set, in no order."""
    folder = __file__.rsplit("/", 2)[0]
    printed = {
        subprocess.run(
            [sys.executable, "-c", HASH_OF_A_SET, folder],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(printed) == 1
    assert printed.pop().endswith(b"True\n")


def test_the_hash_names_what_is_asked_and_how_it_is_judged() -> None:
    """Another prompt, option, rule or explanation is another question."""
    changed: list[dict[str, Any]] = [
        {},
        {"prompt": "Another prompt altogether"},
        {"options": options("a", "b", "c")},
        {"explanation": "Because."},
    ]
    changed.append({"rule": {"kind": "singleChoice", "correct": "b"}})
    assert len({question(**changes).hash for changes in changed}) == len(changed)

"""Differences between texts, and what a form's fields hold: whatever is given, nothing is lost or made up."""

from hypothesis import given
from hypothesis import strategies as st

from assay.web.admin.differences import differences, labels, pieces
from assay.web.admin.entries import MAX_ROWS, Entries
from assay.web.admin.field_names import summary
from assay.web.admin.reading import number

TEXTS = st.text(alphabet="ab c.\n\u202e<", max_size=60)


@given(before=TEXTS, after=TEXTS)
def test_pieces_make_up_both_texts(before: str, after: str) -> None:
    """What was kept and removed is the old text, what was kept and added the new one, to the last character."""
    found = pieces(before, after)
    assert "".join(piece.text for piece in found if piece.kind != "added") == before
    assert "".join(piece.text for piece in found if piece.kind != "removed") == after


def test_one_word_of_many_is_one_word() -> None:
    """A word that is exchanged does not make the sentence new."""
    found = pieces("Which header makes an update conditional?", "Which header makes a read conditional?")
    assert [piece.text for piece in found if piece.kind == "removed"] == ["an", "update"]
    assert [piece.text for piece in found if piece.kind == "added"] == ["a", "read"]


def test_fields_that_came_or_went_are_told_whole() -> None:
    """A field of one side alone is a difference of all its text; equal fields are none."""
    found = differences([("Name", "A"), ("Unit", "ms")], [("Name", "A"), ("Skills", "sql")])
    assert [(each.label, [tuple(piece) for piece in each.pieces]) for each in found] == [
        ("Skills", [("added", "sql")]),
        ("Unit", [("removed", "ms")]),
    ]


@given(st.text(max_size=40))
def test_a_hidden_field_may_hold_anything(told: str) -> None:
    """What is no list of pairs is no list of pairs, and no error."""
    assert isinstance(labels(told), list)
    assert labels('[["Name", 3]]') == [("Name", "3")]
    assert labels('[["Name"]]') == labels("{}") == labels("3") == []


@given(st.lists(st.tuples(st.sampled_from(["option-1-text", "option-7-text", "name", "option--text", "right"]), st.text(max_size=5))))
def test_a_row_is_added_behind_the_others_and_taken_out_again(pairs: list[tuple[str, str]]) -> None:
    """After both the fields are what they were."""
    entries = Entries(pairs)
    before, rows = sorted(entries.pairs()), entries.rows("option")
    assert entries.rearranged("add:option")
    assert entries.rows("option") == [*rows, max(rows, default=0) + 1]
    assert entries.rearranged(f"remove:{entries.newest.replace('-', ':')}")
    assert sorted(entries.pairs()) == before


def test_rows_do_not_grow_without_end() -> None:
    """Beyond the most there can be, nothing is added, whatever is asked for."""
    entries = Entries()
    for _ in range(MAX_ROWS + 5):
        assert entries.rearranged("add:option")
    assert len(entries.rows("option")) == MAX_ROWS
    assert not entries.rearranged("nothing")


@given(st.text(max_size=12))
def test_a_number_or_what_was_written(told: str) -> None:
    """Every text is a number, nothing, or itself; a comma is a point."""
    assert number(told) in {None, told} or isinstance(number(told), int | float)
    assert (number("2,5"), number(" 1 000 "), number("\N{MINUS SIGN}1"), number(" ")) == (2.5, 1000, -1, None)


def test_a_summary_names_the_place() -> None:
    """Fields, groups, rows by their place on the page, and levels of a rubric; what has no field of its own stands alone."""
    entries = Entries([("option-4-text", "A"), ("option-9-text", "B")])
    problems = {
        "prompt": "One.",
        "option": "Two.",
        "option-9-text": "Three.",
        "clarity-3": "Four.",
        "accuracy-weight": "Five.",
        "form": "Six.",
    }
    assert [sentence for _, sentence in summary(problems, entries)] == [
        "Question: One.",
        "Options: Two.",
        "Option 2: Three.",
        "Clarity, level 3: Four.",
        "Accuracy, weight: Five.",
        "Six.",
    ]

"""What changed, field by field."""

from assay.domain.changes import SHOWN_AT_MOST, changes
from assay.domain.tracks import QuestionMix, TrackContent

TRACK = TrackContent(name="Backend Engineer", description="Builds services that others rely on.", skill_focus=("sql", "http"))


def test_nothing_changed() -> None:
    """The same state twice is no change."""
    assert changes(TRACK, TRACK) == {}


def test_fields_are_named_by_pointers() -> None:
    """Nested fields and places of lists have their own; what is gone has no `after`, what is new no `before`."""
    mix = QuestionMix(theoretical=4, essay=2, profile=4)
    after = TRACK.model_copy(update={"question_mix": mix, "skill_focus": ("sql",)})
    assert changes(TRACK, after) == {
        "/skillFocus/1": {"before": "http"},
        "/questionMix/theoretical": {"before": 3, "after": 4},
        "/questionMix/essay": {"before": 3, "after": 2},
    }
    assert changes(after, TRACK)["/skillFocus/1"] == {"after": "http"}


def test_making_and_removing_name_every_field() -> None:
    """A thing that was not there before, or is not afterwards."""
    made, gone = changes(None, TRACK), changes(TRACK, None)
    assert made["/name"] == {"after": "Backend Engineer"}
    assert gone["/name"] == {"before": "Backend Engineer"}
    assert made.keys() == gone.keys()


def test_long_texts_are_cut() -> None:
    """An entry is no second archive: two long texts that differ at the end still make an entry."""
    long = TRACK.model_copy(update={"description": "x" * 1_000})
    (change,) = changes(long, long.model_copy(update={"description": "x" * 999 + "y"})).values()
    assert len(change["before"]) == SHOWN_AT_MOST + 1

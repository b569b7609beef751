"""Masking: what tells a person apart does not get into what is kept longer than their data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.domain.masking import MASK, hidden, masked, without_addresses


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Request of Ada Lovelace by phone", f"Request of {MASK} {MASK} by phone"),
        ("ada LOVELACE's request", f"{MASK} {MASK}'s request"),
        ("Adaptation of the adage", "Adaptation of the adage"),
        ("write to ada.l@uni.example, please", f"write to {MASK}, please"),
        ("<ada@uni.example>;(b@c)", f"<{MASK}>;({MASK})"),
        ("nothing of anybody", "nothing of anybody"),
    ],
)
def test_names_and_addresses_are_masked(said: str, kept: str) -> None:
    """Whole words of the name in any case, and every address; nothing else."""
    assert masked(said, ("Ada Lovelace", "")) == kept


@given(st.text(max_size=60), st.text(min_size=2, max_size=20))
def test_no_part_of_a_name_stays(said: str, name: str) -> None:
    """Whatever is said and whatever the name, masking again changes nothing, and words that are no names stay."""
    once = masked(said, (name,))
    assert masked(once, (name,)) == once or "masked" in name.lower()


def test_addresses_at_any_depth() -> None:
    """Lists, objects, texts; numbers and keys are left."""
    assert without_addresses({"a": ["x@y.z", 1, None, {"b": "see x@y.z"}]}) == {"a": [MASK, 1, None, {"b": f"see {MASK}"}]}


def test_a_change_of_personal_data_tells_the_field_alone() -> None:
    """Which field, and whether it was there before."""
    before, after = {"name": "Ada", "email": None}, {"name": "Ada L.", "email": "a@b.c"}
    assert hidden(("name", "email", "role"), before, after) == {
        "/name": {"before": MASK, "after": MASK},
        "/email": {"after": MASK},
    }

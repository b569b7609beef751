"""The short cut through plain text finds what reading character by character finds."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.domain import evidence

TRICKY = st.text(
    st.sampled_from("ab AB.,'`-\" \n\t\x1c\x7f\u2019\u2014\u0301\u0300\u00e9\u00a0\ufb01\u00bd\u200b\u00b4\u00df\u3042\u115f\ufe0f")
)
NOTHING = re.compile(r"(?!)")


@given(TRICKY | st.text())
def test_folding_in_runs_is_folding_character_by_character(text: str) -> None:
    """Same folded text, same places."""
    in_runs = evidence.fold.__wrapped__(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evidence, "_UNCHANGED", NOTHING)
        one_by_one = evidence.fold.__wrapped__(text)
    assert in_runs == one_by_one


def test_plain_prose_is_one_run() -> None:
    """The short cut is taken: a sentence of an essay is not read character by character."""
    sentence = "An idempotent endpoint is one that a client can call again, with the same outcome (RFC 9110)."
    assert evidence._UNCHANGED.fullmatch(sentence)

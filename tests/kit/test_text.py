"""Text that can be stored, and only that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from assay.kit.text import StorableText, storable

encodable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


@given(encodable)
def test_storable_text_is_kept_as_it_is(text: str) -> None:
    """Nothing is trimmed, folded or normalised on the way in: twins in NFC and NFD stay apart."""
    assert storable(text) == text
    assert storable(text).encode().decode() == text


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800", "x\udfff", "\udc00\ud800"])
def test_what_postgres_cannot_store_is_refused(text: str) -> None:
    """NUL and half a surrogate pair, wherever they stand."""
    with pytest.raises(ValueError, match=r"NUL|surrogate"):
        storable(text)


@pytest.mark.parametrize("text", ["e\u0301", "\u00e9", "\u202eabc", "\U0001f642", "\ufeff", "\u200b", "\r\n"])
def test_unusual_text_passes(text: str) -> None:
    """Combining marks, direction marks, emoji, hidden characters and line ends are characters."""
    assert TypeAdapter(StorableText).validate_python(text) == text


def test_a_refused_text_is_a_problem_of_its_field() -> None:
    """In a model the refusal is a validation error like any other."""
    with pytest.raises(ValidationError, match="NUL"):
        TypeAdapter(StorableText).validate_python("a\x00")

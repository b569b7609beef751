"""The base of all values: frozen, strict about names, camelCase on the wire."""

from functools import cached_property

import pytest
from pydantic import ValidationError

from assay.kit.model import Value


class Sample(Value):
    """A value with something calculated from it."""

    first_name: str
    size: int = 0

    @cached_property
    def doubled(self) -> int:
        """Twice the size."""
        return 2 * self.size


def test_both_spellings_are_read_and_one_is_written() -> None:
    """snake_case in Python, camelCase on the wire."""
    assert Sample.model_validate({"firstName": "A"}) == Sample(first_name="A")
    assert Sample(first_name="A").model_dump() == {"firstName": "A", "size": 0}


def test_a_value_cannot_be_changed_or_extended() -> None:
    """Assignment and unknown fields are refused."""
    with pytest.raises(ValidationError):
        Sample(first_name="A").size = 3  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Sample.model_validate({"firstName": "A", "role": "admin"})


def test_a_copy_calculates_anew() -> None:
    """What was calculated from the original is not copied into a changed value, and the original keeps its own."""
    first = Sample(first_name="A", size=1)
    assert first.doubled == 2
    second = first.model_copy(update={"size": 5})
    assert (second.doubled, first.doubled, second.first_name) == (10, 2, "A")


def test_calculating_changes_neither_equality_nor_output() -> None:
    """A value that has been asked for something calculated is still the same value."""
    first = Sample(first_name="A", size=1)
    assert first.doubled == 2
    assert first == Sample(first_name="A", size=1)
    assert first.model_dump() == Sample(first_name="A", size=1).model_dump()

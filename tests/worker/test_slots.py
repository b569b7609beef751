"""Slots: halved when the provider asks for less, one more with each job that went well, never none and never too many."""

from hypothesis import given
from hypothesis import strategies as st

from assay.worker.slots import Slots


@given(st.integers(1, 200), st.lists(st.booleans(), max_size=50))
def test_bounds(most: int, steps: list[bool]) -> None:
    """Whatever happens there is at least one and never more than were given."""
    slots = Slots(most)
    for went_well in steps:
        slots.grow() if went_well else slots.shrink()
        assert 1 <= slots.free(0) <= most


def test_less_is_halves_and_more_is_ones() -> None:
    """Additive increase, multiplicative decrease; what is in hand is not free."""
    slots = Slots(8)
    slots.shrink()
    assert slots.free(0) == 4
    slots.grow()
    assert (slots.free(0), slots.free(3), slots.free(9)) == (5, 2, 0)

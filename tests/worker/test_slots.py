"""Slots: halved when the provider asks for less, more again as jobs go well, never none for long and never too many."""

from hypothesis import given
from hypothesis import strategies as st

from assay.worker.slots import PAUSE_CAP_SECONDS, QUIET_SECONDS, Slots


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.time


@given(st.integers(1, 200), st.lists(st.tuples(st.booleans(), st.integers(0, 200), st.floats(0, 60)), max_size=50))
def test_bounds(most: int, steps: list[tuple[bool, int, float]]) -> None:
    """Whatever happens, after the longest pause there is at least one, and never more than were given."""
    clock = Clock()
    slots = Slots(most, clock)
    for went_well, in_hand, retry_after in steps:
        slots.grow() if went_well else slots.shrink(in_hand, retry_after)
        assert 0 <= slots.free(0) <= most
        clock.time += PAUSE_CAP_SECONDS
        assert 1 <= slots.free(0) <= most


def test_less_is_half_of_what_was_too_much() -> None:
    """Not of what would be allowed; what is in hand is not free."""
    clock = Clock()
    slots = Slots(120, clock)
    slots.shrink(8, 1.0)
    clock.time += 1.0
    assert (slots.free(0), slots.free(3), slots.free(9)) == (4, 1, 0)


def test_more_is_one_a_round_and_one_a_job_once_it_is_quiet() -> None:
    """Additive increase while the limit is fresh in mind; after it nobody waits for places that nobody forbids."""
    clock = Clock()
    slots = Slots(120, clock)
    slots.shrink(8, 0.0)
    for _ in range(5):
        slots.grow()
    assert slots.free(0) == 5
    clock.time += QUIET_SECONDS
    for _ in range(5):
        slots.grow()
    assert slots.free(0) == 10


def test_other_faults_leave_room_to_grow() -> None:
    """They say nothing of how much the provider takes; but while nothing goes well, nobody is waited for a second time."""
    clock = Clock()
    slots = Slots(120, clock)
    slots.shrink(8, 1.0)
    clock.time += 1.0
    for _ in range(5):
        slots.grow(well=False)
    assert slots.free(0) == 5
    slots.shrink(5, 1.0)
    assert slots.free(0) == 2


def test_an_odd_refusal_among_many_jobs_makes_nobody_wait() -> None:
    """It halves what is in hand; the next one soon after it says that there is a limit."""
    clock = Clock()
    slots = Slots(120, clock)
    for _ in range(20):
        slots.grow()
    slots.shrink(16, 2.0)
    assert slots.free(0) == 8
    slots.shrink(8, 2.0)
    assert slots.free(0) == 0


def test_nothing_is_begun_before_the_provider_wants_it() -> None:
    """Retry-After is for all jobs; whoever is refused meanwhile does not halve again, for it was under way."""
    clock = Clock()
    slots = Slots(120, clock)
    slots.shrink(16, 2.0)
    slots.shrink(15, 2.0)
    assert slots.free(0) == 0
    clock.time += 2.0
    assert slots.free(0) == 8


def test_who_asks_for_more_than_a_result_can_wait_is_not_waited_for() -> None:
    """Half as many, at once: their substitutes are to speak in time."""
    slots = Slots(120, Clock())
    slots.shrink(8, 600.0)
    assert slots.free(0) == 4


def test_who_refuses_everything_is_not_waited_for() -> None:
    """Else results would wait for a provider that gives none: a second pause needs a job that went well."""
    clock = Clock()
    slots = Slots(120, clock)
    slots.shrink(16, 2.0)
    clock.time += 2.0
    slots.shrink(8, 2.0)
    assert slots.free(0) == 4
    slots.grow()
    slots.shrink(4, 2.0)
    assert slots.free(0) == 0

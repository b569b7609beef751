"""Several readings: other orders of the levels each time, the median with its own quotes, and a person where they disagree."""

from collections.abc import Sequence

import pytest
from factories import rubric
from hypothesis import given
from hypothesis import strategies as st

from assay.domain import sampling
from assay.domain.errors import Fault, ProviderError
from assay.domain.evidence import verify
from assay.domain.grading import DimensionDraft, Part, VerdictDraft
from assay.domain.rubric import MAX_LEVEL, Dimension

ODD = st.sampled_from([1, 3, 5])


def draft(level: int, *quotes: str, only: Dimension | None = None, feedback: str = "") -> VerdictDraft:
    """A reading that gives one level throughout, or to one dimension."""
    claim = DimensionDraft(level=level, rationale=f"Reading {level}.", quotes=quotes)
    return VerdictDraft(dimensions=dict.fromkeys([only] if only else list(Dimension), claim), feedback=feedback)


def readings(*drafts: VerdictDraft) -> list[tuple[Part, VerdictDraft]]:
    """Readings of the whole essay, numbered."""
    return [(Part(sample=place), each) for place, each in enumerate(drafts)]


def test_the_calls_are_readings_times_dimensions() -> None:
    """One call as a rule; three for three dimensions; each reading has its number."""
    assert sampling.parts() == (Part(),)
    assert sampling.parts(by_dimension=True) == tuple(Part(dimension=name) for name in Dimension)
    assert len(sampling.parts(by_dimension=True, samples=5)) == 15
    assert {part.sample for part in sampling.parts(samples=5)} == set(range(5))


@pytest.mark.parametrize("notes", ["", "Read twice.", "Accept budgets too."])
def test_each_reading_sees_another_order_that_can_be_made_again(notes: str) -> None:
    """The first is the natural one; five readings see five orders of the same levels, the same ones each time."""
    judged = rubric(grader_notes=notes)
    orders = [sampling.level_order(judged, sample) for sample in range(5)]
    assert orders[0] == (0, 1, 2, 3, 4)
    assert len(set(orders)) == 5
    assert all(sorted(order) == [0, 1, 2, 3, 4] for order in orders)
    assert orders == [sampling.level_order(rubric(grader_notes=notes), sample) for sample in range(5)]


def test_other_rubrics_see_other_orders() -> None:
    """The seed is the rubric's hash, so that no order is favoured everywhere."""
    seen = {tuple(sampling.level_order(rubric(grader_notes=str(each)), sample) for sample in range(1, 5)) for each in range(20)}
    assert len(seen) > 15


def test_the_median_speaks_with_the_quotes_of_those_who_gave_it() -> None:
    """Levels 1, 3, 3: the 3 counts, its words are its own, and the quote of the 1 proves nothing."""
    combined = sampling.combine(readings(draft(1, "low quote"), draft(3, "first high", "second high"), draft(3, "other high")))
    clarity = combined.draft.dimensions[Dimension.CLARITY]
    assert (clarity.level, clarity.rationale) == (3, "Reading 3.")
    assert set(clarity.quotes) == {"first high", "other high", "second high"}
    assert combined.spreads == dict.fromkeys(Dimension, 2)


def test_one_reading_is_taken_as_it_is() -> None:
    """No spread, nothing reordered."""
    one = draft(2, "a quote of some words", feedback="Good.")
    assert sampling.combine(readings(one)) == (one, {})


def test_the_calls_about_single_dimensions_make_one_reading() -> None:
    """Dimensions, topics and comments are put together in the order of the dimensions."""
    each = [(Part(dimension=name), draft(level, "q", only=name, feedback=f"{name}.")) for level, name in enumerate(Dimension, start=1)]
    combined = sampling.combine(each)
    assert {name: claim.level for name, claim in combined.draft.dimensions.items()} == {
        Dimension.CLARITY: 1,
        Dimension.ACCURACY: 2,
        Dimension.COHERENCE: 3,
    }
    assert combined.draft.feedback == "clarity.\naccuracy.\ncoherence."


def test_a_reading_without_a_dimension_is_an_invalid_reply() -> None:
    """Two of three dimensions are no verdict."""
    with pytest.raises(ProviderError) as caught:
        sampling.combine([(Part(dimension=name), draft(1, only=name)) for name in list(Dimension)[:2]])
    assert caught.value.fault is Fault.INVALID_REPLY


@pytest.mark.parametrize(("levels", "held"), [((2, 2, 2), False), ((2, 3, 3), False), ((1, 2, 3), True), ((0, 4, 4), True)])
def test_readings_that_lie_two_levels_apart_go_to_a_person(levels: Sequence[int], *, held: bool) -> None:
    """The spread is stored either way; from two levels on the dimension is held, with a reason."""
    essay = "These are words that stand in the essay."
    combined = sampling.combine(readings(*(draft(level, "words that stand in the essay") for level in levels)))
    settled = sampling.settle(verify(combined.draft, essay).verdict, combined.spreads)
    for given_now in settled.dimensions.values():
        assert given_now.spread == max(levels) - min(levels)
        assert given_now.held is held
        assert (given_now.level is None) is held
        assert bool(given_now.held_reason) is held


@given(st.lists(st.integers(0, MAX_LEVEL), min_size=5, max_size=5), ODD)
def test_the_median_is_a_level_that_was_given(levels: list[int], count: int) -> None:
    """For an odd number of readings at least half lie on each side, and the quotes are those of readings with that level."""
    given_levels = levels[:count]
    combined = sampling.combine(readings(*(draft(level, f"quote of {level}") for level in given_levels)))
    clarity = combined.draft.dimensions[Dimension.CLARITY]
    assert clarity.level in given_levels
    assert sum(level <= clarity.level for level in given_levels) > count / 2
    assert sum(level >= clarity.level for level in given_levels) > count / 2
    assert clarity.quotes == (f"quote of {clarity.level}",)

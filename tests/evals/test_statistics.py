"""The statistics of the evaluations: values worked out by hand or published, and what must hold for any marks."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals import statistics as stats

LEVELS = st.integers(0, 4)
PAIRS = st.lists(st.tuples(LEVELS, LEVELS), min_size=2, max_size=30)


def kappa_by_tables(one: list[int], other: list[int], size: int) -> float:
    """Weighted kappa as defined: observed and expected tables, weights (i - j)^2."""
    observed = np.zeros((size, size))
    for row, column in zip(one, other, strict=True):
        observed[row, column] += 1
    expected = np.outer(observed.sum(axis=1), observed.sum(axis=0)) / observed.sum()
    weights = np.subtract.outer(np.arange(size), np.arange(size)) ** 2
    return float(1 - (weights * observed).sum() / (weights * expected).sum())


def test_kappa_of_a_small_table_worked_out_by_hand() -> None:
    """Marks 0 0 1 2 against 0 1 1 2: mean squared difference 0.25, expected 0.6875 + 0.5 + 0.0625, so 1 - 0.25 / 1.25 = 0.8."""
    assert float(stats.quadratic_weighted_kappa([0, 0, 1, 2], [0, 1, 1, 2])) == pytest.approx(0.8)


def test_kappa_at_its_ends() -> None:
    """Equal marks give 1, mirrored marks -1, a constant marker 0, and two markers with one level have no kappa."""
    assert float(stats.quadratic_weighted_kappa([0, 2, 4], [0, 2, 4])) == 1.0
    assert float(stats.quadratic_weighted_kappa([0, 4], [4, 0])) == -1.0
    assert float(stats.quadratic_weighted_kappa([0, 2, 4], [2, 2, 2])) == pytest.approx(0.0)
    assert math.isnan(float(stats.quadratic_weighted_kappa([2, 2], [2, 2])))


@given(PAIRS)
def test_kappa_is_the_one_of_the_tables(pairs: list[tuple[int, int]]) -> None:
    """The short form equals the definition by tables, for any marks, and does not care which marker comes first."""
    one, other = (list(marks) for marks in zip(*pairs, strict=True))
    found = float(stats.quadratic_weighted_kappa(one, other))
    if math.isnan(found):
        assert len(set(one + other)) == 1
    else:
        assert found == pytest.approx(kappa_by_tables(one, other, 5))
        assert found == pytest.approx(float(stats.quadratic_weighted_kappa(other, one)))
        assert found <= 1 + 1e-12


@given(PAIRS, st.integers(-3, 3))
def test_kappa_of_markers_moved_together(pairs: list[tuple[int, int]], shift: int) -> None:
    """Another zero point of the scale changes nothing."""
    one, other = (np.array(marks) for marks in zip(*pairs, strict=True))
    before, after = (float(stats.quadratic_weighted_kappa(one + move, other + move)) for move in (0, shift))
    assert after == pytest.approx(before, nan_ok=True)


def test_agreement_counts_neighbours() -> None:
    """One of four is exact, three of four within one level."""
    assert float(stats.exact_agreement([0, 1, 2, 3], [0, 2, 3, 1])) == 0.25
    assert float(stats.adjacent_agreement([0, 1, 2, 3], [0, 2, 3, 1])) == 0.75


@given(PAIRS)
def test_exact_agreement_never_exceeds_adjacent(pairs: list[tuple[int, int]]) -> None:
    """Who agrees exactly is adjacent too."""
    one, other = zip(*pairs, strict=True)
    assert 0 <= float(stats.exact_agreement(one, other)) <= float(stats.adjacent_agreement(one, other)) <= 1


def test_mean_difference_has_the_sign_of_the_machine() -> None:
    """A machine one level higher everywhere differs by 1 / the common deviation; without spread there is no difference to standardise."""
    assert float(stats.standardised_mean_difference([1, 2, 3], [2, 3, 4])) == pytest.approx(1.0)
    assert float(stats.standardised_mean_difference([2, 3, 4], [1, 2, 3])) == pytest.approx(-1.0)
    assert math.isnan(float(stats.standardised_mean_difference([1, 1], [2, 2])))


def test_correlations_of_known_samples() -> None:
    """Anscombe's first set has r = 0.816; a monotone curve has rho 1 and r below; ties share ranks; a constant has neither."""
    x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    assert float(stats.pearson(x, y)) == pytest.approx(0.816, abs=0.0005)
    assert stats.spearman([1, 2, 3, 4], [1, 10, 100, 1000]) == pytest.approx(1.0)
    assert float(stats.pearson([1, 2, 3, 4], [1, 10, 100, 1000])) < 0.9
    assert stats.ranks([5, 1, 5, 3]).tolist() == [3.5, 1.0, 3.5, 2.0]
    assert math.isnan(float(stats.pearson([1, 2, 3], [4, 4, 4])))


@given(PAIRS)
def test_correlations_stay_in_their_range(pairs: list[tuple[int, int]]) -> None:
    """Both lie between -1 and 1, or are undefined."""
    one, other = zip(*pairs, strict=True)
    for found in (float(stats.pearson(one, other)), stats.spearman(one, other)):
        assert math.isnan(found) or abs(found) <= 1 + 1e-9


def test_samples_must_match() -> None:
    """Different sizes and no cases are refused."""
    for one, other in (([1, 2], [1]), ([], [])):
        with pytest.raises(ValueError, match="two samples of one size"):
            stats.quadratic_weighted_kappa(one, other)


@settings(max_examples=15)
@given(PAIRS)
def test_bootstrap_is_ordered_and_repeatable(pairs: list[tuple[int, int]]) -> None:
    """The same marks give the same interval each time, lower end first."""
    one, other = zip(*pairs, strict=True)
    low, high = stats.bootstrap(stats.quadratic_weighted_kappa, one, other)
    assert (math.isnan(low) and math.isnan(high)) or low <= high
    assert stats.bootstrap(stats.quadratic_weighted_kappa, one, other) == pytest.approx((low, high), nan_ok=True)


def test_bootstrap_of_a_mean_is_near_the_normal_interval() -> None:
    """For 400 draws of deviation 1 the interval of the mean is about 1.96 / 20 on either side; another seed moves it a little."""
    sample = np.random.default_rng(7).normal(size=400)
    sample = (sample - sample.mean()) / sample.std()
    low, high = stats.bootstrap(lambda drawn: drawn.mean(axis=-1), sample)
    assert (low, high) == pytest.approx((-0.098, 0.098), abs=0.012)
    assert stats.bootstrap(lambda drawn: drawn.mean(axis=-1), sample, seed=1) != (low, high)


def test_crossed_bootstrap_knows_that_columns_are_a_sample() -> None:
    """Many rows over two unlike columns: the interval spans both columns, where resampling single values would find it narrow."""
    cells = [(value, row, column) for row in range(100) for column, value in ((0, 0.0), (1, 1.0))]
    values, rows, columns = zip(*cells, strict=True)
    assert stats.crossed_bootstrap(values, rows, columns) == (0.0, 1.0)
    low, high = stats.bootstrap(lambda drawn: drawn.mean(axis=-1), values)
    assert 0.4 < low < high < 0.6


def test_wilson_of_known_shares() -> None:
    """8 of 10 has the interval 0.490 to 0.943; none of 10 begins at 0 and still allows 0.278; no case allows nothing to be said."""
    assert stats.wilson(8, 10) == pytest.approx((0.490, 0.943), abs=0.001)
    assert stats.wilson(0, 10) == pytest.approx((0.0, 0.278), abs=0.001)
    assert all(math.isnan(end) for end in stats.wilson(0, 0))

"""Figures of agreement: against an example by hand, against the textbook's formula, and where they are not defined."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.domain.agreement import measure

LEVELS = range(5)
PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60)


def by_the_book(pairs: list[tuple[int, int]]) -> float | None:
    """Kappa from the table of counts with quadratic weights (Cohen, 1968): 1 - sum(w * observed) / sum(w * expected)."""
    rows, columns = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    weight = {(i, j): (i - j) ** 2 / 16 for i in LEVELS for j in LEVELS}
    observed = sum(weight[pair] for pair in pairs) / len(pairs)
    expected = sum(weight[i, j] * rows[i] * columns[j] for i in LEVELS for j in LEVELS) / len(pairs) ** 2
    return 1 - observed / expected if expected else None


def test_four_pairs_by_hand() -> None:
    """Advisors 3 2 4 1, model 2 2 2 1: mean squared difference 1.25, expected 1.25 + 0.1875 + 0.75² = 2, so kappa is 0.375."""
    figures = measure({(3, 2): 1, (2, 2): 1, (4, 2): 1, (1, 1): 1}, held_decided=2)
    assert (figures.n, figures.exact, figures.adjacent, figures.mean_shift, figures.held_decided) == (4, 0.5, 0.75, 0.75, 2)
    assert figures.quadratic_weighted_kappa == pytest.approx(0.375)
    assert figures.counts == ((0, 0, 0, 0, 0), (0, 1, 0, 0, 0), (0, 0, 1, 0, 0), (0, 0, 1, 0, 0), (0, 0, 1, 0, 0))


@given(PAIRS)
def test_kappa_is_the_textbooks(pairs: list[tuple[int, int]]) -> None:
    """Without a table of expected counts, the same figure; undefined in the same places."""
    book, ours = by_the_book(pairs), measure(Counter(pairs)).quadratic_weighted_kappa
    assert (book is None) == (ours is None)
    assert ours == pytest.approx(book, abs=1e-9)


@given(PAIRS)
def test_the_figures_belong_together(pairs: list[tuple[int, int]]) -> None:
    """Exact is at most adjacent; the counts add up to n; swapping the two turns the shift and nothing else."""
    figures, swapped = measure(Counter(pairs)), measure(Counter((other, one) for one, other in pairs))
    assert figures.n == len(pairs) == sum(map(sum, figures.counts))
    assert figures.exact is not None
    assert figures.adjacent is not None
    assert 0 <= figures.exact <= figures.adjacent <= 1
    assert (swapped.exact, swapped.adjacent) == (figures.exact, figures.adjacent)
    assert swapped.mean_shift == pytest.approx(-(figures.mean_shift or 0))
    assert swapped.quadratic_weighted_kappa == pytest.approx(figures.quadratic_weighted_kappa)


def test_nothing_is_claimed_of_nothing() -> None:
    """No pair: no figure. One level throughout: agreement, but no kappa."""
    empty = measure({}, held_decided=3)
    assert (empty.n, empty.exact, empty.adjacent, empty.quadratic_weighted_kappa, empty.mean_shift) == (0, None, None, None, None)
    assert empty.held_decided == 3
    same = measure({(3, 3): 7})
    assert (same.exact, same.quadratic_weighted_kappa) == (1.0, None)

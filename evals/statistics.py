"""Agreement between two markers, association with length, and intervals by resampling with a fixed seed.

Functions of samples take arrays whose last axis is the sample, so that many resamples are computed in one call.
"""

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

SEED: Final = 20_251
RESAMPLES: Final = 2_000
NORMAL_95: Final = 1.959964

type Array = NDArray[np.float64]
type Interval = tuple[float, float]


def quadratic_weighted_kappa(one: ArrayLike, other: ArrayLike) -> Array:
    """Agreement beyond chance, 1 at most, disagreement counted by its square (Cohen, 1968).

    With these weights kappa needs no table of counts: it is 1 - mean squared difference / the same expected of independent markers.
    NaN where both give one and the same level throughout, since chance alone would agree as well.
    """
    first, second = _pair(one, other)
    observed = ((first - second) ** 2).mean(axis=-1)
    expected = first.var(axis=-1) + second.var(axis=-1) + (first.mean(axis=-1) - second.mean(axis=-1)) ** 2
    return 1.0 - _ratio(observed, expected)


def exact_agreement(one: ArrayLike, other: ArrayLike) -> Array:
    """Share of equal levels."""
    return within(one, other, 0)


def adjacent_agreement(one: ArrayLike, other: ArrayLike) -> Array:
    """Share of levels that differ by one at most."""
    return within(one, other, 1)


def within(one: ArrayLike, other: ArrayLike, distance: float) -> Array:
    """Share of levels that differ by `distance` at most."""
    first, second = _pair(one, other)
    return np.asarray((np.abs(first - second) <= distance).mean(axis=-1))


def standardised_mean_difference(human: ArrayLike, machine: ArrayLike) -> Array:
    """How much higher the machine marks, in pooled standard deviations (Williamson, Xi and Breyer, 2012); NaN without any spread."""
    first, second = _pair(human, machine)
    spread = np.sqrt((first.var(axis=-1, ddof=1) + second.var(axis=-1, ddof=1)) / 2)
    return _ratio(second.mean(axis=-1) - first.mean(axis=-1), spread)


def pearson(one: ArrayLike, other: ArrayLike) -> Array:
    """Linear correlation, -1 to 1; NaN where either is constant."""
    first, second = (values - values.mean(axis=-1, keepdims=True) for values in _pair(one, other))
    return _ratio((first * second).sum(axis=-1), np.sqrt((first**2).sum(axis=-1) * (second**2).sum(axis=-1)))


def spearman(one: ArrayLike, other: ArrayLike) -> float:
    """Correlation of the ranks of two samples of one dimension, ties sharing their mean rank; NaN where either is constant."""
    return float(pearson(ranks(one), ranks(other)))


def ranks(values: ArrayLike) -> Array:
    """Ranks from 1 on, ties sharing their mean rank."""
    _, places, counts = np.unique(np.asarray(values, dtype=float), return_inverse=True, return_counts=True)
    mean_ranks = np.cumsum(counts) - (counts - 1) / 2
    return np.asarray(mean_ranks[places], dtype=float)


def bootstrap(statistic: Callable[..., Array], *samples: ArrayLike, seed: int = SEED) -> Interval:
    """The 95 % percentile interval of `statistic` over resamples of the cases, which are the places the `samples` share (Efron, 1979).

    Resamples in which the statistic is undefined are left out; NaN for both ends when there is nothing to resample.
    """
    arrays = [np.asarray(sample, dtype=float) for sample in samples]
    if not arrays[0].size:
        return (float("nan"), float("nan"))
    drawn = np.random.default_rng(seed).integers(0, len(arrays[0]), size=(RESAMPLES, len(arrays[0])))
    return _percentiles(statistic(*(array[drawn] for array in arrays)))


def crossed_bootstrap(values: ArrayLike, rows: Sequence[int], columns: Sequence[int], *, seed: int = SEED) -> Interval:
    """The 95 % interval of the mean of `values` when each belongs to a row and a column and both are samples (Owen, 2007).

    Rows and columns are resampled independently; a value weighs as often as its row times its column was drawn.
    """
    cells = np.asarray(values, dtype=float)
    if not cells.size:
        return (float("nan"), float("nan"))
    random = np.random.default_rng(seed)
    weights = np.ones((RESAMPLES, len(cells)))
    for labels in (rows, columns):
        known, places = np.unique(labels, return_inverse=True)
        weights *= random.multinomial(len(known), np.full(len(known), 1 / len(known)), size=RESAMPLES)[:, places]
    return _percentiles(_ratio((weights * cells).sum(axis=1), weights.sum(axis=1)))


def wilson(hits: int, cases: int) -> Interval:
    """The 95 % interval of a share (Wilson, 1927), which also serves few cases and shares of 0 and 1; NaN for no case."""
    if not cases:
        return (float("nan"), float("nan"))
    share, extra = hits / cases, NORMAL_95**2 / cases
    middle = share + extra / 2
    reach = NORMAL_95 * sqrt(share * (1 - share) / cases + extra / (4 * cases))
    return (max(0.0, (middle - reach) / (1 + extra)), min(1.0, (middle + reach) / (1 + extra)))


def _pair(one: ArrayLike, other: ArrayLike) -> tuple[Array, Array]:
    first, second = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    if first.shape != second.shape or not first.size:
        msg = f"two samples of one size are needed, not {first.shape} and {second.shape}"
        raise ValueError(msg)
    return first, second


def _ratio(above: ArrayLike, below: ArrayLike) -> Array:
    """`above / below`, NaN where below is 0 but for rounding."""
    divisor = np.asarray(below, dtype=float)
    return np.asarray(above, dtype=float) / np.where(np.abs(divisor) < 1e-12, np.nan, divisor)


def _percentiles(values: Array) -> Interval:
    defined = values[~np.isnan(values)]
    if not defined.size:
        return (float("nan"), float("nan"))
    low, high = np.percentile(defined, [2.5, 97.5])
    return (float(low), float(high))

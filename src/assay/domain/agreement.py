"""How far advisors agree with a model, from the counts of levels that both gave."""

from collections.abc import Iterable, Mapping

from assay.domain.rubric import MAX_LEVEL
from assay.kit.model import Value

type LevelPairs = Mapping[tuple[int, int], int]
"""How often an advisor's level (first) met a model's (second)."""


class Agreement(Value):
    """Shares are from 0 to 1; every figure is null where it is not defined.

    The levels are those that advisors chose to look at, which are not a random sample: an advisor is more likely to open what looks wrong.
    """

    n: int
    """Levels that the model gave and an advisor changed or confirmed."""
    exact: float | None
    """Share of equal levels."""
    adjacent: float | None
    """Share of levels that differ by one at most."""
    quadratic_weighted_kappa: float | None
    """Agreement beyond chance, 1 at most (Cohen, 1968). Null where both gave one and the same level throughout."""
    mean_shift: float | None
    """Mean of the advisors' levels minus the model's: above 0 the model is too strict."""
    held_decided: int
    """Levels that an advisor gave where the model had given none; they are not among the `n`."""
    counts: tuple[tuple[int, ...], ...]
    """How often each level of an advisor (row, from 0) met each of the model (column); the diagonal is agreement."""


def measure(pairs: LevelPairs, held_decided: int = 0) -> Agreement:
    """The figures of agreement over `pairs`."""
    n = sum(pairs.values())
    return Agreement(
        n=n,
        exact=_share(pairs, n, 0),
        adjacent=_share(pairs, n, 1),
        quadratic_weighted_kappa=_kappa(pairs, n),
        mean_shift=_mean(((advisor - model, count) for (advisor, model), count in pairs.items()), n) if n else None,
        held_decided=held_decided,
        counts=tuple(tuple(pairs.get((advisor, model), 0) for model in range(MAX_LEVEL + 1)) for advisor in range(MAX_LEVEL + 1)),
    )


def _share(pairs: LevelPairs, n: int, distance: int) -> float | None:
    near = sum(count for (advisor, model), count in pairs.items() if abs(advisor - model) <= distance)
    return near / n if n else None


def _kappa(pairs: LevelPairs, n: int) -> float | None:
    """With quadratic weights: 1 - mean squared difference / the same expected of independent markers with these means and variances."""
    if not n:
        return None
    advisors = [(advisor, count) for (advisor, _), count in pairs.items()]
    models = [(model, count) for (_, model), count in pairs.items()]
    observed = _mean((((advisor - model) ** 2, count) for (advisor, model), count in pairs.items()), n)
    expected = _variance(advisors, n) + _variance(models, n) + (_mean(advisors, n) - _mean(models, n)) ** 2
    return 1 - observed / expected if expected > 1e-12 else None


def _variance(weighted: list[tuple[int, int]], n: int) -> float:
    return _mean(((value**2, count) for value, count in weighted), n) - _mean(weighted, n) ** 2


def _mean(weighted: Iterable[tuple[int, int]], n: int) -> float:
    return sum(value * count for value, count in weighted) / n

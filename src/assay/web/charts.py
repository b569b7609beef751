"""Figures over time as pictures: measured points become the geometry and the labels of a line, drawn by `components/chart.html`. Pure."""

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Final, NamedTuple

WIDTH: Final = 300.0
HEIGHT: Final = 100.0
SMALLEST: Final = 1e-9
"""What is less cannot be told from zero."""
NOTHING: Final = "Nothing was measured in this time"
_STEPS: Final = (1, 2, 5, 10)

type Point = tuple[datetime, float | None]
"""A moment and what was measured; None where nobody measured."""


class Chart(NamedTuple):
    """A line over time. Lengths are units of a picture of `WIDTH` by `HEIGHT` with its origin at the upper left."""

    id: str
    title: str
    summary: str
    lines: tuple[str, ...]
    """Paths, one for each stretch without a gap."""
    areas: tuple[str, ...]
    """What lies below them."""
    limit: float | None
    """How far down the line stands that should not be crossed."""
    limit_note: str
    scale: tuple[str, str, str]
    """Labels of the height: top, middle, bottom."""
    times: tuple[datetime, ...]
    """First, middle and last moment; empty without points."""
    rows: tuple[tuple[datetime, str], ...]
    """What was measured, newest first."""


def line_chart(
    name: str,
    title: str,
    points: Sequence[Point],
    told: Callable[[float], str],
    *,
    limit: float | None = None,
    limit_note: str = "",
    nothing: str = NOTHING,
) -> Chart:
    """The picture of `points`, which are equally far apart and oldest first.

    `told` writes a value with its unit; `nothing` is what is said where there is none.
    """
    values = [value for _, value in points if value is not None]
    top = nice_top(max([*values, limit or 0.0]))
    stretches = list(_stretches(points, top))
    moments = [at for at, _ in points]
    return Chart(
        id=name,
        title=title,
        summary=f"Last {told(values[-1])}, at most {told(max(values))}" if values else nothing,
        lines=tuple(map(_line, stretches)),
        areas=tuple(_area(stretch) for stretch in stretches if len(stretch) > 1),
        limit=None if limit is None else round(HEIGHT * (1 - limit / top), 2),
        limit_note=limit_note,
        scale=(told(top), told(top / 2), told(0)),
        times=(moments[0], moments[len(moments) // 2], moments[-1]) if moments else (),
        rows=tuple((at, told(value)) for at, value in reversed(points) if value is not None),
    )


def nice_top(most: float) -> float:
    """The next of 1, 2, 5, 10, 20, … (or 0.5, 0.2, …) that is at least `most`; 1 of nothing, or as good as nothing."""
    if most < SMALLEST or not math.isfinite(most):
        return 1.0
    power = 10.0 ** math.floor(math.log10(most))
    return next((step * power for step in _STEPS if step * power >= most), 10 * power)


def _stretches(points: Sequence[Point], top: float) -> Iterable[list[tuple[float, float]]]:
    apart = WIDTH / max(1, len(points) - 1)
    placed = [(place * apart, value) for place, (_, value) in enumerate(points)]
    for there, group in groupby(placed, key=lambda point: point[1] is not None):
        if there:
            yield [(round(x, 2), round(HEIGHT * (1 - (value or 0.0) / top), 2)) for x, value in group]


def _line(stretch: Sequence[tuple[float, float]]) -> str:
    """A path; of a single point the round end of a line without length is what one sees."""
    drawn = " ".join(f"{x:g},{y:g}" for x, y in stretch)
    return f"M{drawn}" if len(stretch) > 1 else f"M{drawn} h0.01"


def _area(stretch: Sequence[tuple[float, float]]) -> str:
    return f"{_line(stretch)} L{stretch[-1][0]:g},{HEIGHT:g} L{stretch[0][0]:g},{HEIGHT:g} Z"

"""Charts: every measured point in its place, gaps left open, and heights that can be read."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from assay.web.charts import HEIGHT, WIDTH, Point, line_chart, nice_top

START = datetime(2026, 11, 23, tzinfo=UTC)
VALUES = st.lists(st.none() | st.floats(0, 1e6), max_size=80)


def points(*values: float | None) -> list[Point]:
    """Values five minutes apart."""
    return [(START + place * timedelta(minutes=5), value) for place, value in enumerate(values)]


def drawn(path: str) -> list[tuple[float, float]]:
    """The corners of a path."""
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in path.replace("M", "").removesuffix(" h0.01").split())]


@given(VALUES)
def test_every_measured_point_is_drawn_once_inside_the_picture(values: list[float | None]) -> None:
    """As many corners and rows as measured values, none outside, from left to right."""
    chart = line_chart("a", "A", points(*values), str)
    corners = [corner for line in chart.lines for corner in drawn(line)]
    measured = [value for value in values if value is not None]
    assert len(corners) == len(chart.rows) == len(measured)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in corners)
    assert [x for x, _ in corners] == sorted(x for x, _ in corners)


@given(st.floats(1e-6, 1e9))
def test_the_top_is_a_round_figure_not_far_above(most: float) -> None:
    """Of 1, 2 or 5 times a power of ten, at least what is to be shown and at most two and a half times as much."""
    top = nice_top(most)
    assert most <= top * (1 + 1e-9)
    assert top <= 2.5 * most * (1 + 1e-9)


def test_a_gap_stays_open() -> None:
    """Where nobody measured there is no line; a single point between two gaps is still seen."""
    chart = line_chart("a", "A", points(1, 2, None, 4, None, 3, 3), str)
    assert [len(drawn(line)) for line in chart.lines] == [2, 1, 2]
    assert chart.lines[1].endswith("h0.01")
    assert len(chart.areas) == 2


def test_without_data_it_says_so() -> None:
    """No line, no rows, and a sentence instead of a figure."""
    chart = line_chart("a", "A", points(None, None), str)
    assert (chart.lines, chart.rows, chart.summary) == ((), (), "Nothing was measured in this time")
    assert line_chart("a", "A", [], str).times == ()


def test_the_limit_is_in_the_picture() -> None:
    """Also where everything measured is far below it."""
    chart = line_chart("a", "A", points(0.1, 0.2), str, limit=10, limit_note="ten")
    assert chart.limit == 0
    assert chart.scale == ("10.0", "5.0", "0")
    assert line_chart("a", "A", points(20.0), str, limit=10).limit == HEIGHT / 2

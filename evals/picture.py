"""The picture of a grading evaluation: human score by grader's score for every dimension, and what became of the twins; one SVG file.

Colours follow the reader's light or dark setting; every number stands there as text, and a description tells the whole for a screen reader.
"""

from collections.abc import Sequence
from math import isnan
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from evals.agreement import Scored, dimensions, kappa, sample, score_counts
from evals.report import written
from evals.twins import Twins

_TEMPLATE: Final = "picture.svg.j2"
_STEP: Final = 44
_GAP: Final = 84
_LEFT: Final = 60
_NAMES: Final = 230
_SCALE: Final = 70
"""Pixels for one level of a twin's move."""
_WIDTH: Final = 1090
_SHOWN: Final = (("accuracy", ("informal", "nonnative", "misspelt")), ("coherence", ("shuffled",)))
"""The moves that have a target: what style does to accuracy, and what another order does to coherence."""


def draw(title: str, base: Sequence[Scored], twins: Sequence[Twins]) -> str:
    """The picture as SVG text: one matrix for each dimension of the `base` essays, and the moves of their `twins`."""
    names = dimensions(base)
    scale = range(min(one.essay.low for one in base), max(one.essay.high for one in base) + 1) if base else range(1)
    side = _STEP * len(scale)
    grids = [_grid(base, name, scale, _LEFT + place * (side + _GAP)) for place, name in enumerate(names)]
    moves = _moves(twins)
    top = side + 64 + 110
    bottom = 40 + 30 * len(moves)
    told = "; ".join([*(f"{grid['name']}: {grid['figure']}" for grid in grids), *(f"{move['name']}: {move['words']}" for move in moves)])
    environment = Environment(loader=FileSystemLoader(Path(__file__).with_name("grading")), autoescape=True, undefined=StrictUndefined)
    return environment.get_template(_TEMPLATE).render(
        title=title,
        told=told,
        width=max(_LEFT + len(names) * (side + _GAP), _WIDTH),
        height=top + (bottom + 50 if moves else -40),
        grids=grids,
        moves=moves,
        moves_top=top,
        moves_bottom=bottom,
        words_x=_NAMES + 6 * _SCALE + 60,
        ticks=[{"level": level, "x": _place(level)} for level in range(-4, 3)],
    )


def _grid(base: Sequence[Scored], name: str, scale: range, left: int) -> dict[str, Any]:
    """One matrix: a cell is the darker, the more essays of its human score have that score from the grader."""
    of = sample(base, name)
    counts = score_counts(of)
    value, (low, high) = kappa(of)
    cells = []
    for row, human in enumerate(scale):
        total = max(1, sum(counts.get((human, level), 0) for level in scale))
        for column, machine in enumerate(scale):
            count = counts.get((human, machine), 0)
            cells.append(
                {
                    "x": column * _STEP,
                    "y": 30 + row * _STEP,
                    "count": count,
                    "same": human == machine,
                    "shade": round(0.55 * count / total, 2) if count else 0.03,
                    "most": count / total > 0.5,
                }
            )
    figure = f"kappa {written(value)} ({written(low)} to {written(high)}), {of.human.size} essays"
    return {"name": name, "figure": figure, "x": left, "side": _STEP * len(scale), "step": _STEP, "levels": list(scale), "cells": cells}


def _moves(twins: Sequence[Twins]) -> list[dict[str, Any]]:
    """One line for each style of twin, with the mean move of its dimension."""
    rows: list[dict[str, Any]] = []
    for name, styles in _SHOWN:
        for style in styles:
            found = [move for pair in twins if pair.twin.essay.style == style and not isnan(move := pair.move(name))]
            if found:
                mean, size = sum(found) / len(found), sum(map(abs, found)) / len(found)
                lost = sum(move < 0 for move in found)
                rows.append(
                    {
                        "name": f"{style} twins, {name}",
                        "y": 52 + 30 * len(rows),
                        "low": _place(min(found)),
                        "high": _place(max(found)),
                        "mean": _place(mean),
                        "words": f"mean {mean:+.2f}, without its sign {size:.2f}; {lost} of {len(found)} lower",
                    }
                )
    return rows


def _place(level: float) -> float:
    return round(_NAMES + (level + 4) * _SCALE, 1)

"""What an evaluation found: figures beside their targets and the tables behind them, for people and as JSON for machines."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table as Grid

type Cell = str | int | float | Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with what it rests on. Without a target it is context, not a promise; undefined (NaN), it misses any target."""

    name: str
    value: float
    rests_on: str
    interval: tuple[float, float] | None = None
    at_most: float | None = None
    at_least: float | None = None

    @property
    def target(self) -> str:
        """The target in signs; empty without one."""
        limits = (("≤", self.at_most), ("≥", self.at_least))
        return " ".join(f"{sign} {limit:g}" for sign, limit in limits if limit is not None)

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if not self.target:
            return None
        return (self.at_most is None or self.value <= self.at_most) and (self.at_least is None or self.value >= self.at_least)

    @property
    def reach(self) -> str:
        """The 95 % interval; empty without one."""
        return "" if self.interval is None else f"{written(self.interval[0])} to {written(self.interval[1])}"

    def as_json(self) -> dict[str, Any]:
        """The figure as JSON."""
        return {
            "name": self.name,
            "value": self.value,
            "interval": self.interval,
            "restsOn": self.rests_on,
            "target": self.target,
            "met": self.met,
        }


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns; a cell with several numbers names each of them."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def as_json(self) -> dict[str, Any]:
        """The table as JSON: one object per row."""
        return {"title": self.title, "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows]}

    def grid(self) -> Grid:
        """The table as printed."""
        grid = Grid(title=self.title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1))
        for place, column in enumerate(self.columns):
            grid.add_column(column, justify="right" if place else "left", no_wrap=not place)
        for row in self.rows:
            grid.add_row(*(_shown(cell) for cell in row))
        return grid


@dataclass(frozen=True, slots=True)
class Report:
    """A finished evaluation."""

    name: str
    what: str
    facts: Mapping[str, str]
    figures: Sequence[Figure]
    tables: Sequence[Table]
    notes: Sequence[str]

    @property
    def met(self) -> bool:
        """Whether every target is met."""
        return all(figure.met is not False for figure in self.figures)

    @property
    def decision(self) -> str:
        """The line that decides."""
        told = [f"{figure.name} {written(figure.value)} ({figure.target})" for figure in self.figures if figure.met is self.met]
        if not told:
            return f"{self.name}: met: nothing here has a target"
        return f"{self.name}: {'met' if self.met else 'MISSED'}: {', '.join(told)}"

    def as_json(self) -> str:
        """The whole report as one JSON document; what is undefined is null."""
        document = {
            "evaluation": self.name,
            "what": self.what,
            "met": self.met,
            "facts": dict(self.facts),
            "figures": [figure.as_json() for figure in self.figures],
            "tables": [table.as_json() for table in self.tables],
            "notes": list(self.notes),
        }
        return json.dumps(_defined(document), indent=2, ensure_ascii=False, allow_nan=False)

    def show(self, console: Console) -> None:
        """Print facts, tables, notes, figures and, last, the line that decides."""
        console.print(self.what, style="bold", soft_wrap=True)
        for name, fact in self.facts.items():
            console.print(f"[dim]{name:<10}[/] {fact}", soft_wrap=True)
        console.print()
        for table in self.tables:
            console.print(table.grid())
        for note in self.notes:
            console.print(note, style="dim")
        console.print(self._figures())
        console.print(self.decision, soft_wrap=True, style="green" if self.met else "red")

    def _figures(self) -> Grid:
        grid = Grid(box=box.SIMPLE_HEAD, padding=(0, 1))
        for column in ("figure", "value", "95 %", "target", "", "of"):
            grid.add_column(column, justify="right" if column in {"value", "95 %", "target"} else "left")
        for figure in self.figures:
            sign = {True: "[green]met[/]", False: "[red]missed[/]", None: ""}[figure.met]
            grid.add_row(figure.name, written(figure.value), figure.reach, figure.target, sign, figure.rests_on)
        return grid


def written(value: float) -> str:
    """A number in two digits, whole ones without, undefined as a dash."""
    if isnan(value):
        return "-"
    return f"{value:d}" if isinstance(value, int) else f"{value + 0.0:.2f}"


def _shown(cell: Cell) -> str:
    if isinstance(cell, Mapping):
        return " ".join(f"{written(value):>5}" for value in cell.values())
    return cell if isinstance(cell, str) else written(cell)


def _defined(value: Any) -> Any:
    """`value` with None for NaN, at any depth."""
    if isinstance(value, Mapping):
        return {key: _defined(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_defined(inner) for inner in value]
    return None if isinstance(value, float) and isnan(value) else value

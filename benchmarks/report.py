"""What a measurement found: figures beside their targets, as a table for people and as JSON for machines."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One number per repeat. A figure without a target is context, not a promise."""

    name: str
    values: tuple[float, ...]
    unit: str = ""
    digits: int = 2
    at_most: float | None = None
    below: float | None = None
    at_least: float | None = None

    @property
    def value(self) -> float:
        """The median of the repeats: one disturbed repeat does not decide."""
        return median(self.values)

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        limits = [
            self.at_most is None or self.value <= self.at_most,
            self.below is None or self.value < self.below,
            self.at_least is None or self.value >= self.at_least,
        ]
        return all(limits) if self.target else None

    @property
    def target(self) -> str:
        """The target in signs; empty without one."""
        limits = (("≤", self.at_most), ("<", self.below), ("≥", self.at_least))
        return " ".join(f"{sign} {limit:g} {self.unit}".strip() for sign, limit in limits if limit is not None)

    def written(self, value: float) -> str:
        """A value with its unit."""
        return f"{value:,.{self.digits}f} {self.unit}".strip()

    @property
    def interval(self) -> str:
        """Smallest to largest repeat; empty after one repeat."""
        return "" if len(self.values) == 1 else f"{min(self.values):,.{self.digits}f}-{max(self.values):,.{self.digits}f}"

    def as_json(self) -> dict[str, Any]:
        """The figure as JSON."""
        return {"name": self.name, "value": self.value, "repeats": self.values, "unit": self.unit, "target": self.target, "met": self.met}


@dataclass(frozen=True, slots=True)
class Report:
    """A finished measurement."""

    name: str
    what: str
    machine: Mapping[str, str]
    figures: Sequence[Figure]
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def met(self) -> bool:
        """Whether every target is met."""
        return all(figure.met is not False for figure in self.figures)

    @property
    def decision(self) -> str:
        """The line that decides."""
        told = [f"{figure.name} {figure.written(figure.value)} ({figure.target})" for figure in self.figures if figure.target]
        return f"{self.name}: {'met' if self.met else 'MISSED'}: {', '.join(told)}"

    def as_json(self) -> str:
        """The whole report as one JSON document."""
        return json.dumps(
            {
                "benchmark": self.name,
                "what": self.what,
                "met": self.met,
                "machine": dict(self.machine),
                "figures": [figure.as_json() for figure in self.figures],
                "notes": list(self.notes),
            },
            indent=2,
        )

    def show(self, console: Console) -> None:
        """Print machine, table, notes and, last, the line that decides."""
        for name, fact in self.machine.items():
            console.print(f"[dim]{name:<10}[/] {fact}", highlight=False, soft_wrap=True)
        table = Table(title=self.what, title_justify="left", title_style="bold")
        for column, justify in (("figure", "left"), ("median", "right"), ("repeats", "right"), ("target", "right"), ("", "left")):
            table.add_column(column, justify=justify)  # type: ignore[arg-type]  # the literals are rich's own
        for figure in self.figures:
            sign = {True: "[green]met[/]", False: "[red]missed[/]", None: ""}[figure.met]
            table.add_row(figure.name, figure.written(figure.value), figure.interval, figure.target, sign)
        console.print(table)
        for note in self.notes:
            console.print(note, highlight=False, style="dim")
        console.print(self.decision, highlight=False, soft_wrap=True, style="green" if self.met else "red")


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of all values do not exceed: the nearest rank, never interpolated."""
    ordered = sorted(values)
    rank = -(-len(ordered) * round(share * 1000) // 1000)
    return ordered[max(rank, 1) - 1]

"""Prints a result as a person would like to read it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table

type Json = Mapping[str, Any]

HELD: Final = "held for a person"
_QUOTE_LENGTH: Final = 110
_BAR: Final = 10
_REASONS: Final = 3
_SOURCES: Final = 2


def print_result(console: Console, result: Json, prompts: Mapping[str, str]) -> None:
    """The whole result; `prompts` by question id."""
    _print_scores(console, result)
    for essay in result["essayScores"]:
        _print_essay(console, essay, prompts.get(essay["questionId"], ""))
    recommendation = result["recommendation"]
    console.print(Panel(escape(recommendation["summary"]["text"]), title="What we suggest", title_align="left", padding=(1, 2)))
    for item in recommendation["items"]:
        _print_item(console, item)


def _print_scores(console: Console, result: Json) -> None:
    console.print()
    console.rule(f"[bold]Result: {escape(_name(result['track']))}")
    if result["degraded"]:
        for degradation in result["degradations"]:
            console.print(f"[yellow]Limited:[/] {escape(_degradation(degradation))}")
    table = Table(box=None, show_header=False, pad_edge=False)
    for label, key in (("Overall", "overall"), ("Theory", "rule"), ("Essays", "essay")):
        percent = _percent(result["scores"].get(key))
        table.add_row(label, bar(percent), HELD if percent is None else f"{percent:.0f} %")
    console.print(table)


def _name(track: Any) -> str:
    return str(track["name"]) if isinstance(track, Mapping) else str(track)


def _percent(score: Any) -> float | None:
    value = score.get("percent") if isinstance(score, Mapping) else score
    return None if value is None else float(value)


def bar(percent: float | None) -> str:
    """Ten little blocks, filled to `percent` (0-100)."""
    filled = round((percent or 0) * _BAR / 100)
    return "█" * filled + "░" * (_BAR - filled)


def _degradation(degradation: Json) -> str:
    return ", ".join(str(degradation[key]) for key in ("stage", "cause", "detail") if degradation.get(key))


def _print_essay(console: Console, essay: Json, prompt: str) -> None:
    console.print(f"\n[bold]Essay:[/] {escape(shorten(prompt))}")
    table = Table(box=None, show_header=False, pad_edge=True)
    for name, dimension in essay["dimensions"].items():
        level = HELD if dimension["level"] is None else f"{dimension['level']} of {dimension['max']}"
        quotes = [f"[italic]“{escape(shorten(quote['text']))}”[/]" for quote in dimension["quotes"][:1]]
        table.add_row(f"[bold]{name}[/]", level, "\n".join([escape(dimension["rationale"]), *quotes]))
    console.print(table)
    if essay.get("feedback"):
        console.print(Padding(escape(essay["feedback"]), (0, 0, 0, 1)))


def _print_item(console: Console, item: Json) -> None:
    facts = " · ".join(str(item[key]) for key in ("provider", "level") if item.get(key))
    console.print(f"\n[bold]{item['rank']}. {escape(item['title'])}[/]  [dim]{escape(facts)}[/]")
    table = Table(box=None, show_header=False, pad_edge=True)
    for reason in _why(item["reasons"])[:_REASONS]:
        table.add_row("  because", escape(reason))
    for source in item["sources"][:_SOURCES]:
        where = f"{source['section']}, version {source['credentialVersion']}"
        table.add_row("  [dim]source[/]", f"[italic]“{escape(shorten(source['snippet']))}”[/] [dim]({where})[/]")
    console.print(table)


def _why(reasons: Iterable[Any]) -> list[str]:
    """The reasons that speak for an item, in words."""
    words = [reason["text"] if isinstance(reason, Mapping) else str(reason) for reason in reasons if _speaks_for(reason)]
    return [word[:1].lower() + word[1:].rstrip(".") for word in words]


def _speaks_for(reason: Any) -> bool:
    return not isinstance(reason, Mapping) or float(reason.get("contribution", 1)) > 0


def shorten(text: str, length: int = _QUOTE_LENGTH) -> str:
    """The beginning of `text` on one line, cut between words."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[:length].rsplit(" ", 1)[0] + " …"

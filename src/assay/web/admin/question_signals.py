"""What an answer about oneself says, between form and value: one row a signal, with the option (or phrase), its tag and its weight."""

from collections import defaultdict
from typing import Final

from pydantic import BaseModel

from assay.domain.questions import SIGNAL_KINDS, QuestionFormat
from assay.domain.signals import OptionSignals, RankingSignals, SignalRule, TextSignals
from assay.web.admin.entries import Entries
from assay.web.admin.question_options import ReadOptions
from assay.web.admin.reading import Place, Problems, attempt, number
from assay.web.answers import number_text

_KINDS: Final[dict[str, type[OptionSignals | RankingSignals | TextSignals]]] = {
    "optionSignals": OptionSignals,
    "rankingSignals": RankingSignals,
    "textSignals": TextSignals,
}
_EVERY: Final = "1"
"""The weight that a row without one has."""


def put_blank(entries: Entries, form: QuestionFormat) -> None:
    """The rows of a new question."""
    first = "phrase" if form is QuestionFormat.FREE_TEXT else "option"
    entries.put(f"signal-1-{first}", "")


def put(entries: Entries, rule: SignalRule) -> None:
    """Write the signals of `rule` into the form, whose options are in it already."""
    rows = {entries.get(f"option-{row}-id"): row for row in entries.rows("option")}
    said = rule.phrases if isinstance(rule, TextSignals) else rule.options
    flat = [(cause, tag, weight) for cause, tags in said.items() for tag, weight in (tags or {"": 0.0}).items()]
    for row, (cause, tag, weight) in enumerate(flat, start=1):
        kind, _, name = tag.partition(":")
        if isinstance(rule, TextSignals):
            entries.put(f"signal-{row}-phrase", cause)
        else:
            entries.put(f"signal-{row}-option", rows[cause])
        entries.put(f"signal-{row}-kind", kind)
        entries.put(f"signal-{row}-name", name)
        entries.put(f"signal-{row}-weight", number_text(weight) if tag else "")


def read(entries: Entries, options: ReadOptions, problems: Problems) -> SignalRule | None:
    """The signals as the form says; rows that say nothing are none."""
    kind = _KINDS[SIGNAL_KINDS[QuestionFormat(entries.get("format"))]]
    field = "phrases" if kind is TextSignals else "options"
    found: dict[str, dict[str, float]] = defaultdict(dict)
    before = len(problems)
    for row in _said(entries):
        cause = _cause(entries, options, row, problems)
        made = _one(kind, field, cause, entries, row, problems)
        if made is not None:
            found[cause] |= made
    return attempt(problems, kind, {field: dict(found)}, lambda _: "signal") if len(problems) == before else None


def _said(entries: Entries) -> list[int]:
    fields = ("option", "phrase", "name")
    return [row for row in entries.rows("signal") if any(entries.get(f"signal-{row}-{field}").strip() for field in fields)]


def _cause(entries: Entries, options: ReadOptions, row: int, problems: Problems) -> str:
    if entries.get("format") == QuestionFormat.FREE_TEXT:
        phrase = entries.get(f"signal-{row}-phrase").strip()
        if not phrase:
            problems[f"signal-{row}-phrase"] = "Write what is looked for."
        return phrase
    chosen = number(entries.get(f"signal-{row}-option"))
    option = options.ids.get("option", {}).get(chosen, "") if isinstance(chosen, int) else ""
    if not option:
        problems[f"signal-{row}-option"] = "Choose an option."
    return option


def _one(kind: type[BaseModel], field: str, cause: str, entries: Entries, row: int, problems: Problems) -> dict[str, float] | None:
    said, name = entries.get(f"signal-{row}-kind"), f"signal-{row}-name"
    if not said and not entries.get(name).strip():
        return {}
    tag = f"{said or '?'}:{entries.get(name).strip()}"
    weight = number(entries.get(f"signal-{row}-weight") or _EVERY)
    told: Problems = {}
    made = attempt(told, kind, {field: {cause or "x": {tag: weight}}}, lambda place: _field(place, row))
    if name in told:
        told[name] = "Choose what it is about, and write a skill or a short name of small letters, digits and hyphens."
    problems.update(told)
    return {tag: float(weight)} if made is not None and isinstance(weight, int | float) else None


def _field(place: Place, row: int) -> str:
    return f"signal-{row}-{'name' if '[key]' in place else 'weight'}"

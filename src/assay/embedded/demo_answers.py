"""How the demonstration's student answers: prepared for the questions of a first-class track, sensible for any other question."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

type Question = Mapping[str, Any]
"""A question as `POST /assessments/start` returns it."""
type Answer = str | float | list[str] | dict[str, str]

PREPARED: Final = Path(__file__).with_name("demo_answers.yaml")

GENERAL_ESSAY: Final = """
First I would make sure that I understand the problem before I change anything. I would write down what is known, what is
only assumed, and how we would notice that the problem is solved. Then I would look for evidence: numbers from the running
system, an example that can be repeated, and the changes that were made shortly before it began.

From the evidence I would form one hypothesis at a time and test it with the smallest step that can prove it wrong. A fix
that rests on a guess may hide the cause, and the same problem comes back later in another form. Where two solutions are
possible I would compare what each costs to build, what it costs to run, and what happens when it fails.

Finally I would check the effect against the number I started with, write a test so that it stays solved, and tell the
people concerned what was changed and why. If the measure does not help I would take it back instead of piling the next
one on top.
""".strip()
"""For an essay question that nobody has prepared for: sound, and general."""


def answer(question: Question) -> Answer:
    """The student's answer to `question`, in the shape that its format asks for."""
    prompt = " ".join(str(question["prompt"]).split())
    for entry in _prepared():
        if entry["when"] in prompt:
            # Another track may ask in the same words and offer other options.
            with suppress(LookupError):
                return prepared_answer(question, entry)
    return _sensible(question)


@cache
def _prepared() -> Sequence[Mapping[str, Any]]:
    entries: list[Mapping[str, Any]] = yaml.safe_load(PREPARED.read_text(encoding="utf-8"))
    return entries


def prepared_answer(question: Question, entry: Mapping[str, Any]) -> Answer:
    """What `entry` says to `question`. Raises `LookupError` when an option is not offered."""
    options: Any = question.get("options")
    if "say" in entry:
        said: str | float = entry["say"]
        return said
    if "pair" in entry:
        return {_find(options["left"], left): _find(options["right"], right) for left, right in entry["pair"].items()}
    chosen = [_find(options, text) for text in entry["choose"]]
    return chosen if question["format"] in {"multipleChoice", "ordering", "ranking"} else chosen[0]


def _find(options: Iterable[Mapping[str, str]], beginning: str) -> str:
    """The id of the option whose text begins so. Raises `LookupError`."""
    for option in options:
        if option["text"].startswith(beginning):
            return option["id"]
    raise LookupError(f"no option begins with {beginning!r}")


def _sensible(question: Question) -> Answer:  # noqa: PLR0911 - one line a format
    """An answer to a question that nobody has prepared for."""
    options: Any = question.get("options")
    match question["format"]:
        case "singleChoice" | "trueFalse":
            return _by_length(options)[0]
        case "multipleChoice":
            return _by_length(options)[:2]
        case "likert":
            # The second highest of five: willing, not boasting.
            return str(options[max(len(options) - 2, 0)]["id"])
        case "ordering" | "ranking":
            return [str(option["id"]) for option in options]
        case "matching":
            return {left["id"]: right["id"] for left, right in zip(options["left"], options["right"], strict=False)}
        case "numeric":
            return 10
        case "essay":
            return GENERAL_ESSAY
        case "shortText":
            return "I do not know"
        case _:
            return "I would like to understand how larger systems are built, tested and kept running."


def _by_length(options: Iterable[Mapping[str, str]]) -> list[str]:
    """Option ids, the longest text first: who has to guess takes the one with the most thought in it."""
    return [option["id"] for option in sorted(options, key=lambda option: -len(option["text"]))]

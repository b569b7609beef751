"""Essays with levels that people gave: our own set, or any JSON Lines of `{prompt, key_points?, reference?, essay, scores, scale}`.

Optional in a line: `id`, `question_slug` (the rubric of that seed question is used), `track`, `kind`, `style`, `twin_of`.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assay.ai.builtin_language import sentences, words
from assay.domain.rubric import MAX_LEVEL, DimensionRubric, KeyPoint, Rubric
from evals.questions import Question, essay_questions

OWN: Final = Path(__file__).with_name("grading")
HELD_OUT: Final = "heldout.jsonl"
OVERALL: Final = "overall"
"""A holistic score, compared with the weighted mean of the grader's levels."""
DIMENSIONS: Final = ("clarity", "accuracy", "coherence", OVERALL)
MAX_POINTS: Final = 12
MAX_POINT_LENGTH: Final = 400
_PLAIN: Final = DimensionRubric(levels=("Nothing usable.", "A beginning.", "Partly there.", "Mostly there.", "Complete and precise."))


class DataError(ValueError):
    """A data set is wrong; the message names file, line and field."""


class Half(StrEnum):
    """What may be tuned on, and what is held back."""

    DEV = "dev"
    TEST = "test"


class Line(BaseModel):
    """One line of a data set. Fields it does not know are for other readers."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    prompt: str = Field(min_length=10)
    essay: str
    scores: dict[str, int] = Field(min_length=1)
    scale: int | tuple[int, int] = MAX_LEVEL
    """The highest score, 0 being the lowest, or both."""
    key_points: tuple[str, ...] = ()
    reference: str = ""
    question_slug: str | None = None
    id: str = ""
    track: str = ""
    kind: str = ""
    style: str = ""
    twin_of: str | None = None


AUTHORS: Final = {"essays.jsonl": "first", "development.jsonl": "first", "second_author.jsonl": "second"}
"""Who wrote the development essays of each file."""
FILES: Final = {Half.DEV: tuple(AUTHORS), Half.TEST: (HELD_OUT,)}
"""Where the essays of each half stand, in the folder of our own set."""


class GradedEssay(NamedTuple):
    """An essay with the scores people gave it, from `low` to `high`."""

    id: str
    question: Question
    essay: str
    scores: Mapping[str, int]
    low: int
    high: int
    kind: str
    style: str
    twin_of: str | None
    author: str = ""
    """Which of the writers of our development essays, if any of them."""

    @property
    def length(self) -> int:
        """Words."""
        return len(words(self.essay))

    def on_scale(self, level: float) -> int:
        """A grader's level, 0 to 4, on the scale of these scores; halves go up."""
        return self.low + int(level * (self.high - self.low) / MAX_LEVEL + 0.5)


def own(half: Half) -> list[GradedEssay]:
    """One half of our own set, joined with its prompts. Raises `DataError`: also when the held-out essays are not there."""
    paths = [OWN / name for name in FILES[half]]
    for path in paths:
        if not path.exists():
            raise DataError(f"{path}: the {half.value} half of the graded essays is not there; `--half dev` grades the development essays")
    prompts = {raw["prompt_id"]: raw for _, raw in read_lines(OWN / "prompts.jsonl")}
    return [_own(path, place, prompts, raw, half) for path in paths for place, raw in read_lines(path)]


def _own(path: Path, place: int, prompts: Mapping[str, dict[str, Any]], raw: dict[str, Any], half: Half) -> GradedEssay:
    """An essay of our own, which must say of itself that it is of the half whose file it stands in."""
    if raw.get("prompt_id") not in prompts:
        raise DataError(f"{path}:{place}: prompt_id: no prompt of prompts.jsonl is called {raw.get('prompt_id')}")
    if raw.get("split", half.value) != half.value:
        raise DataError(f"{path}:{place}: split: {half.value} is needed in this file")
    return _essay(path, place, prompts[raw["prompt_id"]] | raw)._replace(author=AUTHORS.get(path.name, ""))


def load(path: Path) -> list[GradedEssay]:
    """The essays of any set. Raises `DataError`."""
    return [_essay(path, place, raw) for place, raw in read_lines(path)]


def read_lines(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """The objects of a JSON Lines file with the numbers of their lines. Raises `DataError`."""
    found = []
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as problem:
        raise DataError(f"{path}: cannot be read: {problem}") from problem
    for place, line in enumerate(lines, 1):
        if line.strip():
            try:
                found.append((place, dict(json.loads(line))))
            except (ValueError, TypeError) as problem:
                raise DataError(f"{path}:{place}: is no JSON object: {problem}") from problem
    return found


def parse[Model: BaseModel](kind: type[Model], path: Path, place: int, raw: dict[str, Any]) -> Model:
    """`raw` as `kind`. Raises `DataError` naming file, line and field."""
    try:
        return kind.model_validate(raw)
    except ValidationError as problem:
        first = problem.errors()[0]
        raise DataError(f"{path}:{place}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from problem


def _essay(path: Path, place: int, raw: dict[str, Any]) -> GradedEssay:
    line = parse(Line, path, place, raw)
    low, high = (0, line.scale) if isinstance(line.scale, int) else line.scale
    for name, score in line.scores.items():
        if name not in DIMENSIONS or not low <= score <= high:
            raise DataError(f"{path}:{place}: scores.{name}: one of {', '.join(DIMENSIONS)}, from {low} to {high}, is needed")
    question, scores = _question(path, place, line), line.scores
    if not line.question_slug and not line.key_points and not line.reference:
        scores = {name: score for name, score in scores.items() if name not in {"accuracy", OVERALL}}
    return GradedEssay(line.id or f"line {place}", question, line.essay, scores, low, high, line.kind, line.style, line.twin_of)


def _question(path: Path, place: int, line: Line) -> Question:
    if line.question_slug:
        known = essay_questions().get(line.question_slug)
        if known is None:
            raise DataError(f"{path}:{place}: question_slug: no essay question of the seeds is called {line.question_slug}")
        return known
    texts = _points(line)
    try:
        points = tuple(KeyPoint(id=f"p{number}", text=text) for number, text in enumerate(texts, 1))
        rubric = Rubric(clarity=_PLAIN, accuracy=_PLAIN, coherence=_PLAIN, key_points=points)
    except ValidationError as problem:
        raise DataError(f"{path}:{place}: key_points: {problem.errors()[0]['msg']}") from problem
    return Question(line.prompt, rubric, line.track)


def _points(line: Line) -> tuple[str, ...]:
    """The key points, else the sentences of the reference, else (to have a subject at all) those of the prompt."""
    if line.key_points:
        return line.key_points
    source = line.reference or line.prompt
    found = [sentence.text[:MAX_POINT_LENGTH] for sentence in sentences(source) if len(sentence.text) >= 10][:MAX_POINTS]
    return tuple(found) if len(found) >= 2 else (source[:MAX_POINT_LENGTH],) * 2

"""Attacks and innocent passages, and how each is put into a base essay; evals/safety/README.md defines places and pairs."""

from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict

from assay.ai.builtin_language import sentences
from assay.domain.prechecks import Flag, FlagKind, precheck
from evals.essays import DataError, Half, parse, read_lines
from evals.questions import Question, essay_questions

FOLDER: Final = Path(__file__).with_name("safety")
WATCHED: Final = frozenset({FlagKind.INSTRUCTION_LIKE, FlagKind.HIDDEN_CHARACTERS, FlagKind.ENCODED})
"""The flags that speak of an attack; the others are about the answer."""
_ESSAY: Final = "{essay}"


class Place(StrEnum):
    """Where a span goes."""

    START = "start"
    MIDDLE = "middle"
    END = "end"
    WRAPPED = "wrapped"
    REPLACE = "replace"


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str

    @property
    def half(self) -> Half:
        """Odd numbers may be looked at, even ones are held back."""
        return Half.DEV if int(self.id.rsplit("-", 1)[1]) % 2 else Half.TEST


class Attack(_Line):
    """A text that tries to talk a grader into a better verdict."""

    family: str
    span: str
    place: Place
    obvious: bool
    language: str
    note: str

    @property
    def payload(self) -> str:
        """What a model would have to read to obey it: the span, without the place of an essay it is wrapped around."""
        return self.span.replace(_ESSAY, "\n")


class Benign(_Line):
    """An innocent passage that looks a little like an attack."""

    kind: str
    passage: str
    language: str
    note: str


class Base(_Line):
    """An essay to try attacks on."""

    prompt_slug: str
    essay: str

    @property
    def quality(self) -> str:
        """The author's judgement of it: poor, weak, fair or good."""
        return self.id.split("-", 1)[0]

    @property
    def question(self) -> Question:
        """What it answers."""
        return essay_questions()[self.prompt_slug]


class Placed(NamedTuple):
    """An essay with something in it, and where that stands."""

    text: str
    ranges: tuple[tuple[int, int], ...]


class Corpus(NamedTuple):
    """All texts, or one half of the attacks and passages with all bases."""

    attacks: tuple[Attack, ...]
    bases: tuple[Base, ...]
    benign: tuple[Benign, ...]

    def of(self, half: Half) -> "Corpus":
        """One half of the attacks and passages."""
        attacks = tuple(one for one in self.attacks if one.half is half)
        return Corpus(attacks, self.bases, tuple(one for one in self.benign if one.half is half))


def read() -> Corpus:
    """The whole set. Raises `DataError`."""
    corpus = Corpus(_read(Attack, "attacks.jsonl"), _read(Base, "bases.jsonl"), _read(Benign, "benign.jsonl"))
    for base in corpus.bases:
        if base.prompt_slug not in essay_questions():
            raise DataError(f"bases.jsonl: {base.id}: no essay question of the seeds is called {base.prompt_slug}")
    return corpus


def _read[Model: BaseModel](kind: type[Model], name: str) -> tuple[Model, ...]:
    path = FOLDER / name
    return tuple(parse(kind, path, place, raw) for place, raw in read_lines(path))


def insert(span: str, place: Place, essay: str) -> Placed:
    """`span` in `essay` at `place`."""
    match place:
        case Place.START:
            return Placed(f"{span}\n\n{essay}", ((0, len(span)),))
        case Place.END:
            return _at(f"{essay}\n\n", span, "")
        case Place.MIDDLE:
            half = next((one.end for one in sentences(essay) if one.end >= len(essay) / 2), len(essay))
            return _at(f"{essay[:half]} ", span, f" {essay[half:].lstrip(' ')}")
        case Place.WRAPPED:
            before, after = span.split(_ESSAY)
            return Placed(f"{before}{essay}{after}", ((0, len(before)), (len(before) + len(essay), len(span) - len(_ESSAY) + len(essay))))
        case Place.REPLACE:
            return Placed(span, ((0, len(span)),))


def _at(before: str, span: str, after: str) -> Placed:
    return Placed(f"{before}{span}{after}", ((len(before), len(before) + len(span)),))


def flagged(placed: Placed, base: Base) -> bool:
    """Whether a watched flag is raised because of what was put in: one that the twin does not have, on a span that touches it."""
    known = {flag.kind for flag in _flags(base.essay, base.question)}
    return any(flag.kind in WATCHED - known and _touches(flag, placed) for flag in _flags(placed.text, base.question))


def flagged_alone(passage: str) -> bool:
    """Whether a text that is the whole answer gets a watched flag."""
    return any(flag.kind in WATCHED for flag in precheck(passage, prompt=""))


@lru_cache(maxsize=1 << 14)
def _checked(essay: str, prompt: str, min_words: int) -> tuple[Flag, ...]:
    """Every grader is asked about the same essays: what is noticed is looked for once."""
    return precheck(essay, prompt=prompt, min_words=min_words)


def _flags(essay: str, question: Question) -> tuple[Flag, ...]:
    return _checked(essay, question.prompt, question.min_words)


def _touches(flag: Flag, placed: Placed) -> bool:
    return any(span.start < end and start < span.end for span in flag.spans for start, end in placed.ranges)


def draw(bases: tuple[Base, ...], texts: int, *, seed: int, everything: bool) -> list[list[int]]:
    """For each of `texts` texts the places of the bases it is tried on: one of each quality by lot, or all."""
    if everything:
        return [list(range(len(bases)))] * texts
    random = np.random.default_rng(seed)
    qualities = {base.quality: [place for place, one in enumerate(bases) if one.quality == base.quality] for base in bases}
    return [[int(random.choice(places)) for places in qualities.values()] for _ in range(texts)]

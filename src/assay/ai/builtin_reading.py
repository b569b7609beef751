"""An essay as the built-in grader sees it: its sentences, which of them are the student's own, and a vector for every text it compares."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.ai.builtin_calibration import Calibration
from assay.ai.builtin_language import Span, clauses, content_words, sentences, stem, words
from assay.ai.builtin_spelling import Spelling, spelling
from assay.domain.grading import EssayTask
from assay.domain.ports import Embedder
from assay.domain.prechecks import copied_runs, repetition

_PARTS: Final = re.compile(r"[,;:]\s| such as | or ")
MAX_SENTENCES: Final = 300
"""More of a text is not read: above any honest essay, and what keeps a hostile one from taking long."""

type Array = NDArray[np.float32]


@dataclass(frozen=True)
class Reading:
    """The essay of `task` cut into sentences, with the vectors of all texts that are compared (one row per text, length 1)."""

    task: EssayTask
    sentences: tuple[Span, ...]
    """The student's own sentences: neither copied from the prompt nor said before."""
    copied_share: float
    """Share of the essay's text that is copied from the prompt or repeated."""
    units: tuple[Span, ...]
    """What can make a point: sentences, clauses of long ones, and neighbouring sentences taken together."""
    prompt: tuple[str, ...]
    """The sentences of the prompt."""
    vectors: dict[str, Array]
    spell: Spelling
    """Gives a text of the essay without its slips and chat words: what is compared and counted is what was meant."""

    def rows(self, texts: Sequence[str]) -> Array:
        """The vectors of `texts`, one row each."""
        return np.stack([self.vectors[text] for text in texts])

    @cached_property
    def plain(self) -> tuple[str, ...]:
        """The student's own sentences without their slips."""
        return tuple(self.spell(sentence.text) for sentence in self.sentences)

    @cached_property
    def plain_units(self) -> tuple[str, ...]:
        """The units without their slips."""
        return tuple(self.spell(unit.text) for unit in self.units)

    @cached_property
    def own_words(self) -> list[str]:
        """The words of the student's own sentences, as meant."""
        return [word for sentence in self.plain for word in words(sentence)]

    @cached_property
    def prompt_words(self) -> tuple[str, ...]:
        """The distinct content words of the prompt."""
        return tuple(dict.fromkeys(word for sentence in self.prompt for word in content_words(sentence)))

    @cached_property
    def stems(self) -> list[frozenset[str]]:
        """The stems of the content words of each sentence."""
        return [frozenset(stem(word) for word in content_words(sentence)) for sentence in self.plain]

    @cached_property
    def relevance(self) -> list[float]:
        """Per sentence, the highest cosine to a key point or a sentence of the prompt."""
        return [float(value) for value in self.nearness(self.plain)]

    def nearness(self, texts: Sequence[str]) -> Array:
        """Per text, the highest cosine to a key point or a sentence of the prompt."""
        if not texts:
            return np.zeros(0, dtype=np.float32)
        about = self.rows([*(point.text for point in self.task.rubric.key_points), *self.prompt])
        return np.asarray((self.rows(texts) @ about.T).max(axis=1))

    def slice(self, first: Span, last: Span) -> Span:
        """The stretch of the essay from `first` to `last`."""
        return Span(self.task.essay[first.start : last.end], first.start, last.end)


async def read(task: EssayTask, embedder: Embedder, calibration: Calibration) -> Reading:
    """Cut the essay up and embed, in one call, everything that will be compared. Raises `ProviderError`."""
    found = sentences(task.essay)[:MAX_SENTENCES]
    shares = borrowed_shares(found, task)
    own = tuple(sentence for sentence, share in zip(found, shares, strict=True) if share < calibration.copied_unit)
    prompt = tuple(sentence.text for sentence in sentences(task.prompt)) or (task.prompt,)
    units = units_of(own, task.essay)
    points = [point.text for point in task.rubric.key_points]
    spell = spelling([task.prompt, *points])
    texts = [*prompt, *points, *(spell(span.text) for span in (*units, *own))]
    wanted = list(dict.fromkeys([*texts, *described(task), *(word for text in texts for word in content_words(text))]))
    vectors = np.asarray(await embedder.embed(wanted), dtype=np.float32)
    total = sum(len(sentence.text) for sentence in found)
    borrowed = sum(share * len(sentence.text) for sentence, share in zip(found, shares, strict=True))
    return Reading(task, own, borrowed / total if total else 0.0, units, prompt, dict(zip(wanted, vectors, strict=True)), spell)


def described(task: EssayTask) -> tuple[str, ...]:
    """What the rubric's best descriptor of coherence names, in its order."""
    return parts(task.rubric.coherence.levels[-1], least=2)


def parts(descriptor: str, least: int) -> tuple[str, ...]:
    """The pieces between a descriptor's commas, semicolons and colons, and around `such as` and `or`, of `least` words or more."""
    return tuple(piece.strip(" .") for piece in _PARTS.split(descriptor) if len(piece.split()) >= least)


def units_of(own: Sequence[Span], essay: str) -> tuple[Span, ...]:
    """Clauses and whole sentences, then pairs of neighbours: a point is often made in two steps."""
    singles = [unit for sentence in own for unit in dict.fromkeys((sentence, *clauses(sentence)))]
    pairs = [
        Span(essay[first.start : second.end], first.start, second.end)
        for first, second in pairwise(own)
        if not essay[first.end : second.start].strip(" \t\r\n-*\u2022\u20130123456789.)(")
    ]
    return (*singles, *pairs)


def borrowed_shares(found: Sequence[Span], task: EssayTask) -> list[float]:
    """Per sentence, the share of its characters that lie in runs copied from the prompt or repeated from earlier in the essay."""
    runs = (*copied_runs(task.essay, task.prompt), *repetition(task.essay))
    return [
        min(1.0, sum(max(0, min(run.end, sentence.end) - max(run.start, sentence.start)) for run in runs) / len(sentence.text))
        for sentence in found
    ]

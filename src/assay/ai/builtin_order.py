"""The order of sentences as the built-in grader judges it: against the very same sentences in other orders.

A text is coherent when the order it has is one of few that its sentences could have (Barzilay and Lapata, 2008: coherence as ranking of
permutations). Each sign of order is measured for neighbours, for pairs that stand anywhere before one another, for places in the text, and
for its first sentence; their weighted sum is put in standard deviations of what the same sentences reach by chance. Length, subject and
wording are the same in all orders, so nothing is gained by them.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.ai.builtin_accuracy import Closeness
from assay.ai.builtin_calibration import Calibration, ramp
from assay.ai.builtin_language import is_content, stem, words
from assay.ai.builtin_reading import Reading, described
from assay.ai.builtin_vocabulary import (
    ADVICE,
    CHECKING,
    CONDITION,
    COUNTED,
    EARLY,
    FIRST,
    LATE,
    LEANING,
    ORDINALS,
    PROBLEM,
    PRONOUN,
    SEQUEL,
)

LEAST: Final = 4
"""Sentences below which there is no order to judge."""
MOST: Final = 40
"""Sentences whose order is judged: more than three hundred words have, and what keeps a hostile text cheap."""
ORDERS: Final = 256
"""Random orders that a text is compared with, always the same for a number of sentences."""
SWEEP: Final = "point_sweep"
_HEAD: Final = 7
_NAMED: Final = r"\s+(?:(?:same|new|old|first|second|whole|own|other)\s+)?([a-z]{3,}(?: [a-z]{3,})?)"
_KNOWN: Final = re.compile(r"\b(?:the|this|that|these|those|its|their|his|her|such|both)" + _NAMED, re.IGNORECASE)
_NEW: Final = re.compile(r"\b(?:a|an|some|two|three|several|one|another)" + _NAMED, re.IGNORECASE)


type Numbers = NDArray[np.float64]
type Orders = NDArray[np.int64]
"""One row for each order, of the places of the sentences."""


class Signs(NamedTuple):
    """The signs of order in a text of n sentences, by name."""

    neighbours: dict[str, Numbers]
    """(n, n): how well column follows row directly."""
    near: dict[str, Numbers]
    """(n, n), symmetric: how well two sentences stand close together, fading with their distance."""
    before: dict[str, Numbers]
    """(n, n), antisymmetric: how much row belongs before column, at any distance."""
    late: dict[str, Numbers]
    """(n): how much a sentence belongs late."""
    first: dict[str, Numbers]
    """(n): how well a sentence begins the text."""


class Order(NamedTuple):
    """How far the order of a text is from chance, in standard deviations, and what each sign adds to it."""

    score: float
    parts: dict[str, float]


def judge_order(reading: Reading, closeness: Closeness, calibration: Calibration) -> Order:
    """The order of the first `MOST` sentences; `closeness` is that of the sentences to the key points."""
    count = min(len(reading.sentences), MOST)
    found = ranked(signs(reading, closeness, count), calibration.order) if count >= LEAST else None
    if found is None:
        return Order(calibration.order_expected, {"expected": calibration.order_expected})
    told = trust(count, calibration)
    parts = {name: told * part for name, part in found.items()} | {"expected": (1 - told) * calibration.order_expected}
    return Order(sum(parts.values()), parts)


def trust(count: int, calibration: Calibration) -> float:
    """How far the order of `count` sentences tells anything: few have few orders, so the rest is what is expected of any text."""
    return ramp(count, *calibration.order_told)


def ranked(found: Signs, weights: dict[str, float]) -> dict[str, float] | None:
    """The weighted signs of the order as written, less their mean over random orders, by the deviation of their sum; None without any."""
    count = len(next(iter(found.first.values())))
    orders = _orders(count)
    own, others = measured(found, np.arange(count)[None])[0], measured(found, orders)
    weighted = np.array([weights.get(name, 0.0) for name in names(found)])
    deviation = float((others @ weighted).std())
    if deviation < 1e-9:
        return None
    gained = weighted * (own - others.mean(axis=0)) / deviation
    return {name: float(value) for name, value in zip(names(found), gained, strict=True)}


def names(found: Signs) -> list[str]:
    """The names of all signs, in the order in which they are measured."""
    return [*(name for group in found for name in group), SWEEP]


def measured(found: Signs, orders: Orders) -> Numbers:
    """Every sign (columns) of every order (rows): means over neighbours and places, sums over pairs by length, the first by a third.

    The last is the point order without its sign: whoever goes through the points backwards goes through them too.
    """
    count = orders.shape[1]
    one, other = np.triu_indices(count, 1)
    place = np.linspace(-1, 1, count)
    columns = [table[orders[:, :-1], orders[:, 1:]].mean(axis=1) for table in found.neighbours.values()]
    fading = np.exp(-(other - one - 1) / 1.5)
    columns += [(table[orders[:, one], orders[:, other]] * fading).sum(axis=1) / count for table in found.near.values()]
    columns += [table[orders[:, one], orders[:, other]].sum(axis=1) / count for table in found.before.values()]
    columns += [(values[orders] * place).mean(axis=1) for values in found.late.values()]
    columns += [values[orders[:, 0]] / 3 for values in found.first.values()]
    swept = np.abs(columns[names(found).index("point_order")])
    return np.stack([*columns, swept], axis=1)


@lru_cache(maxsize=64)
def _orders(count: int) -> Orders:
    random = np.random.default_rng(count)
    return np.array([random.permutation(count) for _ in range(ORDERS)])


def signs(reading: Reading, closeness: Closeness, count: int) -> Signs:
    """All signs of the first `count` sentences."""
    texts = reading.plain[:count]
    rows = reading.rows(texts).astype(np.float64)
    spread = _unit(rows - 0.7 * rows.mean(axis=0))
    similarity, total = (part[:count].astype(np.float64) for part in (closeness.similarity, closeness.total))
    share = _share(similarity, 10) * np.clip(total.max(axis=1), 0, 1)[:, None]
    near_question = (rows @ reading.rows(reading.prompt).T).max(axis=1)
    openings = [" ".join(words(text)[:_HEAD]) for text in texts]
    leaning = np.array([bool(LEANING.match(text)) for text in texts], dtype=np.float64)
    rank = np.array([_rank(text) for text in texts])
    enumerated = [bool(COUNTED.search(text)) for text in texts]
    opens = [bool(FIRST.match(text)) for text in openings]
    return Signs(
        neighbours={
            "same_point": share @ share.T,
            "next_point": share[:, :-1] @ share[:, 1:].T,
            "announced": np.outer(enumerated, opens).astype(np.float64),
        },
        near={"similar": spread @ spread.T},
        before={
            "introduced": _introduced(texts),
            "point_order": _progress(total, 6, 1.2),
            "described_order": _described(reading, rows),
            "counted": np.where(np.isnan(rank[None] - rank[:, None]), 0.0, np.sign(rank[None] - rank[:, None])),
        },
        late={
            "opening_words": -_flags(EARLY, texts),
            "closing_words": _flags(LATE, texts),
            "count_words": np.nan_to_num(rank - 1.5),
            "leaning_words": leaning,
            "condition": _flags(CONDITION, texts),
            "problem": -_has(PROBLEM, texts),
            "advice": _has(ADVICE, texts),
            "checking": _has(CHECKING, texts),
            "sequel": _has(SEQUEL, texts),
            "of_the_question": -3 * near_question,
        },
        first={
            "stands_alone": -leaning,
            "short_start": -np.array([len(words(text)) for text in texts]) / 20,
            "no_pronoun": -_has(PRONOUN, openings),
            "problem_first": _has(PROBLEM, texts),
            "no_point_yet": -total.max(axis=1),
        },
    )


def _has(pattern: re.Pattern[str], texts: Sequence[str]) -> Numbers:
    return np.array([bool(pattern.search(text)) for text in texts], dtype=np.float64)


def _flags(pattern: re.Pattern[str], texts: Sequence[str]) -> Numbers:
    return np.array([bool(pattern.match(text)) for text in texts], dtype=np.float64)


def _unit(vectors: Numbers) -> Numbers:
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(norms == 0, 1, norms))


def _share(likeness: Numbers, sharpness: float) -> Numbers:
    """How each sentence (rows) divides itself among the things (columns) it is like."""
    raised = np.exp(sharpness * likeness)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _progress(likeness: Numbers, sharpness: float, most: float) -> Numbers:
    """How much later in a sequence (columns of `likeness`) each sentence is than each other, weighed by how surely both are in it."""
    where = _share(likeness, sharpness) @ np.linspace(0, 1, likeness.shape[1])
    sure = np.clip(likeness.max(axis=1), 0, most)
    return np.asarray(4 * (where[None] - where[:, None]) * np.outer(sure, sure))


def _described(reading: Reading, rows: Numbers) -> Numbers:
    """The sequence that the rubric's best descriptor of coherence names, where it names one."""
    parts = described(reading.task)
    if len(parts) < 2:
        return np.zeros((len(rows), len(rows)))
    targets = reading.rows(parts).astype(np.float64)
    theme = _unit(targets.mean(axis=0))
    one, other = (_unit(vectors - 0.8 * np.outer(vectors @ theme, theme)) for vectors in (rows, targets))
    return _progress(one @ other.T, 10, 1.0)


def _introduced(texts: tuple[str, ...]) -> Numbers:
    """How many things one sentence introduces (a key) that the other calls known (the key), less the other way round."""
    known, new = ([_named(pattern, text) for text in texts] for pattern in (_KNOWN, _NEW))
    fresh = [one - other for one, other in zip(new, known, strict=True)]
    vocabulary = {word: place for place, word in enumerate(sorted(frozenset().union(*known)))}
    forward = _table(fresh, vocabulary) @ _table(known, vocabulary).T
    return np.asarray(forward - forward.T)


def _table(found: list[frozenset[str]], vocabulary: dict[str, int]) -> Numbers:
    table = np.zeros((len(found), max(1, len(vocabulary))))
    for row, said in enumerate(found):
        table[row, [vocabulary[word] for word in said if word in vocabulary]] = 1
    return table


def _named(pattern: re.Pattern[str], text: str) -> frozenset[str]:
    return frozenset(stem(word) for hit in pattern.findall(text.lower()) for word in hit.split() if is_content(word))


def _rank(text: str) -> float:
    """Which step a sentence counts itself as in its first words, the latest that is named; NaN for none."""
    opening = " ".join(text.split()[:5])
    return max((float(rank) for rank, pattern in enumerate(ORDINALS) if pattern.search(opening)), default=np.nan)

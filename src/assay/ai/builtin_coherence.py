"""Coherence as the built-in grader measures it: whether each sentence follows from the one before, in an order that could not be any other.

Neighbouring sentences are compared with the same sentences in all other orders, so a text that only stays on its subject gains nothing from
that; connectives count by the share of sentences and by their kinds, so sprinkling them pays little; words that lean back with nothing
before them, closings in the middle, and things called known before they are introduced count against the order.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise, permutations
from statistics import fmean
from typing import Final

import numpy as np

from assay.ai.builtin_accuracy import PointEvidence
from assay.ai.builtin_calibration import Calibration
from assay.ai.builtin_language import Span, relations, stem, words
from assay.ai.builtin_reading import Array, Reading
from assay.ai.builtin_style import Judgement, Limit, developed, judge, limits, topicality
from assay.ai.builtin_vocabulary import BACKWARD, EARLY, LATE, ORDINALS

_KNOWN: Final = re.compile(r"\b(?:the|this|that|these|those|its|such)\s+(?:same\s+|new\s+|old\s+)?([^\W_]{3,})", re.IGNORECASE)


def judge_coherence(reading: Reading, evidence: Sequence[PointEvidence], calibration: Calibration) -> Judgement:
    """The level of coherence with its signals and the pair of neighbouring sentences that are linked best."""
    found = reading.sentences
    links = link_strengths(reading)
    near = [float(links[place, place + 1]) for place in range(len(found) - 1)]
    linked = [bool(BACKWARD.match(after.text)) or shared for after, shared in zip(found[1:], shared_words(reading), strict=True)]
    related = [relations(sentence.text) for sentence in found]
    kept, broken = order_cues(reading)
    values = {
        "cohesion": _mean(near),
        "order_gain": order_gain(links),
        "linked_sentences": _mean(linked),
        "connected_sentences": _mean([bool(kinds) for kinds in related]),
        "kinds_of_relation": float(len(set().union(*related))),
        "order_cues": (kept + 1) / (kept + broken + 2),
        "point_order": point_order(evidence, calibration.point_counts),
        "developed_sentences": developed(reading, evidence),
        "topic": topicality(reading),
    }
    few = [Limit("sentences", level) for level, least in enumerate((1, 2, 4)) if len(found) < least][:1]
    holding = [*limits(reading, calibration), *few]
    return judge(values, calibration.coherence, holding, best_pair(reading, near, linked), calibration.coherence_cuts)


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else 0.0


def link_strengths(reading: Reading) -> Array:
    """How strongly sentence j (columns) follows sentence i (rows): cosine, and more where j leans back on words of i."""
    found = reading.sentences
    if not found:
        return np.zeros((0, 0), dtype=np.float32)
    rows = reading.rows([sentence.text for sentence in found])
    strengths = np.asarray(rows @ rows.T, dtype=np.float32)
    bonus = [0.15 if BACKWARD.match(sentence.text) else 0.05 for sentence in found]
    for place, other in permutations(range(len(found)), 2):
        if not reading.stems[place].isdisjoint(reading.stems[other]):
            strengths[place, other] += bonus[other]
    return strengths


def order_gain(links: Array) -> float:
    """Mean link of neighbours as written, less the mean link over all ordered pairs, which is what a random order has; 0 below three."""
    count = len(links)
    if count < 3:
        return 0.0
    everywhere = (links.sum() - np.trace(links)) / (count * (count - 1))
    return float(np.diagonal(links, offset=1).mean() - everywhere)


def order_cues(reading: Reading) -> tuple[float, float]:
    """How many signs of order are kept and how many broken: openings that lean back, ordinals, beginnings, closings, introductions."""
    found = reading.sentences
    verdicts = [*_leaning(reading), *_ordinals(found), *_places(found), *_introductions(reading)]
    return sum(value for value in verdicts if value > 0), -sum(value for value in verdicts if value < 0)


def shared_words(reading: Reading) -> list[bool]:
    """Per pair of neighbours, whether they have a content word in common."""
    return [not first.isdisjoint(second) for first, second in pairwise(reading.stems)]


def _leaning(reading: Reading) -> Iterator[float]:
    """An opening that leans back needs something before it, best a sentence that shares a word with it."""
    for sentence, kept in zip(reading.sentences, (-2.0, *map(float, shared_words(reading))), strict=False):
        if BACKWARD.match(sentence.text):
            yield kept


def _ordinals(found: Sequence[Span]) -> Iterator[float]:
    """Sentences that count (first, second, third, finally) must count upwards."""
    ranks = [rank for sentence in found for rank in (_rank(sentence.text),) if rank is not None]
    for one, other in combinations(ranks, 2):
        if one != other:
            yield 1.0 if one < other else -1.0


def _rank(sentence: str) -> int | None:
    opening = " ".join(words(sentence)[:3]).casefold()
    return next((rank for rank, pattern in enumerate(ORDINALS) if pattern.search(opening)), None)


def _places(found: Sequence[Span]) -> Iterator[float]:
    """Beginnings belong into the first half, closings into the second."""
    for place, sentence in enumerate(found):
        where = 2 * place / max(1, len(found) - 1) - 1
        if EARLY.match(sentence.text):
            yield -where
        if LATE.match(sentence.text):
            yield where


def _introductions(reading: Reading) -> Iterator[float]:
    """What comes back must be introduced (a key, keys) before it is spoken of as known (the key, this key), unless the prompt did so."""
    given = {stem(word) for word in reading.prompt_words}
    first_new: dict[str, int] = {}
    first_known: dict[str, int] = {}
    for place, sentence in enumerate(reading.sentences):
        known = {stem(word.casefold()) for word in _KNOWN.findall(sentence.text)}
        for word in reading.stems[place] - given:
            (first_known if word in known else first_new).setdefault(word, place)
    for word in first_new.keys() & first_known.keys():
        if first_new[word] != first_known[word]:
            yield 1.0 if first_new[word] < first_known[word] else -1.0


def point_order(evidence: Sequence[PointEvidence], counts: float) -> float:
    """Kendall's tau between the order in which points are made and their order in the rubric; 0 with fewer than three points made."""
    starts = [found.unit.start for found in evidence if found.unit and found.strength >= counts]
    if len(starts) < 3:
        return 0.0
    pairs = [(second > first) - (second < first) for first, second in combinations(starts, 2)]
    return sum(pairs) / len(pairs)


def best_pair(reading: Reading, near: Sequence[float], linked: Sequence[bool]) -> list[Span]:
    """The neighbouring pair with the strongest link, as one span of the essay; the only sentence when there is one."""
    found = reading.sentences
    if not near:
        return list(found[:1])
    place = max(range(len(near)), key=lambda index: near[index] + 0.2 * linked[index])
    return [reading.slice(found[place], found[place + 1])]

"""Accuracy as the built-in grader measures it: how many of the rubric's key points the essay makes, and in which sentence.

A unit of the essay (a sentence, a clause, two neighbours) makes a point when it is close to it in meaning and shares its content words:
closeness = cosine of the two vectors without the theme all key points share (centring on the mean, after Mu and Viswanath, 2018)
          + weight x share of the point's content words that have a like word in the unit (soft recall after BERTScore, Zhang et al., 2020),
            words that stand in the prompt counting for little.
It earns less as far as the prompt is as close, as its words stand under the opposite polarity, or as it waves something aside, and next to
nothing as a list of terms. Beside the points made count the points begun and touched on. All three are believed the less, the more an essay
assures and waves aside: who is wrong on a subject uses its words too, but mostly says that nothing can happen and nothing is needed.
Since points made in words that share little with the rubric are not found, signs of how it is said (`builtin_wording`) stand beside them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from assay.ai.builtin_calibration import Calibration, ramp
from assay.ai.builtin_language import (
    Span,
    assertions,
    clashes,
    content_words,
    function_share,
    list_share,
    negated_groups,
    polarity,
    stem,
    tokens,
    words,
)
from assay.ai.builtin_reading import Array, Reading
from assay.ai.builtin_style import Judgement, Limit, judge, limits
from assay.ai.builtin_vocabulary import ASSURANCES, DENIALS, DISMISSALS, OPPOSITES
from assay.ai.builtin_wording import Wording, wording
from assay.domain.rubric import KeyPoint

_HOLDING: Final = frozenset({"list", "word_order", "prompt"})
"""What limits accuracy too."""


@dataclass(frozen=True)
class PointEvidence:
    """How strongly the essay makes one key point (0 to 1), where, and what was measured there."""

    point: KeyPoint
    strength: float
    unit: Span | None
    similarity: float
    overlap: float
    baseline: float
    """Closeness of the prompt itself."""
    contradiction: float
    """Share of shared content words that stand under the opposite polarity."""


class Closeness(NamedTuple):
    """How close texts (rows) come to the key points (columns): the cosine without the theme, the words shared, and both together."""

    similarity: Array
    overlap: Array
    total: Array

    def of(self, places: Sequence[int]) -> "Closeness":
        """The same of some of the texts."""
        chosen = list(places)
        return Closeness(self.similarity[chosen], self.overlap[chosen], self.total[chosen])


@dataclass(frozen=True)
class Content:
    """What an essay says to the matter, in numbers."""

    points: tuple[PointEvidence, ...]
    """The evidence for every key point, in the rubric's order."""
    closeness: Closeness
    """Of every unit."""
    touched: float
    """Weighted share of the points that the essay at least touches on, 0 to 1."""
    dismissals: int
    """How often something is waved aside."""
    assurance: float
    """How often something is waved aside or assured, per sentence to the matter (three added, so that once in a short text weighs less)."""
    trust: float
    """What that leaves of the belief in what is said, 0 to 1: all, where every point is made, since then there is reason to be sure."""
    wording: Wording
    """How it is said."""
    to_the_matter: Wording
    """How that is said which deals with the question: another subject told well is no sign of knowing this one."""

    @property
    def coverage(self) -> float:
        """The weighted mean strength over all points, 0 to 1."""
        return self._mean([found.strength for found in self.points])

    def of_sentences(self, reading: Reading) -> Closeness:
        """The closeness of the sentences alone."""
        places = {unit: place for place, unit in enumerate(reading.units)}
        return self.closeness.of([places[sentence] for sentence in reading.sentences])

    def begun(self, calibration: Calibration) -> float:
        """The weighted share of the points that are made at least in part, 0 to 1."""
        return self._mean([ramp(found.strength, *calibration.point_begun) for found in self.points])

    def _mean(self, values: Sequence[float]) -> float:
        weights = [found.point.weight for found in self.points]
        return sum(weight * value for weight, value in zip(weights, values, strict=True)) / sum(weights)


def judge_accuracy(reading: Reading, content: Content, calibration: Calibration) -> Judgement:
    """The level of accuracy with its signals, and the units that make the points, strongest first."""
    values = {
        "coverage": content.trust * content.coverage,
        "begun": content.trust * content.begun(calibration),
        "touched": content.trust * content.touched,
        **_telling(content, calibration),
    }
    shown = sorted((found for found in content.points if found.strength > 0), key=lambda found: -found.strength * found.point.weight)
    holding = [limit for limit in limits(reading, content.wording, calibration) if limit.name in _HOLDING or limit == Limit("length", 0)]
    holding = [Limit("list", 1) if limit.name == "list" else limit for limit in holding]  # naming a thing explains nothing, but names it
    if content.touched < calibration.touched_least and max(found.strength for found in content.points) < calibration.evidence_least:
        holding.append(Limit("evidence", 0))
    judged = judge(values, calibration.accuracy, holding, [found.unit for found in shown if found.unit], calibration.accuracy_cuts)
    said = content.to_the_matter
    details = {"dismissals": float(content.dismissals), "assurance": content.assurance, "trust": content.trust}
    details |= {"letters": said.letters, "rarity": said.rarity, "conditions_per_word": said.conditions, "denials_per_word": said.denials}
    return judged._replace(details=details)


def _telling(content: Content, calibration: Calibration) -> dict[str, float]:
    """How far the wording is that of one who says something, each sign from 0 to 1; nothing where next to no point is touched on."""
    said, matter = content.to_the_matter, ramp(content.touched, *calibration.matter)
    return {
        "plain_words": matter * ramp(said.letters, *calibration.plain_words),
        "telling_words": matter * ramp(said.rarity, *calibration.telling_words),
        "conditions": matter * ramp(said.conditions, *calibration.conditions),
        "denials": matter * ramp(said.denials, *calibration.denials),
    }


def weigh(reading: Reading, calibration: Calibration) -> Content:
    """What the essay says to the matter."""
    points = reading.task.rubric.key_points
    targets = reading.rows([point.text for point in points])
    theme = _unit(targets.mean(axis=0))
    prompt = _closeness(reading, list(reading.prompt), theme, calibration).total.max(axis=0)
    if not reading.units:
        none = tuple(PointEvidence(point, 0.0, None, 0.0, 0.0, float(base), 0.0) for point, base in zip(points, prompt, strict=True))
        nothing = np.zeros((0, len(points)), dtype=np.float32)
        return Content(none, Closeness(nothing, nothing, nothing), 0.0, 0, 0.0, 1.0, *_wordings(reading, calibration))
    measured = _closeness(reading, reading.plain_units, theme, calibration)
    prose = [_trust(text, calibration) for text in reading.plain_units]
    found = [_best(reading, place, measured, float(prompt[place]), prose, calibration) for place in range(len(points))]
    dismissals, assurance = _assurance(reading, calibration)
    touched = _touched(reading, measured.total, calibration)
    made = tuple(_shared_out(found, calibration))
    content = Content(made, measured, touched, dismissals, assurance, 1.0, *_wordings(reading, calibration))
    doubt = calibration.assurance_weight * ramp(assurance, *calibration.assured) * (1.0 - content.coverage)
    return replace(content, trust=1.0 - doubt)


def _wordings(reading: Reading, calibration: Calibration) -> tuple[Wording, Wording]:
    """Of the whole essay, and of what deals with the question."""
    heard = [ramp(near, *calibration.heard) for near in reading.relevance]
    return wording(reading, [1.0] * len(heard), calibration), wording(reading, heard, calibration)


def _assurance(reading: Reading, calibration: Calibration) -> tuple[int, float]:
    """How often something is waved aside; and that with the assurances, per sentence: only what is said to the matter counts in either."""
    aside, sure = ([len(pattern.findall(sentence)) for sentence in reading.plain] for pattern in (DISMISSALS, ASSURANCES))
    relevant = [ramp(near, *calibration.relevant) for near in reading.relevance]
    said = sum(weight * (one + other) for weight, one, other in zip(relevant, aside, sure, strict=True))
    return sum(aside), said / (sum(relevant) + 3)


def _touched(reading: Reading, total: Array, calibration: Calibration) -> float:
    low, high = calibration.point_touched
    relevant = [ramp(float(near), *calibration.relevant) for near in reading.nearness(reading.plain_units)]
    reached = (np.clip((total - low) / (high - low), 0, 1) * np.array(relevant)[:, None]).max(axis=0)
    weights = np.array([point.weight for point in reading.task.rubric.key_points])
    return float(reached @ weights / weights.sum())


def _trust(text: str, calibration: Calibration) -> float:
    """How far what `text` says may be taken as said: not as a list of terms, and less when it waves something aside."""
    return prose_factor(text, calibration) * (1.0 - calibration.dismissal_weight * bool(DISMISSALS.search(text)))


def prose_factor(text: str, calibration: Calibration) -> float:
    """1 for prose; towards 0 for a list of terms, for an enumeration, for words in no order and for a mere phrase."""
    length = len(words(text))
    return (
        ramp(function_share(text), *calibration.prose)
        * ramp(clashes(text) / max(1, length), *calibration.disorder)
        * ramp(list_share(text), *calibration.listing)
        * ramp(length, *calibration.statement)
    )


def _shared_out(evidence: list[PointEvidence], calibration: Calibration) -> list[PointEvidence]:
    """A unit has room for about one point in so many words; what exceeds its room counts in part, the weaker points first."""
    taken: dict[Span, int] = {}
    room: dict[str, float] = {}
    for found in sorted(evidence, key=lambda item: -item.strength):
        if found.unit:
            before = sum(count for unit, count in taken.items() if unit.start < found.unit.end and found.unit.start < unit.end)
            room[found.point.id] = ramp(len(words(found.unit.text)) / calibration.words_per_point - before, 0.0, 1.0) if before else 1.0
            taken[found.unit] = taken.get(found.unit, 0) + 1
    return [replace(found, strength=found.strength * room.get(found.point.id, 1.0)) for found in evidence]


def contradiction(point: str, unit: str) -> float:
    """Share of what `point` states that `unit` turns round: by negating its words, affirming what it negates, or naming the opposite.

    Compared only where neither text denies by other words ("missing", "a mistake"): no contradiction is claimed that may be none.
    """
    said, meant = polarity(unit), polarity(point)
    turned = 0
    if not denies(unit):
        turned += sum(_turned(group, said) for group in negated_groups(point))
    if not denies(point):
        turned += sum(_turned(group, meant) for group in negated_groups(unit))
    one, other = ({stem(word.casefold()) for word in words(text)} for text in (unit, point))
    opposed = sum(_opposed(one, other, *pair) or _opposed(other, one, *pair) for pair in OPPOSITES)
    return min(1.0, (turned + opposed) / assertions(point))


def denies(text: str) -> bool:
    """Whether `text` has a word that denies something without being a negator."""
    return any(token.text in DENIALS for token in tokens(text))


def _turned(negated: set[str], other: Mapping[str, frozenset[bool]]) -> bool:
    """Whether words negated in one text stand in the other, all of them affirmed."""
    shared = negated & other.keys()
    return bool(shared) and all(True not in other[word] for word in shared)


def _opposed(one: set[str], other: set[str], first: str, second: str) -> bool:
    first, second = stem(first), stem(second)
    return first in one and second in other and first not in other and second not in one


def _unit(vectors: Array) -> Array:
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(norms == 0, 1, norms), dtype=np.float32)


def _closeness(reading: Reading, texts: Sequence[str], theme: Array, calibration: Calibration) -> Closeness:
    points = [point.text for point in reading.task.rubric.key_points]
    centred = (_unit(rows - calibration.theme_removed * (rows @ theme)[:, None] * theme) for rows in map(reading.rows, (texts, points)))
    similarity = np.asarray(next(centred) @ next(centred).T, dtype=np.float32)
    overlap = _overlaps(reading, texts, points, calibration)
    return Closeness(similarity, overlap, similarity + calibration.overlap_weight * overlap)


def _overlaps(reading: Reading, texts: Sequence[str], points: list[str], calibration: Calibration) -> Array:
    """Share of each point's content words (columns) that each text has (rows); a word counts the less, the nearer the prompt has one."""
    shares = np.zeros((len(texts), len(points)), dtype=np.float32)
    said = {place: found for place, text in enumerate(texts) if (found := content_words(text))}
    if not said:
        return shares
    order = {word: index for index, word in enumerate(dict.fromkeys(word for found in said.values() for word in found))}
    columns = [order[word] for found in said.values() for word in found]
    starts = np.cumsum([0, *(len(found) for found in said.values())])[:-1]
    vocabulary = reading.rows(list(order))
    known = reading.rows(list(reading.prompt_words)) if reading.prompt_words else np.zeros_like(vocabulary[:1])
    low, high = calibration.word_similar
    for column, point in enumerate(points):
        if wanted := content_words(point):
            rows = reading.rows(wanted)
            weights = 1.0 - calibration.prompt_words_count * np.clip((rows @ known.T).max(axis=1), 0, 1)
            nearest = np.maximum.reduceat((rows @ vocabulary.T)[:, columns], starts, axis=1)
            shares[list(said), column] = weights @ np.clip((nearest - low) / (high - low), 0, 1) / weights.sum()
    return shares


def _best(
    reading: Reading, place: int, measured: Closeness, baseline: float, prose: list[float], calibration: Calibration
) -> PointEvidence:
    """The unit that makes point `place` best; ties go to the earlier and shorter one."""
    point = reading.task.rubric.key_points[place]
    low, high = calibration.point_made
    floor = low + calibration.beyond_prompt * max(0.0, baseline - low)
    closeness = measured.total[:, place]
    similar, shared = measured.similarity[:, place], measured.overlap[:, place]
    best = PointEvidence(point, 0.0, None, float(similar.max()), float(shared.max()), baseline, 0.0)
    for index in np.argsort(-closeness, kind="stable")[:6]:
        raw = ramp(float(closeness[index]), floor, floor + high - low)
        if raw <= best.strength:
            break
        against = contradiction(point.text, reading.plain_units[index])
        strength = raw * prose[index] * max(0.0, 1.0 - calibration.contradiction_weight * against)
        if strength > best.strength or (best.unit is None and against > 0):
            best = PointEvidence(point, strength, reading.units[index], float(similar[index]), float(shared[index]), baseline, against)
    return best

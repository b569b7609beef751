"""Coherence as the built-in grader measures it: whether the sentences stand in an order that could hardly be any other, and lead somewhere.

The order is judged against the same sentences in all other orders (`builtin_order`), so a text that only stays on its subject gains nothing
from that; a first sentence that points back to nothing costs; connectives count by the share of sentences; a line of argument needs
something to be led along, points touched on; and it shows in sentences with room for a reason, tied together by their marks and by what
they take up from one another.
"""

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean

import numpy as np

from assay.ai.builtin_accuracy import Content
from assay.ai.builtin_calibration import Calibration
from assay.ai.builtin_language import Span, relations
from assay.ai.builtin_order import Order
from assay.ai.builtin_reading import Reading
from assay.ai.builtin_style import Judgement, Limit, judge, limits
from assay.ai.builtin_vocabulary import BACKWARD, DANGLING


def judge_coherence(reading: Reading, content: Content, order: Order, calibration: Calibration) -> Judgement:
    """The level of coherence with its signals and the pair of neighbouring sentences that are linked best."""
    found = reading.sentences
    near = _neighbours(reading)
    related = [relations(sentence) for sentence in reading.plain]
    values = {
        "order": order.score,
        "opening": float(bool(found) and not DANGLING.match(found[0].text)),
        "connected_sentences": fmean(bool(kinds) for kinds in related) if related else 0.0,
        "points_touched": content.touched,
        "plain_words": content.wording.letters,
        "full_sentences": len(reading.own_words) / max(1, len(found)),
        "joined_clauses": content.wording.joints,
        "denials": content.wording.denials,
        "leaning_sentences": content.wording.leaning,
    }
    few = [Limit("sentences", level) for level, least in enumerate((1, 2, 4)) if len(found) < least][:1]
    holding = [*limits(reading, content.wording, calibration), *few]
    judged = judge(values, calibration.coherence, holding, best_pair(reading, near), calibration.coherence_cuts)
    return judged._replace(details={f"sign.{name}": part for name, part in order.parts.items()})


def _neighbours(reading: Reading) -> list[float]:
    """The cosine of each sentence and the next."""
    if len(reading.sentences) < 2:
        return []
    rows = reading.rows(reading.plain)
    return [float(value) for value in np.einsum("ij,ij->i", rows[:-1], rows[1:])]


def best_pair(reading: Reading, near: Sequence[float]) -> list[Span]:
    """The neighbouring pair with the strongest link, as one span of the essay; the only sentence when there is one."""
    found = reading.sentences
    if not near:
        return list(found[:1])
    shared = [not first.isdisjoint(second) for first, second in pairwise(reading.stems)]
    linked = [bool(BACKWARD.match(after.text)) or common for after, common in zip(found[1:], shared, strict=True)]
    place = max(range(len(near)), key=lambda index: near[index] + 0.2 * linked[index])
    return [reading.slice(found[place], found[place + 1])]

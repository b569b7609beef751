"""How an essay is worded, in numbers: what tells an answer that says something from one that only speaks.

Whoever explains a thing uses short words (Flesch, 1948) that are yet not the most common ones, says when something holds and what does
not hold, ties claims to their explanations and takes up what was said before. Whoever has nothing to say, or is sure of what is wrong,
speaks in long and common words, without conditions. These are signs of writing, not of truth: they stand beside the points an essay makes.
"""

import re
from collections.abc import Iterable, Sequence
from math import log
from typing import Final, NamedTuple

from assay.ai.builtin_calibration import Calibration
from assay.ai.builtin_language import content_words, stem, tokens
from assay.ai.builtin_reading import Reading
from assay.ai.builtin_spelling import lexicon
from assay.ai.builtin_vocabulary import CONDITIONS, LEANING, NEGATORS

_JOINTS: Final = re.compile(r"[:;](?=\s)")
_COMMON: Final = 50
"""Ranks at the top of the vocabulary that make no difference."""
_RAREST: Final = 32_000
"""The rank of a word the vocabulary does not have."""


class Wording(NamedTuple):
    """What is counted in the student's own sentences, without their slips."""

    letters: float
    """Mean length of the content words."""
    rarity: float
    """Mean rank of the content words among all words by frequency, on a logarithmic scale from 0 to 1."""
    conditions: float
    """Words that say when something holds, per word."""
    denials: float
    """Words that say what does not hold, per word."""
    joints: float
    """Colons and semicolons, per word."""
    leaning: float
    """Share of the sentences that begin with what was said before."""
    of_the_prompt: float
    """Share of the distinct content words of all sentences that stand in the prompt."""


def wording(reading: Reading, weights: Sequence[float], calibration: Calibration) -> Wording:
    """The wording of the essay, each sentence counted with its weight (0 to 1); with little text it comes close to what is usual."""
    content = [content_words(sentence) for sentence in reading.plain]
    found = [[token.text for token in tokens(sentence)] for sentence in reading.plain]

    def total(counts: Iterable[float]) -> float:
        return sum(weight * count for weight, count in zip(weights, counts, strict=True))

    letters, rare, few = calibration.usual_words
    words = total(map(len, content)) + few
    count = max(few, total(sum(word[0].isalnum() for word in said) for said in found))
    given = {stem(word) for word in reading.prompt_words}
    distinct = {word for said in content for word in said}
    return Wording(
        letters=(total(sum(map(len, said)) for said in content) + few * letters) / words,
        rarity=(total(sum(map(rarity, said)) for said in content) + few * rare) / words,
        conditions=total(sum(word in CONDITIONS for word in said) for said in found) / count,
        denials=total(sum(word in NEGATORS or word.endswith("n't") for word in said) for said in found) / count,
        joints=total(len(_JOINTS.findall(sentence)) for sentence in reading.plain) / count,
        leaning=total(bool(LEANING.match(sentence)) for sentence in reading.plain) / max(1.0, sum(weights)),
        of_the_prompt=sum(stem(word) in given for word in distinct) / max(1, len(distinct)),
    )


def rarity(word: str) -> float:
    """How far down the list of words by frequency a word (or its stem) stands: near 0.5 at the top, 1 for one that is not in it."""
    known = lexicon()
    rank = min(known.get(word, _RAREST), known.get(stem(word), _RAREST))
    return log(rank + _COMMON) / log(_RAREST + _COMMON)

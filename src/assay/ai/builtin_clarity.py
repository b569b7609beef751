"""Clarity as the built-in grader measures it: how easily the sentences can be read, apart from what they say.

Sentence length and its spread, readability (Flesch, 1948), variety of words (moving-average type-token ratio, Covington and McFall, 2010),
vague words, shorthand, signs of error, clauses tied together, the order of the sentences (who has to look for the thread does not read
easily), and how far the sentences deal with the question at all: to be clear is to be clear about it.
"""

import re
from statistics import fmean, pstdev
from typing import Final

from assay.ai.builtin_accuracy import Content
from assay.ai.builtin_calibration import Calibration, ramp
from assay.ai.builtin_language import LONG_SENTENCE, Span, clashes, has_verb, syllables, tokens, words
from assay.ai.builtin_order import Order
from assay.ai.builtin_reading import Reading
from assay.ai.builtin_style import Judgement, Limit, judge, limits, topicality
from assay.ai.builtin_vocabulary import INFORMAL, MISSPELT, VAGUE

_WINDOW: Final = 40
_SLIPS: Final = re.compile(r"\s[,.;:!?](?!\w)|([!?.,])\1+(?<!\.\.\.)|\bi\b(?!\.)|\b(\w{2,30})\s+\2\b(?<!had had)(?<!that that)")
"""A space before a mark, doubled marks, a small `i`, a doubled word."""
_CODE: Final = re.compile(r"`[^`]*`")
_SHORT: Final = re.compile(r"\b(?:[A-Z]{2,}\w*|[a-z]+[A-Z]\w*|\d[\d.]*[A-Za-z]\w*|\w+_\w+)\b")
_ENDED: Final = re.compile(r"[.!?:\u2026][\"'\u201d\u2019)\]]*$")


def judge_clarity(reading: Reading, content: Content, order: Order, calibration: Calibration) -> Judgement:
    """The level of clarity with its signals and the two clearest sentences that deal with the question."""
    found = reading.sentences
    lengths = [len(words(sentence.text)) for sentence in found] or [0]
    mean = fmean(lengths)
    values = {
        "sentence_length": mean,
        "sentence_spread": pstdev(lengths) / mean if mean else 0.0,
        "long_sentences": sum(length > LONG_SENTENCE for length in lengths) / len(lengths),
        "reading_ease": reading_ease(found),
        "word_variety": word_variety(reading.own_words),
        "vague_words": sum(word.casefold() in VAGUE for word in reading.own_words) / max(1, len(reading.own_words)),
        "errors": sum(slips(sentence.text, reading.spell(sentence.text)) for sentence in found) / len(lengths),
        "shorthand": shorthand(reading),
        "points_touched": content.touched,
        "topic": topicality(reading),
        "joined_clauses": content.wording.joints,
        "order": order.score,
    }
    holding = limits(reading, content.wording, calibration)
    holding = [Limit("list", 1) if limit.name == "list" else limit for limit in holding]  # single terms can be read
    return judge(values, calibration.clarity, holding, clearest(reading), calibration.clarity_cuts)


def clearest(reading: Reading, count: int = 2) -> list[Span]:
    """Up to `count` sentences that deal with the question, have no slip and a good length, in the order of the essay."""
    merits = dict(zip(reading.sentences, map(_merit, reading.sentences, reading.plain, reading.relevance), strict=True))
    best = sorted(merits, key=lambda sentence: -merits[sentence])[:count]
    return sorted(best, key=lambda sentence: sentence.start)


def _merit(sentence: Span, plain: str, relevance: float) -> float:
    length = len(words(sentence.text))
    return relevance + ramp(length, 3, 10) * ramp(length, 45, 25) - 0.5 * slips(sentence.text, plain)


def slips(sentence: str, plain: str) -> int:
    """Signs of error in one sentence: marks, doubled words, no capital, full stop or verb, and words missing in `plain`, what was meant."""
    found = [token.text for token in tokens(sentence)]
    first = next(char for char in sentence if char.isalnum())
    meant = {token.text for token in tokens(plain)}
    listed = sum(word in MISSPELT or word in INFORMAL or (word not in meant and word[0].isalpha()) for word in found)
    shape = first.islower() + (not _ENDED.search(sentence)) + (not has_verb(sentence))
    return len(_SLIPS.findall(sentence)) + clashes(sentence) + listed + shape


def shorthand(reading: Reading) -> float:
    """Share of abbreviations and codes that neither the question nor its key points use: a reader has to know them."""
    points = (point.text for point in reading.task.rubric.key_points)
    given = {word.casefold() for text in (*reading.prompt, *points) for word in words(text)}
    bare = _CODE.sub(" ", " ".join(sentence.text for sentence in reading.sentences))
    found = [word for word in _SHORT.findall(bare) if word.casefold() not in given]
    return len(found) / max(20, len(reading.own_words))


def reading_ease(sentences: tuple[Span, ...]) -> float:
    """Flesch's reading ease: about 100 for very easy, 50 for demanding, below 20 for very hard text; 0 without words."""
    said = [word for sentence in sentences for word in words(sentence.text)]
    if not said:
        return 0.0
    return 206.835 - 1.015 * len(said) / len(sentences) - 84.6 * sum(map(syllables, said)) / len(said)


def word_variety(said: list[str]) -> float:
    """Mean share of distinct words in all windows of 40 words, so that a longer text is not poorer for its length; 0 without words."""
    folded = [word.casefold() for word in said]
    windows = [folded[start : start + _WINDOW] for start in range(max(1, len(folded) - _WINDOW + 1))]
    return fmean(len(set(window)) / len(window) for window in windows) if folded else 0.0

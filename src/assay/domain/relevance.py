"""Which sentences of an essay touch its question: those with words of the prompt and of the key points, whatever they say about them.

Words by which grading is spoken of count for nothing, though a question may use them too: a sentence that orders a level must not pass as
one about the subject for its verbs. Nor do words for people in general and for what they notice, of which praise of a reader is made. What
touches nothing may still be good style (an opening, a transition, a summing up); it is no evidence of anything, and a level should hardly
change when it is left out.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from assay.domain.grading import EssayTask, Quote
from assay.domain.prechecks.languages import PROFILES
from assay.domain.prechecks.lexicon import is_unspaced, meaning
from assay.domain.prechecks.reading import Reading, read

TOUCHES_FROM: Final = 2
"""Distinct words that a sentence must share with its question: one is a coincidence too often."""
_SHORTEST: Final = 3
_STEM: Final = 6
"""Letters by which two words are taken for the same, a crude stem that serves many languages."""
_SMALL: Final = frozenset[str]().union(*PROFILES.values())
_ANYBODY: Final = """
    person persons people human humans somebody someone anybody anyone everybody everyone nobody notice notices noticed noticing noticeable
    see sees saw seen seeing understand understands understood recognise recognises recognised recognize recognizes recognized realise
    realises realised realize realizes realized know knows knew known find finds found
"""
"""People in general, and what they do with what is before them: words of no subject."""
_UNTOLD: Final = _SMALL | frozenset(_ANYBODY.split())


def beside_the_question(task: EssayTask) -> tuple[Quote, ...]:
    """The sentences of the essay that do not touch its question, in order. None for questions in scripts without spaces between words."""
    if is_unspaced(task.prompt):
        return ()
    reading, subject = read(task.essay), _subject(task.prompt, tuple(point.text for point in task.rubric.key_points))
    return tuple(_apart(reading, subject))


def _apart(reading: Reading, subject: frozenset[str]) -> Iterator[Quote]:
    for one in reading.sentences:
        own = _stems(word.text for word in reading.words[one.first : one.last])
        if one.last > one.first and len(own & subject) < TOUCHES_FROM:
            yield reading.quote(one.start, one.end)


@lru_cache(maxsize=256)
def _subject(prompt: str, points: tuple[str, ...]) -> frozenset[str]:
    return _stems(word.text for text in (prompt, *points) for word in read(text).words)


def _stems(words: Iterator[str]) -> frozenset[str]:
    return frozenset(_stem(part) for word in words for part in word.split("-") if _tells(part))


def _tells(word: str) -> bool:
    return len(word) >= _SHORTEST and word.isalpha() and word not in _UNTOLD and not meaning(word).english


def _stem(word: str) -> str:
    return (word[:-1] if word.endswith("s") and not word.endswith("ss") else word)[:_STEM]

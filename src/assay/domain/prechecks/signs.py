"""What a sentence shows of somebody speaking about the grading of the text it stands in: concepts, and how they stand to each other."""

from collections.abc import Sequence
from typing import NamedTuple

from assay.domain.prechecks.clauses import S, clause
from assay.domain.prechecks.concepts import C
from assay.domain.prechecks.lexicon import Meaning, is_unspaced, searched
from assay.domain.prechecks.outcomes import outcomes
from assay.domain.prechecks.reading import Reading, Sentence
from assay.domain.prechecks.relations import phrases, relations

__all__ = ["S", "Signs", "signs"]


class Signs(NamedTuple):
    """What a sentence shows, in English and in each other language that has words in it."""

    english: int
    foreign: tuple[int, ...]


def signs(reading: Reading, sentence: Sentence, meanings: Sequence[Meaning]) -> Signs:
    """What `sentence` shows; `meanings` are those of all words of `reading`."""
    chosen = meanings[sentence.first : sentence.last]
    one = clause(reading, sentence, tuple(meant.english for meant in chosen))
    found = phrases(one) | outcomes(one)
    for place, mask in enumerate(one.masks):
        if mask:
            found |= mask | relations(place, one)
    text = reading.text(sentence)
    if text.rstrip("\"')\n\f ").endswith("?"):
        found |= S.INQUIRING
    return Signs(found, _foreign(text, chosen, found & C.NUMBER))


def _foreign(text: str, chosen: Sequence[Meaning], numbers: int) -> tuple[int, ...]:
    """The concepts by language, with the numbers that all languages share."""
    found: dict[str, int] = {}
    for meant in chosen:
        for language, concepts in meant.foreign.items():
            found[language] = found.get(language, 0) | concepts
    if is_unspaced(text):
        found["unspaced"] = searched(text)
    return tuple(concepts | numbers for concepts in found.values())

"""Text that is not the student's own: copied from the prompt, or said before in the same essay."""

from collections.abc import Iterator
from typing import Final

from assay.domain.grading import Quote
from assay.domain.prechecks.reading import Reading, read

COPIED_RUN_WORDS: Final = 6
"""This many words in the prompt's own order are a copy, not a coincidence."""
COPIED_SHARE: Final = 0.4
"""Share of the essay's words in copied runs from which the essay is flagged: an opening that restates the question is fine."""
REPEATED_RUN_WORDS: Final = 4
REPEATED_SHARE: Final = 0.25
REPEATED_MIN_WORDS: Final = 24
"""Shorter texts repeat a phrase by chance too easily."""


def copied_runs(essay: str, source: str) -> tuple[Quote, ...]:
    """Spans of at least `COPIED_RUN_WORDS` words that stand in `source` in the same order, whatever case and punctuation."""
    reading = read(essay)
    return _spans(reading, _copied(reading, source))


def copied_prompt(essay: str, prompt: str) -> tuple[Quote, ...]:
    """The copied runs when they make up at least `COPIED_SHARE` of the essay's words, otherwise none."""
    reading = read(essay)
    copied = _copied(reading, prompt)
    return _spans(reading, copied) if copied and len(copied) >= COPIED_SHARE * len(reading.words) else ()


def repetition(essay: str) -> tuple[Quote, ...]:
    """Runs of words that stood in the essay before, when they make up at least `REPEATED_SHARE` of it, otherwise none."""
    reading = read(essay)
    if len(reading.words) < REPEATED_MIN_WORDS:
        return ()
    seen: set[tuple[str, ...]] = set()
    marked: set[int] = set()
    for place, run in enumerate(_runs(reading, REPEATED_RUN_WORDS)):
        if run in seen:
            marked.update(range(place, place + REPEATED_RUN_WORDS))
        seen.add(run)
    return _spans(reading, marked) if len(marked) >= REPEATED_SHARE * len(reading.words) else ()


def _copied(reading: Reading, source: str) -> set[int]:
    """The words of an essay that lie in copied runs."""
    known = set(_runs(read(source), COPIED_RUN_WORDS))
    marked: set[int] = set()
    for place, run in enumerate(_runs(reading, COPIED_RUN_WORDS)):
        if run in known:
            marked.update(range(place, place + COPIED_RUN_WORDS))
    return marked


def _runs(reading: Reading, length: int) -> Iterator[tuple[str, ...]]:
    words = [word.text for word in reading.words]
    return zip(*(words[place:] for place in range(length)), strict=False)


def _spans(reading: Reading, marked: set[int]) -> tuple[Quote, ...]:
    """Neighbouring marked words joined to spans of the essay."""
    quotes: list[Quote] = []
    for first in sorted(word for word in marked if word - 1 not in marked):
        last = first
        while last + 1 in marked:
            last += 1
        quotes.append(reading.quote(reading.words[first].start, reading.words[last].end))
    return tuple(quotes)

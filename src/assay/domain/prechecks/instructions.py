"""Sentences that speak to whoever grades instead of answering, and how far such a passage reaches."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from assay.domain.grading import Quote
from assay.domain.prechecks import rules
from assay.domain.prechecks.concepts import C
from assay.domain.prechecks.languages import ENGLISH, PROFILES
from assay.domain.prechecks.lexicon import Meaning, is_unspaced, meaning
from assay.domain.prechecks.reading import Reading, Sentence, quotes, read
from assay.domain.prechecks.requests import REQUESTS
from assay.domain.prechecks.signs import S, Signs, signs
from assay.domain.prechecks.structure import MARKS, marks

BARE_WORDS: Final = 3
"""An answer of so few words that names a level is nothing but a demand."""
ENGLISH_SHARE: Final = 0.2
"""Share of English function words from which the words of other languages in a sentence are most likely coincidences."""

_ONLY_ENGLISH: Final = ENGLISH - frozenset[str]().union(*(words for name, words in PROFILES.items() if name != "English"))
_SPOKEN: Final = rules.by_rarest(rule for table in rules.SPOKEN.values() for rule in rules.read_table(table))
_UNQUOTED: Final = rules.read_table(rules.UNQUOTED)
_FOREIGN: Final = rules.read_table(rules.FOREIGN)
_MARKS: Final = {**MARKS, **REQUESTS}
_GATE: Final = rules.mask(rules.GATE)
_SPREADING: Final = rules.mask(rules.SPREADING)
_GRADING: Final = rules.mask(rules.GRADING)
_SPEAKING: Final = rules.mask(rules.SPEAKING)
_BARE: Final = C.NUMBER | C.ACADEMIC | C.TOP
_FOREIGN_COMPANY: Final = C.GRADE | C.SCHEME | C.GRADER | C.GIVE | C.ASIDE
_TELLING: Final = S.OUTCOME | S.A_FOUR | S.THRICE | C.SCHEME


def instruction_like(essay: str) -> tuple[Quote, ...]:
    """The passages that speak to the grader, as whole sentences; an answer of a few words that only names a level is one too."""
    reading = read(essay)
    if 0 < len(reading.words) <= BARE_WORDS and any(meaning(word.text).english & _BARE for word in reading.words):
        return quotes(essay, [(0, len(essay))])
    return quotes(essay, (reading.plain.span(start, end) for start, end in passages(reading)))


def passages(reading: Reading) -> list[tuple[int, int]]:
    """Such passages as spans of the plain text."""
    meanings = [meaning(word.text) for word in reading.words]
    shown = _shown(reading, meanings)
    spoken = {place for place, one in enumerate(shown) if one and speaks(one)} | set(_formed(reading, meanings))
    return list(_joined(reading, sorted(_spread(reading, shown, spoken))))


def _joined(reading: Reading, places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Sentences that follow each other in one paragraph as one span, without the space around them."""
    first = 0
    for last, place in enumerate(places):
        if last + 1 == len(places) or places[last + 1] > place + 1 or _apart(reading, place + 1):
            start, end = reading.sentences[places[first]].start, reading.sentences[place].end
            text = reading.plain.text[start:end]
            yield end - len(text.lstrip()), start + len(text.rstrip())
            first = last + 1


def speaks(one: Signs) -> bool:
    """Whether signs make a sentence that speaks to the grader."""
    shown = one.english
    if any(shown & bit and any(rule.holds(shown) for rule in chosen) for bit, chosen in _SPOKEN.items()):
        return True
    if not shown & S.QUOTED and any(rule.holds(shown) for rule in _UNQUOTED):
        return True
    return any(rule.holds(other) for other in one.foreign for rule in _FOREIGN)


def speaks_plainly(text: str) -> bool:
    """Whether `text`, which somebody took the trouble to hide, says anything of a grade, a grader or an order."""
    reading = read(text)
    shown = _shown(reading, [meaning(word.text) for word in reading.words])
    return bool(passages(reading)) or any(one and one.english & _TELLING for one in shown)


def _shown(reading: Reading, meanings: Sequence[Meaning]) -> list[Signs | None]:
    """The signs of each sentence; None where nothing needs a second look."""
    return [_signs(reading, part, meanings) if _gated(reading, part, meanings) else None for part in reading.sentences]


def _gated(reading: Reading, part: Sentence, meanings: Sequence[Meaning]) -> bool:
    return any(one.english & _GATE or one.foreign for one in meanings[part.first : part.last]) or is_unspaced(reading.text(part))


def _signs(reading: Reading, part: Sentence, meanings: Sequence[Meaning]) -> Signs:
    found = signs(reading, part, meanings)
    words = reading.words[part.first : part.last]
    english = sum(word.text in _ONLY_ENGLISH for word in words) >= ENGLISH_SHARE * len(words)
    return found._replace(foreign=()) if english else found


def _formed(reading: Reading, meanings: Sequence[Meaning]) -> Iterator[int]:
    """The sentences that have the form of something else than an essay."""
    starts = [part.start for part in reading.sentences]
    known: range = range(0)
    for mark, start, end in marks(reading.plain.text, _MARKS):
        held = range(max(0, bisect_right(starts, start) - 1), bisect_left(starts, end))
        if not mark.needs_company or _in_company(reading, meanings, held, start):
            if mark.whole and held.start not in known:
                known = _paragraph(reading, held)
                yield from known
            yield from held


def _in_company(reading: Reading, meanings: Sequence[Meaning], held: range, start: int) -> bool:
    """Whether something else speaks of grading or to somebody beside a mark that may have another reason."""
    near = [_signs(reading, part, meanings) for part in reading.sentences[held.start : held.stop + 1]]
    quoted = reading.plain.text.count('"', reading.sentences[held.start].start, start) % 2
    wanted = _GRADING if quoted else _SPEAKING
    return any(one.english & wanted or any(other & _FOREIGN_COMPANY for other in one.foreign) for one in near)


def _paragraph(reading: Reading, held: range) -> range:
    """The sentences of the paragraph in which some stand."""
    first, last = held.start, held.stop
    while first > 0 and not _apart(reading, first):
        first -= 1
    while last < len(reading.sentences) and not _apart(reading, last):
        last += 1
    return range(first, last)


def _apart(reading: Reading, place: int) -> bool:
    """Whether an empty line stands before a sentence."""
    start = reading.sentences[place].start
    return "\f" in reading.plain.text[max(0, start - 2) : start + 1]


def _spread(reading: Reading, shown: Sequence[Signs | None], spoken: Iterable[int]) -> set[int]:
    """The sentences with those neighbours in the same paragraph that show less, but the same kind of thing, or stand between two."""
    found = set(spoken)
    for step in (1, -1):
        for place in sorted(found, reverse=step < 0):
            at = place + step
            while 0 <= at < len(shown) and at not in found and not _apart(reading, max(at, at - step)):
                one = shown[at]
                if one is None or not one.english & _SPREADING:
                    break
                found.add(at)
                at += step
    return found | {
        place + 1 for place in found if place + 2 in found and not _apart(reading, place + 1) and not _apart(reading, place + 2)
    }

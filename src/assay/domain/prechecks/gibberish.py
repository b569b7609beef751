"""Text that is no language: keys hit at random, letters in no order, and heaps of words without the small ones that make sentences."""

import re
from functools import lru_cache
from typing import Final

from assay.domain.grading import Quote
from assay.domain.prechecks.languages import ENGLISH
from assay.domain.prechecks.reading import Reading, Word, quotes, read
from assay.domain.prechecks.words import SMALL

MIN_SHARE: Final = 0.4
"""Share of the words in letters that must be none; names, terms and typing errors of an honest text stay far below."""
MIN_WORDS: Final = 3
MIN_LENGTH: Final = 4
"""Shorter words may be abbreviations."""
MAX_LENGTH: Final = 60
"""Longer strings are identifiers, or codes."""
LONE_LENGTH: Final = 7
"""A text of one or two words must have them so long."""
RARE_SHARE: Final = 0.2
"""Share of pairs of letters which words of Latin script hardly have, from which a word is none."""
HEAP_WORDS: Final = 30
HEAP_SMALL: Final = 0.06
"""Share of function words below which a text of `HEAP_WORDS` words has no sentences; in notes and bullet points it is above 0.1."""
HEAP_ENGLISH: Final = 0.35
"""Share of words with an English look that it must have, so that a language nobody listed is not taken for a heap."""

_RARELY: Final = (
    "b:ghkqvwxz c:bdfgmnqvwx d:chkqx f:bdghjkmnpqvwxz g:bcjkpqvwx h:cfghkpqvwxz j:bcdhjmpqrxyz k:bgjqvxz l:jqrxz m:cghjqrvwxz n:xz "
    "p:bfjmnqvwxz q:bcdefghjklmnopqrstvwxyz r:jx s:x t:gjx u:qw v:bcdfghjklmqrstvwxz w:bcdfgjkpqtuvwxz x:bdfgjklmnoqrsuvwxz y:fhkqvxy "
    "z:bcfgjklmpqrvwx"
)
_RARE: Final = frozenset(first + second for first, _, seconds in (row.partition(":") for row in _RARELY.split()) for second in seconds)
"""Pairs of letters that 6,700 English words and the vocabularies of this folder have less than four times."""
_RUN: Final = re.compile(r"(.)\1{3}|[bcdfghjklmnpqrstvwxz]{7}")
_ENGLISH_LOOK: Final = re.compile(
    r"(?:tion|sion|ment|ness|ity|ing|ed|ly|ers?|ous|ive|able|ible|al|ance|ence|ful|less|ists?|isms?|ies|[^s]s)$"
)
_CODE: Final = re.compile(r"[=;{}<>()\[\]_/\\@#$|]")


def gibberish(essay: str) -> tuple[Quote, ...]:
    """The stretches without language, when they make up a good part of the essay; otherwise none."""
    reading = read(essay)
    strange = [place for place, word in enumerate(reading.words) if _strange(word.text) and _judged(reading, word)]
    if strange and _enough(reading, strange):
        return _spans(reading, strange)
    return _heap(reading) if len(reading.words) >= HEAP_WORDS else ()


def _judged(reading: Reading, word: Word) -> bool:
    """Small words of Latin letters that are written as words: no identifiers, no acronyms, nothing beside the signs of program code."""
    text = word.text
    if len(text) < MIN_LENGTH or not text.isascii() or not text.isalpha():
        return False
    if text in SMALL:
        return True
    start, end = reading.plain.span(word.start, word.end)
    written = reading.essay[start:end]
    if not (written.islower() or written.istitle() or reading.essay.isupper()):
        return False
    around = reading.plain.text[max(0, word.start - 1) : word.start] + reading.plain.text[word.end : word.end + 1]
    return not _CODE.search(around) and not any(char in ".-:'" for char in around[:1])


@lru_cache(maxsize=1 << 14)
def _strange(word: str) -> bool:
    if len(word) < MIN_LENGTH or len(word) > MAX_LENGTH or not word.isascii() or word in SMALL:
        return False
    rare = sum(word[place : place + 2] in _RARE for place in range(len(word) - 1))
    return rare >= RARE_SHARE * (len(word) - 1) or (rare > 0 and len(word) < 6) or bool(_RUN.search(word))


def _enough(reading: Reading, strange: list[int]) -> bool:
    if len(reading.words) < MIN_WORDS:
        return (
            bool(strange) and len(strange) == len(reading.words) and all(len(reading.words[place].text) >= LONE_LENGTH for place in strange)
        )
    return len(strange) >= MIN_WORDS and len(strange) >= MIN_SHARE * sum(_judged(reading, word) for word in reading.words)


def _spans(reading: Reading, strange: list[int]) -> tuple[Quote, ...]:
    """From one strange word to the next, as far as they are not more than two words apart."""
    groups: list[list[int]] = []
    for place in strange:
        if groups and place - groups[-1][-1] <= 3:
            groups[-1].append(place)
        else:
            groups.append([place])
    spans = (reading.plain.span(reading.words[group[0]].start, reading.words[group[-1]].end) for group in groups)
    return quotes(reading.essay, spans)


def _heap(reading: Reading) -> tuple[Quote, ...]:
    words = [word.text for word in reading.words if word.text.isalpha() and word.text.isascii()]
    if len(words) < HEAP_WORDS or _CODE.search(reading.essay):
        return ()
    small = sum(word in ENGLISH for word in words)
    others = sum(word in SMALL and len(word) < 4 for word in words)
    looks = sum(bool(_ENGLISH_LOOK.search(word)) or word in SMALL for word in words)
    if small >= HEAP_SMALL * len(words) or others >= 2 * HEAP_SMALL * len(words) or looks < HEAP_ENGLISH * len(words):
        return ()
    return (reading.quote(reading.words[0].start, reading.words[-1].end),)

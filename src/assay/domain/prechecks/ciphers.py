"""Ciphers that leave words apart: shifted and mirrored alphabets, letters turned round, digits for letters, first letters of lines.

A small word such as "the" becomes one and the same string wherever it stands, so a table of the strings that small words become finds
a cipher with one look-up per word.
"""

import string
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from operator import methodcaller
from types import MappingProxyType
from typing import Final

from assay.domain.prechecks.lexicon import unmask
from assay.domain.prechecks.reading import Reading, Word
from assay.domain.prechecks.words import KNOWN, SMALL

MIN_HITS: Final = 3
REACH: Final = 5
"""Two words of a cipher have at most so many others between them."""
MIN_ACROSTIC: Final = 8
_LETTERS: Final = string.ascii_lowercase
_TURNED: Final = str.maketrans(
    "\u0250q\u0254p\u01dd\u025f\u0183\u0253\u0265\u1d09\u0131\u027e\u027f\u029e\u05df\u026fu\u0279\u0287n\u028c\u028dx\u028ez\u0254\u0279",
    "abcdefgghiijjklmnrtuvwxyzcr",
)
_TURNED_LETTERS: Final = frozenset("\u0250\u01dd\u025f\u0183\u0265\u1d09\u029e\u026f\u0279\u0287\u028c\u028d\u028e")

type Cipher = tuple[int, int, str, str]
"""Start and end in the essay, the way, and what it says."""


def _shifted(by: int) -> dict[int, int]:
    return str.maketrans(_LETTERS, _LETTERS[by:] + _LETTERS[:by])


_SHIFTS: Final = MappingProxyType({f"letters shifted by {by}": _shifted(26 - by) for by in range(1, 26)})
WAYS: Final[MappingProxyType[str, Callable[[str], str]]] = MappingProxyType(
    {
        "reversed letters": lambda word: word[::-1],
        "mirrored alphabet": lambda word: word.translate(str.maketrans(_LETTERS, _LETTERS[::-1])),
        "pig Latin": lambda word: word[-3] + word[:-3] if word.endswith("ay") and len(word) > 3 else word,
        **{name: methodcaller("translate", table) for name, table in _SHIFTS.items()},
    }
)
"""How a word of each cipher is read."""


@cache
def _written() -> dict[str, tuple[str, ...]]:
    """The ways in which a string may be a known word in cipher."""
    found: dict[str, tuple[str, ...]] = {}
    shared: dict[tuple[str, ...], tuple[str, ...]] = {}  # 25,000 strings have some hundred combinations of ways
    for name in WAYS:
        encipher = _encipher(name)
        for word in KNOWN:
            if len(word) > 2 and (cipher := encipher(word)) not in SMALL:
                ways = (*found.get(cipher, ()), name)
                found[cipher] = shared.setdefault(ways, ways)
    return found


def _encipher(name: str) -> Callable[[str], str]:
    if name in _SHIFTS:
        return methodcaller("translate", _shifted(int(name.rsplit(" ", 1)[1])))
    return (lambda word: f"{word[1:]}{word[0]}ay") if name == "pig Latin" else WAYS[name]


def ciphered(reading: Reading) -> Iterator[Cipher]:
    """Stretches of an essay that look like a cipher, with what they would say; the caller judges whether it is readable."""
    yield from _by_words(reading)
    yield from _by_digits(reading)
    yield from _upside_down(reading)
    yield from _acrostics(reading)


def _by_words(reading: Reading) -> Iterator[Cipher]:
    written = _written()
    hits: dict[str, list[int]] = {}
    for place, word in enumerate(reading.words):
        for name in written.get(word.text, ()):
            hits.setdefault(name, []).append(place)
    for name, places in hits.items():
        for first, last in _clusters(places):
            if len({reading.words[place].text for place in places if first <= place <= last}) >= MIN_HITS - 1:
                yield _cipher(reading, *_grown(reading, first, last), name)


def _clusters(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    start = 0
    for end in range(1, len(places) + 1):
        if end == len(places) or places[end] - places[end - 1] > REACH:
            if end - start >= MIN_HITS or (end - start == MIN_HITS - 1 and places[end - 1] - places[start] <= 3):
                yield places[start], places[end - 1]
            start = end


def _grown(reading: Reading, first: int, last: int) -> tuple[int, int]:
    """The stretch with the words on both sides that are no words as they stand."""
    while first and _strange(reading.words[first - 1].text) and _joined(reading, first):
        first -= 1
    while last + 1 < len(reading.words) and _strange(reading.words[last + 1].text) and _joined(reading, last + 1):
        last += 1
    return first, last


def _strange(word: str) -> bool:
    """A number, a word that reads the same from both ends, or one that is no known word."""
    return word not in SMALL or word.isdecimal() or (len(word) > 2 and word == word[::-1])


def _joined(reading: Reading, place: int) -> bool:
    """Whether nothing but a space or a comma stands before a word."""
    return reading.plain.text[reading.words[place - 1].end : reading.words[place].start].strip(" ,'") == ""


def _cipher(reading: Reading, first: int, last: int, name: str) -> Cipher:
    words = [WAYS[name](word.text) for word in reading.words[first : last + 1]]
    start, end = reading.plain.span(reading.words[first].start, reading.words[last].end)
    return start, end, name, " ".join(reversed(words) if name == "reversed letters" else words)


def _by_digits(reading: Reading) -> Iterator[Cipher]:
    """Leetspeak: words that are known ones when their digits are read as letters."""
    places = [place for place, word in enumerate(reading.words) if _is_leet(word)]
    for first, last in _clusters(places):
        words = reading.words[first : last + 1]
        said = [unmask(word.text) or word.text for word in words]
        if sum(map(_is_leet, words)) >= MIN_HITS and any(len(word) > 3 for word in said):
            start, end = reading.plain.span(words[0].start, words[-1].end)
            yield start, end, "digits for letters", " ".join(said)


def _is_leet(word: Word) -> bool:
    text = word.text
    return not text.isalpha() and not text.isdecimal() and text.isascii() and text[:-1].isalnum() and unmask(text) in KNOWN


def _upside_down(reading: Reading) -> Iterator[Cipher]:
    if not _TURNED_LETTERS.isdisjoint(reading.plain.text):
        for part in reading.sentences:
            text = reading.text(part)
            if sum(char in _TURNED_LETTERS for char in text) >= MIN_HITS:
                start, end = reading.plain.span(part.start, part.end)
                yield start, end, "upside-down letters", text.translate(_TURNED)[::-1]


def _acrostics(reading: Reading) -> Iterator[Cipher]:
    """The first letters of the lines, or of the sentences, read as words."""
    text = reading.plain.text
    lines = [
        part for place, part in enumerate(reading.sentences) if part.last > part.first and (not place or text[part.start - 1] in "\n\f")
    ]
    for parts, name in (
        (lines, "first letters of lines"),
        (tuple(part for part in reading.sentences if part.last > part.first), "first letters of sentences"),
    ):
        if MIN_ACROSTIC <= len(parts) <= 400:
            letters = "".join(text[reading.words[part.first].start] for part in parts)
            yield from _hidden_words(reading, parts, letters, name)


def _hidden_words(reading: Reading, parts: Sequence[object], letters: str, name: str) -> Iterator[Cipher]:
    sentences = list(parts)
    for start in range(len(letters) - MIN_ACROSTIC + 1):
        end, said = _words_from(letters, start)
        if end - start >= MIN_ACROSTIC and len(said) > 1:
            first, last = sentences[start], sentences[end - 1]
            span = reading.plain.span(first.start, last.end)  # type: ignore[attr-defined]
            yield *span, name, " ".join(said)
            return


def _words_from(letters: str, start: int) -> tuple[int, list[str]]:
    said: list[str] = []
    while word := next((letters[start : start + length] for length in range(10, 3, -1) if letters[start : start + length] in KNOWN), ""):
        said.append(word)
        start += len(word)
    return start, said

"""An essay as the pre-checks read it: plain small letters, words, sentences, each with its place in the original."""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from assay.domain.evidence import Folded, fold
from assay.domain.grading import Quote

MAX_SENTENCE_WORDS: Final = 60
"""A text without full stops is read in stretches of so many words, so that no rule sees a whole page at once."""

WORD: Final = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
_BREAK: Final = re.compile("\r\n|[\n\r\v\f\u0085\u2028\u2029]")
_STOP: Final = re.compile("(?<![.!?\u2026])[.!?\u2026]++[\"')\\]}*]*+(?=\\s)|[\u3002\uff01\uff1f\u061f\u0964]+[\"'\u300d\u300f)]*|[\n\f]+")
_APART: Final = str.maketrans(dict.fromkeys("\u034f\u3164\uffa0\u115f\u1160", " ") | {"\u180e": "\u200b", "\u034f": "\u200b"})
"""Blank characters that `fold` would drop become spaces, and joiners that it would keep become invisible: one for one."""
_BLANKS: Final = re.compile("[\u034f\u3164\uffa0\u115f\u1160\u180e]")


class Word(NamedTuple):
    """A word in small letters and its place in the plain text."""

    text: str
    start: int
    end: int


class Sentence(NamedTuple):
    """A stretch of the plain text and which of the words stand in it, `words[first:last]`."""

    start: int
    end: int
    first: int
    last: int


class Reading(NamedTuple):
    r"""An essay with its plain text: small letters without marks, line breaks kept as one `\n`, empty lines as one `\f`."""

    essay: str
    plain: Folded
    words: tuple[Word, ...]
    sentences: tuple[Sentence, ...]

    def quote(self, start: int, end: int) -> Quote:
        """The stretch of the essay behind the plain text from `start` to `end` (not empty)."""
        first, last = self.plain.span(start, end)
        return Quote(text=self.essay[first:last], start=first, end=last)

    def text(self, sentence: Sentence) -> str:
        """The plain text of a sentence."""
        return self.plain.text[sentence.start : sentence.end]


@lru_cache(maxsize=16)
def read(essay: str) -> Reading:
    """Read `essay`; several checks of the same essay share one reading."""
    plain = _plain(essay)
    words = tuple(Word(hit[0], hit.start(), hit.end()) for hit in WORD.finditer(plain.text))
    return Reading(essay, plain, words, tuple(_sentences(plain.text, words)))


def quotes(essay: str, spans: Iterable[tuple[int, int]]) -> tuple[Quote, ...]:
    """Spans of the essay's own offsets as quotes, in order, overlapping and touching ones joined."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(Quote(text=essay[start:end], start=start, end=end) for start, end in merged)


def _plain(essay: str) -> Folded:
    folded = fold(essay.translate(_APART) if _BLANKS.search(essay) else essay)
    text = folded.text.lower()
    if text.isascii():
        return Folded(_with_lines(text, essay, folded), folded.starts, folded.ends)
    lowered = _with_lines("".join(map(_small, folded.text)), essay, folded)
    kept = [place for place, char in enumerate(lowered) if char < "\u0300" or unicodedata.category(char) != "Mn"]
    if len(kept) == len(lowered):
        return Folded(lowered, folded.starts, folded.ends)
    return Folded(
        "".join(lowered[place] for place in kept),
        tuple(folded.starts[place] for place in kept),
        tuple(folded.ends[place] for place in kept),
    )


def _small(char: str) -> str:
    lower = char.lower()
    return lower if len(lower) == 1 else char


def _with_lines(text: str, essay: str, folded: Folded) -> str:
    r"""`text`, folded from `essay`, with `\n` and `\f` where a run of white space held one or several line breaks."""
    chars: list[str] | None = None
    for hit in _BREAK.finditer(essay):
        place = bisect_right(folded.starts, hit.start()) - 1
        if place >= 0 and text[place] == " ":
            chars = chars or list(text)
            chars[place] = "\n" if chars[place] == " " else "\f"
    return "".join(chars) if chars else text


def _sentences(text: str, words: Sequence[Word]) -> Iterable[Sentence]:
    starts = [word.start for word in words]
    begin = 0
    for end in (*(hit.end() for hit in _STOP.finditer(text)), len(text)):
        first, last = bisect_left(starts, begin), bisect_left(starts, end)
        for left in range(first, last, MAX_SENTENCE_WORDS):
            right = min(left + MAX_SENTENCE_WORDS, last)
            yield Sentence(begin if left == first else words[left].start, end if right == last else words[right].start, left, right)
        if first == last and end > begin and text[begin:end].strip():
            yield Sentence(begin, end, first, last)
        begin = end

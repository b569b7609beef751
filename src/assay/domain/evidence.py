"""The evidence lock: a quote counts only when code finds it in the essay; a level without a found quote is held for a person.

Both texts are folded before they are compared: compatibility forms and combining marks by Unicode NFKD (two texts have the same
NFKD exactly when they have the same NFKC, and NFKD can be taken piece by piece, so every folded character keeps its place in the
original), typographic quotation marks and dashes to their plain forms, invisible characters away, runs of white space to one space.
Everything else, case and punctuation included, must be the same. Offsets count code points of the original essay.
"""

import re
import unicodedata
from array import array
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from assay.domain.grading import DimensionDraft, DimensionVerdict, Quote, Verdict, VerdictDraft
from assay.domain.rubric import Dimension

MIN_QUOTE_WORDS: Final = 3
"""Fewer words prove nothing ("the" stands in every essay), unless they are the whole essay."""

_PLAIN: Final = {
    ord(char): plain
    for chars, plain in (
        ("\u2018\u2019\u201a\u201b\u2032\u2035`\u00b4\u02bc\uff07", "'"),
        ("\u201c\u201d\u201e\u201f\u2033\u2036\u00ab\u00bb\uff02", '"'),
        ("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe58\ufe63\uff0d", "-"),
    )
    for char in chars
}
_UNCHANGED: Final = re.compile(r"[!-_a-~]+(?: [!-_a-~]+)*(?=[\x00-\u02ff]|\Z)")
"""Words in ASCII with single spaces between them, which fold to themselves; the last character stays out where a mark may follow."""
_INVISIBLE: Final = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
"""Scripts written without spaces: Thai, Lao, Burmese, Khmer, kana, Han. Two of their characters count as a word."""
_WORD: Final = re.compile(r"\w+(?:['-]\w+)*")
_INSIDE_WORDS: Final = frozenset("-'\u2010\u2011\u2019")
"""Characters that join two parts of one word; a dash between words is not among them."""


class Folded(NamedTuple):
    """A text as compared, and for each of its characters the span of the original it came from."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original behind the folded characters `start` to `end` (not empty)."""
        return self.starts[start], self.ends[end - 1]


class Verified(NamedTuple):
    """A verdict whose quotes were all found, and per dimension the claimed quotes that were not, or that prove nothing."""

    verdict: Verdict
    failed: dict[Dimension, tuple[str, ...]]


@lru_cache(maxsize=32)
def fold(text: str) -> Folded:
    """`text` as compared, with the place of every character in the original. Every check folds the same essay, so the last are kept."""
    chars: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    place = 0
    while place < len(text):
        if run := _UNCHANGED.match(text, place):  # most of most essays, and far cheaper than character by character
            start, place = run.span()
            chars.append(run[0])
            starts.extend(range(start, place))
            ends.extend(range(start + 1, place + 1))
            continue
        start, place = place, _cluster_end(text, place)
        for char in _fold_cluster(text[start:place]):
            if char == " " and (not chars or chars[-1] == " "):
                continue
            chars.append(char)
            starts.append(start)
            ends.append(place)
    return Folded("".join(chars), array("I", starts), array("I", ends))  # an eighth of what as many Python numbers take


def count_words(text: str) -> int:
    """The words of `text`, a hyphenated one counting once, two characters of a script without spaces counting as one."""
    return len(_WORD.findall(_UNSPACED.sub(" ", text))) + len(_UNSPACED.findall(text)) // 2


def find(quote: str, essay: str, set_aside: Sequence[Quote] = ()) -> Quote | None:
    """Where `quote` stands in `essay` for the first time, as `essay[start:end] == text`; None when it does not or is too short.

    `set_aside` are spans of the essay that prove nothing (they speak to the grader): what is left of the quote outside of them has to be
    long enough by itself.
    """
    return _locate(quote, essay, fold(essay), set_aside)


def verify(draft: VerdictDraft, essay: str, set_aside: Sequence[Quote] = ()) -> Verified:
    """Believe of `draft` what its quotes prove; quotes from inside the spans `set_aside` prove nothing, as in `find`.

    A level above 0 without any found quote is held (level None, with a reason); the other dimensions stand. Level 0 needs no quote.
    Flags are not its business: they come from `domain.prechecks`.
    """
    folded = fold(essay)
    dimensions: dict[Dimension, DimensionVerdict] = {}
    failed: dict[Dimension, tuple[str, ...]] = {}
    for name, claim in draft.dimensions.items():
        found = {quote: _locate(quote, essay, folded, set_aside) for quote in claim.quotes}
        dimensions[name] = _judge(claim, tuple(dict.fromkeys(quote for quote in found.values() if quote)), aside=bool(set_aside))
        if missing := tuple(text for text, quote in found.items() if quote is None):
            failed[name] = missing
    verdict = Verdict(
        dimensions=dimensions,
        feedback=draft.feedback,
        topics_well=draft.topics_well,
        topics_missed=draft.topics_missed,
    )
    return Verified(verdict, failed)


def _judge(claim: DimensionDraft, quotes: tuple[Quote, ...], *, aside: bool) -> DimensionVerdict:
    reason = None
    if claim.level > 0 and not quotes:
        where = "the part of the essay that answers the question" if aside else "the essay"
        reason = f"none of the quotes given for this level is in {where}" if claim.quotes else "no quote was given for this level"
    return DimensionVerdict(
        level=None if reason else claim.level,
        rationale=claim.rationale,
        quotes=quotes,
        improvement=claim.improvement,
        features=claim.features,
        held=reason is not None,
        held_reason=reason,
    )


def _cluster_end(text: str, start: int) -> int:
    """The end of the character at `start` with the combining marks that follow it: a piece that NFKD never mixes with others."""
    for index in range(start + 1, len(text)):
        if text[index] < "\u0300" or not unicodedata.combining(text[index]) or text[index - 1].isspace():
            return index
    return len(text)


def _fold_cluster(cluster: str) -> str:
    if cluster.isascii():
        return " " if cluster.isspace() else cluster.translate(_PLAIN)
    plain = unicodedata.normalize("NFKD", cluster.translate(_PLAIN)).translate(_PLAIN)
    if plain.startswith(" ") and not cluster[0].isspace():  # a free-standing accent is a character, not a space with a mark on it
        plain = unicodedata.normalize("NFD", cluster)
    kept = (char for char in plain if unicodedata.category(char) != "Cf" and not _INVISIBLE.match(char))
    return "".join(" " if char.isspace() else char for char in kept)


def _locate(quote: str, essay: str, folded: Folded, set_aside: Sequence[Quote]) -> Quote | None:
    wanted = fold(quote).text.strip()
    for text in dict.fromkeys((wanted, wanted.strip("\"' "))):  # models like to wrap a quotation in marks of its own
        if not _enough(text, folded.text):
            continue
        for first, last in _places(text, essay, folded):
            start, end = folded.span(first, last)
            found = Quote(text=essay[start:end], start=start, end=end)
            if _proves(found, essay, set_aside):
                return found
    return None


def _proves(quote: Quote, essay: str, set_aside: Sequence[Quote]) -> bool:
    touched = sorted((span.start, span.end) for span in set_aside if span.start < quote.end and quote.start < span.end)
    if not touched:
        return True
    left, place = [], quote.start
    for start, end in touched:
        left.append(essay[place : max(place, start)])
        place = max(place, end)
    left.append(essay[place : max(place, quote.end)])
    return sum(map(count_words, left)) >= MIN_QUOTE_WORDS


def _enough(quote: str, essay: str) -> bool:
    words = count_words(quote)
    return words >= MIN_QUOTE_WORDS or (words > 0 and quote == essay.strip())


def _places(text: str, essay: str, folded: Folded) -> Iterator[tuple[int, int]]:
    """Where `text` stands in the folded essay as whole words, in order."""
    start = folded.text.find(text)
    while start >= 0:
        end = start + len(text)
        if not _cuts(start, essay, folded) and not _cuts(end, essay, folded):
            yield start, end
        start = folded.text.find(text, start + 1)


def _cuts(place: int, essay: str, folded: Folded) -> bool:
    """Whether a cut before the folded character `place` would go through a character or a word."""
    if not 0 < place < len(folded.text):
        return False
    if folded.starts[place] == folded.starts[place - 1]:
        return True
    if unicodedata.combining(folded.text[place]):
        return folded.text[place - 1] != " "
    return _cuts_word(place, essay, folded)


def _cuts_word(place: int, essay: str, folded: Folded) -> bool:
    """Whether the characters on both sides belong to one word: `un|safe`, `non-|idempotent`, `can|'t`."""
    before, after = (essay[folded.starts[index]] for index in (place - 1, place))
    if _UNSPACED.match(before) or _UNSPACED.match(after):
        return False
    if before in _INSIDE_WORDS:
        return after.isalnum() and place > 1 and folded.text[place - 2].isalnum()
    if after in _INSIDE_WORDS:
        return before.isalnum() and place + 1 < len(folded.text) and folded.text[place + 1].isalnum()
    return before.isalnum() and after.isalnum()

"""What can be said about an essay before anyone grades it: flags with the spans they rest on. A flag never changes a level by itself.

The word lists are for English texts; instructions in a few other languages are recognised too.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from assay.domain.evidence import Folded, fold
from assay.domain.grading import Quote
from assay.kit.model import Value

COPIED_RUN_WORDS: Final = 6
"""This many words in the prompt's own order are a copy, not a coincidence."""
COPIED_SHARE: Final = 0.4
"""Share of the essay's words in copied runs from which the essay is flagged: an opening that restates the question is fine."""
REPEATED_RUN_WORDS: Final = 4
REPEATED_SHARE: Final = 0.25
REPEATED_MIN_WORDS: Final = 24
"""Shorter texts repeat a phrase by chance too easily."""


class FlagKind(StrEnum):
    """What was noticed."""

    BLANK = "blank"
    TOO_SHORT = "too_short"
    COPIED_PROMPT = "copied_prompt"
    REPETITION = "repetition"
    HIDDEN_CHARACTERS = "hidden_characters"
    INSTRUCTION_LIKE = "instruction_like"


class Flag(Value):
    """One thing noticed, with the spans of the essay that show it (none for blank and too short)."""

    kind: FlagKind
    spans: tuple[Quote, ...] = ()


_WORD: Final = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")

_HIDDEN: Final = re.compile(
    "[\u00ad\u180e\u200b\u2060-\u2064]+"  # zero width, invisible operators
    "|[\u202a-\u202e\u2066-\u2069]+"  # direction embeddings, overrides and isolates
    "|(?<=.)\ufeff+"  # a byte order mark anywhere but at the start, where editors leave it
    "|(?<=[A-Za-z0-9 ])[\u200c-\u200f]+(?=[A-Za-z0-9 ])"  # joiners and direction marks that no Latin text needs
    "|(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0000-\U000e007f]+"  # tag characters that are not part of a flag
    "|[\U000e0100-\U000e01ef]{2,}",  # runs of variation selectors
    re.DOTALL,
)

_GRADER: Final = (
    r"(?:grader|marker|examiner|evaluator|assessor|ai|a\.i\.|language model|llm|chat ?bot|assistant|grading (?:system|model|bot))"
)
_WORK: Final = r"(?:essay|answer|response|submission|text|work|student|writer|author|me|it|this)"
_TOP: Final = (
    r"(?:full|maximum|max|top|highest|perfect|best(?: possible)?|excellent|outstanding)"
    r"(?: possible)? (?:marks?|scores?|points?|levels?|grades?|ratings?|credit)"
)
_NUMBER: Final = (
    r"(?:(?:a |level |score (?:of )?|at )?(?:4|5|10|100|four|five|ten)(?: ?%| ?/ ?(?:4|5|10|100)| out of \w+| points?| marks?)?)"
)
INSTRUCTIONS: Final[dict[str, re.Pattern[str]]] = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "set aside": (
            r"\b(?:ignore|disregard|forget|override|bypass)\b(?: \w+){0,4}? "
            r"(?:instructions?|rubric|grading|marking scheme|criteria|guidelines?|system prompt)\b"
            r"|\b(?:ignore|disregard|forget) (?:all|everything|anything) (?:of )?(?:the |that |you |was |were )*"
            r"(?:above|before|previous|told)\b"
        ),
        "address": (
            r"\b(?:dear|hello|hi|hey|attention|note (?:to|for)|message (?:to|for)|instructions? (?:to|for)) "
            rf"(?:the |my |all )?{_GRADER}\b"
            rf"|\byou are (?:now )?(?:an? |the |my )?(?:\w+ )?{_GRADER}\b"
            rf"|\b(?:act|behave|respond|reply) as (?:if you (?:are|were) )?(?:an? |the |my )?(?:\w+ )?{_GRADER}\b"
            r"|\bpretend (?:that )?(?:you|to be)\b"
        ),
        "demand": (
            rf"\b(?:give|award|assign|grant|mark|score|rate|grade)\b (?:the |this |my )?{_WORK}(?: as| with| at)? ?"
            rf"(?:an? |the )?(?:{_TOP}|{_NUMBER}\b)"
            rf"|\b(?:give|award|assign|grant|deserves?|merits?|return|output)\b (?:an? |the )?{_TOP}"
            rf"|\b(?:this|my) {_WORK} (?:should|must|has to|needs to|deserves? to) "
            r"(?:get|receive|be (?:given|awarded|graded|scored|rated|marked))\b"
            rf"|\b(?:set|give|make) (?:the |every |all |each )*(?:level|score|dimension|grade)s? ?(?:to|as|=|:) ?(?:{_TOP}|{_NUMBER}\b)"
        ),
        "output": (
            r"\b(?:respond|reply|answer|output|return|print) (?:(?:only|just) (?:with |in )?|(?:with|in) (?:only|just) )"
            r"(?:the |this |a )?\w* ?json\b"
            r"|\byour (?:reply|output|verdict|judgement|judgment|grading) (?:must|should) (?:be|say|contain)\b"
        ),
        "markup": (
            r"<\|?/?(?:im_start|im_end|system|assistant|user|essay|instructions?|rubric|student)\b[^>\n]{0,80}>"
            r"|\[/?(?:inst|system)\]|(?:^|(?<=[.!?\n] ))(?:#+ ?)?(?:system|assistant)(?: prompt| message)? ?:"
            r"|\b(?:new|updated|revised|additional) instructions? ?:"
            r"|\"(?:level|score|dimensions|grade|verdict)\" ?: ?[\[{\"\d]"
            r"|\b(?:end|start) of (?:the )?(?:essay|student(?:'s)? (?:text|answer)|submission)\b"
        ),
        "other languages": (
            r"\b(?:ignoriere|missachte|vergiss)\b(?: \w+){0,4}? (?:anweisung(?:en)?|vorgaben|regeln)\b"
            r"|\b(?:ignore[zr]?|oublie[zr]?)\b(?: \w+){0,4}? (?:consignes|instructions)\b"
            r"|\b(?:ignora|ignore|olvida)\b(?: \w+){0,4}? (?:instrucciones|instru\w*es|istruzioni)\b"
            r"|\bgib (?:mir|diesem|dem) (?:\w+ )?(?:die )?(?:volle|h\w*chste) punktzahl\b"
        ),
    }.items()
}
"""Ways to speak to whoever grades instead of answering, by name."""


def precheck(essay: str, *, prompt: str, min_words: int = 0) -> tuple[Flag, ...]:
    """All flags of `essay`, an answer to `prompt` that should have at least `min_words` words, in the order of `FlagKind`."""
    folded = fold(essay)
    words = list(_WORD.finditer(folded.text))
    spans = {
        FlagKind.COPIED_PROMPT: copied_prompt(essay, prompt),
        FlagKind.REPETITION: repetition(essay),
        FlagKind.HIDDEN_CHARACTERS: hidden_characters(essay),
        FlagKind.INSTRUCTION_LIKE: instruction_like(essay),
    }
    length = (FlagKind.BLANK,) if not words else (FlagKind.TOO_SHORT,) if len(words) < min_words else ()
    return (*(Flag(kind=kind) for kind in length), *(Flag(kind=kind, spans=found) for kind, found in spans.items() if found))


def copied_runs(essay: str, source: str) -> tuple[Quote, ...]:
    """Spans of at least `COPIED_RUN_WORDS` words that stand in `source` in the same order, whatever case and punctuation."""
    known = set(_runs(_words(fold(source)), COPIED_RUN_WORDS))
    folded = fold(essay)
    words = _words(folded)
    marked: set[int] = set()
    for place, run in enumerate(_runs(words, COPIED_RUN_WORDS)):
        if run in known:
            marked.update(range(place, place + COPIED_RUN_WORDS))
    return _spans(essay, folded, marked)


def copied_prompt(essay: str, prompt: str) -> tuple[Quote, ...]:
    """The copied runs when they make up at least `COPIED_SHARE` of the essay's words, otherwise none."""
    copied = copied_runs(essay, prompt)
    return copied if copied and _count(copied) >= COPIED_SHARE * len(_words(fold(essay))) else ()


def repetition(essay: str) -> tuple[Quote, ...]:
    """Runs of words that stood in the essay before, when they make up at least `REPEATED_SHARE` of it, otherwise none."""
    folded = fold(essay)
    words = _words(folded)
    seen: set[tuple[str, ...]] = set()
    marked: set[int] = set()
    for place, run in enumerate(_runs(words, REPEATED_RUN_WORDS)):
        if run in seen:
            marked.update(range(place, place + REPEATED_RUN_WORDS))
        seen.add(run)
    enough = len(words) >= REPEATED_MIN_WORDS and len(marked) >= REPEATED_SHARE * len(words)
    return _spans(essay, folded, marked) if enough else ()


def hidden_characters(essay: str) -> tuple[Quote, ...]:
    """Runs of characters that a reader cannot see and an English text does not need."""
    return tuple(Quote(text=hit.group(), start=hit.start(), end=hit.end()) for hit in _HIDDEN.finditer(essay))


def instruction_like(essay: str) -> tuple[Quote, ...]:
    """Spans that speak to the grader, found in the folded text so that look-alike and invisible characters do not hide them."""
    folded = fold(essay)
    hits = sorted(hit.span() for pattern in INSTRUCTIONS.values() for hit in pattern.finditer(folded.text))
    merged: list[tuple[int, int]] = []
    for start, end in hits:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(_quote(essay, folded, start, end) for start, end in merged)


def _words(folded: Folded) -> list[str]:
    return [word.casefold() for word in _WORD.findall(folded.text)]


def _count(quotes: tuple[Quote, ...]) -> int:
    return sum(len(_words(fold(quote.text))) for quote in quotes)


def _runs(words: list[str], length: int) -> Iterator[tuple[str, ...]]:
    return (tuple(words[place : place + length]) for place in range(len(words) - length + 1))


def _spans(essay: str, folded: Folded, marked: set[int]) -> tuple[Quote, ...]:
    """Neighbouring marked words joined to spans of the essay."""
    places = [hit.span() for hit in _WORD.finditer(folded.text)]
    quotes: list[Quote] = []
    for first in sorted(word for word in marked if word - 1 not in marked):
        last = first
        while last + 1 in marked:
            last += 1
        quotes.append(_quote(essay, folded, places[first][0], places[last][1]))
    return tuple(quotes)


def _quote(essay: str, folded: Folded, start: int, end: int) -> Quote:
    first, last = folded.span(start, end)
    return Quote(text=essay[first:last], start=first, end=last)

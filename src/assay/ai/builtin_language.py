"""How the built-in grader reads an English text: sentences and words with their offsets, light stems, polarity and relations."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from assay.ai.builtin_vocabulary import (
    ABBREVIATIONS,
    AUXILIARIES,
    BEFORE_NUMBERS,
    CLASHES,
    CLOSING,
    CONNECTIVES,
    FUNCTION_WORDS,
    NEGATORS,
    PRONOUNS,
)

LONG_SENTENCE: Final = 36
"""Words above which a sentence is also read clause by clause."""
NEGATION_REACH: Final = 4
"""A negator covers this many words after it, as far as the next comma or full stop."""


class Span(NamedTuple):
    """A stretch of the essay, `text == essay[start:end]`."""

    text: str
    start: int
    end: int


class Token(NamedTuple):
    """A word or a punctuation mark, folded to lower case; `negated` when a negator reaches it."""

    text: str
    negated: bool


_END: Final = re.compile(r"(?:[.!?\u2026]+[\"'\u201d\u2019)\]]*(?=\s))|\n[ \t]*(?=[-*\u2022]\s|\d{1,2}[.)]\s)|\n(?:[ \t]*\n)+")
_BULLET: Final = re.compile(r"\s*(?:[-*\u2022\u2013]\s+|\d{1,2}[.)]\s+|\([a-z\d]\)\s+)?")
_CLAUSE: Final = re.compile(r"[,;:]\s+|\s(?=(?:and|but|because|so that|which|while|then|if)\s)")
_TOKEN: Final = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*|[.,;:!?()]")
_WORD: Final = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_VOWELS: Final = re.compile(r"[aeiouy]+")


def sentences(text: str) -> list[Span]:
    """The sentences of `text` in order, without the marks of list items; each has at least one letter or digit."""
    found: list[Span] = []
    start = 0
    for hit in _END.finditer(text):
        if text[hit.start()] == "." and _abbreviated(text[start : hit.end()], text[hit.end() : hit.end() + 40].lstrip()):
            continue
        found += _trimmed(text, start, hit.end())
        start = hit.end()
    return [*found, *_trimmed(text, start, len(text))]


def _abbreviated(before: str, after: str) -> bool:
    """Whether the full stop at the end of `before` marks an abbreviation, and not the end of a sentence, `after` being what follows."""
    word = before.rsplit(maxsplit=1)[-1].casefold().lstrip("(")
    if word in BEFORE_NUMBERS:
        return after[:1].isdigit()
    return word in ABBREVIATIONS and not (word in CLOSING and after[:1].isupper())


def clauses(sentence: Span) -> list[Span]:
    """A long sentence cut before conjunctions and after commas into pieces of about half `LONG_SENTENCE` words; a short one whole."""
    if len(words(sentence.text)) <= LONG_SENTENCE:
        return [sentence]
    pieces: list[Span] = []
    start = 0
    for hit in _CLAUSE.finditer(sentence.text):
        if len(words(sentence.text[start : hit.start()])) >= LONG_SENTENCE // 3:
            pieces += _trimmed(sentence.text, start, hit.end())
            start = hit.end()
    pieces += _trimmed(sentence.text, start, len(sentence.text))
    return [Span(piece.text, sentence.start + piece.start, sentence.start + piece.end) for piece in pieces]


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    mark = _BULLET.match(text, start, end)
    start = mark.end() if mark else start
    inner = text[start:end].rstrip()
    if _WORD.search(inner):
        yield Span(inner, start, start + len(inner))


def words(text: str) -> list[str]:
    """The words of `text` as written; a hyphenated word is one."""
    return _WORD.findall(text)


@lru_cache(maxsize=512)  # an essay is looked at from many sides, each sentence some ten times; a rubric by all who answer it
def tokens(text: str) -> tuple[Token, ...]:
    """Words (hyphenated ones in parts) and punctuation in lower case, each word with its polarity."""
    found: list[Token] = []
    reach = 0
    for raw in _TOKEN.findall(text):
        token = raw.casefold().replace("\u2019", "'")
        if token in NEGATORS or token.endswith("n't"):
            reach = NEGATION_REACH + 2
        elif not token[0].isalnum() or token in {"and", "but"}:
            reach = 0
        reach = max(0, reach - 1)
        found.append(Token(token, negated=reach > 0))
    return tuple(found)


def content_words(text: str) -> tuple[str, ...]:
    """Words that carry meaning, in lower case, hyphenated ones in parts."""
    return tuple(token.text for token in tokens(text) if is_content(token.text))


def is_content(word: str) -> bool:
    """Whether a lower-case token says something by itself."""
    return len(word) > 1 and word[0].isalnum() and word not in FUNCTION_WORDS and word not in AUXILIARIES


def polarity(text: str) -> Mapping[str, frozenset[bool]]:
    """For each content stem of `text`, whether it stands negated, affirmed or both."""
    found: dict[str, frozenset[bool]] = {}
    for token in tokens(text):
        if is_content(token.text):
            word = stem(token.text)
            found[word] = found.get(word, frozenset()) | {token.negated}
    return found


def negated_groups(text: str) -> list[set[str]]:
    """The content stems each negator of `text` reaches, one set per negator."""
    groups: list[set[str]] = []
    before = False
    for token in tokens(text):
        if token.negated and not before:
            groups.append(set())
        if token.negated and is_content(token.text):
            groups[-1].add(stem(token.text))
        before = token.negated
    return [group for group in groups if group]


def assertions(text: str) -> int:
    """How many things `text` states, counted by the marks and conjunctions between its clauses."""
    return 1 + sum(1 for hit in _CLAUSE.finditer(text) if text[: hit.start()].strip())


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A light stem: enough to join `retry`, `retries` and `retrying`, never meant to be read."""
    word = word.removesuffix("'s").replace("'", "")
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    for suffix in ("ational", "ations", "ation", "ising", "izing", "ings", "ing", "edly", "ed", "ers", "er", "es", "ly", "s", "e"):
        if word.endswith(suffix) and len(word) - len(suffix) >= 3 and not word.endswith("ss"):
            word = word[: -len(suffix)]
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def syllables(word: str) -> int:
    """Vowel groups without a silent final e, at least one."""
    word = word.casefold()
    groups = len(_VOWELS.findall(word))
    return max(1, groups - (word.endswith("e") and not word.endswith(("le", "ee")) and groups > 1))


def relations(text: str) -> set[str]:
    """The kinds of connectives that occur in `text`."""
    padded = f" {' '.join(token.text for token in tokens(text))} "
    return {kind for kind, phrases in CONNECTIVES.items() if any(f" {phrase} " in padded for phrase in phrases)}


def function_share(text: str) -> float:
    """Share of function words: about a half in prose, near nothing in a list of terms; 0 for no words."""
    found = [token.text for token in tokens(text) if token.text[0].isalnum()]
    return sum(word in FUNCTION_WORDS or word in AUXILIARIES for word in found) / len(found) if found else 0.0


def list_share(text: str) -> float:
    """Commas, semicolons, `and` and `or` per word: about a tenth in prose, a third and more in an enumeration."""
    found = [token.text for token in tokens(text)]
    said = sum(word[0].isalnum() for word in found)
    return sum(word in {",", ";", "and", "or"} for word in found) / said if said else 0.0


def clashes(text: str) -> int:
    """How many neighbouring words cannot stand so in an English sentence."""
    found = [token.text for token in tokens(text)]
    return sum(after in CLASHES.get(before, ()) for before, after in pairwise(found))


def has_verb(text: str) -> bool:
    """Whether a clause may have a verb: an auxiliary, or a word in the shape of an inflected verb after a pronoun or noun."""
    found = [token.text for token in tokens(text)]
    return any(word in AUXILIARIES for word in found) or any(
        (word.endswith(("s", "ed")) or before in PRONOUNS) and is_content(word) and (is_content(before) or before in PRONOUNS)
        for before, word in zip(["", *found], found, strict=False)
    )

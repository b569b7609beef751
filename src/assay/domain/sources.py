"""Sources: the passages of a credential that are shown with a recommendation, chosen for the query and quoted word for word."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from math import sqrt
from typing import Final, NamedTuple

from assay.domain.credentials import CredentialContent
from assay.domain.passages import Passage, cited
from assay.kit.model import Value

MAX_SOURCES: Final = 3
_MIN_WORDS: Final = 5
"""A shorter sentence says nothing by itself, nor does a question."""
_FULL_LENGTH: Final = 10
"""Content words from which a passage near a hit counts in full."""
_NEAR: Final = 0.3
"""What the best hit around a passage counts beside the words it shares with the query."""
_SAID_ALREADY: Final = 0.25
_SAME_SECTION: Final = 0.75
_OUTCOME: Final = 1.25
"""An outcome is a promise; a description also tells stories."""

_WORD: Final = re.compile(r"[a-z0-9+#]+")
_STOP_WORDS: Final = (
    "a about all an and any are as at be been before between but by can for from had has have how if in into is it its more "
    "not of on one or other over own so some such than that the their them then there they this through to under until up use "
    "used uses using was were what when where which while who why will with without your"
)
_STOP: Final = frozenset(_STOP_WORDS.split())


class Hit(NamedTuple):
    """A span that a search found, and how much it counts."""

    section: str
    start: int
    end: int
    weight: float


class _Told(NamedTuple):
    """A passage with its stems."""

    passage: Passage
    stems: frozenset[str]


class _Read(NamedTuple):
    """A passage with its stems, what those of them count that the query has, and what the best hit around it counts."""

    passage: Passage
    stems: frozenset[str]
    weights: Mapping[str, float]
    near: float


class Evidence(Value):
    """A passage shown as a source of a recommendation, in one version of one credential."""

    credential_version: int
    section: str
    snippet: str
    start: int
    end: int


def choose_sources(
    content: CredentialContent, version: int, weights: Mapping[str, float], hits: Sequence[Hit] = ()
) -> tuple[Evidence, ...]:
    """The passages that speak most to a query, one to `MAX_SOURCES`, best first; `weights` gives what each stem of the query counts.

    A passage scores for the stems it has and for the best hit around it; less for what a chosen passage says already.
    """
    told = _told(content.description, content.outcomes) or (_as_told(Passage("title", 0, len(content.title), content.title)),)
    left = [_read(each, weights, hits) for each in told]
    chosen: list[_Read] = []
    while left and len(chosen) < MAX_SOURCES:
        scores = [_score(read, chosen) for read in left]
        best = scores.index(max(scores))
        if chosen and scores[best] <= 0:
            break
        chosen.append(left.pop(best))
    return tuple(
        Evidence(credential_version=version, section=passage.section, snippet=passage.text, start=passage.start, end=passage.end)
        for passage in (read.passage for read in chosen)
    )


@lru_cache(maxsize=4_096)
def stems(text: str) -> frozenset[str]:
    """The content words of `text`, lower case, without the commonest English endings. Passages of the catalog come again and again."""
    return frozenset(_stem(word) for word in _WORD.findall(text.lower()) if word not in _STOP)


def stem_weights(texts: Iterable[tuple[str, float]]) -> dict[str, float]:
    """What each stem of weighted texts counts: the largest weight it is said with."""
    weights: dict[str, float] = {}
    for text, weight in texts:
        for stem in stems(text):
            weights[stem] = max(weights.get(stem, 0.0), weight)
    return weights


@lru_cache(maxsize=1_024)
def _told(description: str, outcomes: tuple[str, ...]) -> tuple[_Told, ...]:
    """The passages of a credential that say something by themselves. The same few are recommended again and again."""
    return tuple(_as_told(passage) for passage in cited(description, outcomes) if _tells(passage))


def _as_told(passage: Passage) -> _Told:
    return _Told(passage, stems(passage.text))


def _read(told: _Told, weights: Mapping[str, float], hits: Sequence[Hit]) -> _Read:
    passage, words = told
    near = max((hit.weight for hit in hits if _inside(passage, hit)), default=0.0)
    counted = {stem: weights[stem] for stem in words & weights.keys()}
    return _Read(passage, words, counted, near * min(1.0, len(words) / _FULL_LENGTH))


def _score(read: _Read, chosen: Sequence[_Read]) -> float:
    lexical = sum(read.weights.values())
    for stem, weight in read.weights.items() if chosen else ():
        if any(stem in other.stems for other in chosen):
            lexical -= (1 - _SAID_ALREADY) * weight
    section = read.passage.section
    score = (lexical / sqrt(4 + len(read.stems)) + _NEAR * read.near) * (_OUTCOME if section == "outcomes" else 1.0)
    return round(score * (_SAME_SECTION if any(other.passage.section == section for other in chosen) else 1.0), 9)


def _tells(passage: Passage) -> bool:
    return len(passage.text.split()) >= _MIN_WORDS and not passage.text.endswith("?")


def _inside(passage: Passage, hit: Hit) -> bool:
    return hit.section == passage.section and hit.start <= passage.start and passage.end <= hit.end


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    for ending in ("isation", "ization", "ations", "ation", "ings", "ing", "ies", "ied", "es", "ed", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word

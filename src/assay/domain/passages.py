"""Passages of credentials: sentences and chunks with their place in a section, and the passages that are shown as sources.

Every passage is verbatim: `content.sections()[section][start:end] == text`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from math import sqrt
from typing import Final, NamedTuple

from assay.domain.credentials import CredentialContent
from assay.kit.model import Value

CHUNKING: Final = "passages-1"
"""Name of the way of cutting below; an index cut another way is another version."""
_WINDOW: Final = 2
"""Sentences of a description in one chunk; windows overlap by one sentence."""
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

_SENTENCE_END: Final = re.compile(r"(?<=[.!?])[\"'\u201d\u2019)]*\s+(?=[\"'\u201c\u2018(]*[A-Z0-9])")
_ABBREVIATION: Final = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|Dr|Mr|Mrs|Ms|St|no|No)|\b[A-Z])\.$")
_WORD: Final = re.compile(r"[a-z0-9+#]+")
_STOP: Final = frozenset(
    [
        "a",
        "about",
        "all",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "been",
        "before",
        "between",
        "but",
        "by",
        "can",
        "for",
        "from",
        "had",
        "has",
        "have",
        "how",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "more",
        "not",
        "of",
        "on",
        "one",
        "or",
        "other",
        "over",
        "own",
        "so",
        "some",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "they",
        "this",
        "through",
        "to",
        "under",
        "until",
        "up",
        "use",
        "used",
        "uses",
        "using",
        "was",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "why",
        "will",
        "with",
        "without",
        "your",
    ]
)


class Passage(NamedTuple):
    """A span of a section."""

    section: str
    start: int
    end: int
    text: str


class Chunk(Value):
    """A passage as it goes into the index: `text` stands in the section, `embedded` is what the embedder reads."""

    section: str
    start: int
    end: int
    text: str
    embedded: str


class Hit(NamedTuple):
    """A span that a search found, and how much it counts."""

    section: str
    start: int
    end: int
    weight: float


class Evidence(Value):
    """A passage shown as a source of a recommendation, in one version of one credential."""

    credential_version: int
    section: str
    snippet: str
    start: int
    end: int


def sentences(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences in `text`, without the white space between them. An abbreviation's point ends none."""
    spans: list[tuple[int, int]] = []
    start = 0
    for gap in _SENTENCE_END.finditer(text):
        end = gap.start() + len(gap.group().rstrip())
        if not _ABBREVIATION.search(text[start : gap.start()]):
            spans.append((start, end))
            start = gap.end()
    spans.append((start, len(text)))
    return [span for span in (_trimmed(text, *span) for span in spans) if span[0] < span[1]]


def passages(content: CredentialContent) -> list[Passage]:
    """What can be cited: each sentence of the description, then each outcome."""
    sections = content.sections()
    spans = [("description", *span) for span in sentences(sections["description"])]
    spans += [("outcomes", *span) for span in _lines(content.outcomes)]
    return [Passage(section, start, end, sections[section][start:end]) for section, start, end in spans]


def chunks(content: CredentialContent, names: Mapping[str, str]) -> list[Chunk]:
    """The chunks of one credential version: title, skills, windows of the description, outcomes.

    The embedder reads each passage after the title, so that "These are then repaired" still says what it is about.
    """
    sections = content.sections()
    cited = passages(content)
    description = [passage for passage in cited if passage.section == "description"]
    skills = ", ".join(names.get(skill, skill.replace("-", " ")) for skill in content.skills)
    whole = {name: Passage(name, 0, len(sections[name]), sections[name]) for name in ("title", "skills")}
    return [
        _chunk(whole["title"], f"{content.title}. {description[0].text if description else ''}"),
        _chunk(whole["skills"], f"{content.title}. {skills}"),
        *(_chunk(passage, f"{content.title}. {passage.text}") for passage in _windows(sections["description"], description)),
        *(_chunk(passage, f"{content.title}. {passage.text}") for passage in cited if passage.section == "outcomes"),
    ]


def choose_sources(
    content: CredentialContent, version: int, weights: Mapping[str, float], hits: Sequence[Hit] = ()
) -> tuple[Evidence, ...]:
    """The passages that speak most to a query, one to `MAX_SOURCES`, best first; `weights` gives what each stem of the query counts.

    A passage scores for the stems it has and for the best hit around it; less for what a chosen passage says already.
    """
    title = Passage("title", 0, len(content.title), content.title)
    left = [passage for passage in passages(content) if _tells(passage)] or [title]
    chosen: list[Passage] = []
    while left and len(chosen) < MAX_SOURCES:
        best = max(range(len(left)), key=lambda place: (_score(left[place], weights, hits, chosen), -place))
        if chosen and _score(left[best], weights, hits, chosen) <= 0:
            break
        chosen.append(left.pop(best))
    return tuple(
        Evidence(credential_version=version, section=passage.section, snippet=passage.text, start=passage.start, end=passage.end)
        for passage in chosen
    )


def stems(text: str) -> set[str]:
    """The content words of `text`, lower case, without the commonest English endings."""
    return {_stem(word) for word in _WORD.findall(text.lower()) if word not in _STOP}


def stem_weights(texts: Iterable[tuple[str, float]]) -> dict[str, float]:
    """What each stem of weighted texts counts: the largest weight it is said with."""
    weights: dict[str, float] = {}
    for text, weight in texts:
        for stem in stems(text):
            weights[stem] = max(weights.get(stem, 0.0), weight)
    return weights


def _score(passage: Passage, weights: Mapping[str, float], hits: Sequence[Hit], chosen: Sequence[Passage]) -> float:
    said = {stem for other in chosen for stem in stems(other.text)}
    words = stems(passage.text)
    lexical = sum(weights.get(word, 0.0) * (_SAID_ALREADY if word in said else 1.0) for word in words)
    near = max((hit.weight for hit in hits if _inside(passage, hit)), default=0.0)
    near *= min(1.0, len(words) / _FULL_LENGTH)
    score = (lexical / sqrt(4 + len(words)) + _NEAR * near) * (_OUTCOME if passage.section == "outcomes" else 1.0)
    return round(score * (_SAME_SECTION if any(other.section == passage.section for other in chosen) else 1.0), 9)


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


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    inside = text[start:end]
    return start + len(inside) - len(inside.lstrip()), end - len(inside) + len(inside.rstrip())


def _lines(outcomes: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Spans of the outcomes in the section that joins them by line breaks."""
    start = 0
    for outcome in outcomes:
        yield start, start + len(outcome)
        start += len(outcome) + 1


def _windows(text: str, found: Sequence[Passage]) -> Iterator[Passage]:
    for first in range(max(1, len(found) - _WINDOW + 1)):
        window = found[first : first + _WINDOW]
        if window:
            start, end = window[0].start, window[-1].end
            yield Passage("description", start, end, text[start:end])


def _chunk(passage: Passage, embedded: str) -> Chunk:
    return Chunk(section=passage.section, start=passage.start, end=passage.end, text=passage.text, embedded=embedded)

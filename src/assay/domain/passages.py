"""Passages of credentials: sentences and chunks with their place in a section.

Every passage is verbatim: `content.sections()[section][start:end] == text`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from assay.domain.credentials import CredentialContent
from assay.kit.model import Value

CHUNKING: Final = "passages-1"
"""Name of the way of cutting below; an index cut another way is another version."""
_WINDOW: Final = 2
"""Sentences of a description in one chunk; windows overlap by one sentence."""
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])[\"'\u201d\u2019)]*\s+(?=[\"'\u201c\u2018(]*[A-Z0-9])")
_ABBREVIATION: Final = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|Dr|Mr|Mrs|Ms|St|no|No)|\b[A-Z])\.$")


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
    return cited(content.description, content.outcomes)


def cited(description: str, outcomes: Sequence[str]) -> list[Passage]:
    """The same of a description and outcomes alone."""
    found = [Passage("description", start, end, description[start:end]) for start, end in sentences(description)]
    return found + [Passage("outcomes", start, end, outcome) for (start, end), outcome in zip(_lines(outcomes), outcomes, strict=True)]


def chunks(content: CredentialContent, names: Mapping[str, str]) -> list[Chunk]:
    """The chunks of one credential version: title, skills, windows of the description, outcomes.

    The embedder reads each passage after the title, so that "These are then repaired" still says what it is about.
    """
    sections = content.sections()
    told = passages(content)
    description = [passage for passage in told if passage.section == "description"]
    skills = ", ".join(names.get(skill, skill.replace("-", " ")) for skill in content.skills)
    whole = {name: Passage(name, 0, len(sections[name]), sections[name]) for name in ("title", "skills")}
    return [
        _chunk(whole["title"], f"{content.title}. {description[0].text if description else ''}"),
        _chunk(whole["skills"], f"{content.title}. {skills}"),
        *(_chunk(passage, f"{content.title}. {passage.text}") for passage in _windows(sections["description"], description)),
        *(_chunk(passage, f"{content.title}. {passage.text}") for passage in told if passage.section == "outcomes"),
    ]


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

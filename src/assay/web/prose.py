"""Text of people and of the catalog as HTML: everything escaped, code shown as code, quotes marked where they stand."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Final, NamedTuple

from markupsafe import Markup, escape

from assay.domain.fusion import FactKind, Sentence
from assay.domain.grading import Quote
from assay.domain.rubric import Dimension
from assay.services.results import EssayResult, Summary

_CODE_INDENT: Final = 4
_INLINE_CODE: Final = re.compile(r"`([^`\n]+)`")


class NumberedQuote(NamedTuple):
    """A span of an essay that proves something: `number` counts from 1 in reading order, `dimensions` say what it is evidence for."""

    number: int
    quote: Quote
    dimensions: tuple[Dimension, ...]


def prose(text: str) -> Markup:
    """`text` as paragraphs and code: lines indented by four or more are a code block, `backticks` are code, line breaks are kept."""
    return Markup().join(_blocks(text))


def inline(text: str) -> Markup:
    """`text` with `backticks` as code, for places where no block may stand."""
    return Markup().join(
        Markup("<code>{}</code>").format(part) if index % 2 else escape(part) for index, part in enumerate(_INLINE_CODE.split(text))
    )


def _blocks(text: str) -> Iterator[Markup]:
    lines = text.replace("\r\n", "\n").expandtabs(_CODE_INDENT).split("\n")
    for is_code, run in groupby(_kinds(lines), key=lambda pair: pair[0]):
        body = "\n".join(line for _, line in run).strip("\n")
        if is_code:
            yield Markup('<pre tabindex="0"><code>{}</code></pre>').format(_dedent(body))
        else:
            yield from (Markup("<p>{}</p>").format(inline(part.strip())) for part in re.split(r"\n\s*\n", body) if part.strip())


def _kinds(lines: Sequence[str]) -> Iterator[tuple[bool, str]]:
    """Each line with whether it is code; a blank line is what its neighbours are."""
    is_code = [line.startswith(" " * _CODE_INDENT) for line in lines]
    for index, line in enumerate(lines):
        if line.strip():
            yield is_code[index], line
        else:
            before = next((is_code[i] for i in range(index - 1, -1, -1) if lines[i].strip()), False)
            after = next((is_code[i] for i in range(index + 1, len(lines)) if lines[i].strip()), False)
            yield before and after, line


def _dedent(code: str) -> str:
    indent = min(len(line) - len(line.lstrip()) for line in code.split("\n") if line.strip())
    return "\n".join(line[indent:].rstrip() for line in code.split("\n"))


def numbered(essay: EssayResult) -> tuple[NumberedQuote, ...]:
    """The quotes of an essay in reading order, each span once, with all the dimensions it is evidence for."""
    spans: dict[tuple[int, int], list[Dimension]] = {}
    quotes: dict[tuple[int, int], Quote] = {}
    for dimension, score in essay.dimensions.items():
        for quote in score.quotes:
            spans.setdefault((quote.start, quote.end), []).append(dimension)
            quotes[quote.start, quote.end] = quote
    return tuple(
        NumberedQuote(number, quotes[span], tuple(dict.fromkeys(spans[span]))) for number, span in enumerate(sorted(spans), start=1)
    )


def highlight(essay: str, quotes: Iterable[NumberedQuote], anchor: str) -> Markup:
    """`essay` with every quote marked and, at its end, its number linked to `#{anchor}-quote-{number}`. Quotes may overlap."""
    standing = [each for each in quotes if 0 <= each.quote.start < each.quote.end <= len(essay)]
    edges = sorted({0, len(essay), *(each.quote.start for each in standing), *(each.quote.end for each in standing)})
    pieces: list[Markup] = []
    for start, end in pairwise(edges):
        around = [each for each in standing if each.quote.start <= start and end <= each.quote.end]
        pieces.append(_marked(essay[start:end], around))
        pieces += [_reference(each, anchor) for each in standing if each.quote.end == end]
    return Markup().join(pieces)


def _marked(text: str, around: Sequence[NumberedQuote]) -> Markup:
    if not around:
        return escape(text)
    dimensions = dict.fromkeys(dimension for each in around for dimension in each.dimensions)
    return Markup('<mark class="{}">{}</mark>').format(" ".join(f"for-{name}" for name in dimensions), text)


def _reference(each: NumberedQuote, anchor: str) -> Markup:
    label = f"Evidence {each.number}: {', '.join(each.dimensions)}"
    return Markup('<a class="ref" id="{0}-mark-{1}" href="#{0}-quote-{1}" aria-label="{2}">{1}</a>').format(anchor, each.number, label)


def footnotes(summary: Summary) -> Mapping[str, int]:
    """Footnote numbers by fact id, in the order in which the sentences cite them."""
    known = {fact.id for fact in summary.facts}
    cited = dict.fromkeys(fact for sentence in summary.sentences for fact in sentence.facts if fact in known)
    return {fact: number for number, fact in enumerate(cited, start=1)}


def paragraphs(summary: Summary) -> list[list[Sentence]]:
    """The sentences in two paragraphs: where the student stands, and from the first recommended credential on what to take up."""
    about = {fact.id for fact in summary.facts if fact.kind in {FactKind.CREDENTIAL, FactKind.SNIPPET}}
    sentences = list(summary.sentences)
    turn = next((index for index, sentence in enumerate(sentences) if about & set(sentence.facts)), len(sentences))
    return [part for part in (sentences[:turn], sentences[turn:]) if part]

"""Text as HTML: nothing that was written becomes markup, nothing that was written is lost."""

import re
from html import unescape
from itertools import pairwise
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from assay.domain.fusion import Fact, FactKind, Sentence
from assay.domain.grading import Quote
from assay.domain.rubric import Dimension
from assay.services.results import Summary
from assay.web.prose import NumberedQuote, footnotes, highlight, inline, paragraphs, prose

TAGS = re.compile(r"<[^>]*>")
REFERENCE = re.compile(r'<a class="ref"[^>]*>\d+</a>')


def visible(html: str) -> str:
    """The text a reader sees."""
    return unescape(TAGS.sub("", html))


@st.composite
def essay_and_quotes(draw: st.DrawFn) -> tuple[str, list[NumberedQuote]]:
    """An essay with spans that may touch, nest and overlap."""
    essay = draw(st.text(alphabet="ab <&>\"'\n\u202e\U0001f600", min_size=1, max_size=60))
    spans = draw(st.lists(st.tuples(st.integers(0, len(essay)), st.integers(0, len(essay))), max_size=6))
    kinds = st.lists(st.sampled_from(Dimension), min_size=1, max_size=3, unique=True)
    return essay, [
        NumberedQuote(number, Quote(text=essay[min(pair) : max(pair)], start=min(pair), end=max(pair)), tuple(draw(kinds)))
        for number, pair in enumerate(sorted(spans), start=1)
    ]


@given(essay_and_quotes())
def test_highlighting_keeps_every_character(case: tuple[str, list[NumberedQuote]]) -> None:
    """Without the reference numbers the marked essay reads as it was written, whatever the quotes."""
    essay, quotes = case
    html = str(highlight(essay, quotes, "e1"))
    assert visible(REFERENCE.sub("", html)) == essay


@given(essay_and_quotes())
def test_marks_are_balanced_and_cover_the_quotes(case: tuple[str, list[NumberedQuote]]) -> None:
    """No mark is opened inside another, and the marked characters are those that some quote covers."""
    essay, quotes = case
    html = REFERENCE.sub("", str(highlight(essay, quotes, "e1")))
    tags = re.findall(r"</?mark", html)
    assert all(first != second for first, second in pairwise(tags))
    marked = sum(len(unescape(part)) for part in re.findall(r"<mark[^>]*>(.*?)</mark>", html, re.DOTALL))
    covered = {place for each in quotes for place in range(each.quote.start, each.quote.end)}
    assert marked == len(covered)


def test_overlapping_quotes_share_their_middle() -> None:
    """Where two quotes overlap, the shared part carries both dimensions, and each has its number at its own end."""
    quotes = [
        NumberedQuote(1, Quote(text="one two", start=0, end=7), (Dimension.CLARITY,)),
        NumberedQuote(2, Quote(text="two three", start=4, end=13), (Dimension.ACCURACY,)),
    ]
    html = str(highlight("one two three four", quotes, "e4"))
    assert '<mark class="for-clarity for-accuracy">two</mark><a class="ref" id="e4-mark-1"' in html
    assert '<mark class="for-accuracy"> three</mark><a class="ref" id="e4-mark-2"' in html


@given(st.text(alphabet="ab`<&> \n\t", max_size=80))
def test_prose_keeps_the_words(text: str) -> None:
    """Every character that is not white space or a backtick is shown once, as text."""
    shown = re.sub(r"[\s`]", "", visible(str(prose(text))))
    assert shown == re.sub(r"[\s`]", "", text)


def test_prose_shows_code_and_keeps_its_indentation() -> None:
    """Lines indented by four are one block of code, blank lines inside it included; backticks are code in a sentence."""
    html = str(prose("What does `x < y` log?\n\n    if (a) {\n\n      b();\n    }\n\nAnswer."))
    assert html == ('<p>What does <code>x &lt; y</code> log?</p><pre tabindex="0"><code>if (a) {\n\n  b();\n}</code></pre><p>Answer.</p>')


def test_prose_keeps_line_breaks() -> None:
    """Lines of one paragraph stay lines."""
    assert "SELECT 1\nFROM t" in str(prose("SELECT 1\nFROM t\n\nWhy?"))


def test_inline_escapes_inside_code() -> None:
    """Markup between backticks is shown, not obeyed."""
    assert str(inline("`<button>`")) == "<code>&lt;button&gt;</code>"


def test_footnotes_are_numbered_by_first_citation() -> None:
    """A fact that two sentences cite has one number; one that is not there has none."""
    facts = tuple(Fact(id=name, kind=FactKind.SKILL, text=name) for name in ("f2", "f7", "f9"))
    sentences = (Sentence(text="A.", facts=("f7", "f2")), Sentence(text="B.", facts=("gone", "f2", "f9")))
    assert footnotes(Summary(text="A. B.", sentences=sentences, facts=facts, dropped=())) == {"f7": 1, "f2": 2, "f9": 3}


def test_a_summary_turns_at_the_first_credential() -> None:
    """What is about credentials makes the second paragraph."""
    facts = (Fact(id="f1", kind=FactKind.SCORE, text="s"), Fact(id="f2", kind=FactKind.CREDENTIAL, text="c", subject=str(uuid4())))
    first, second = Sentence(text="S.", facts=("f1",)), Sentence(text="C.", facts=("f2",))
    summary = Summary(text="S. C.", sentences=(first, second), facts=facts, dropped=())
    assert paragraphs(summary) == [[first], [second]]

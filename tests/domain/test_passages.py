"""Passages: verbatim spans of a credential's sections, cut into chunks and chosen as sources."""

from itertools import pairwise

from catalogs import NAMES, content
from hypothesis import given
from hypothesis import strategies as st

from assay.domain.passages import chunks, passages, sentences
from assay.domain.sources import MAX_SOURCES, Hit, choose_sources, stem_weights, stems

prose = st.text(alphabet="abc ABC.!?\n\"'()“”1é", max_size=120)


def _cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


def test_sentences_end_at_full_stops_that_end_sentences() -> None:
    """Abbreviations and decimal points end none; closing quotation marks belong to the sentence before."""
    assert _cut("Use e.g. Redis. It is 3.5 times faster! “Really?” Yes.") == [
        "Use e.g. Redis.",
        "It is 3.5 times faster!",
        "“Really?”",
        "Yes.",
    ]


@given(prose)
def test_sentences_cover_every_word_in_order(text: str) -> None:
    """Spans rise, do not overlap, carry no outer white space, and leave only white space between them."""
    spans = sentences(text)
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())


@given(
    st.text(alphabet="ab .", min_size=40, max_size=90).filter(lambda text: len(text.strip()) >= 40),
    st.lists(st.text("xyz .", min_size=10, max_size=30), min_size=1, max_size=4),
)
def test_every_passage_and_chunk_is_verbatim(description: str, outcomes: list[str]) -> None:
    """`section[start:end]` is the text, for whatever a credential says."""
    credential = content(description=description, outcomes=tuple(outcomes))
    sections = credential.sections()
    for passage in passages(credential):
        assert sections[passage.section][passage.start : passage.end] == passage.text
    for chunk in chunks(credential, NAMES):
        assert sections[chunk.section][chunk.start : chunk.end] == chunk.text


def test_chunks_hold_title_skills_windows_and_outcomes() -> None:
    """Each chunk is embedded after the title; the skills are embedded by name."""
    cut = chunks(content(), NAMES)
    assert [chunk.section for chunk in cut] == ["title", "skills", "description", "description", "outcomes", "outcomes"]
    assert all(chunk.embedded.startswith("Caching in Practice. ") for chunk in cut)
    assert cut[1].embedded == "Caching in Practice. Caching"


def test_sources_speak_to_the_query() -> None:
    """The passage that shares words with the query comes first; one too short to say anything is never shown."""
    sources = choose_sources(content(), 3, stem_weights([("hit rate", 1.0)]))
    assert sources[0].snippet == "Measure the hit rate of a cache."
    assert sources[0].credential_version == 3
    assert all(source.snippet != "Which one is right?" for source in sources)


def test_a_vector_hit_points_to_its_passage() -> None:
    """Without shared words the passage inside the best hit is chosen."""
    credential = content()
    start = credential.description.index("They choose")
    sources = choose_sources(credential, 1, {}, [Hit("description", start, len(credential.description), 1.0)])
    assert sources[0].snippet.startswith("They choose an eviction policy")


def test_there_is_always_a_source() -> None:
    """A credential that says almost nothing is cited by its title; nobody gets more than three."""
    terse = content(description="Aha. " * 12, outcomes=("Be there now.",))
    assert [(source.section, source.snippet) for source in choose_sources(terse, 1, {})] == [("title", terse.title)]
    assert len(choose_sources(content(), 1, stem_weights([("cache policy shop learners measure", 1.0)]))) <= MAX_SOURCES


def test_words_are_compared_by_their_stems() -> None:
    """Plural, tense and the commonest words make no difference."""
    assert stems("Caches and caching of databases") == stems("cache database")

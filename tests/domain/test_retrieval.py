"""A query in parts, and the fusion of what the parts found."""

from uuid import UUID, uuid4

from catalogs import NAMES, essay, learner
from hypothesis import given
from hypothesis import strategies as st

from assay.domain.retrieval import PartName, QueryPart, build_parts, fuse, websearch

A, B, C = (UUID(int=number) for number in (1, 2, 3))


def _part(name: PartName = PartName.ROLE, weight: float = 1.0, trust: float = 1.0) -> QueryPart:
    return QueryPart(name=name, text="x", terms=("x",), weight=weight, trust=trust)


def _parts(**changes: object) -> dict[PartName, QueryPart]:
    return {part.name: part for part in build_parts(learner(**changes), NAMES)}


def test_each_part_says_what_it_stands_for() -> None:
    """Role, gaps, interests and essays each carry their own words, skills by name, and nothing of the others."""
    parts = _parts(
        signals={"interest:http": 1.0, "interest:testing": -1.0, "goal:first-job": 1.0},
        free_texts=("I dream of a ticket shop.",),
        essays=(essay(covered=("Tests give confidence.",), missed=("Flaky tests hide faults.",)),),
    )
    assert set(parts) == set(PartName)
    assert "Backend Engineer" in parts[PartName.ROLE].text
    assert "ticket shop" in parts[PartName.INTERESTS].text
    assert "first job" in parts[PartName.INTERESTS].text
    assert parts[PartName.INTERESTS].terms == ("HTTP",)
    assert parts[PartName.GAPS].terms == ("Caching",)
    assert "Flaky tests" in parts[PartName.GAPS].text
    assert "Tests run on every change." in parts[PartName.ESSAYS].text
    assert "ticket shop" not in parts[PartName.ROLE].text + parts[PartName.GAPS].text + parts[PartName.ESSAYS].text


def test_empty_parts_are_absent() -> None:
    """A student without interests, gaps or essays is searched for by the role alone."""
    assert set(_parts(theory=())) == {PartName.ROLE}


def test_flagged_essays_lose_trust_and_say_so() -> None:
    """An off-topic essay lowers the part's trust with a note, keeps its sentences out of the query, and a blank one adds nothing."""
    doubtful = _parts(essays=(essay(), essay(accuracy=0, percent=0, sentences=("My holiday was sunny.",))))[PartName.ESSAYS]
    assert doubtful.trust == 0.6
    assert doubtful.note.startswith("1 of 2 essays")
    assert "holiday" not in doubtful.text
    assert PartName.ESSAYS not in _parts(essays=(essay(flags=("blank",), accuracy=0, percent=0),))


def test_slugs_are_searched_where_they_say_more_than_the_name() -> None:
    """`ci-cd` is searched beside its name, `caching` would only repeat it."""
    terms = _parts(signals={"interest:ci-cd": 1.0, "interest:caching": 0.5})[PartName.INTERESTS].terms
    assert terms == ("Continuous integration and delivery", "ci-cd", "Caching")


def test_a_query_is_quoted_phrases() -> None:
    """Phrases are quoted, repeated ones said once, quotation marks inside them gone."""
    assert websearch(["SQL", 'a "b"', "SQL", "  "]) == '"SQL" or "a b"'


def test_first_everywhere_is_one_and_unfound_is_nothing() -> None:
    """Relevance is 1 for what every list has first; each list's rank is kept."""
    fused = fuse([_part()], {"role.vector": [A, B], "role.text": [A]})
    assert fused[A].relevance == 1.0
    assert fused[A].ranks == {"role.vector": 1, "role.text": 1}
    assert 0 < fused[B].relevance < 0.5
    assert C not in fused


def test_trust_decides_how_much_a_part_pulls() -> None:
    """An essay part of no trust cannot lift its find above the role's; with full trust and more weight it can."""
    lists = {"role.text": [A], "essays.text": [B]}
    doubted = fuse([_part(), _part(PartName.ESSAYS, weight=2, trust=0.1)], lists)
    trusted = fuse([_part(), _part(PartName.ESSAYS, weight=2)], lists)
    assert next(iter(doubted)) == A
    assert next(iter(trusted)) == B


def test_a_search_that_did_not_run_does_not_count_against() -> None:
    """With the vector lists missing altogether, the best by text still has relevance 1."""
    assert fuse([_part()], {"role.text": [A, B]})[A].relevance == 1.0
    assert fuse([_part()], {}) == {}


@given(st.lists(st.lists(st.integers(1, 30).map(lambda number: UUID(int=number)), unique=True, max_size=20), min_size=1, max_size=4))
def test_fusion_is_bounded_ordered_and_repeatable(found: list[list[UUID]]) -> None:
    """Relevance lies in (0, 1], falls along the result, and the order of the lists does not matter."""
    lists = {f"{part}.text": ids for part, ids in zip(PartName, found, strict=False)}
    parts = [_part(name) for name in PartName]
    fused = fuse(parts, lists)
    scores = [entry.relevance for entry in fused.values()]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)
    assert list(fuse(parts, dict(reversed(lists.items())))) == list(fused)


def test_a_better_rank_never_hurts() -> None:
    """Moving up in a list raises relevance."""
    others = [uuid4() for _ in range(5)]
    low = fuse([_part()], {"role.text": [*others, A]})[A].relevance
    high = fuse([_part()], {"role.text": [A, *others]})[A].relevance
    assert high > low

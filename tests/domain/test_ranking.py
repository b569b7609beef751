"""The rerank: every point has a reason, nothing is random, and an advisor can defend the order."""

import random
from typing import Any

import pytest
from catalogs import FOCUS, NAMES, candidate, learner
from hypothesis import given
from hypothesis import strategies as st

from assay.domain.learner import TheoryResult
from assay.domain.ranking import MAX_EXCLUDED, MAX_ITEMS, Ranking, rerank
from assay.domain.suitability import Candidate, Preferences


def _slugs(ranking: Ranking) -> list[str]:
    return [item.candidate.slug for item in ranking.items]


def _codes(ranking: Ranking, slug: str) -> set[str]:
    return {reason.code for item in ranking.items if item.candidate.slug == slug for reason in item.reasons}


def _excluded(ranking: Ranking) -> dict[str, str]:
    return {entry.title: entry.code for entry in ranking.excluded}


def _ranked(*candidates: Candidate, **changes: Any) -> Ranking:
    return rerank(learner(**changes), candidates, NAMES)


def test_what_is_missing_comes_before_what_is_known() -> None:
    """Of two equally relevant credentials the one that closes a gap comes first, and says so."""
    ranking = _ranked(candidate("more-sql", "sql"), candidate("caching", "caching", level="beginner"))
    assert _slugs(ranking) == ["caching", "more-sql"]
    gap = next(reason for reason in ranking.items[0].reasons if reason.code == "skill_gap")
    assert gap.text == "Builds Caching, where your answers left room to grow."


def test_interests_decide_between_equals_and_dislikes_count() -> None:
    """A liked skill lifts, a disliked one lowers; both are said."""
    ranking = _ranked(
        candidate("a-http", "http"), candidate("b-testing", "testing"), signals={"interest:testing": 1.0, "interest:http": -1.0}
    )
    assert _slugs(ranking) == ["b-testing", "a-http"]
    assert "Matches your interest in Software testing." in [reason.text for reason in ranking.items[0].reasons]
    assert "You were less drawn to HTTP." in [reason.text for reason in ranking.items[1].reasons]


def test_off_topic_credentials_come_last() -> None:
    """What the role does not ask for is not lifted by a search that happened to find it."""
    ranking = _ranked(candidate("pottery", "pottery", relevance=0.6), candidate("http", "http", relevance=0.5))
    assert _slugs(ranking)[0] == "http"


def test_the_level_fits_what_was_shown() -> None:
    """For an unknown skill intermediate beats advanced; for a skill shown often advanced beats beginner."""
    levels = [candidate(level, "http", level=level) for level in ("beginner", "intermediate", "advanced")]
    assert _slugs(_ranked(*levels[1:]))[0] == "intermediate"
    expert = tuple(TheoryResult(skills=("http",), credit=1) for _ in range(6))
    assert _slugs(_ranked(levels[0], levels[2], theory=expert))[0] == "advanced"


def test_beginner_credentials_of_known_skills_are_left_out_with_a_reason() -> None:
    """Somebody with experience who also showed it is not sent back to the start."""
    theory = tuple(TheoryResult(skills=("sql",), credit=1) for _ in range(3))
    ranking = _ranked(
        candidate("first-sql", "sql", level="beginner"), candidate("http", "http"), theory=theory, signals={"experience:sql": 1}
    )
    assert _slugs(ranking) == ["http"]
    assert _excluded(ranking) == {"First Sql": "already_known"}


def test_a_beginner_credential_fits_a_gap_that_showed() -> None:
    """When the main skill was asked about and missed, starting from the beginning is right."""
    assert "level_fit" in _codes(_ranked(candidate("caching", "caching", "sql", level="beginner")), "caching")


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"published": False}, "retired"), ({"language": "de"}, "language"), ({"prerequisite_skills": ("caching", "testing")}, "too_early")],
)
def test_what_is_out_of_the_question_is_left_out(changes: dict[str, Any], code: str) -> None:
    """Retired, taught in another language, built on what was missed: never recommended, always explained."""
    missed = [TheoryResult(skills=(skill,), credit=0, difficulty=1) for skill in ("caching", "testing")]
    ranking = _ranked(candidate("best", "caching", relevance=1.0, **changes), candidate("other", "http", relevance=0.1), theory=missed)
    assert _slugs(ranking) == ["other"]
    assert _excluded(ranking) == {"Best": code}


def test_one_lacking_skill_is_a_step_and_not_a_wall() -> None:
    """Built on one thing that was missed: still recommended, with what it costs said."""
    ranking = _ranked(candidate("best", "caching", relevance=1.0, prerequisite_skills=("caching",)), candidate("other", "http"))
    assert "prerequisite" in _codes(ranking, "best")


def test_preferences_change_the_list() -> None:
    """Completed credentials go, other languages may come, less time makes long ones fall."""
    candidates = [candidate("done", "http"), candidate("deutsch", "http", language="de"), candidate("long", "testing", workload_hours=90)]
    wishes = Preferences(languages=frozenset({"en", "de"}), completed=frozenset({"done"}), hours=30)
    ranking = rerank(learner(), candidates, NAMES, preferences=wishes)
    assert set(_slugs(ranking)) == {"deutsch", "long"}
    assert "workload" in _codes(ranking, "long")
    assert _excluded(ranking) == {"Done": "completed"}


def test_a_prerequisite_comes_first_and_is_lifted_by_what_it_opens() -> None:
    """What builds on an unmet prerequisite stands after it, whatever the search said."""
    first = candidate("basics", "debugging", relevance=0.1, level="beginner")
    then = candidate("beyond", "caching", "http", relevance=1.0, prerequisites=("basics",))
    theory = (TheoryResult(skills=("debugging",), credit=0), TheoryResult(skills=("sql",), credit=1))
    ranking = _ranked(then, first, theory=theory, signals={"interest:caching": 1.0, "interest:http": 1.0})
    assert _slugs(ranking) == ["basics", "beyond"]
    assert "opens_the_way" in _codes(ranking, "basics")
    assert "sequence" in _codes(ranking, "beyond")


def test_a_prerequisite_that_was_shown_is_not_asked_for() -> None:
    """Somebody who masters what a prerequisite teaches goes straight on, and the prerequisite is covered."""
    theory = tuple(TheoryResult(skills=("sql",), credit=credit) for credit in (1, 1, 0.4))
    ranking = _ranked(candidate("basics", "sql", level="beginner"), candidate("beyond", "http", prerequisites=("basics",)), theory=theory)
    assert _slugs(ranking)[0] == "beyond"
    assert not _codes(ranking, "beyond") & {"sequence", "prerequisite"}
    assert "basics" not in _slugs(ranking)


def test_a_prerequisite_that_is_not_on_offer_costs() -> None:
    """An unmet prerequisite outside the candidates is named and counts against."""
    ranking = _ranked(candidate("beyond", "http", prerequisites=("nowhere",)))
    assert "prerequisite" in _codes(ranking, "beyond")


def test_prerequisites_in_a_circle_do_no_harm() -> None:
    """A mistake in the catalog does not stop a recommendation."""
    circle = [candidate("hen", "http", prerequisites=("egg",)), candidate("egg", "caching", prerequisites=("hen",))]
    assert _slugs(_ranked(*circle))


def test_no_more_than_two_of_the_same() -> None:
    """The third credential with the same main skill makes room for another, and overlap is discounted."""
    same = [candidate(f"caching-{number}", "caching", "http", relevance=0.9) for number in range(4)]
    ranking = _ranked(*same, candidate("testing", "testing", relevance=0.2))
    assert _slugs(ranking) == ["caching-0", "testing", "caching-1"] or _slugs(ranking) == ["caching-0", "caching-1", "testing"]
    assert "overlap" in _codes(ranking, "caching-1")
    assert "similar" in _excluded(ranking).values()


def test_ties_fall_to_the_slug_whatever_the_order_of_the_candidates() -> None:
    """Twenty equal candidates in any order give the same list."""
    equal = [candidate(f"c-{number:02}", FOCUS[number % 4], f"extra-{number}") for number in range(20)]
    expected = _ranked(*equal)
    for seed in range(5):
        shuffled = random.Random(seed).sample(equal, len(equal))
        assert _ranked(*shuffled) == expected


def test_nothing_to_choose_from() -> None:
    """No candidates, no items, no failure."""
    assert _ranked() == Ranking(items=())


skills = st.lists(st.sampled_from([*FOCUS, "pottery", "cobol"]), min_size=1, max_size=4, unique=True)


@given(
    st.lists(
        st.tuples(skills, st.floats(0, 1), st.sampled_from(["beginner", "intermediate", "advanced"]), st.integers(5, 200)), max_size=25
    )
)
def test_scores_are_their_reasons_and_fall_along_the_list(drawn: list[tuple[list[str], float, str, int]]) -> None:
    """Whatever the candidates: at most eight items, each once, scores add up from reasons and never rise, exclusions are disjoint."""
    candidates = [
        candidate(f"c-{number}", *taught, relevance=relevance, level=level, workload_hours=hours)
        for number, (taught, relevance, level, hours) in enumerate(drawn)
    ]
    ranking = rerank(learner(signals={"interest:http": 1, "pace:light": 1}), candidates, NAMES)
    assert len(set(_slugs(ranking))) == len(ranking.items) <= MAX_ITEMS
    scores = [item.score for item in ranking.items]
    assert scores == sorted(scores, reverse=True)
    for item in ranking.items:
        assert item.score == pytest.approx(sum(reason.contribution for reason in item.reasons), abs=1e-6)
    assert len(ranking.excluded) <= MAX_EXCLUDED
    assert not {entry.credential_id for entry in ranking.excluded} & {item.candidate.credential_id for item in ranking.items}

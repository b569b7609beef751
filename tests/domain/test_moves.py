"""What moved and why: words for every way in which a credential can stand, come or go."""

from typing import Any

from catalogs import FOCUS, NAMES, candidate, essay, identifier, learner, track

from assay.domain.learner import TheoryResult
from assay.domain.learning import Learning
from assay.domain.moves import Moves, Recommended, compare
from assay.domain.ranking import appraise, rerank, select
from assay.domain.retrieval import PartName, build_parts, fuse, weigh
from assay.domain.suitability import SIGNALS, Candidate, Preferences
from assay.domain.what_if import Basis, Standpoint, Supposition, changed_parts, merged, suppose, told

POOL = [candidate(f"{skill}-{level}", skill, level=level) for skill in FOCUS for level in ("beginner", "intermediate")]


def supposed(pool: list[Candidate] | None = None, found: list[Candidate] | None = None, **values: Any) -> Moves:
    """What a supposition moves in a pool, in which `found` are found besides."""
    candidates = POOL if pool is None else pool
    before = Standpoint(learner(), Preferences())
    after = suppose(before, Supposition.model_validate(values))
    appraisal = appraise(before.learner, candidates, NAMES, before.preferences)
    recommended = [
        Recommended(item.candidate.credential_id, item.candidate.content.title, rank, item.score, item.reasons)
        for rank, item in enumerate(select(appraisal, candidates).items, start=1)
    ]
    watched = {each.credential_id for each in recommended}
    ranking = rerank(after.learner, [*candidates, *(found or [])], NAMES, preferences=after.preferences, watched=watched)
    return compare(recommended, appraisal, ranking)


def whys(moves: Moves) -> dict[str, str]:
    """Why, by title."""
    return {item.title: item.why for item in moves.items}


def test_nothing_supposed_moves_nothing() -> None:
    """Every credential stays as it was."""
    moves = supposed()
    assert {item.why for item in moves.items} == {"Stays as it was."}
    assert {item.moved for item in moves.items} == {0}
    assert (moves.removed, moves.summary) == ((), "Nothing changes its place.")


def test_a_gain_is_told_with_its_size() -> None:
    """The reason whose part changed most comes with the difference, and the head says in which direction."""
    moves = supposed(interests={"http": 1.0})
    assert whys(moves)["Http Intermediate"].startswith(f"Fits better: matches your interest in HTTP ({SIGNALS['interest']:+.2f})")
    less = supposed(interests={"caching": -1.0})
    assert all(why.startswith("Fits less: you were less drawn to Caching (-0.") for title, why in whys(less).items() if "Caching" in title)


def test_a_reason_that_is_gone_is_told_as_gone() -> None:
    """A gap that prior learning closes was worth something before."""
    pool = [candidate("both", "caching", "http"), candidate("other", "testing")]
    why = whys(supposed(pool, prior_learning=["caching", "http"], level="beginner"))["Both"]
    assert "no longer holds that “Builds Caching, where your answers left room to grow.” (-0." in why


def test_a_reason_that_remains_with_less_weight_is_not_told_as_gained() -> None:
    """What speaks against a credential still does, only less: the words and the sign do not contradict each other."""
    why = whys(supposed([candidate("deep", "testing", level="advanced"), candidate("other", "http")], level="advanced"))["Deep"]
    assert why.startswith("Fits better: ")
    assert "less weight on “Advanced level is above what your answers show, with the advanced level in view.” (+0." in why


def test_every_one_that_goes_is_accounted_for() -> None:
    """Completed, learned, in another language, or outranked: each with its code."""
    completed = supposed(completed=["caching-intermediate"])
    assert [(each.title, each.code) for each in completed.removed] == [("Caching Intermediate", "completed")]
    learned = supposed(prior_learning=["caching"])
    assert {each.code for each in learned.removed} == {"prior_learning"}
    foreign = supposed(languages=["de"])
    assert (foreign.items, {each.code for each in foreign.removed}) == ((), {"language"})
    assert foreign.summary == f"Of 0 recommendations: {len(foreign.removed)} no longer recommended."


def test_one_that_is_no_longer_found_says_so() -> None:
    """A recommended credential that is in no pool any more has a reason too."""
    before = appraise(learner(), POOL, NAMES)
    gone = Recommended(identifier("gone"), "Gone", 1, 0.5, ())
    (removed,) = compare([gone], before, rerank(learner(), POOL, NAMES)).removed
    assert (removed.code, removed.previous_rank) == ("not_found", 1)


def test_one_that_comes_says_what_opened_the_way() -> None:
    """Left out before, newly found, or there all along and lifted now."""
    german = candidate("deutsch", "caching", language="de", relevance=0.9)
    assert whys(supposed([*POOL, german], languages=["en", "de"]))["Deutsch"] == (
        "Was left out before: it is taught in another language (de)."
    )
    found = candidate("found", "sql", "caching", relevance=0.9)
    assert whys(supposed(POOL[:3], [found], interests={"sql": 1.0}))["Found"].startswith("Newly found: ")


def test_prior_learning_counts_as_mastery_but_was_not_shown() -> None:
    """Declared skills are no gap, no need and no strength that the answers showed."""
    knowing = Learning(prior_learning=("caching", "http")).known_of(learner())
    assert (knowing.mastery("caching"), knowing.need("caching")) == (1.0, 0.0)
    assert "caching" in learner().weak
    assert "caching" not in knowing.weak
    assert knowing.strong == learner().strong
    assert knowing.shown == learner().shown


def test_prior_learning_rules_out_up_to_the_level_aimed_for() -> None:
    """For an intermediate role the advanced credential of a known skill remains; for an advanced one it goes too."""
    pool = [candidate(level, "http", level=level) for level in ("beginner", "intermediate", "advanced")]

    def left(aim: str) -> set[str]:
        knowing = Learning(prior_learning=("http",)).known_of(learner(track=track(target_level=aim)))
        return {item.candidate.slug for item in rerank(knowing, pool, NAMES).items}

    assert left("intermediate") == {"advanced"}
    assert left("advanced") == set()


def test_what_is_known_from_both_is_told_as_known() -> None:
    """A beginner's credential of a shown and a declared skill is not said to be shown by the answers."""
    knowing = Learning(prior_learning=("http",)).known_of(learner(theory=[TheoryResult(skills=("sql",), credit=1)] * 6))
    (excluded,) = rerank(knowing, [candidate("basics", "sql", "http", level="beginner")], NAMES).excluded
    assert (excluded.code, excluded.reason) == ("already_known", "It starts from the beginning, and you already know SQL and HTTP.")


def test_the_aim_shifts_the_level_that_suits() -> None:
    """Who aims higher loses nothing by an advanced credential that was above them before."""
    found = [candidate("deep", "testing", level="advanced"), candidate("middle", "http")]

    def level(aim: str) -> tuple[str, float]:
        (item,) = [item for item in rerank(learner(track=track(target_level=aim)), found, NAMES).items if item.candidate.slug == "deep"]
        return next((reason.code, reason.contribution) for reason in item.reasons if reason.code.startswith("level"))

    assert level("beginner")[1] < level("intermediate")[1] < level("advanced")[1]


def test_what_was_declared_is_told_first_when_there_is_no_room() -> None:
    """A completed credential far down the list is an exclusion worth a word, though six others were nearer."""
    crowd = [candidate(f"german-{number:02}", "http", language="de", relevance=0.9) for number in range(20)]
    done = candidate("done", "sql", relevance=0.1)
    ranking = rerank(learner(), [*crowd, done], NAMES, preferences=Preferences(completed=frozenset({"done"})))
    assert [entry.code for entry in ranking.excluded] == ["language"] * 5 + ["completed"]


def test_a_stored_basis_gives_the_same_relevance() -> None:
    """Ranks that went through JSON weigh what the fusion gave; an empty list searched still counts."""
    parts = build_parts(learner(signals={"interest:http": 1.0}), NAMES)
    lists = {"role.text": [each.credential_id for each in POOL], "role.vector": [POOL[1].credential_id], "gaps.text": []}
    fused = fuse(parts, lists)
    pool = [each._replace(ranks=fused[each.credential_id].ranks) for each in POOL]
    stored = Basis.model_validate_json(Basis.of(Learning(), lists, pool).model_dump_json())
    assert weigh(parts, stored.lists, stored.ranks()) == fused


def test_only_what_changed_takes_new_ranks() -> None:
    """The unchanged part keeps its stored rank although a search now finds another; what is found besides joins."""
    one, other = identifier("one"), identifier("other")
    basis = Basis(learning=Learning(), lists=("gaps.text", "role.text"), pool={one: (1, 4)})
    parts = build_parts(learner(), NAMES)
    found = fuse(parts, {"role.text": [other, one], "gaps.text": [other, other, one]})
    ranks = merged(basis, found, {PartName.GAPS}, ["role.text", "gaps.text"])
    assert ranks == {one: {"role.text": 4, "gaps.text": 2}, other: {"role.text": 1, "gaps.text": 1}}
    assert merged(basis, {}, {PartName.GAPS, PartName.ROLE}, []) == {}


def test_parts_that_changed_are_named() -> None:
    """One that says something else, one that is new, one that is gone."""
    plain, curious = build_parts(learner(), NAMES), build_parts(learner(signals={"interest:http": 1.0}), NAMES)
    assert changed_parts(plain, plain) == frozenset()
    assert changed_parts(plain, curious) == changed_parts(curious, plain) == {PartName.INTERESTS}
    written = build_parts(learner(essays=(essay(),)), NAMES)
    assert PartName.ESSAYS in changed_parts(plain, written)


def test_what_is_supposed_is_told_in_sentences() -> None:
    """A sentence for each difference and none for what stays."""
    before = Standpoint(learner(signals={"interest:http": 0.25, "pace:steady": 1.0}), Preferences())
    values = {
        "interests": {"http": 0.25, "sql": -0.5, "caching": 1.0},
        "level": "advanced",
        "hours": 12.5,
        "prior_learning": ["testing"],
        "languages": ["en", "de"],
    }
    after = suppose(before, Supposition.model_validate(values))
    assert list(told(before, after, NAMES, ["Some Title"])) == [
        "More interest in Caching: 1.00 instead of 0.00.",
        "Less interest in SQL: -0.50 instead of 0.00.",
        "The level aimed for is advanced instead of intermediate.",
        "There are 12.5 hours in all instead of 60.",
        "Completed besides: Some Title.",
        "Learned already: Software testing.",
        "Languages: de and en instead of en.",
    ]
    assert list(told(before, suppose(before, Supposition()), NAMES, [])) == []
    assert suppose(before, Supposition()) == before

"""The data sets of the evaluations: they load, keep their own rules and agree with the seeds."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from evals import attacks
from evals.attacks import Corpus, Place
from evals.essays import FILES, HELD_OUT, OWN, DataError, GradedEssay, Half, load, own, read_lines
from evals.questions import essay_questions


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """All attacks, bases and passages."""
    return attacks.read()


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    """The lines of our own graded essays, the held-out ones too where they are there."""
    paths = [OWN / name for names in FILES.values() for name in names]
    return [raw for path in paths if path.exists() for _, raw in read_lines(path)]


def test_prompts_are_those_of_the_seeds() -> None:
    """Prompt and key points are the question's of that slug, word for word, as many questions of each track; none comes twice."""
    prompts = [raw for _, raw in read_lines(OWN / "prompts.jsonl")]
    for raw in prompts:
        question = essay_questions()[raw["question_slug"]]
        assert (raw["prompt"], raw["track"]) == (question.prompt, question.track)
        assert raw["key_points"] == [point.text for point in question.rubric.key_points]
    assert len(set(Counter(raw["track"] for raw in prompts).values())) == 1
    assert len({raw["track"] for raw in prompts}) == 6
    assert len({raw["question_slug"] for raw in prompts}) == len(prompts) >= 12


def test_development_holds_all_essays_that_were_looked_at(lines: list[dict[str, Any]]) -> None:
    """265 base essays with 137 twins on 18 questions by two authors, who share none; ids are unique, each twin has its base."""
    essays = own(Half.DEV)
    bases = {essay.id for essay in essays if essay.twin_of is None}
    assert (len(bases), len(essays), len({essay.question.prompt for essay in essays})) == (265, 402, 18)
    assert Counter(author for author, _ in {(essay.author, essay.question.prompt) for essay in essays}) == {"first": 12, "second": 6}
    assert all(essay.twin_of in bases for essay in essays if essay.twin_of)
    assert all(essay.question.min_words and set(essay.scores) == {"clarity", "accuracy", "coherence"} for essay in essays)
    assert len({raw["id"] for raw in lines}) == len(lines)


def test_the_test_half_has_questions_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Held-out essays stand in a file of their own and are read where it is there; where it is not, a sentence says so."""
    essay = {"id": "new-01", "prompt_id": "new", "essay": "Light is scattered.", "scores": {"accuracy": 1}, "split": "test"}
    prompt = {"prompt_id": "new", "prompt": "Why is the sky blue?", "key_points": ["Short waves scatter more.", "Air scatters light."]}
    (tmp_path / "prompts.jsonl").write_text(json.dumps(prompt), encoding="utf-8")
    monkeypatch.setattr("evals.essays.OWN", tmp_path)
    with pytest.raises(DataError, match="the test half of the graded essays is not there"):
        own(Half.TEST)
    held_out = tmp_path / HELD_OUT
    held_out.write_text(json.dumps(essay), encoding="utf-8")
    assert [one.id for one in own(Half.TEST)] == ["new-01"]
    held_out.write_text(json.dumps(essay | {"split": "dev"}), encoding="utf-8")
    with pytest.raises(DataError, match=r"heldout\.jsonl:1: split: test is needed"):
        own(Half.TEST)
    held_out.write_text(json.dumps(essay | {"prompt_id": "other"}), encoding="utf-8")
    with pytest.raises(DataError, match=r"heldout\.jsonl:1: prompt_id"):
        own(Half.TEST)


def test_no_question_is_in_both_halves() -> None:
    """What is held out shares no question with what was tuned on."""
    held_out = {essay.question.prompt for essay in own(Half.TEST)}
    assert held_out
    assert held_out.isdisjoint({essay.question.prompt for essay in own(Half.DEV)})


def test_twins_keep_what_they_must(lines: list[dict[str, Any]]) -> None:
    """Accuracy never changes; style twins keep coherence; shuffled ones have the same sentences in another order and less coherence."""
    known = {raw["id"]: raw for raw in lines}
    for raw in (raw for raw in lines if raw["twin_of"]):
        base = known[raw["twin_of"]]
        scores, before = raw["scores"], base["scores"]
        assert (scores["accuracy"], raw["kind"]) == (before["accuracy"], base["kind"])
        if raw["style"] == "shuffled":
            now, then = (re.split(r"(?<=[.!?])\s+|(?<=[.!?]\")\s+", one["essay"]) for one in (raw, base))
            assert sorted(now) == sorted(then)
            assert now != then
            assert scores["coherence"] < before["coherence"]
        else:
            assert scores["coherence"] == before["coherence"]


def test_attacks_load_with_unique_ids(corpus: Corpus) -> None:
    """281 attacks (233 of them obvious), 12 bases, three of each quality, 108 passages; both halves together are the whole."""
    assert (len(corpus.attacks), sum(one.obvious for one in corpus.attacks), len(corpus.benign)) == (281, 233, 108)
    assert Counter(base.quality for base in corpus.bases) == dict.fromkeys(("poor", "weak", "fair", "good"), 3)
    for entries in corpus:
        assert len({one.id for one in entries}) == len(entries)
    assert sum(len(corpus.of(half).attacks) for half in Half) == 281
    assert all(int(one.id[-2:]) % 2 == 0 for one in corpus.of(Half.TEST).benign)


def test_bases_answer_questions_of_the_seeds(corpus: Corpus) -> None:
    """Two of each track, and no base has a watched flag of its own."""
    assert Counter(base.question.track for base in corpus.bases) == dict.fromkeys({base.question.track for base in corpus.bases}, 2)
    assert not any(attacks.flagged_alone(base.essay) for base in corpus.bases)


def test_every_span_fits_into_every_base(corpus: Corpus) -> None:
    """Wrapping spans name the essay once, the others stand whole in the range that is reported, and the base is all there."""
    assert all(one.span.count("{essay}") == 1 for one in corpus.attacks if one.place is Place.WRAPPED)
    for base in corpus.bases:
        for one in corpus.attacks:
            text, ranges = attacks.insert(one.span, one.place, base.essay)
            put = [text[start:end] for start, end in ranges]
            assert "{essay}".join(put) == one.span
            rest = text[: ranges[0][0]] + text[ranges[0][1] : ranges[-1][0]] + text[ranges[-1][1] :]
            assert one.place is Place.REPLACE or rest.split() == base.essay.split()


def test_a_middle_falls_between_sentences() -> None:
    """The span follows the sentence that reaches the half, with a space on both sides."""
    placed = attacks.insert("X", Place.MIDDLE, "One short. A second sentence here. The third.")
    assert placed.text == "One short. A second sentence here. X The third."
    assert placed.ranges == ((35, 36),)


def test_bases_are_drawn_by_seed(corpus: Corpus) -> None:
    """A sample has one base of each quality for each text, is the same for the same seed, and everything is everything."""
    drawn = attacks.draw(corpus.bases, 20, seed=3, everything=False)
    assert drawn == attacks.draw(corpus.bases, 20, seed=3, everything=False) != attacks.draw(corpus.bases, 20, seed=4, everything=False)
    assert all({corpus.bases[place].quality for place in places} == {"poor", "weak", "fair", "good"} for places in drawn)
    assert attacks.draw(corpus.bases, 2, seed=3, everything=True) == [list(range(12))] * 2


def written(path: Path, **fields: Any) -> list[GradedEssay]:
    """The essays of a set of one line."""
    line = {"prompt": "Why is the sky blue by day? And red in the evening?", "essay": "Light is scattered.", "scale": 4} | fields
    path.write_text(json.dumps(line) + "\n\n", encoding="utf-8")
    return load(path)


def test_another_set_brings_its_own_scale(tmp_path: Path) -> None:
    """Key points become the rubric, and the grader's levels are brought to the scale of the scores."""
    points = ["Short waves are scattered more.", "In the evening light has a longer way."]
    (essay,) = written(tmp_path / "set.jsonl", key_points=points, scores={"accuracy": 6, "overall": 1}, scale=[1, 6])
    assert [point.text for point in essay.question.rubric.key_points] == points
    assert [essay.on_scale(level) for level in range(5)] == [1, 2, 4, 5, 6]
    assert dict(essay.scores) == {"accuracy": 6, "overall": 1}


def test_a_reference_serves_as_key_points(tmp_path: Path) -> None:
    """Its sentences are what a good answer says."""
    (essay,) = written(tmp_path / "set.jsonl", reference="Air scatters blue light. Red light passes it.", scores={"accuracy": 3})
    assert [point.text for point in essay.question.rubric.key_points] == ["Air scatters blue light.", "Red light passes it."]


def test_accuracy_needs_something_to_be_right_about(tmp_path: Path) -> None:
    """Without key points, reference or slug the other scores stay, accuracy and overall go."""
    (essay,) = written(tmp_path / "set.jsonl", scores={"accuracy": 3, "clarity": 2, "overall": 2})
    assert dict(essay.scores) == {"clarity": 2}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"scores": {"accuracy": 5}}, "set.jsonl:1: scores.accuracy"),
        ({"scores": {"charm": 1}}, "set.jsonl:1: scores.charm"),
        ({"scores": {}}, "set.jsonl:1: scores"),
        ({"scores": {"clarity": 1}, "question_slug": "no-such-question"}, "set.jsonl:1: question_slug"),
        ({"scores": {"clarity": 1}, "key_points": ["Only one point is too few."]}, "set.jsonl:1: key_points"),
    ],
)
def test_wrong_lines_are_named(tmp_path: Path, fields: dict[str, Any], told: str) -> None:
    """File, line and field stand in the message."""
    with pytest.raises(DataError, match=told):
        written(tmp_path / "set.jsonl", **fields)


def test_what_is_no_json_is_named(tmp_path: Path) -> None:
    """So are the line that is none, and the file that is not there."""
    (tmp_path / "set.jsonl").write_text("[1]\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"set\.jsonl:1: is no JSON object"):
        load(tmp_path / "set.jsonl")
    with pytest.raises(DataError, match="cannot be read"):
        load(tmp_path / "none.jsonl")

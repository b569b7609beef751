"""The result page: every score with its evidence, every recommendation with its sources, every substitute named."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from journeys import Student
from visitor import Page, Visit

from assay.domain.actors import Author, Role
from assay.domain.degradation import Cause, Degradation, Stage
from assay.domain.fusion import DroppedSentence, Fact, FactKind, Sentence
from assay.domain.grading import Cap, Producer, Provenance, Quote, Usage
from assay.domain.rubric import Dimension
from assay.domain.tracks import SkillLevel
from assay.runtime import Runtime
from assay.services.assessments import TrackName
from assay.services.overrides import OverrideRead
from assay.services.results import (
    DimensionScore,
    EssayResult,
    Exclusion,
    Reason,
    RecommendationRead,
    RecommendedItem,
    Result,
    Scores,
    Source,
    Summary,
)
from assay.services.submission import RuleScores
from assay.services.upgrades import Changes, LevelMove, Named, StageChange
from assay.web import wording
from assay.web.rendering import ENVIRONMENT
from assay.web.result_view import view
from assay.worker.drainer import Drainer

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
INSTEAD: tuple[Producer | None, ...] = ("built-in", "static", None)
NASTY = '<script>alert("1")</script>\u202e'
ESSAY = f"One two three four five. {NASTY} Six seven eight."
OPINION: dict[str, Any] = {"relevance": None, "fit": None, "comment": "", "decisions": {}}


def dimension(level: int | None, *spans: tuple[int, int], **changes: Any) -> DimensionScore:
    """A dimension whose quotes are spans of the essay."""
    quotes = tuple(Quote(text=ESSAY[start:end], start=start, end=end) for start, end in spans)
    values = {
        "descriptor": "As the rubric says.",
        "rationale": "Because.",
        "improvement": "More of it.",
        "held": level is None,
        "held_reason": None,
    }
    return DimensionScore.model_validate({"level": level, "quotes": quotes, "features": {}, **values, **changes})


def result(**changes: Any) -> Result:
    """A small result with one essay and one recommendation."""
    essay = EssayResult(
        id=uuid4(),
        question_id=uuid4(),
        position=4,
        prompt="Explain `this`.",
        essay=ESSAY,
        percent=62.5,
        dimensions={
            Dimension.CLARITY: dimension(3, (0, 13)),
            Dimension.ACCURACY: dimension(2, (4, 18), (4, 18)),
            Dimension.COHERENCE: dimension(None, held_reason="no quote was given for this level"),
        },
        feedback="Go on like this.",
        covered=("A point that is made",),
        missed=(f"A point that is {NASTY}",),
        flags=("instruction_like", "something_new"),
        evaluator="openai (a-model)",
        provenance=Provenance(
            producer="openai",
            model="a-model",
            prompt_hash="p" * 64,
            rubric_hash="r" * 64,
            usage=Usage(input_tokens=11, output_tokens=7, duration_ms=1234),
        ),
    )
    item = RecommendedItem(
        rank=1,
        credential_id=uuid4(),
        title=f"Title {NASTY}",
        provider="Provider",
        level=SkillLevel.ADVANCED,
        workload_hours=1,
        description="What it teaches.",
        score=0.61,
        reasons=(Reason(code="skill_gap", text="Covers it.", contribution=0.7), Reason(code="workload", text="Long.", contribution=-0.09)),
        sources=(Source(credential_version=3, section="outcomes", snippet="Word for word.", start=0, end=14),),
        ranks={"role.vector": 2, "other": 5},
    )
    facts = (Fact(id="f1", kind=FactKind.SCORE, text="The essays earned 62.5 percent"),)
    summary = Summary(
        text="Fine.",
        sentences=(Sentence(text="Fine.", facts=("f1", "gone")),),
        facts=facts,
        dropped=(DroppedSentence(text="x", reason="y"),),
    )
    values: dict[str, Any] = {
        "assessment_id": uuid4(),
        "track": TrackName(id=uuid4(), slug="t", name=f"Track {NASTY}"),
        "scores": Scores(rule=RuleScores(total=0, max=0, percent=0, questions=()), essay=62.5, overall=62.5),
        "theory": (),
        "essay_scores": (essay,),
        "recommendation": RecommendationRead(
            id=uuid4(),
            version=1,
            summary=summary,
            items=(item,),
            excluded=(Exclusion(credential_id=uuid4(), title="Left out", reason="It is no longer offered."),),
            provenance={},
        ),
        "rag_traces": (),
        "degraded": False,
        "degradations": (),
        "submitted_at": NOON,
        "generated_at": NOON,
        "processing_ms": 4321.0,
    }
    return Result.model_validate({**values, **changes})


def shown(made: Result, *, own: bool = True) -> Page:
    """The page of a result."""
    html = ENVIRONMENT.get_template("result.html").render(
        **view(made),
        session=None,
        csrf="",
        places=(),
        area=None,
        notice="",
        contact="",
        path="/",
        comparisons={},
        formats={},
        own=own,
        opinion=OPINION,
        incomplete=False,
        thanked=False,
    )
    return Page(httpx2.Response(200, text=html, request=httpx2.Request("GET", "http://assay.test/")))


def test_levels_are_words_and_quotes_are_marked() -> None:
    """Levels stand as words, each quote is marked once in the essay, numbered, and linked both ways."""
    page = shown(result())
    assert all(words in page.text for words in ("Good 3 of 4", "Developing 2 of 4", "Held for a person"))
    assert '<mark class="for-clarity for-accuracy">two three</mark>' in page.html
    assert {"e4-mark-1", "e4-quote-1", "e4-mark-2", "e4-quote-2"} <= set(page.ids)
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert "no quote was given for this level" in page.text


def essay_with(**changes: Any) -> EssayResult:
    """The essay of the small result, changed."""
    return result().essay_scores[0].model_copy(update=changes)


def test_a_level_that_counts_for_less_says_so() -> None:
    """A cap stands beside the evaluator's own level with its reason; nothing is lowered in silence."""
    capped = dimension(2, (0, 13), model_level=3, cap=Cap(flag="copied_prompt", level=2, reason="Much of it is the question."))
    text = shown(result(essay_scores=(essay_with(dimensions={Dimension.CLARITY: capped}),))).text
    assert "The evaluator gave level 3 of 4; it counts as 2. Much of it is the question." in text


@pytest.mark.parametrize(
    ("level", "said"), [(4, "Your advisor set this level; the evaluator gave 2."), (2, "Your advisor confirmed this level.")]
)
def test_an_advisors_level_stands_beside_the_evaluators(level: int, said: str) -> None:
    """Whose level it is, what the evaluator gave, and why it was changed."""
    override = OverrideRead(level=level, reason="You explain it in the last line.", by=Author(role=Role.ADVISOR, pseudonym=None), at=NOON)
    changed = dimension(level, (0, 13), model_level=2, override=override)
    text = shown(result(essay_scores=(essay_with(dimensions={Dimension.CLARITY: changed}),))).text
    assert f"{said} You explain it in the last line." in text


def test_an_essay_that_waits_for_a_person_has_no_percentage() -> None:
    """Held is not nothing: no figure is shown where no level stands."""
    page = shown(result(essay_scores=(essay_with(percent=None, dimensions=dict.fromkeys(Dimension, dimension(None))),)))
    assert "0%" not in page.text
    assert "Question 4 Held" in page.text


def test_nothing_in_a_result_becomes_markup() -> None:
    """Essay, track, title and key points with markup and direction overrides are text; the page stays whole."""
    page = shown(result())
    assert (page.refused, page.stack) == ([], [])
    assert "<script>alert" not in page.html
    assert page.html.count("&lt;script&gt;alert") >= 4
    assert len(page.ids) == len(set(page.ids))


def test_a_recommendation_says_why_and_from_where() -> None:
    """Reasons in words, what speaks against it apart, the passage with section and version, what was left out."""
    text = shown(result()).text
    assert "Why it is here Covers it." in text
    assert "Worth knowing Long." in text
    assert "Word for word. Learning outcomes, version 3" in text
    assert "The role, by meaning 2; other 5." in text
    assert "Left out It is no longer offered." in text
    assert "1 sentence could not be proved and was left out." in text


def test_a_result_shows_how_it_came_about() -> None:
    """Evaluator, model, hashes, tokens and times stand in the open for whoever wants them."""
    text = shown(result()).text
    assert all(words in text for words in ("a-model", "pppppppppppp", "rrrrrrrrrrrr", "1.2 s", "4.3 s"))


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_words(cause: Cause) -> None:
    """A degraded stage says what happened, since when, and what that means, for every cause there is."""
    since = NOON + timedelta(minutes=5)
    stages = tuple(Degradation(stage=stage, cause=cause, since=since, replaced_by=instead) for stage, instead in product(Stage, INSTEAD))
    text = shown(result(degraded=True, degradations=stages)).text
    assert text.count("Since 22 November 2026, 12:05 UTC") == len(stages)
    assert "{who}" not in text
    assert all(wording.plain(each) and wording.cause(each)[0].isupper() for each in stages)


def test_whose_fault_it_was_depends_on_the_stage() -> None:
    """A search that was away is not put down to the language model, and essays nobody scored are not said to be scored."""
    search = Degradation(stage=Stage.RETRIEVAL, cause=Cause.TIMEOUT, since=NOON, replaced_by="built-in")
    held = Degradation(stage=Stage.ESSAY_SCORING, cause=Cause.CRASHED, since=NOON, replaced_by="static")
    assert wording.cause(search) == "The search by meaning did not answer in time."
    assert wording.plain(held) == "The essays wait for a person"


def test_what_is_missing_leaves_no_gap() -> None:
    """A result without scores, essays, sentences or items still reads as a page."""
    empty = RecommendationRead(
        id=uuid4(), version=1, summary=Summary(text="", sentences=(), facts=(), dropped=()), items=(), excluded=(), provenance={}
    )
    scores = Scores(rule=RuleScores(total=0, max=0, percent=0, questions=()), essay=None, overall=None)
    page = shown(result(scores=scores, essay_scores=(), recommendation=empty))
    assert "no part of this assessment has a score" in page.text
    assert "nothing to recommend" in page.text
    assert page.stack == []


def test_an_advisor_reads_without_being_asked() -> None:
    """The same page without the student's form and without speaking to them as the student."""
    page = shown(result(), own=False)
    assert not page.forms or all("/feedback" not in form.action for form in page.forms)
    assert "Would you take it?" not in page.text
    assert "The essay" in page.text


async def test_from_answers_to_feedback(visit: Visit, student: Student, track_id: UUID, drainer: Drainer, runtime: Runtime) -> None:
    """The whole way: the status leads to the result, the result is light and complete, feedback is kept and can be changed."""
    bundle, told = await student.finished(track_id)
    base = f"/assessments/{bundle['assessmentId']}"
    visitor = await visit("student")
    for path in ("", "/status", "/review", "/feedback"):
        assert (await visitor.get(base + path)).path == f"{base}/result"
    page = await visitor.get(f"{base}/result")
    assert (page.refused, page.stack) == ([], [])
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    for item in told["recommendation"]["items"]:
        assert item["title"] in page.text
        assert all(source["snippet"] in page.text for source in item["sources"])
    assert "Result ready" in (await visitor.get("/")).text

    refused = await visitor.fill(page, "/feedback", {"relevance": "4"})
    assert refused.status == 422
    assert ("relevance", "4") in refused.form("/feedback").fields
    credential = told["recommendation"]["items"][0]["credentialId"]
    thanked = await visitor.fill(refused, "/feedback", {"fit": "5", f"decision-{credential}": "accept", "comment": "<b>good</b>"})
    assert "Thank you" in thanked.text
    held = thanked.form("/feedback").fields
    assert {("relevance", "4"), ("fit", "5"), ("comment", "<b>good</b>"), (f"decision-{credential}", "accept")} <= set(held)

    proof = dict(held)["csrf"]
    as_script = await visitor.send(f"{base}/feedback", [*held, ("csrf", proof)], accept="application/json")
    assert as_script.json()["savedAt"]
    incomplete = [pair for pair in held if pair[0] != "fit"]
    assert (await visitor.send(f"{base}/feedback", incomplete, accept="application/json")).status_code == 422

    advisor = await visit("advisor")
    assert f"{base}/result" in (await advisor.get("/")).links
    assert "Your decision" in (await advisor.get(base)).text


async def test_the_status_is_told_live(visit: Visit, student: Student, track_id: UUID, drainer: Drainer) -> None:
    """Events end with the part of the page that names the result; asked for alone, that part is the same."""
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    await student.submit(bundle)
    visitor = await visit("student")
    base = f"/assessments/{bundle['assessmentId']}"
    events = await visitor.client.get(f"{base}/status/events")
    assert events.headers["content-type"].startswith("text/event-stream")
    last = events.text.strip().split("event: status\n")[-1]
    assert f'data-next="{base}/result"' in last
    part = await visitor.get(f"{base}/status/fragment")
    assert f'data-next="{base}/result"' in part.html
    assert all(line.startswith("data: ") for line in last.splitlines())


def changed(**changes: Any) -> Changes:
    """What became of a result that was degraded throughout."""
    values: dict[str, Any] = {
        "at": NOON,
        "stages": (
            StageChange(stage=Stage.ESSAY_SCORING, before="built-in", now="openai"),
            StageChange(stage=Stage.RETRIEVAL, before="curated", now="complete"),
            StageChange(stage=Stage.NARRATIVE, before="built-in", now="openai"),
        ),
        "levels": (
            LevelMove(question_id=uuid4(), position=4, dimension=Dimension.CLARITY, before=2, now=3),
            LevelMove(question_id=uuid4(), position=5, dimension=Dimension.ACCURACY, before=None, now=1),
        ),
        "added": (Named(credential_id=uuid4(), title=f"New {NASTY}"),),
        "removed": (Named(credential_id=uuid4(), title="Old"),),
    }
    return Changes.model_validate({**values, **changes})


@pytest.mark.parametrize("own", [True, False])
def test_a_reader_is_told_what_has_changed_since_the_first_result(own: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Who scored, searched and wrote before and now; each level that moved; what came and what went; and when."""
    page = shown(result(changes=changed()), own=own)
    for words in (
        "This result has been updated",
        "The essays are scored by the language model; at first it was the built-in evaluator.",
        "The recommendations come from the complete search; at first it was the track's curated list.",
        "The summary is written by the language model; at first it was a template.",
        "Question 4, clarity: Developing",
        "Good",
        "Question 5, accuracy: Held for a person",
        "Recommended now and not before: 1; no longer: 1",
        "No longer recommended Old",
        "22 November 2026",
    ):
        assert words in page.text, words
    assert "<script>" not in page.html
    assert "has been updated" not in shown(result(), own=own).text


def test_nothing_that_counts_has_moved() -> None:
    """The wording alone: said in so many words."""
    told = changed(stages=(StageChange(stage=Stage.NARRATIVE, before="built-in", now="openai"),), levels=(), added=(), removed=())
    assert "No level of yours has changed." in shown(result(changes=told)).text


def test_every_change_has_words() -> None:
    """Whoever did a stage, before and now."""
    for stage, names in {
        Stage.ESSAY_SCORING: ("openai", "built-in", "static"),
        Stage.NARRATIVE: ("openai", "built-in"),
        Stage.RETRIEVAL: ("curated", "reduced", "complete"),
    }.items():
        for before, now in product(names, repeat=2):
            assert "{" not in wording.upgraded(StageChange.model_validate({"stage": stage, "before": before, "now": now}))

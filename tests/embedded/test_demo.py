"""The demonstration's student and the report of the result."""

import io
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from assay.domain.answers import objection
from assay.domain.questions import QuestionContent
from assay.embedded import demo_answers
from assay.embedded.demo import stands_in
from assay.embedded.demo_answers import answer
from assay.embedded.demo_report import bar, print_result, shorten

QUESTIONS = Path(__file__).parents[2] / "seeds" / "questions"


def _seeds(name: str) -> list[dict[str, Any]]:
    return yaml.safe_load((QUESTIONS / f"{name}.yaml").read_text())


@pytest.mark.parametrize("track", sorted(path.stem for path in QUESTIONS.glob("*.yaml")))
def test_every_question_gets_a_fitting_answer(track: str) -> None:
    """The student can take any track: each answer has the shape that the question asks for."""
    for seed in _seeds(track):
        content = QuestionContent.model_validate({key: seed[key] for key in seed if key not in {"slug", "tracks", "difficulty"}})
        assert objection(content, answer(seed)) is None, seed["slug"]


def test_the_backend_track_is_prepared() -> None:
    """Each question of the demonstration's own track has one prepared answer that fits, and each prepared answer a question."""
    entries = {entry["when"]: entry for entry in yaml.safe_load(demo_answers.PREPARED.read_text())}
    asked = []
    for seed in _seeds("backend-engineer"):
        (phrase,) = [phrase for phrase in entries if phrase in " ".join(seed["prompt"].split())]
        assert answer(seed) == demo_answers.prepared_answer(seed, entries[phrase])
        asked.append(phrase)
    assert sorted(asked) == sorted(entries)


def test_prepared_essays_have_the_asked_length() -> None:
    """A demonstration with two-line essays would show nothing."""
    essays = [answer(seed) for seed in _seeds("backend-engineer") if seed["type"] == "essay"]
    assert all(isinstance(essay, str) and 120 <= len(essay.split()) <= 260 for essay in essays)
    assert len(demo_answers.GENERAL_ESSAY.split()) > 120


def test_a_question_in_known_words_with_other_options_is_answered_anyway() -> None:
    """Another track may use the same words; then the student answers without preparation."""
    question = {"prompt": "Suppose a team gives you a week", "format": "singleChoice", "options": [{"id": "a", "text": "Sleep"}]}
    assert answer(question) == "a"


SOURCE = {"credentialVersion": 2, "section": "description", "snippet": "queues and events", "start": 6, "end": 23}
VERSION = {"citedSections": {"title": "Messaging", "description": "About queues and events."}}


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        ({}, True),
        ({"snippet": "queues or events"}, False),
        ({"start": 5, "end": 22}, False),
        ({"section": "outcomes"}, False),
        ({"snippet": " ", "start": 5, "end": 6}, False),
    ],
)
def test_a_source_holds_only_word_for_word(change: dict[str, Any], *, holds: bool) -> None:
    """A snippet counts when it stands at its offsets in the cited section, and a blank one never."""
    assert stands_in(VERSION, {**SOURCE, **change}) is holds


RESULT: dict[str, Any] = {
    "track": {"name": "Backend Engineer", "slug": "backend-engineer"},
    "degraded": True,
    "degradations": [{"stage": "essayScoring", "cause": "timeout", "since": "2026-01-01T00:00:00Z", "detail": ""}],
    "scores": {"overall": 71.4, "rule": {"percent": 60.0}, "essay": None},
    "essayScores": [
        {
            "questionId": "q1",
            "dimensions": {
                "clarity": {
                    "level": 3,
                    "max": 4,
                    "rationale": "Easy to follow [mostly].",
                    "quotes": [{"text": "First I measure", "start": 0, "end": 15}],
                    "held": False,
                },
                "accuracy": {"level": None, "max": 4, "rationale": "No proof.", "quotes": [], "held": True},
            },
            "feedback": "Say what you would measure.",
        }
    ],
    "recommendation": {
        "summary": {"text": "Queues come next [1]."},
        "items": [
            {
                "rank": 1,
                "credentialId": "c1",
                "title": "Message queues",
                "provider": "Open Campus",
                "level": "intermediate",
                "reasons": [
                    {"code": "skill_gap", "text": "Your essay left out queues.", "contribution": 0.2},
                    {"code": "overlap", "text": "Much like the first.", "contribution": -0.1},
                ],
                "sources": [SOURCE],
            }
        ],
    },
}


def test_the_report_reads_like_a_letter() -> None:
    """Scores, levels with quotes, what holds a person up, reasons that speak for an item, and the source stand there in words."""
    out = io.StringIO()
    print_result(Console(file=out, width=140), RESULT, {"q1": "How do you begin?"})
    text = out.getvalue()
    parts = ["71 %", "60 %", "held for a person", "3 of 4", "[mostly]", "“First I measure”", "Queues come next [1]", "timeout"]
    parts += ["your essay left out queues", "“queues and events” (description, version 2)", "How do you begin?"]
    assert [part for part in parts if part not in text] == []
    assert "Much like the first" not in text


def test_bars_and_short_texts() -> None:
    """A bar has ten blocks; a long text is cut between words."""
    assert (bar(0), bar(44), bar(100), bar(None)) == ("░" * 10, "████░░░░░░", "█" * 10, "░" * 10)
    assert shorten("one two three", 8) == "one two …"
    assert shorten("one\n two", 20) == "one two"

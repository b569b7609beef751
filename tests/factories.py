"""Small valid values to start from: a test names what it changes and nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from assay.domain.bundle import BankQuestion
from assay.domain.jobs import ClaimedJob, JobType
from assay.domain.progress import Times
from assay.domain.questions import QuestionContent
from assay.domain.rubric import DimensionRubric, Rubric

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PROMPT = "Which of these statements about the system described above holds?"


def options(*ids: str) -> list[dict[str, str]]:
    """Options with these ids."""
    return [{"id": each, "text": f"Option {each}"} for each in ids]


def rubric(**changes: Any) -> Rubric:
    """A rubric of equal weights with two key points."""
    dimension = DimensionRubric(levels=("Absent", "Weak", "Fair", "Good", "Excellent"))
    points = [{"id": "first", "text": "The first point to be made"}, {"id": "second", "text": "The second point to be made"}]
    return Rubric.model_validate({"clarity": dimension, "accuracy": dimension, "coherence": dimension, "key_points": points, **changes})


JUDGED: dict[tuple[str, str], dict[str, Any]] = {
    ("theoretical", "singleChoice"): {"options": options("a", "b"), "rule": {"kind": "singleChoice", "correct": "a"}},
    ("theoretical", "trueFalse"): {"options": options("true", "false"), "rule": {"kind": "trueFalse", "correct": "true"}},
    ("theoretical", "multipleChoice"): {
        "options": options("a", "b", "c", "d"),
        "rule": {"kind": "multipleChoice", "correct": ["a", "b"]},
    },
    ("theoretical", "ordering"): {"options": options("a", "b", "c"), "rule": {"kind": "ordering", "correct": ["c", "a", "b"]}},
    ("theoretical", "matching"): {
        "options": {"left": options("l1", "l2"), "right": options("r1", "r2", "r3")},
        "rule": {"kind": "matching", "pairs": {"l1": "r1", "l2": "r2"}},
    },
    ("theoretical", "numeric"): {"options": {"unit": "ms"}, "rule": {"kind": "numeric", "value": 12.5, "tolerance": 0.5}},
    ("theoretical", "shortText"): {"options": {"maxLength": 80}, "rule": {"kind": "shortText", "accepted": ["If-Match"]}},
    ("essay", "essay"): {"options": {"maxLength": 8_000, "minWords": 40}, "rubric": rubric()},
    ("profile", "singleChoice"): {
        "options": options("a", "b"),
        "signals": {"kind": "optionSignals", "options": {"a": {"interest:sql": 1.0}}},
    },
    ("profile", "multipleChoice"): {
        "options": options("a", "b"),
        "signals": {"kind": "optionSignals", "options": {"a": {"interest:sql": 1.0}, "b": {"interest:http": 0.5}}},
    },
    ("profile", "likert"): {
        "options": options("p1", "p2", "p3", "p4", "p5"),
        "signals": {"kind": "optionSignals", "options": {"p5": {"experience:sql": 1.0}}},
    },
    ("profile", "ranking"): {
        "options": options("a", "b", "c"),
        "signals": {"kind": "rankingSignals", "options": {"a": {"interest:sql": 0.9}}},
    },
    ("profile", "freeText"): {
        "options": {"maxLength": 500},
        "signals": {"kind": "textSignals", "phrases": {"data model": {"interest:data-modelling": 1.0}}},
    },
}
"""A valid way to be answered and judged, for each type and format there is."""


def question(kind: str = "theoretical", form: str = "singleChoice", **changes: Any) -> QuestionContent:
    """A question of this type and format; `changes` replace fields before validation."""
    return QuestionContent.model_validate({"type": kind, "format": form, "prompt": PROMPT, **JUDGED.get((kind, form), {}), **changes})


def bank_question(content: QuestionContent) -> BankQuestion:
    """`content` as the bank offers it, under fresh ids."""
    return BankQuestion(question_id=uuid4(), version_id=uuid4(), type=content.type, difficulty=2, content=content)


def times(**changes: Any) -> Times:
    """An assessment started an hour ago that runs for a week."""
    moments: dict[str, Any] = {
        "started_at": NOON - timedelta(hours=1),
        "expires_at": NOON + timedelta(days=7),
        "submitted_at": None,
        "completed_at": None,
        "closed_at": None,
        "now": NOON,
    }
    return Times(**{**moments, **changes})


def claimed_job(**changes: Any) -> ClaimedJob:
    """An essay job on its first try."""
    values: dict[str, Any] = {
        "id": uuid4(),
        "type": JobType.SCORE_ESSAY,
        "assessment_id": uuid4(),
        "fence": 1,
        "attempt": 1,
        "crashes": 0,
        "correlation_id": "c-1",
        "track": "backend-engineer",
    }
    return ClaimedJob(**{**values, **changes})

"""A rubric for essays that come without one of ours: the points their scorers were given, and levels that fit any essay."""

from collections.abc import Sequence
from typing import Any, Final

MAX_POINTS: Final = 12
_POINT_LENGTH: Final = 400
_LEVELS: Final = {
    "clarity": (
        "A reader cannot tell what is meant.",
        "Single statements are understandable, the text as a whole is not.",
        "The main thought is understandable with some effort.",
        "Clear throughout, with a few passages that have to be read twice.",
        "Clear and precise throughout; every term is used in one sense.",
    ),
    "accuracy": (
        "What is said is wrong, or does not concern the question.",
        "One point is right; most are wrong or missing.",
        "Some points are right; others are missing or wrong.",
        "Most points are made, and made correctly, with small gaps.",
        "All points are made, correctly and with reasons.",
    ),
    "coherence": (
        "Statements stand side by side without any connection.",
        "A few statements are connected; a line of thought cannot be seen.",
        "A line of thought can be seen, with breaks in it.",
        "One thought leads to the next, with few exceptions.",
        "One thought leads to the next throughout, up to a conclusion that follows.",
    ),
}


def general_rubric(points: Sequence[str]) -> dict[str, Any]:
    """A rubric with these points, as the rubric's own model takes it."""
    named = [{"id": f"point-{number}", "text": text[:_POINT_LENGTH]} for number, text in enumerate(points[:MAX_POINTS], start=1)]
    return {**{dimension: {"levels": levels} for dimension, levels in _LEVELS.items()}, "key_points": named}

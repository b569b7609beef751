"""Every number the built-in grader decides by, in one value whose hash stands where a model's prompt hash stands.

Chosen by hand on 17 short answers to six essay questions of the seed bank, written to be good, middling and poor, with every key point
marked as made or not (114 judgements). On these same answers a point made and one not made are told apart with an area under the ROC curve
of 0.92; at `point_counts` 82 % of the points made are found and 9 % of the others are taken for made. Unseen answers will do worse.
The numbers belong to WordLlama's vectors; another embedder needs others.
"""

from typing import Final

from assay.ai.builtin_vocabulary import VOCABULARY
from assay.kit.hashing import content_hash
from assay.kit.model import Value

VERSION: Final = "built-in-grader/1"


class Calibration(Value):
    """Thresholds and weights. Similarities are cosines, shares lie in [0, 1], lengths count words."""

    theme_removed: float = 0.8
    """How much of the key points' common direction is taken out before comparing: being on the theme is not yet making a point."""
    overlap_weight: float = 1.0
    """Weight of the content words a unit shares with a key point, beside the cosine of the two."""
    word_similar: tuple[float, float] = (0.2, 0.6)
    """Cosine of two words from which they begin to count as shared, and from which they count fully."""
    prompt_words_count: float = 0.87
    """What a shared word loses when it stands in the prompt too (in part, when the prompt has a like word)."""
    point_made: tuple[float, float] = (0.36, 0.62)
    """Closeness at which a point begins to be made, and at which it is made fully."""
    beyond_prompt: float = 0.4
    """Where the prompt itself is closer to a point than that, the start moves this share of the way towards it."""
    contradiction_weight: float = 1.6
    """The share of a point that is turned round, times this, is taken off."""
    point_counts: float = 0.4
    """Strength from which a point is reported as covered."""
    copied_unit: float = 0.5
    """A sentence with this share of words copied from the prompt is no evidence."""
    prose: tuple[float, float] = (0.12, 0.3)
    """Share of function words: at or below the first a list of terms, from the second on prose."""
    disorder: tuple[float, float] = (0.05, 0.022)
    """Clashing neighbours per word: from the first on words in no order, up to the second prose."""
    listing: tuple[float, float] = (0.4, 0.26)
    """Commas and conjunctions per word: from the first on an enumeration, up to the second prose."""
    statement: tuple[float, float] = (2, 8)
    """Words: up to the first a mere phrase, from the second on room enough to state something."""
    words_per_point: float = 9.0
    """Room that a unit needs for each point it is credited with."""
    accuracy_cuts: tuple[float, float, float, float] = (0.12, 0.28, 0.52, 0.74)
    """Weighted coverage from which levels 1 to 4 are given."""
    clarity_cuts: tuple[float, float, float, float] = (0.3, 0.52, 0.74, 0.89)
    coherence_cuts: tuple[float, float, float, float] = (0.3, 0.48, 0.64, 0.78)
    """Score from which levels 1 to 4 are given."""
    topical: tuple[float, float] = (0.18, 0.4)
    """Mean closeness of the sentences to the question: below the first another subject, from the second on fully to the matter."""
    min_words: tuple[int, int, int] = (12, 35, 70)
    """Own words below which clarity and coherence reach at most level 0, 1 and 2: too little to show more."""


CALIBRATION: Final = Calibration()


def calibration_hash(calibration: Calibration, embedder: str) -> str:
    """The content address of everything but the code that a built-in level depends on."""
    return content_hash({"version": VERSION, "embedder": embedder, "calibration": calibration.model_dump(), "vocabulary": VOCABULARY})


def ramp(value: float, low: float, high: float) -> float:
    """0 up to `low`, 1 from `high` on, linear between; falling when `high` is below `low`."""
    return min(1.0, max(0.0, (value - low) / (high - low)))

"""The numbers the built-in grader decides by, in one value whose hash stands where a model's prompt hash stands.

Chosen by hand on 17 short answers to six essay questions of the seed bank, written to be good, middling and poor, with every key point
marked as made or not (114 judgements). On these same answers a point made and one not made are told apart with an area under the ROC curve
of 0.92; at `point_counts` 82 % of the points made are found and 9 % of the others are taken for made. Unseen answers will do worse.
The numbers belong to WordLlama's vectors; another embedder needs others.
"""

from typing import Final

from pydantic import Field

from assay.ai.builtin_vocabulary import VOCABULARY
from assay.kit.hashing import content_hash
from assay.kit.model import Value

VERSION: Final = "built-in-grader/1"
"""Counts up when the code measures differently; changed numbers and words show in the hash."""


def ramp(value: float, low: float, high: float) -> float:
    """0 up to `low`, 1 from `high` on, linear between; falling when `high` is below `low`."""
    return min(1.0, max(0.0, (value - low) / (high - low)))


class Curve(Value):
    """How a measured value earns its score: nothing at the first number of `rise`, all at the second (falling when they fall).

    `fall`, where there is one, takes the score back: the product of both counts. `weight` is the signal's in its dimension.
    """

    rise: tuple[float, float]
    fall: tuple[float, float] | None = None
    weight: float = 1.0

    def score(self, value: float) -> float:
        """The score of `value`, 0 to 1."""
        return ramp(value, *self.rise) * (ramp(value, *self.fall) if self.fall else 1.0)


_CLARITY: Final = {
    "sentence_length": Curve(rise=(3, 9), fall=(42, 26), weight=1.5),
    "sentence_spread": Curve(rise=(0.05, 0.3), fall=(1.5, 0.8), weight=0.75),
    "long_sentences": Curve(rise=(0.5, 0), weight=0.75),
    "reading_ease": Curve(rise=(0, 50)),
    "word_variety": Curve(rise=(0.55, 0.78)),
    "vague_words": Curve(rise=(0.06, 0.01), weight=1.5),
    "errors": Curve(rise=(0.9, 0.05), weight=2),
    "developed_sentences": Curve(rise=(0, 0.75), weight=3),
    "topic": Curve(rise=(0.18, 0.4)),
}
_COHERENCE: Final = {
    "cohesion": Curve(rise=(0.05, 0.25)),
    "order_gain": Curve(rise=(-0.08, 0.08)),
    "linked_sentences": Curve(rise=(0, 0.6)),
    "connected_sentences": Curve(rise=(0.1, 0.6)),
    "kinds_of_relation": Curve(rise=(0, 4)),
    "order_cues": Curve(rise=(0.35, 0.8), weight=2.5),
    "point_order": Curve(rise=(-0.5, 0.6)),
    "developed_sentences": Curve(rise=(0, 0.75), weight=2.5),
    "topic": Curve(rise=(0.18, 0.4)),
}


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
    topical: float = 0.18
    """Mean closeness of the sentences to the question below which the text is about something else."""
    min_words: tuple[int, int, int] = (12, 35, 70)
    """Own words below which clarity and coherence reach at most level 0, 1 and 2: too little to show more."""
    clarity: dict[str, Curve] = Field(default_factory=lambda: dict(_CLARITY))
    coherence: dict[str, Curve] = Field(default_factory=lambda: dict(_COHERENCE))
    """What each measured value is worth."""


CALIBRATION: Final = Calibration()


def calibration_hash(calibration: Calibration, embedder: str) -> str:
    """The content address of everything but the code that a built-in level depends on."""
    return content_hash({"version": VERSION, "embedder": embedder, "calibration": calibration.model_dump(), "vocabulary": VOCABULARY})

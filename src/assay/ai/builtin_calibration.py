"""The numbers the built-in grader decides by, in one value whose hash stands where a model's prompt hash stands.

Thresholds of single measurements were chosen by hand on the development essays of `evals/grading`. Weights and cut points were fitted on
these by `evals/fitting.py`, which also tells what they are worth on authors and on questions left out of the fit.
The numbers belong to WordLlama's vectors; another embedder needs others.
"""

from typing import Final

from pydantic import Field

from assay.ai.builtin_vocabulary import VOCABULARY
from assay.kit.hashing import content_hash
from assay.kit.model import Value

VERSION: Final = "built-in-grader/4"
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
    "sentence_length": Curve(rise=(3, 9), fall=(42, 26), weight=0.52),
    "sentence_spread": Curve(rise=(0.05, 0.3), fall=(1.5, 0.8), weight=0.51),
    "long_sentences": Curve(rise=(0.5, 0), weight=0.17),
    "reading_ease": Curve(rise=(0, 50), weight=0.87),
    "word_variety": Curve(rise=(0.55, 0.78), weight=0.3),
    "vague_words": Curve(rise=(0.06, 0.01), weight=0.57),
    "errors": Curve(rise=(0.9, 0.05), weight=0.7),
    "shorthand": Curve(rise=(0.15, 0.02), weight=0.58),
    "points_touched": Curve(rise=(0, 1), weight=1.1),
    "topic": Curve(rise=(0.18, 0.4), weight=0.97),
    "joined_clauses": Curve(rise=(0, 0.02), weight=0.9),
    "order": Curve(rise=(-1, 3), weight=0.53),
}
_ACCURACY: Final = {
    "coverage": Curve(rise=(0, 1), weight=1.46),
    "begun": Curve(rise=(0, 1), weight=1.05),
    "touched": Curve(rise=(0, 1), weight=0.57),
    "plain_words": Curve(rise=(0, 1), weight=1.02),
    "telling_words": Curve(rise=(0, 1), weight=0.72),
    "conditions": Curve(rise=(0, 1), weight=0.5),
    "denials": Curve(rise=(0, 1), weight=0.37),
}
_COHERENCE: Final = {
    "order": Curve(rise=(-1, 3), weight=2.75),
    "opening": Curve(rise=(0, 1), weight=0.93),
    "connected_sentences": Curve(rise=(0.1, 0.6), weight=0.52),
    "points_touched": Curve(rise=(0, 1), weight=1.05),
    "plain_words": Curve(rise=(6.8, 5.4), weight=0.71),
    "full_sentences": Curve(rise=(8, 17), weight=0.88),
    "joined_clauses": Curve(rise=(0, 0.02), weight=0.86),
    "denials": Curve(rise=(0, 0.03), weight=0.62),
    "leaning_sentences": Curve(rise=(0, 0.4), weight=0.45),
}
_ORDER: Final = {
    "same_point": 14.5, "next_point": 8.27, "announced": 8.12, "similar": 1.22, "introduced": 0.83, "point_order": 0.42,
    "described_order": 6.99, "counted": 2.09, "opening_words": 7.09, "closing_words": 5.81, "count_words": 0.88, "leaning_words": 1.69,
    "condition": 3.66, "problem": 0, "advice": 4.02, "checking": 1.85, "sequel": 2.5, "of_the_question": 3.36, "stands_alone": 1.87,
    "short_start": 1.27, "no_pronoun": 0.48, "problem_first": 1.27, "no_point_yet": 1.77, "point_sweep": 0.79,
}  # fmt: skip


class Calibration(Value):
    """Thresholds and weights. Similarities are cosines, shares lie in [0, 1], lengths count words."""

    theme_removed: float = 0.8
    """How much of the key points' common direction is taken out before comparing: being on the theme is not yet making a point."""
    overlap_weight: float = 2.5
    """Weight of the content words a unit shares with a key point, beside the cosine of the two."""
    word_similar: tuple[float, float] = (0.3, 0.7)
    """Cosine of two words from which they begin to count as shared, and from which they count fully."""
    prompt_words_count: float = 0.87
    """What a shared word loses when it stands in the prompt too (in part, when the prompt has a like word)."""
    point_made: tuple[float, float] = (0.37, 0.85)
    """Closeness at which a point begins to be made, and at which it is made fully."""
    beyond_prompt: float = 0.4
    """Where the prompt itself is closer to a point than that, the start moves this share of the way towards it."""
    point_touched: tuple[float, float] = (0.2, 0.45)
    """Closeness at which a point begins to be touched on, and at which it is."""
    relevant: tuple[float, float] = (0.18, 0.3)
    """Cosine to the nearest key point or sentence of the prompt up to which a unit touches on nothing, and from which it counts fully."""
    point_begun: tuple[float, float] = (0.0, 0.3)
    """Strength from which a point counts as begun in part, and from which it does wholly."""
    assured: tuple[float, float] = (0.1, 0.6)
    """Things waved aside and assured, per sentence, from which what is said is believed less, and from which least."""
    assurance_weight: float = 0.7
    """What the belief loses at most, where no point is made."""
    dismissal_weight: float = 0.5
    """What a unit loses that waves something aside."""
    contradiction_weight: float = 1.6
    """The share of a point that is turned round, times this, is taken off."""
    matter: tuple[float, float] = (0.0, 0.3)
    """Share of the points touched on up to which the wording tells nothing, and from which it tells all."""
    heard: tuple[float, float] = (0.1, 0.2)
    """Cosine to the nearest key point or sentence of the prompt from which a sentence's wording tells about accuracy, and tells all."""
    usual_words: tuple[float, float, float] = (6.1, 0.835, 20)
    """Letters and rarity of the content words of any text, and as how many words this is thrown in, so that a short text tells less."""
    plain_words: tuple[float, float] = (6.8, 5.4)
    """Letters per content word: from the first on generalities, down to the second plain words."""
    telling_words: tuple[float, float] = (0.8, 0.87)
    """Rarity of the content words: up to the first anybody's words, from the second on those of the matter."""
    conditions: tuple[float, float] = (0.0, 0.04)
    """Words of condition per word, from none to as many as a careful answer has."""
    denials: tuple[float, float] = (0.0, 0.03)
    """Words per word that say what does not hold, from none to as many as a careful answer has."""
    prompt_again: float = 0.55
    """Share of the content words that stand in the prompt above which a text only says it again (answers have 0.4 at most)."""
    point_counts: float = 0.4
    """Strength from which a point is reported as covered."""
    evidence_least: float = 0.1
    """Strength that at least one point must have: without evidence no level of accuracy."""
    touched_least: float = 0.4
    """Share of the points touched on that stands for such evidence."""
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
    accuracy_cuts: tuple[float, float, float, float] = (0.246, 0.386, 0.511, 0.658)
    clarity_cuts: tuple[float, float, float, float] = (0.599, 0.697, 0.77, 0.858)
    coherence_cuts: tuple[float, float, float, float] = (0.471, 0.591, 0.668, 0.761)
    """Score from which levels 1 to 4 are given."""
    topical: tuple[float, float] = (0.18, 0.165)
    """Mean and median closeness of the sentences to the question below which (either) the text is about something else."""
    min_words: tuple[int, int, int] = (12, 30, 45)
    """Own words below which clarity and coherence reach at most level 0, 1 and 2: too little to show more."""
    order: dict[str, float] = Field(default_factory=lambda: dict(_ORDER))
    """What each sign of order is worth beside the others."""
    order_told: tuple[float, float] = (3, 8)
    """Sentences up to which their order tells nothing, and from which it tells all."""
    order_expected: float = 1.5
    """The order, in standard deviations, of a text too short to tell."""
    accuracy: dict[str, Curve] = Field(default_factory=lambda: dict(_ACCURACY))
    clarity: dict[str, Curve] = Field(default_factory=lambda: dict(_CLARITY))
    coherence: dict[str, Curve] = Field(default_factory=lambda: dict(_COHERENCE))
    """What each measured value is worth."""


CALIBRATION: Final = Calibration()


def calibration_hash(calibration: Calibration, embedder: str) -> str:
    """The content address of everything but the code that a built-in level depends on."""
    return content_hash({"version": VERSION, "embedder": embedder, "calibration": calibration.model_dump(), "vocabulary": VOCABULARY})

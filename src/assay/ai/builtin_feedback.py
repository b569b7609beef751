"""What the built-in grader says to the student: the rubric's own descriptors and what was measured, in plain words without figures."""

from collections.abc import Mapping, Sequence
from textwrap import shorten
from typing import Final

from assay.ai.builtin_accuracy import PointEvidence
from assay.ai.builtin_style import Judgement
from assay.domain.rubric import MAX_LEVEL, Dimension, DimensionRubric
from assay.kit.hashing import content_hash

OPENINGS: Final = (
    "There is nothing here yet that meets this criterion.",
    "A first step is visible, but most of what this criterion asks for is still missing.",
    "Part of what this criterion asks for is there.",
    "This is good work with a gap that can be closed.",
    "This is very good work; nothing essential is missing.",
)
"""How each level is introduced."""

REMARKS: Final[dict[str, tuple[str, str]]] = {
    "sentence_length": ("Your sentences have a length that is easy to read.", "Aim for sentences that carry one thought each."),
    "sentence_spread": ("Short and longer sentences alternate.", "Vary the length of your sentences; they are all built alike."),
    "long_sentences": ("No sentence runs on too long.", "Split your longest sentences in two."),
    "reading_ease": ("You choose words that are easy to follow.", "Use shorter words where they say the same."),
    "word_variety": ("Your choice of words is varied.", "You repeat the same words often; say the next thing instead."),
    "vague_words": (
        "You call things by their names.",
        "Replace vague words such as \u201cthings\u201d or \u201cbetter\u201d by what you mean.",
    ),
    "errors": ("The text is clean and well punctuated.", "Read the text once more for spelling, capitals and full stops."),
    "shorthand": (
        "You say what your terms stand for.",
        "Write abbreviations and codes out, or say what they mean, for a reader who does not know them.",
    ),
    "points_touched": (
        "You speak about what the question is about, thing by thing.",
        "Name plainly the things the question is about, one after the other.",
    ),
    "topic": ("You stay with the question throughout.", "Come back to the question; parts of the text are about something else."),
    "order": (
        "The order of your sentences helps the reader.",
        "Put your sentences into an order in which each prepares the next, from the problem to what follows from it.",
    ),
    "opening": (
        "Your first sentence can be understood by itself.",
        "Begin with a sentence that needs nothing before it: it points back to something you have not said yet.",
    ),
    "connected_sentences": (
        "Connecting words show how your thoughts relate.",
        "Say how your thoughts relate: because, therefore, however, if.",
    ),
    "plain_words": (
        "You use plain words, so that the thread is easy to follow.",
        "Use short and concrete words; long and general ones hide how one thought follows from the other.",
    ),
    "full_sentences": (
        "Your sentences have room for a thought and its reason.",
        "Very short sentences leave no room for reasons; join what belongs together.",
    ),
    "joined_clauses": (
        "You tie what you claim to its explanation.",
        "Tie a claim and its explanation together in one sentence.",
    ),
    "denials": (
        "You also say what does not hold.",
        "Say also what does not hold, and where a measure ends.",
    ),
    "leaning_sentences": (
        "Your sentences take up what was said before.",
        "Let more sentences take up what the one before has said.",
    ),
}
"""Per signal, what is said when it is strong and what is advised when it is weak."""

LIMITS: Final = {
    "prompt": "The text says the question again and adds nothing to it.",
    "length": "There is too little text of your own to show more.",
    "sentences": "With so few sentences no line of argument can show.",
    "list": "The text is a list of terms rather than sentences that say something about them.",
    "word_order": "Many sentences do not hold together as sentences.",
    "evidence": "No sentence makes one of the points that matter.",
    "topic": "The text does not deal with the question that was asked.",
}
"""Why a level is held down, by the limit."""

POINTS: Final = (
    "None of the points that matter is made clearly yet.",
    "You touch on little of what matters.",
    "You make some of the points that matter and leave others out.",
    "You make most of the points that matter.",
    "You make the points that matter.",
)
"""How much of what matters an answer of each level of accuracy says."""

OPPOSITE: Final = "At least one sentence seems to say the opposite of what is right."
DISMISSED: Final = "You wave several things aside; check whether they matter after all."
BLANK: Final = "There is no answer to read."
COPIED: Final = "Much of the text repeats the question or itself; each thought counts once, in your own words."
WEAK: Final = 0.6
STRONG: Final = 0.85
COPIED_SHARE: Final = 0.4
QUOTED_LENGTH: Final = 480

FEEDBACK_HASH: Final = content_hash(
    {
        "openings": OPENINGS,
        "points": POINTS,
        "remarks": REMARKS,
        "limits": LIMITS,
        "single": [BLANK, COPIED, OPPOSITE, DISMISSED],
    }
)


def quoted(text: str) -> str:
    """`text` between quotation marks, cut to what a comment has room for."""
    return f"\u201c{shorten(text, QUOTED_LENGTH, placeholder=' \u2026')}\u201d"


def rationale(level: int, rubric: DimensionRubric, *reasons: str) -> str:
    """Why this level: its opening, the rubric's own words for it, and the reasons found."""
    return " ".join([OPENINGS[level], f"The description that fits best: {quoted(rubric.levels[level])}", *filter(None, reasons)])


def improvement(level: int, rubric: DimensionRubric, *advice: str) -> str:
    """What would raise the level by one: the rubric's next descriptor and concrete advice; nothing to raise at the top."""
    if level == MAX_LEVEL:
        return "You have reached the highest description; keep writing like this."
    return " ".join([f"The next step: {quoted(rubric.levels[level + 1])}", *filter(None, advice)])


def style_reasons(judgement: Judgement, copied_share: float) -> list[str]:
    """What held the level down, then the strongest signal; at the lower levels no praise that the level would contradict."""
    reasons = [LIMITS[limit.name] for limit in judgement.limits]
    if copied_share >= COPIED_SHARE:
        reasons.append(COPIED)
    best = max(judgement.signals, key=lambda signal: (signal.score >= STRONG, signal.weight * signal.score))
    if judgement.level > 1 and best.score >= STRONG:
        reasons.append(REMARKS[best.name][0])
    return list(dict.fromkeys(reasons))


def style_advice(judgement: Judgement) -> str:
    """Advice on the signal that loses most, if any is weak."""
    worst = max(judgement.signals, key=lambda signal: signal.weight * (1 - signal.score))
    return REMARKS[worst.name][1] if worst.score < WEAK else ""


def accuracy_reason(judgement: Judgement, missed: Sequence[PointEvidence], copied_share: float) -> str:
    """How much of what matters is there, in words, and what stands against it."""
    against = any(found.contradiction > 0 and found.unit for found in missed)
    aside = judgement.details["dismissals"] > 1 and judgement.details["trust"] < STRONG
    reasons = [
        POINTS[judgement.level],
        *(LIMITS[limit.name] for limit in judgement.limits),
        OPPOSITE if against else "",
        DISMISSED if aside else "",
        COPIED if copied_share >= COPIED_SHARE else "",
    ]
    return " ".join(filter(None, reasons))


def accuracy_advice(missed: Sequence[PointEvidence]) -> str:
    """The weightiest point that is missing, in the rubric's words; one without figures where there is a choice."""
    if not missed:
        return ""
    plain = [found for found in missed if not any(char.isdigit() for char in found.point.text)] or missed
    point = max(plain, key=lambda found: found.point.weight * (1 - found.strength)).point
    return f"A point that would help most: {quoted(point.text)}"


def overall(levels: Mapping[Dimension, int], advice: Mapping[Dimension, str]) -> str:
    """One short paragraph over all three dimensions, consistent with their levels."""
    best = max(levels, key=lambda name: levels[name])
    worst = min(levels, key=lambda name: levels[name])
    if levels[best] == 0:
        return "This answer gives nothing to assess yet. Write a few full sentences that answer the question step by step."
    if levels[worst] == MAX_LEVEL:
        return "A very good answer in every respect: right, easy to read and well ordered."
    if levels[best] == levels[worst]:
        return f"Your answer is even in clarity, accuracy and coherence. {advice[Dimension.ACCURACY]}".strip()
    praise = f"The strongest side of your answer is its {best}." if levels[best] > 1 else "Your answer makes a start."
    return f"{praise} Most can be gained in {worst}. {advice[worst]}".strip()

"""Words for the codes of tracks, questions and their statistics. One table each, for the pages of those who keep them."""

from collections.abc import Iterable, Mapping
from typing import Final

from assay.domain.bundle import MissingQuestions
from assay.domain.item_statistics import ItemFlag
from assay.domain.questions import FORMATS, QuestionFormat, QuestionType
from assay.domain.release import ReleaseWhen
from assay.domain.rubric import Dimension
from assay.domain.rubric_lint import Fault
from assay.domain.tracks import SkillLevel, TrackStatus
from assay.services.question_interchange import Outcome

TRACK_STATUSES: Final[Mapping[TrackStatus, str]] = {
    TrackStatus.DRAFT: "Draft",
    TrackStatus.ACTIVE: "Active",
    TrackStatus.RETIRED: "Retired",
}
TRACK_TAGS: Final[Mapping[TrackStatus, str]] = {TrackStatus.DRAFT: "warn", TrackStatus.ACTIVE: "good", TrackStatus.RETIRED: ""}
LEVELS: Final[Mapping[SkillLevel, str]] = {level: level.value.capitalize() for level in SkillLevel}
TYPES: Final[Mapping[QuestionType, str]] = {
    QuestionType.THEORETICAL: "Theory",
    QuestionType.ESSAY: "Essay",
    QuestionType.PROFILE: "About the student",
}
_COUNTED: Final[Mapping[QuestionType, tuple[str, str]]] = {
    QuestionType.THEORETICAL: ("theory question", "theory questions"),
    QuestionType.ESSAY: ("essay", "essays"),
    QuestionType.PROFILE: ("question about the student", "questions about the student"),
}
FORMAT_NAMES: Final[Mapping[QuestionFormat, str]] = {
    QuestionFormat.SINGLE_CHOICE: "Single choice",
    QuestionFormat.TRUE_FALSE: "True or false",
    QuestionFormat.MULTIPLE_CHOICE: "Multiple choice",
    QuestionFormat.ORDERING: "Ordering",
    QuestionFormat.MATCHING: "Matching",
    QuestionFormat.NUMERIC: "Number",
    QuestionFormat.SHORT_TEXT: "Short text",
    QuestionFormat.LIKERT: "Scale",
    QuestionFormat.RANKING: "Ranking",
    QuestionFormat.FREE_TEXT: "Free text",
    QuestionFormat.ESSAY: "Essay",
}
FORMAT_USES: Final[Mapping[QuestionFormat, str]] = {
    QuestionFormat.SINGLE_CHOICE: "One of several options.",
    QuestionFormat.TRUE_FALSE: "A statement to agree with or not.",
    QuestionFormat.MULTIPLE_CHOICE: "Some of several options; credit is given in part.",
    QuestionFormat.ORDERING: "Steps to be put in their right order; credit is given in part.",
    QuestionFormat.MATCHING: "Pairs to be found; credit is given in part.",
    QuestionFormat.NUMERIC: "A figure, with a tolerance and a unit where it has one.",
    QuestionFormat.SHORT_TEXT: "A word or two, compared with the answers you accept.",
    QuestionFormat.LIKERT: "Steps from one end of a scale to the other.",
    QuestionFormat.RANKING: "Options put in the student's own order.",
    QuestionFormat.FREE_TEXT: "A few sentences, in which you look for phrases.",
    QuestionFormat.ESSAY: "A reasoned text, read for clarity, accuracy and coherence against your rubric.",
}
CHOOSABLE: Final = tuple((kind, tuple(each for each in QuestionFormat if each in FORMATS[kind])) for kind in QuestionType)
"""What a new question can be, by type, in the order of the formats."""
DIFFICULTIES: Final[Mapping[int, str]] = {1: "Easy", 2: "Medium", 3: "Hard"}
DIMENSIONS: Final[Mapping[Dimension, str]] = {each: each.value.capitalize() for each in Dimension}
SIGNAL_KINDS: Final[Mapping[str, str]] = {
    "interest": "Interest in",
    "experience": "Experience with",
    "goal": "Goal",
    "pace": "Pace",
}
RELEASE_POLICIES: Final[Mapping[ReleaseWhen, str]] = {
    ReleaseWhen.AT_ONCE: "As soon as it is there",
    ReleaseWhen.AFTER_REVIEW: "After an advisor has looked at it",
    ReleaseWhen.ON_DATE: "From a day and time on",
}
ITEM_FLAGS: Final[Mapping[ItemFlag, tuple[str, str]]] = {
    ItemFlag.NEGATIVE_DISCRIMINATION: (
        "Works against itself",
        "Those who do well elsewhere do worse here. Look first whether the answer that counts as right is right.",
    ),
    ItemFlag.TOO_HARD: (
        "Too hard",
        "Almost nobody earns its points, so it does not tell strong from weak. Ask for less, or word it more plainly.",
    ),
    ItemFlag.TOO_EASY: ("Too easy", "Almost everybody earns its points, so it does not tell strong from weak. Ask for more."),
    ItemFlag.UNUSED_DISTRACTOR: (
        "An option nobody chooses",
        "A wrong option that nobody takes does no work. Make it more plausible or leave it out.",
    ),
}
RUBRIC_FAULTS: Final[Mapping[Fault, str]] = {
    Fault.LEVELS_ALIKE: "Levels that cannot be told apart",
    Fault.VAGUE: "A judgement instead of what is seen",
    Fault.OPEN_END: "An open end",
    Fault.TOO_SHORT: "Too short to look for",
    Fault.POINTS_ALIKE: "Key points that say the same",
}
OUTCOMES: Final[Mapping[Outcome, tuple[str, str]]] = {
    Outcome.CREATED: ("New", "good"),
    Outcome.UPDATED: ("Changed", "info"),
    Outcome.UNCHANGED: ("As it is", ""),
    Outcome.REFUSED: ("Refused", "bad"),
}


def counted(number: int, kind: QuestionType) -> str:
    """`1 essay`, `3 theory questions`."""
    return f"{number} {_COUNTED[kind][0 if number == 1 else 1]}"


def more(lacking: Iterable[MissingQuestions]) -> str:
    """`2 essays and 1 theory question more`; empty when nothing lacks."""
    told = [counted(lack.needed - lack.available, lack.type) for lack in lacking]
    if not told:
        return ""
    *others, last = told
    return f"{', '.join(others)} and {last} more" if others else f"{last} more"

"""What is exchanged with other systems: a question with its place in the bank, and what a reader of the report has to know of it."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from assay.domain.errors import AssayError
from assay.domain.questions import QuestionContent, Slug, TextOptions
from assay.domain.rubric import Rubric
from assay.domain.signals import SignalRule
from assay.kit.model import Value


class NoteCode(StrEnum):
    """What a note is about."""

    SIGNALS = "signals"
    RUBRIC = "rubric"
    ORDER_CREDIT = "order_credit"
    FOLDING = "folding"
    MIN_WORDS = "min_words"
    CHARACTERS = "characters"
    MEDIA = "media"
    SCORING = "scoring"
    RENAMED = "renamed"
    NO_RIGHT_ANSWER = "no_right_answer"
    GENERAL_RUBRIC = "general_rubric"
    FEEDBACK = "feedback"
    UNKNOWN_SKILL = "unknown_skill"
    UNKNOWN_TRACK = "unknown_track"


class Note(Value):
    """Something that another system does not get, or that was not taken over from it."""

    code: NoteCode
    message: str


class ExchangedQuestion(Value):
    """A question with its name and its place in the bank."""

    slug: Slug
    difficulty: Annotated[int, Field(ge=1, le=3)] = 2
    tracks: tuple[Slug, ...] = ()
    content: QuestionContent


class Carried(Value):
    """What QTI has no words for, as it travels in a package's own metadata beside an item, or stands in the bank already.

    What an item can say for itself (prompt, options, right answers, tolerances, explanation) is not in it: the item is right about that.
    """

    type: str
    format: str
    difficulty: int = 2
    skills: tuple[str, ...] = ()
    tracks: tuple[str, ...] = ()
    min_words: int | None = None
    rubric: Rubric | None = None
    signals: SignalRule | None = None

    @classmethod
    def of(cls, content: QuestionContent, difficulty: int, tracks: tuple[Slug, ...]) -> "Carried":
        """What goes beside a question with this place in the bank."""
        return cls(
            type=content.type,
            format=content.format,
            difficulty=difficulty,
            skills=content.skills,
            tracks=tracks,
            min_words=content.options.min_words if isinstance(content.options, TextOptions) else None,
            rubric=content.rubric,
            signals=content.signals,
        )


class Unreadable(AssayError):
    """A package, or an item of it, cannot be taken in; the message is for whoever sent it."""

"""Notes that the advisors of a student write for one another."""

from enum import StrEnum
from typing import Final

MAX_BODY: Final = 4_000
"""Characters of a note."""


class NoteAbout(StrEnum):
    """What a note is about. One about the student shows with all their assessments, and goes with the one it was written at."""

    ASSESSMENT = "assessment"
    STUDENT = "student"

"""The flags of an essay: what was noticed, and the spans that show it."""

from enum import StrEnum

from assay.domain.grading import Quote
from assay.kit.model import Value


class FlagKind(StrEnum):
    """What was noticed, in the order in which flags are listed."""

    BLANK = "blank"
    TOO_SHORT = "too_short"
    WRONG_LANGUAGE = "wrong_language"
    COPIED_PROMPT = "copied_prompt"
    REPETITION = "repetition"
    GIBBERISH = "gibberish"
    HIDDEN_CHARACTERS = "hidden_characters"
    ENCODED = "encoded"
    INSTRUCTION_LIKE = "instruction_like"


class Flag(Value):
    """One thing noticed, with the spans of the essay that show it (none for blank and too short)."""

    kind: FlagKind
    spans: tuple[Quote, ...] = ()
    detail: str = ""
    """What it is in particular, where that is known: the language or the ways of encoding, as words of English."""

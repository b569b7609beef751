"""What can be said about an essay before anyone grades it: flags with the spans they rest on. A flag never changes a level by itself.

`reading` makes the plain text that all share; `languages`, `copying`, `gibberish`, `characters`, `encodings` and `instructions` each
look for one kind of thing.
"""

from assay.domain.prechecks.characters import hidden_characters
from assay.domain.prechecks.copying import copied_prompt, copied_runs, repetition
from assay.domain.prechecks.encodings import encoded
from assay.domain.prechecks.flags import Flag, FlagKind
from assay.domain.prechecks.gibberish import gibberish
from assay.domain.prechecks.instructions import instruction_like, speaks_plainly
from assay.domain.prechecks.languages import wrong_language
from assay.domain.prechecks.reading import quotes, read

__all__ = [
    "Flag",
    "FlagKind",
    "copied_prompt",
    "copied_runs",
    "encoded",
    "gibberish",
    "hidden_characters",
    "instruction_like",
    "precheck",
    "quotes",
    "repetition",
    "wrong_language",
]


def precheck(essay: str, *, prompt: str, min_words: int = 0) -> tuple[Flag, ...]:
    """All flags of `essay`, an answer to `prompt` that should have at least `min_words` words, in the order of `FlagKind`."""
    words = len(read(essay).words)
    foreign, language = wrong_language(essay, prompt)
    codes = encoded(essay)
    code_spans = quotes(essay, ((code.start, code.end) for code in codes))
    orders = quotes(
        essay,
        (
            *((quote.start, quote.end) for quote in instruction_like(essay)),
            *((code.start, code.end) for code in codes if speaks_plainly(code.text)),
        ),
    )
    found = (
        Flag(kind=FlagKind.WRONG_LANGUAGE, spans=foreign, detail=language),
        Flag(kind=FlagKind.COPIED_PROMPT, spans=copied_prompt(essay, prompt)),
        Flag(kind=FlagKind.REPETITION, spans=repetition(essay)),
        Flag(kind=FlagKind.GIBBERISH, spans=gibberish(essay)),
        Flag(kind=FlagKind.HIDDEN_CHARACTERS, spans=hidden_characters(essay)),
        Flag(kind=FlagKind.ENCODED, spans=code_spans, detail=", ".join(dict.fromkeys(code.way for code in codes))),
        Flag(kind=FlagKind.INSTRUCTION_LIKE, spans=orders),
    )
    length = (FlagKind.BLANK,) if not words else (FlagKind.TOO_SHORT,) if words < min_words else ()
    return (*(Flag(kind=kind) for kind in length), *(flag for flag in found if flag.spans))

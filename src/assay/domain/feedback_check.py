"""Do the words fit the level? A sentence that names a level as a figure, praises what was not shown or blames what was is dropped.

In its place stand the rubric's own words: the descriptor of the level, or the next one as what would raise it. The word lists are for
comments in English; in other languages figures are still found.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Final, NamedTuple

from assay.domain.evidence import fold
from assay.domain.grading import Correction, CorrectionKind, DimensionVerdict, EssayTask, Quote, Verdict
from assay.domain.passages import sentences
from assay.domain.rubric import MAX_LEVEL, Dimension, Rubric

LOW: Final = 1
"""Up to this level a comment must not say that all is well."""

_FIGURE: Final = re.compile(
    r"\b(?:levels?|grade|marks?|score|rating)(?: of| is| was|:| at| to| as)? (?:\d+(?:[.,]\d+)?|zero|two|three|four)\b"
    r"|\b\d+(?:[.,]\d+)? (?:points?|marks?)\b|\b\d+(?:[.,]\d+)? ?/ ?(?:4|5|10|100)\b|\b\d+(?:[.,]\d+)? of (?:4|5|10|100)\b"
    r"|\b(?:\d+(?:[.,]\d+)?|zero|one|two|three|four|five) out of (?:4|5|10|100|four|five|ten)\b"
    r"|\b\d+(?:[.,]\d+)? ?(?:%|per ?cent\b)",
    re.IGNORECASE,
)
"""Ways to write a level, a score or a share of the points."""
_PRAISE: Final = re.compile(
    r"\b(?:excellent|outstanding|flawless|faultless|exemplary|superb|brilliant|masterful|impressive)(?:ly)?\b|\bvery (?:good|well)\b"
    r"|\b(?:fully|entirely|completely|perfectly) (?:correct|right|clear|covered|explained|met)\b"
    r"|\b(?:cover|explain)(?:s|ed)? (?:everything|all)\b|\bnothing (?:\w+ )?(?:is )?missing\b",
    re.IGNORECASE,
)
_BLAME: Final = re.compile(
    r"\b(?:is|are|was|were|remains?|seems?|stays?) (?:\w+ )?"
    r"(?:missing|wrong|incorrect|inaccurate|incomplete|absent|unclear|confus(?:ing|ed)|incoherent|vague|weak|poor|superficial|mistaken)\b"
    r"|\b(?:you|answer|essay|text|response|explanation|argument) (?:\w+ly |also |often |still |sometimes |have |has )?"
    r"(?:miss(?:es|ed)?|omit(?:s|ted)?|fail(?:s|ed)?|lacks?|confuse[sd]?|misunderst(?:and|ands|ood))\b",
    re.IGNORECASE,
)
"""Said of the answer, whatever the subject is."""
_PERHAPS_PRAISE: Final = re.compile(r"\b(?:complete|perfect|comprehensive|thorough|exhaustive)(?:ly)?\b", re.IGNORECASE)
_PERHAPS_BLAME: Final = re.compile(
    r"\b(?:missing|wrong(?:ly)?|incorrect(?:ly)?|inaccurate|inaccurac(?:y|ies)|incomplete|lack(?:s|ing)?|fail(?:s|ed)?|absent|omit(?:s|ted)?|unclear"
    r"|confus(?:ing|ed)|incoherent|muddled|vague|errors?|mistakes?|mistaken|poor(?:ly)?|weak(?:ness(?:es)?)?|insufficient|superficial)\b",
    re.IGNORECASE,
)
"""Said of the answer, unless question, rubric or essay use the word: missing indexes and failed requests are a subject, no blame."""
_TURNED: Final = re.compile(
    r"\b(?:not?|nowhere|never|none|neither|nor|without|hardly|barely|scarcely|far from|free (?:of|from)|less than|short of|instead of"
    r"|rather than|avoids?|would|could|should|must|needs?|if|until|yet|to be|to become|few(?:er)?)\b|n't\b"
    r"|\bnothing\b(?! (?:\w+ )?(?:is )?missing)",
    re.IGNORECASE,
)
"""Words that turn praise round, or speak of what could be. With one of them in it a sentence has the benefit of the doubt."""
_DENIED: Final = re.compile(_TURNED.pattern + r"|\bnothing\b", re.IGNORECASE)
"""The same for blame, which `nothing` turns round too."""
_QUOTED: Final = re.compile('\u201c[^\u201d]*\u201d|\u00ab[^\u00bb]*\u00bb|\u201e[^\u201c]*\u201c|"[^"]*"')

type Test = Callable[[str], CorrectionKind | None]


class Cleaned(NamedTuple):
    """A text without the sentences that do not fit, and those sentences with what is wrong with them."""

    text: str
    dropped: tuple[tuple[CorrectionKind, str], ...] = ()


def check(verdict: Verdict, task: EssayTask, set_aside: Sequence[Quote] = ()) -> Verdict:
    """`verdict` with words that fit its levels, and a note of every sentence that had to go.

    Figures that stand in question, rubric or essay are the subject's, unless they stand in the spans `set_aside`, which speak to graders.
    """
    known = _known(task, set_aside)
    checked = {name: _dimension(name, given, task.rubric, known) for name, given in verdict.dimensions.items()}
    feedback, dropped = _feedback(verdict, task.rubric, known)
    corrections = [correction for _, corrections in checked.values() for correction in corrections] + dropped
    if not corrections:
        return verdict
    dimensions = {name: given for name, (given, _) in checked.items()}
    return verdict.model_copy(update={"dimensions": dimensions, "feedback": feedback, "corrections": tuple(corrections)})


def misfit(sentence: str, levels: Sequence[int], known: str = "") -> CorrectionKind | None:
    """What is wrong with a sentence about these levels: a figure, praise where none is above `LOW`, blame where all are at the top.

    `known` are the words of question, rubric and essay in small letters.
    """
    if any(figure[0].lower().replace(" ", "") not in known.replace(" ", "") for figure in _FIGURE.finditer(fold(sentence).text)):
        return "figure"
    own = _QUOTED.sub(" ", sentence)
    if levels and max(levels) <= LOW and not _TURNED.search(own) and _says(own, _PRAISE, _PERHAPS_PRAISE, known):
        return "praise"
    if levels and min(levels) == MAX_LEVEL and not _DENIED.search(own) and _says(own, _BLAME, _PERHAPS_BLAME, known):
        return "blame"
    return None


def _says(sentence: str, surely: re.Pattern[str], perhaps: re.Pattern[str], known: str) -> bool:
    return bool(surely.search(sentence)) or any(word[0].lower() not in known for word in perhaps.finditer(sentence))


def _dimension(name: Dimension, given: DimensionVerdict, rubric: Rubric, known: str) -> tuple[DimensionVerdict, list[Correction]]:
    level, levels = given.level, rubric.dimension(name).levels
    mine = () if level is None else (level,)
    after = levels[level + 1] if level is not None and level < MAX_LEVEL else ""
    why = _clean(given.rationale, partial(misfit, levels=mine, known=known))
    # advice names what is missing and what would be complete: only at the top, where there is nothing to raise, can it contradict the level
    how = _clean(given.improvement, partial(misfit, levels=() if after else mine, known=known))
    corrections = [Correction(field="rationale", dimension=name, kind=kind, sentence=sentence) for kind, sentence in why.dropped]
    corrections += [Correction(field="improvement", dimension=name, kind=kind, sentence=sentence) for kind, sentence in how.dropped]
    if after and not how.text and not how.dropped:
        corrections.append(Correction(field="improvement", dimension=name, kind="missing"))
    if not corrections:
        return given, []
    rationale = _filled(why, "" if level is None else levels[level]) if why.dropped else given.rationale
    improvement = _filled(how, after) if how.dropped or not how.text else given.improvement
    return given.model_copy(update={"rationale": rationale, "improvement": improvement}), corrections


def _feedback(verdict: Verdict, rubric: Rubric, known: str) -> tuple[str, list[Correction]]:
    """The comment on the whole: a sentence that names a dimension is held against its level, any other against all of them."""
    levels = {name: given.level for name, given in verdict.dimensions.items() if given.level is not None}

    def test(sentence: str) -> CorrectionKind | None:
        named = [level for name, level in levels.items() if re.search(rf"\b{name}\b", sentence, re.IGNORECASE)]
        return misfit(sentence, named or tuple(levels.values()), known)

    cleaned = _clean(verdict.feedback, test)
    text = cleaned.text
    if cleaned.dropped and not text:
        text = " ".join(rubric.dimension(name).levels[level] for name, level in levels.items())
    return text, [Correction(field="feedback", kind=kind, sentence=sentence) for kind, sentence in cleaned.dropped]


def _clean(text: str, test: Test) -> Cleaned:
    each = [text[start:end] for start, end in sentences(text)]
    dropped = tuple((kind, sentence) for sentence in each if (kind := test(sentence)))
    if not dropped:
        return Cleaned(text if text.strip() else "")
    gone = {sentence for _, sentence in dropped}
    return Cleaned(" ".join(sentence for sentence in each if sentence not in gone), dropped)


def _filled(cleaned: Cleaned, descriptor: str) -> str:
    return " ".join(filter(None, [cleaned.text, descriptor]))


def _known(task: EssayTask, set_aside: Sequence[Quote]) -> str:
    """Where words and figures may come from, folded and in small letters. Notes for graders are not for students' eyes."""
    essay = task.essay
    for span in set_aside:
        essay = f"{essay[: span.start]}{' ' * (span.end - span.start)}{essay[span.end :]}"
    points = (point.text for point in task.rubric.key_points)
    levels = (text for name in Dimension for text in task.rubric.dimension(name).levels)
    return f"{_asked(' '.join((task.prompt, *points, *levels)))} {fold(essay).text.lower()}"


@lru_cache(maxsize=64)
def _asked(text: str) -> str:
    """What question and rubric say, which is the same for everybody who is asked."""
    return fold(text).text.lower()

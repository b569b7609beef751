"""What the scripted model says: computed from the request alone, so that the same request always has the same reply."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import shake_128
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.ai.scripted.faults import ScriptedFault

DIMENSIONS: Final = ("clarity", "accuracy", "coherence")
TOP_LEVEL: Final = 4
INVENTED: Final = "A sentence that no student has written in this answer."
BEGGING: Final = re.compile(
    r"\b(ignore|disregard|forget)\b.{0,40}\b(instruction|rubric|above|previous)"
    r"|\b(full|top|highest|maximum|perfect) (mark|score|level|grade)|\blevel 4\b",
    re.IGNORECASE,
)
"""Passages that speak to the grader. A gullible model obeys them, an honest one passes over them."""

_SENTENCE: Final = re.compile(r"[^\s.!?][^.!?\n]*[.!?]?")
_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_POINT: Final = re.compile(r"^- \[([a-z0-9-]+)\] (.+)$", re.MULTILINE)
_LINK: Final = re.compile(
    r"\b(because|therefore|so|since|first|then|next|finally|however|while|but|if|when|instead|although)\b", re.IGNORECASE
)
_HEADING: Final = re.compile(r"^## (Clarity|Accuracy|Coherence)$", re.MULTILINE)
_COVERED: Final = 0.5
_QUOTE_LENGTH: Final = 300


def grade(rubric: str, essay: str, *, gullible: bool = False, obeys: Iterable[str] = ()) -> dict[str, Any]:
    """A reply in the form of `grade_essay.md`, with verbatim sentences as quotes.

    Accuracy is the share of key points whose words the essay uses, clarity the length of sentences, coherence the linking words;
    a short essay is held down. A `gullible` model gives level 4 throughout if the essay asks for anything, and quotes what asked. For
    any of the texts it `obeys` it does the worst a model can: level 4 throughout, with sentences of the student's own as quotes.
    """
    if gullible and any(stands(text, essay) for text in obeys):
        return _obedient(rubric, essay, list(obeys))
    sentences = [match.group().strip()[:_QUOTE_LENGTH] for match in _SENTENCE.finditer(essay)]
    honest = [sentence for sentence in sentences if not BEGGING.search(sentence)]
    begging = [sentence for sentence in sentences if BEGGING.search(sentence)]
    points = {point: _words(text) for point, text in _POINT.findall(rubric)}
    if gullible and begging:
        return _form(dict.fromkeys(DIMENSIONS, TOP_LEVEL), dict.fromkeys(DIMENSIONS, begging[:2]), list(points), [])
    written = _words(" ".join(honest))
    covered = [point for point, words in points.items() if len(words & written) >= _COVERED * len(words)]
    levels = _levels(honest, len(covered) / max(len(points), 1))
    vocabulary = set[str]().union(*points.values())
    quotes = {
        "clarity": sorted(honest, key=len, reverse=True)[:1],
        "accuracy": sorted(honest, key=lambda sentence: -len(_words(sentence) & vocabulary))[:2],
        "coherence": [sentence for sentence in honest if _LINK.search(sentence)][:1] or honest[:1],
    }
    return _form(levels, quotes, covered, [point for point in points if point not in covered])


def stands(text: str, essay: str) -> bool:
    """Whether at least half of `text`, counted in characters of whole sentences, stands in `essay`, whatever white space is between."""
    pieces = [" ".join(match.group().split()) for match in _SENTENCE.finditer(text)] or [" ".join(text.split())]
    there = " ".join(essay.split())
    found = [piece for piece in pieces if re.search(rf"(?<!\w){re.escape(piece)}(?!\w)", there)]
    return 2 * sum(map(len, found)) >= sum(map(len, pieces)) > 0


def _obedient(rubric: str, essay: str, obeyed: list[str]) -> dict[str, Any]:
    sentences = [match.group().strip()[:_QUOTE_LENGTH] for match in _SENTENCE.finditer(essay)] or [essay.strip()]
    own = [sentence for sentence in sentences if not any(sentence in text for text in obeyed)]
    quotes = sorted(own or sentences, key=len, reverse=True)[:2]
    return _form(
        dict.fromkeys(DIMENSIONS, TOP_LEVEL), dict.fromkeys(DIMENSIONS, quotes), [point for point, _ in _POINT.findall(rubric)], []
    )


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}


def _levels(sentences: list[str], coverage: float) -> dict[str, int]:
    lengths = [len(sentence.split()) for sentence in sentences]
    words = sum(lengths)
    ceiling = min(TOP_LEVEL, words // 15)
    mean = words / max(len(lengths), 1)
    links = sum(bool(_LINK.search(sentence)) for sentence in sentences)
    wanted = {
        "clarity": 4 if 8 <= mean <= 24 else 3 if mean < 32 else 2,
        "accuracy": round(TOP_LEVEL * coverage),
        "coherence": min(TOP_LEVEL, 1 + links),
    }
    return {dimension: min(level, ceiling) for dimension, level in wanted.items()}


def _form(levels: Mapping[str, int], quotes: Mapping[str, list[str]], covered: list[str], missed: list[str]) -> dict[str, Any]:
    dimensions = {
        dimension: {
            "quotes": quotes[dimension] if levels[dimension] else [],
            "rationale": f"The quoted passage meets the descriptor of this level of {dimension} and not the next one's.",
            "level": levels[dimension],
            "improvement": f"Work on {dimension}: say in one more sentence what follows from your main point.",
        }
        for dimension in DIMENSIONS
    }
    feedback = "You answer the question that was asked. Each dimension names one change that would raise it; begin with accuracy."
    return {**dimensions, "key_points_covered": covered, "key_points_missed": missed, "feedback": feedback}


def asked_about(prefix: str) -> str | None:
    """The dimension that a prompt asks about when its rubric has that one alone; None for a whole essay."""
    headings = {heading.lower() for heading in _HEADING.findall(prefix)}
    return headings.pop() if len(headings) == 1 else None


def single(form: Mapping[str, Any], dimension: str) -> dict[str, Any]:
    """What `form` says of one dimension, in the form of `grade_dimension.md`: the key points go with accuracy."""
    points = {name: form[name] for name in ("key_points_covered", "key_points_missed") if dimension == "accuracy"}
    return {**form[dimension], **points, "feedback": form["feedback"]}


def spoil(form: dict[str, Any], fault: ScriptedFault | None, *, asked_again: bool) -> dict[str, Any]:
    """The form of a whole essay with a fault in its content; an invented quote is put right when the model is asked again."""
    match fault:
        case ScriptedFault.WRONG_SCHEMA:
            return {"verdict": "good", "marks": [3, 2, 4]}
        case ScriptedFault.EXTRA_KEYS:
            return {**form, "confidence": 0.93}
        case ScriptedFault.OUT_OF_RANGE:
            return {**form, "accuracy": {**form["accuracy"], "level": 11}}
        case ScriptedFault.NAN_LEVEL:
            return {**form, "accuracy": {**form["accuracy"], "level": float("nan")}}
        case ScriptedFault.INVENTED_QUOTE if not asked_again:
            return form | {name: {**form[name], "quotes": [INVENTED], "level": max(1, form[name]["level"])} for name in DIMENSIONS}
        case _:
            return form


def narrate(facts: Iterable[Mapping[str, Any]], limit: int = 9) -> dict[str, Any]:
    """A reply in the form of `narrate.md`: each fact's text as a sentence that cites it and the credentials it names."""
    known = list(facts)
    titles = {fact["subject"]: fact["id"] for fact in known if fact["kind"] == "credential" and fact.get("subject")}
    told = [fact for fact in known if fact["kind"] != "snippet"][:limit]
    return {"sentences": [_sentence(fact, titles) for fact in told]}


def _sentence(fact: Mapping[str, Any], titles: Mapping[str, str]) -> dict[str, Any]:
    named = [name for title, name in titles.items() if title in fact["text"]]
    text = fact["text"].strip()
    return {"text": text if text.endswith((".", "!", "?")) else f"{text}.", "facts": list(dict.fromkeys([fact["id"], *named]))}


def embed(text: str, dimension: int) -> NDArray[np.float32]:
    """A unit vector: the sum of one random direction per word, so that texts that share words are near.

    The method is random indexing (Kanerva et al., 2000).
    """
    total = np.sum([_direction(word, dimension) for word in sorted(_words(text)) or [""]], axis=0)
    unit: NDArray[np.float32] = (total / np.linalg.norm(total)).astype(np.float32)
    return unit


@lru_cache(maxsize=20_000)
def _direction(word: str, dimension: int) -> NDArray[np.float64]:
    """From a hash alone, so that no version of a random generator can move it."""
    noise = np.frombuffer(shake_128(word.encode()).digest(dimension), dtype=np.int8)
    return noise.astype(np.float64) + 0.5

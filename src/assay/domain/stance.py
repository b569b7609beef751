"""How somebody speaks of a thing in free text: with a wish for it, put off by it, or as what they do not know.

Read clause by clause, by plain words before and after the phrase. What is not clearly a dislike or a lack is taken as a wish.
"""

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final

from assay.domain.rules import fold_text


def _words(line: str) -> frozenset[str]:
    return frozenset(line.split())


_CLAUSE: Final = re.compile(
    r"[.;:!?]+(?=\s|$)|,?\s(?<!anything )(?<!everything )(?:but|though|although|however|whereas)\b|\s[-\u2013\u2014]\s"
)
_WORD: Final = re.compile(r"[\w'+#-]+")
_REACH: Final = 7
"""Words before a phrase in which a cue counts."""
_AFTER: Final = 5
_NOT: Final = _words("no not never neither nor cannot can't don't doesn't didn't won't wouldn't isn't aren't without")
_TURNS_AWAY: Final = _words("enough tired weary sick fed bored hate dislike detest loathe avoid dread spare")
_WITHIN: Final = (
    "a about again all an and another any at be been by care deal dealing do doing drawn enjoy ever for further go going hear in interest "
    "interested into keen kind learning like look looking love many more much my need of on or please sort spend spending study studying "
    "that the these thing things this those time to too touch up want wish with work working writing building having back"
)
_BETWEEN: Final = _words(_WITHIN)
"""What may stand between a cue and the thing that is not wanted; any other word means that something else is denied."""
_IGNORES: Final = _words("know knew known understand understood used use tried learned learnt touched written built made experience idea")
_ONLY: Final = _words("only just merely least")
_PUTS_OFF: Final = re.compile(
    r"(?:bores?|tires?|annoys?) me\b|(?:puts?|put) me off|leaves? me cold|(?:not|n't|nothing) for me\b|can wait\b|"
    r"(?:not|n't) (?:really )?(?:interest|attract|appeal|draw)|somebody else can"
)


class Stance(StrEnum):
    """What a text says of a thing that it names."""

    WISH = "wish"
    DISLIKE = "dislike"
    LACK = "lack"


def stance(text: str, phrase: str) -> Stance | None:
    """How `text` speaks of `phrase`, in whole words and whatever the case; None when it does not. A wish anywhere outweighs the rest."""
    found = set(_stances(fold_text(text), fold_text(phrase)))
    return next((each for each in Stance if each in found), None)


def _stances(text: str, phrase: str) -> Iterator[Stance]:
    cuts = list(_CLAUSE.finditer(text))
    for match in re.finditer(rf"(?<!\w){re.escape(phrase)}(?!\w)", text):
        start = max((cut.end() for cut in cuts if cut.end() <= match.start()), default=0)
        end = min((cut.start() for cut in cuts if cut.start() >= match.end()), default=len(text))
        yield _of(_WORD.findall(text[start : match.start()])[-_REACH:], text[match.end() : end])


def _of(before: Sequence[str], after: str) -> Stance:
    if _PUTS_OFF.search(" ".join(_WORD.findall(after)[:_AFTER])):
        return Stance.DISLIKE
    if before[-2:] in (["anything", "but"], ["everything", "but"], ["everything", "except"]):
        return Stance.DISLIKE
    cues = [place for place, word in enumerate(before) if word in _NOT or word in _TURNS_AWAY]
    if not cues:
        return Stance.WISH
    between = before[cues[-1] + 1 :]
    if any(word in _IGNORES for word in between):
        return Stance.LACK
    refused = before[cues[-1]] != "without" and not _ONLY.intersection(between[:1])
    return Stance.DISLIKE if refused and all(word in _BETWEEN for word in between) else Stance.WISH

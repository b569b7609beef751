"""What a summary may say: the facts of one assessment and its recommendation, each a true sentence with an id.

| kind | text | subject |
|---|---|---|
| track | The role aimed for is Backend Engineer. | Backend Engineer |
| score | The theory questions earned 66.7 percent. | theory |
| score | The essays earned 58.3 percent. | essays |
| score | Part of the essay scores is held for a person. | held |
| skill | SQL was handled well. / Caching left room to grow. | SQL, Caching |
| interest | The profile shows an interest in Caching. | Caching |
| credential | *Title* (*Provider*, beginner level, 24 hours) is recommendation 1. Then its strongest reasons. | *Title* |
| snippet | the cited passage, word for word | *Title* |

Facts come in this order; a credential's passage follows it directly.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from assay.domain.fusion import Fact, FactKind
from assay.domain.learner import Learner
from assay.domain.ranking import RankedItem
from assay.domain.sources import Evidence

WELL: Final = "was handled well"
TO_WORK_ON: Final = "left room to grow"
MAX_SKILLS: Final = 3
MAX_INTERESTS: Final = 3
MAX_CREDENTIALS: Final = 5
_MAX_REASONS: Final = 2
_TOLD_BY_RANK: Final = frozenset({"relevance", "level_fit"})
"""Reasons that say little to the student beside the others."""


def gather(learner: Learner, items: Sequence[tuple[RankedItem, Sequence[Evidence]]], names: Mapping[str, str]) -> tuple[Fact, ...]:
    """All facts, in the order a summary tells them; `items` are the recommendations with their sources, best first."""
    told = (*_standing(learner, names), *_recommended(items))
    return tuple(Fact(id=f"f{number}", kind=kind, text=text, subject=subject) for number, (kind, text, subject) in enumerate(told, start=1))


def _standing(learner: Learner, names: Mapping[str, str]) -> Iterator[tuple[FactKind, str, str]]:
    yield FactKind.TRACK, f"The role aimed for is {learner.track.name}.", learner.track.name
    if learner.theory_percent is not None:
        yield FactKind.SCORE, f"The theory questions earned {learner.theory_percent:g} percent.", "theory"
    if learner.essay_percent is not None:
        yield FactKind.SCORE, f"The essays earned {learner.essay_percent:g} percent.", "essays"
    if any(essay.held for essay in learner.essays):
        yield FactKind.SCORE, "Part of the essay scores is held for a person.", "held"
    for skill in learner.strong[:MAX_SKILLS]:
        yield FactKind.SKILL, f"{_name(skill, names)} {WELL}.", _name(skill, names)
    for skill in learner.weak[:MAX_SKILLS]:
        yield FactKind.SKILL, f"{_name(skill, names)} {TO_WORK_ON}.", _name(skill, names)
    for skill in [skill for skill, weight in learner.interests.items() if weight > 0][:MAX_INTERESTS]:
        yield FactKind.INTEREST, f"The profile shows an interest in {_name(skill, names)}.", _name(skill, names)


def _recommended(items: Sequence[tuple[RankedItem, Sequence[Evidence]]]) -> Iterator[tuple[FactKind, str, str]]:
    for place, (item, sources) in enumerate(items[:MAX_CREDENTIALS], start=1):
        content = item.candidate.content
        about = f"{content.title} ({content.provider}, {content.level} level, {content.workload_hours} hours) is recommendation {place}."
        why = [sign for sign in item.signs if sign.contribution > 0 and sign.code not in _TOLD_BY_RANK][:_MAX_REASONS]
        yield FactKind.CREDENTIAL, " ".join([about, *(sign.text for sign in why)]), content.title
        for source in sources[:1]:
            yield FactKind.SNIPPET, source.snippet, content.title


def _name(skill: str, names: Mapping[str, str]) -> str:
    return names.get(skill, skill.replace("-", " "))

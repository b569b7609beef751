"""Choosing credentials, first half: a query in named parts, each searched for itself, fused late by rank.

Parts stay apart until their results are fused, because one joined query lets a single off-topic essay pull everything with it.
Fusion within a part is reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009, k = 60); across parts it is a sum weighted
by the part's weight and trust.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import chain
from typing import Final, NamedTuple
from uuid import UUID

from assay.domain.learner import Learner
from assay.kit.model import Value

RRF_K: Final = 60
_MAX_SKILLS: Final = 8
_MAX_POINTS: Final = 5
_MAX_SENTENCES: Final = 6
_MAX_FREE_TEXT: Final = 600
_MAX_DESCRIPTION: Final = 400
_SHORT_FOCUS: Final = 3


class ChunkHit(NamedTuple):
    """A chunk of a credential version that a search found. `score` is the search's own (cosine similarity or text rank)."""

    chunk_id: UUID
    credential_id: UUID
    credential_version: int
    section: str
    start: int
    end: int
    score: float


class PartName(StrEnum):
    """The parts of a query."""

    ROLE = "role"
    INTERESTS = "interests"
    GAPS = "gaps"
    ESSAYS = "essays"


class Source(StrEnum):
    """The kinds of search a part goes through."""

    VECTOR = "vector"
    TEXT = "text"


WEIGHTS: Final[dict[PartName, float]] = {
    PartName.ROLE: 0.35,
    PartName.GAPS: 0.3,
    PartName.INTERESTS: 0.25,
    PartName.ESSAYS: 0.1,
}


class QueryPart(Value):
    """One part of a query: `text` for the embedder, `terms` (phrases) for full text, and how much it counts."""

    name: PartName
    text: str
    terms: tuple[str, ...]
    weight: float
    trust: float = 1.0
    note: str = ""
    """Why the trust is less than 1."""

    @property
    def counts(self) -> float:
        """Weight times trust."""
        return self.weight * self.trust


class Fused(NamedTuple):
    """What the searches together say of one credential: relevance in [0, 1] and its rank in each list (`role.vector`), from 1."""

    relevance: float
    ranks: dict[str, int]


def build_parts(learner: Learner, names: Mapping[str, str]) -> tuple[QueryPart, ...]:
    """The query of `learner` by parts; `names` is the skill vocabulary. Parts that have nothing to say or no trust are absent."""
    parts = (_role(learner, names), _gaps(learner, names), _interests(learner, names), _essays(learner, names))
    return tuple(part for part in parts if part.text and part.counts > 0)


def websearch(terms: Iterable[str]) -> str:
    """`terms` as a query of Postgres' `websearch_to_tsquery`: quoted phrases, any of which may match."""
    cleaned = (" ".join(term.replace('"', " ").split()) for term in terms)
    return " or ".join(f'"{term}"' for term in dict.fromkeys(cleaned) if term)


def fuse(parts: Sequence[QueryPart], lists: Mapping[str, Sequence[UUID]]) -> dict[UUID, Fused]:
    """Fuse `lists` (credentials, best first, by `part.source`) into one relevance per credential, best first, ties by id.

    A credential that is first in every list has relevance 1; one that a part's lists do not hold gets nothing from that part.
    """
    ranks: dict[UUID, dict[str, int]] = {}
    for name, found in sorted(lists.items()):
        for rank, credential in enumerate(dict.fromkeys(found), start=1):
            ranks.setdefault(credential, {})[name] = rank
    return weigh(parts, lists, ranks)


def weigh(parts: Sequence[QueryPart], lists: Collection[str], ranks: Mapping[UUID, dict[str, int]]) -> dict[UUID, Fused]:
    """The relevance of credentials by their `ranks` in the lists that were made, as `fuse` gives it."""
    counts: dict[str, float] = {part.name: part.counts for part in parts}
    made = Counter(name.split(".")[0] for name in lists)
    total = sum(counts.get(part, 0.0) for part in made)
    if not total:
        return {}
    shares = {name: counts.get(part, 0.0) * (RRF_K + 1) / made[part] / total for name in lists for part in [name.split(".")[0]]}
    fused = {
        credential: Fused(relevance=round(sum(shares[name] / (RRF_K + rank) for name, rank in at.items()), 6), ranks=at)
        for credential, at in ranks.items()
    }
    return dict(sorted(fused.items(), key=lambda entry: (-entry[1].relevance, entry[0])))


def _named(skills: Iterable[str], names: Mapping[str, str]) -> list[str]:
    return [names.get(skill, skill.replace("-", " ")) for skill in skills]


def _terms(skills: Sequence[str], names: Mapping[str, str]) -> tuple[str, ...]:
    """Each skill by its name, and by its slug where that says something else (`ci-cd`)."""
    both = ((skill, name) for skill, name in zip(skills, _named(skills, names), strict=True))
    return tuple(chain.from_iterable((name,) if skill == "-".join(name.casefold().split()) else (name, skill) for skill, name in both))


def _role(learner: Learner, names: Mapping[str, str]) -> QueryPart:
    """Name and focus; the description joins only a short focus.

    It tells what a working day is like, in words that all catalogs share: of the skills of the first 30 credentials found, over the
    seed tracks, 63 % were the role's without the description and 58 % with it (built-in embedder).
    """
    track = learner.track
    focus = ", ".join(_named(track.skill_focus, names))
    about = f". {track.description[:_MAX_DESCRIPTION]}" if len(track.skill_focus) < _SHORT_FOCUS else ""
    return QueryPart(
        name=PartName.ROLE,
        text=f"{track.name}: {focus}{about}",
        terms=(track.name, *_terms(track.skill_focus, names)),
        weight=WEIGHTS[PartName.ROLE],
    )


def _gaps(learner: Learner, names: Mapping[str, str]) -> QueryPart:
    skills = learner.weak[:_MAX_SKILLS]
    points = [point for essay in learner.essays for point in essay.missed][:_MAX_POINTS]
    return QueryPart(
        name=PartName.GAPS,
        text=". ".join(filter(None, [", ".join(_named(skills, names)), *points])),
        terms=_terms(skills, names),
        weight=WEIGHTS[PartName.GAPS],
    )


def _interests(learner: Learner, names: Mapping[str, str]) -> QueryPart:
    wanted = [skill for skill, weight in learner.tagged("interest").items() if weight > 0][:_MAX_SKILLS]
    goals = [goal.replace("-", " ") for goal, weight in learner.tagged("goal").items() if weight > 0]
    own_words = " ".join(learner.free_texts)[:_MAX_FREE_TEXT]
    return QueryPart(
        name=PartName.INTERESTS,
        text=". ".join(filter(None, [", ".join(_named(wanted, names)), ", ".join(goals), own_words])),
        terms=_terms(wanted, names),
        weight=WEIGHTS[PartName.INTERESTS],
    )


def _essays(learner: Learner, names: Mapping[str, str]) -> QueryPart:
    heard = [essay for essay in learner.essays if essay.trust > 0]
    trust = sum(essay.trust for essay in heard) / len(learner.essays) if heard else 0.0
    handled = [essay for essay in heard if essay.percent is not None and essay.percent >= 50]
    points = [point for essay in handled for point in essay.covered][:_MAX_POINTS]
    sentences = [sentence for essay in heard if essay.trust >= 0.5 for sentence in essay.sentences][:_MAX_SENTENCES]
    skills = tuple(dict.fromkeys(skill for essay in handled for skill in essay.skills))[:_MAX_SKILLS]
    doubtful = sum(essay.trust < 1 for essay in learner.essays)
    return QueryPart(
        name=PartName.ESSAYS,
        text=". ".join(filter(None, [", ".join(_named(skills, names)), *points, *sentences])),
        terms=_terms(skills, names),
        weight=WEIGHTS[PartName.ESSAYS],
        trust=round(trust, 4),
        note=f"{doubtful} of {len(learner.essays)} essays are flagged, held or say little about their topic" if doubtful else "",
    )

"""What if: what a ranking was made from, and a student and a query as they would be under other assumptions. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, Self
from uuid import UUID

from pydantic import Field

from assay.domain.learner import Learner
from assay.domain.learning import Language, Learning
from assay.domain.questions import Slug
from assay.domain.retrieval import Fused, PartName, QueryPart
from assay.domain.suitability import Candidate, Preferences, available_hours, joined
from assay.domain.tracks import SkillLevel
from assay.kit.model import Value


class Basis(Value):
    """What a ranking was made from, as it is stored: the declaration, and the pool with each credential's rank in the lists searched."""

    learning: Learning
    lists: tuple[str, ...]
    pool: dict[UUID, tuple[int | None, ...]]
    """By credential: its rank in each of `lists`, in their order."""

    @classmethod
    def of(cls, learning: Learning, lists: Collection[str], candidates: Sequence[Candidate]) -> Self:
        """The basis of a ranking of `candidates`."""
        names = tuple(sorted(lists))
        pool = {candidate.credential_id: tuple(candidate.ranks.get(name) for name in names) for candidate in candidates}
        return cls(learning=learning, lists=names, pool=pool)

    def ranks(self) -> dict[UUID, dict[str, int]]:
        """By credential its rank by list, as `weigh` takes them."""
        return {
            credential_id: {name: rank for name, rank in zip(self.lists, ranks, strict=True) if rank is not None}
            for credential_id, ranks in self.pool.items()
        }


class Supposition(Value):
    """What is supposed, checked. What is None or empty stays; learning that is done is added to, the rest takes the place of the old."""

    interests: dict[Slug, float] = Field(default_factory=dict)
    level: SkillLevel | None = None
    hours: float | None = None
    completed: tuple[Slug, ...] = ()
    prior_learning: tuple[Slug, ...] = ()
    languages: tuple[Language, ...] | None = None


class Standpoint(NamedTuple):
    """For whom a ranking is made."""

    learner: Learner
    preferences: Preferences


def suppose(before: Standpoint, supposition: Supposition) -> Standpoint:
    """`before` as it would be."""
    learner, wishes = before
    track = learner.track.model_copy(update={"target_level": supposition.level or learner.track.target_level})
    signals = {**learner.signals, **{f"interest:{skill}": weight for skill, weight in supposition.interests.items()}}
    known = tuple(dict.fromkeys((*learner.prior_learning, *supposition.prior_learning)))
    languages = wishes.languages if supposition.languages is None else frozenset(supposition.languages)
    completed, hours = wishes.completed | set(supposition.completed), supposition.hours or wishes.hours
    return Standpoint(
        learner.model_copy(update={"track": track, "signals": signals, "prior_learning": known}),
        Preferences(languages=languages, completed=completed, hours=hours),
    )


def changed_parts(before: Sequence[QueryPart], after: Sequence[QueryPart]) -> frozenset[PartName]:
    """Parts of the query that say something else, are new or are gone."""
    return frozenset(part.name for part in (*before, *after) if not (part in before and part in after))


def in_part(name: str, parts: Collection[PartName]) -> bool:
    """Whether the list `name` (`role.text`) was found by one of `parts`."""
    return name.partition(".")[0] in parts


def merged(basis: Basis, found: Mapping[UUID, Fused], changed: Collection[PartName], lists: Collection[str]) -> dict[UUID, dict[str, int]]:
    """Ranks in `lists`: those stored for the parts that have not changed, those `found` now for the others, and for what is found beside.

    What was not touched thus cannot move because the catalog has meanwhile grown.
    """
    now = {credential_id: {name: rank for name, rank in fused.ranks.items() if name in lists} for credential_id, fused in found.items()}
    then = {
        credential_id: {name: rank for name, rank in ranks.items() if not in_part(name, changed)}
        | {name: rank for name, rank in now.get(credential_id, {}).items() if in_part(name, changed)}
        for credential_id, ranks in basis.ranks().items()
    }
    return {credential_id: ranks for credential_id, ranks in {**now, **then}.items() if ranks}


def told(before: Standpoint, after: Standpoint, names: Mapping[str, str], titles: Sequence[str]) -> Iterator[str]:
    """How `after` differs from `before`, a sentence for each; `titles` are those of what is completed besides."""
    yield from _interests(before.learner, after.learner, names)
    if (level := after.learner.track.target_level) is not before.learner.track.target_level:
        yield f"The level aimed for is {level} instead of {before.learner.track.target_level}."
    old, new = available_hours(*before), available_hours(*after)
    if new != old:
        yield f"There are {new:g} hours in all instead of {f'{old:g}' if old else 'no limit'}."
    if titles:
        yield f"Completed besides: {joined(titles)}."
    if learned := [names.get(skill, skill) for skill in after.learner.prior_learning if skill not in before.learner.prior_learning]:
        yield f"Learned already: {joined(learned)}."
    if (languages := after.preferences.languages) != before.preferences.languages:
        yield f"Languages: {joined(sorted(languages))} instead of {joined(sorted(before.preferences.languages))}."


def _interests(before: Learner, after: Learner, names: Mapping[str, str]) -> Iterator[str]:
    for skill in sorted(after.interests):
        old, new = before.interests.get(skill, 0.0), after.interests[skill]
        if new != old:
            yield f"{'More' if new > old else 'Less'} interest in {names.get(skill, skill)}: {new:.2f} instead of {old:.2f}."

"""What has changed between the first result and the one that stands: who judged, which levels moved, which credentials came and went."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

from assay.db.models import EssayScore, Recommendation
from assay.db.unit_of_work import UnitOfWork
from assay.domain.degradation import Stage
from assay.domain.grading import Producer, Provenance
from assay.domain.healing import rank
from assay.domain.rubric import Dimension
from assay.kit.model import Value

type Search = Literal["curated", "reduced", "complete"]
"""What brought the credentials: the track's list, full text alone, or both searches."""


class StageChange(Value):
    """Who did a stage at first and who has done it now: an evaluator, or for the retrieval what was searched."""

    stage: Stage
    before: Producer | Search
    now: Producer | Search


class LevelMove(Value):
    """A level of an essay that is another one now, by the levels that stand; None is one that is held."""

    question_id: UUID
    position: int
    dimension: Dimension
    before: int | None
    now: int | None


class Named(Value):
    """A credential by its name."""

    credential_id: UUID
    title: str


class Changes(Value):
    """What is new since the first result, and since when. What an advisor has decided is never among it."""

    at: datetime
    stages: tuple[StageChange, ...]
    levels: tuple[LevelMove, ...]
    added: tuple[Named, ...]
    """Credentials that are recommended now and were not."""
    removed: tuple[Named, ...]
    """Credentials that were recommended and are not any more."""


class Level(Protocol):
    """What holds a level."""

    @property
    def level(self) -> int | None:
        """The one that stands; None while it is held."""


class Judged(Protocol):
    """An essay with its levels, and how they came to be."""

    @property
    def question_id(self) -> UUID:
        """The question it answers."""

    @property
    def position(self) -> int:
        """Where that question stood."""

    @property
    def dimensions(self) -> Mapping[Dimension, Level]:
        """What was judged."""

    @property
    def provenance(self) -> Provenance:
        """Who judged."""


class Recommended(NamedTuple):
    """Titles by credential, best first, what was searched, and who told it."""

    titles: Mapping[UUID, str]
    search: Search
    narrator: Producer


class Version(NamedTuple):
    """A result as far as it is compared."""

    essays: Sequence[Judged]
    recommended: Recommended


class Standing(NamedTuple):
    """The result that stands, and when an essay of it got a verdict after its first one, the last time; None when none did."""

    recommendation: Recommendation
    essays: Sequence[Judged]
    scored_again_at: datetime | None


async def since_first(uow: UnitOfWork, standing: Standing, read: Callable[[Sequence[EssayScore]], Sequence[Judged]]) -> Changes | None:
    """What is new since the first result, whose verdicts are looked up, and `read`, only when there is a second one."""
    newest, essays, scored_again_at = standing
    if newest.version == 1 and scored_again_at is None:
        return None
    oldest = newest if newest.version == 1 else await uow.recommendations.first(newest.assessment_id)
    moments = [moment for moment in (scored_again_at, newest.generated_at if newest.version > 1 else None) if moment]
    first_essays = read(await uow.scores.first_essay_scores(newest.assessment_id))
    before = Version(first_essays, await _recommended(uow, oldest or newest))
    return compare(max(moments), before, Version(essays, await _recommended(uow, newest)))


async def _recommended(uow: UnitOfWork, recommendation: Recommendation) -> Recommended:
    return Recommended(
        {shown.credential_id: shown.title for shown in await uow.recommendations.shown(recommendation.id)},
        _search_of(recommendation.provenance, searched=recommendation.basis is not None),
        recommendation.provenance["narrative"]["producer"],
    )


def compare(at: datetime, before: Version, now: Version) -> Changes:
    """The changes that stand since `at`."""
    old, new = before.recommended, now.recommended
    return Changes(
        at=at,
        stages=_stages(before, now),
        levels=_levels(before, now),
        added=tuple(Named(credential_id=each, title=title) for each, title in new.titles.items() if each not in old.titles),
        removed=tuple(Named(credential_id=each, title=title) for each, title in old.titles.items() if each not in new.titles),
    )


def _search_of(provenance: Mapping[str, Any], *, searched: bool) -> Search:
    """What was searched for a recommendation of this provenance; `searched` when its ranking is on record."""
    if not searched:
        return "curated"
    return "complete" if provenance["retrieval"]["indexVersion"] else "reduced"


def _stages(before: Version, now: Version) -> tuple[StageChange, ...]:
    pairs: list[tuple[Stage, Producer | Search | None, Producer | Search | None]] = [
        (Stage.ESSAY_SCORING, _least(before), _least(now)),
        (Stage.RETRIEVAL, before.recommended.search, now.recommended.search),
        (Stage.NARRATIVE, before.recommended.narrator, now.recommended.narrator),
    ]
    return tuple(StageChange(stage=stage, before=old, now=new) for stage, old, new in pairs if old and new and old != new)


def _least(version: Version) -> Producer | None:
    """Who stands for the essays: whoever was least, as one essay by a substitute is what the stage was degraded for."""
    judged = (each for each in version.essays if any(given.level is not None for given in each.dimensions.values()))
    return min((each.provenance.producer for each in judged), key=rank, default=None)


def _levels(before: Version, now: Version) -> tuple[LevelMove, ...]:
    old = {each.question_id: each.dimensions for each in before.essays}
    return tuple(
        LevelMove(question_id=each.question_id, position=each.position, dimension=name, before=was.level, now=given.level)
        for each in now.essays
        for name, given in each.dimensions.items()
        if (was := old.get(each.question_id, {}).get(name)) is not None and was.level != given.level
    )

"""What if: a finished recommendation ranked again under other assumptions, without a model, and nothing of it stored.

The pool with its ranks and the declaration that made the recommendation are stored with it, so nothing has to be asked again: what is not
supposed cannot move, and an empty supposition gives the recommendation itself. Only when the supposition changes a part of the query
(interests, or gaps that prior learning closes) is there a search: full text always, and vectors when the index was built by the embedder
that runs in this process, since any other would be a call that takes long and may cost. What it finds beside the pool joins the pool.
Catalog and track are those of this moment: what is retired by now is left out, and such a drift is said.
"""

from collections.abc import Collection
from time import perf_counter
from typing import Annotated, Final, NamedTuple
from uuid import UUID

from pydantic import Field

from assay.db.models import Recommendation
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.actors import Actor
from assay.domain.errors import Conflict, FieldProblem
from assay.domain.learning import Languages, WeeklyHours
from assay.domain.moves import MovedItem, Moves, Recommended, RemovedItem, compare
from assay.domain.ports import Embedder, VectorStore
from assay.domain.questions import Slug
from assay.domain.ranking import Ranking, appraise, rerank, select
from assay.domain.retrieval import Fused, build_parts, fuse, weigh
from assay.domain.suitability import WEEKS, Reason
from assay.domain.tracks import SkillLevel
from assay.domain.what_if import Basis, Standpoint, Supposition, changed_parts, in_part, merged, suppose, told
from assay.kit.model import Value
from assay.services import learners, learning, results
from assay.services.learning import CredentialRefs, Skills
from assay.services.question_bank import QuestionBank
from assay.services.retrieval import POOL, Shelf, lists_of, search, shelf_of

type Interest = Annotated[float, Field(ge=-1, le=1, strict=True, allow_inf_nan=False)]
type Interests = Annotated[dict[Slug, Interest], Field(max_length=50)]
type Hours = Annotated[float, Field(gt=0, le=10_000, strict=True, allow_inf_nan=False)]

_DRIFT: Final = "The catalog, the track or the ranking itself has changed since the recommendation; part of the difference comes from that."
_WITHOUT_VECTORS: Final = "What changes in the query was searched for without vectors."


class WhatIf(Value):
    """What is supposed. What is left out stays as the recommendation saw it; completed credentials and prior learning add to that."""

    interests: Interests = Field(default_factory=dict)
    """By skill: 1 drawn to it, 0 indifferent, -1 put off."""
    level: SkillLevel | None = None
    """The level aimed for."""
    hours: Hours | None = None
    """Time in all; or else `hours_per_week`."""
    hours_per_week: WeeklyHours | None = None
    completed: CredentialRefs = ()
    prior_learning: Skills = ()
    languages: Languages | None = None

    @property
    def hours_in_all(self) -> float | None:
        """The time supposed, if any."""
        return self.hours if self.hours_per_week is None else WEEKS * self.hours_per_week


class WhatIfRead(Value):
    """The ranking as it would be against what was recommended; `took_ms` is in milliseconds."""

    items: tuple[MovedItem, ...]
    removed: tuple[RemovedItem, ...]
    changes: tuple[str, ...]
    """What is supposed to be different, then what comes of it, in sentences."""
    unchanged: bool
    """The same credentials in the same order with the same scores."""
    took_ms: float


class _Case(NamedTuple):
    """A recommendation, what it was made from and for whom, and for whom it would be."""

    recommended: tuple[Recommended, ...]
    basis: Basis
    names: dict[str, str]
    before: Standpoint
    after: Standpoint
    completed: tuple[str, ...]
    """Titles of what is supposed to be completed besides."""


class _Pools(NamedTuple):
    """Candidates by relevance, before and after."""

    before: dict[UUID, Fused]
    after: dict[UUID, Fused]
    without_vectors: bool = False


class _Ranked(NamedTuple):
    moves: Moves
    drifted: bool
    unchanged: bool


async def ask(
    actor: Actor,
    assessment_id: UUID,
    question: WhatIf,
    *,
    open_uow: OpenUnitOfWork,
    bank: QuestionBank,
    local_embedder: Embedder,
    vector_store: VectorStore,
) -> WhatIfRead:
    """Rank again. The same question gives the same answer. `local_embedder` is the one that runs in this process.

    Raises `NotFound`, `Conflict` while there is no result or nothing to rank again, and `Invalid` for what does not exist.
    """
    start = perf_counter()
    async with open_uow(autocommit=True) as uow:
        case = await _case(uow, bank, actor, assessment_id, question)
    pools = await _pools(case, open_uow, local_embedder, vector_store)
    moves, drifted, unchanged = _rank(case, pools, await shelf_of(open_uow, {**pools.before, **pools.after}))
    notes = [text for text, holds in ((_WITHOUT_VECTORS, pools.without_vectors), (_DRIFT, drifted)) if holds]
    return WhatIfRead(
        items=moves.items,
        removed=moves.removed,
        changes=(*told(case.before, case.after, case.names, case.completed), moves.summary, *notes),
        unchanged=unchanged,
        took_ms=round(1000 * (perf_counter() - start), 1),
    )


async def _case(uow: UnitOfWork, bank: QuestionBank, actor: Actor, assessment_id: UUID, question: WhatIf) -> _Case:
    row = await results.finished(uow, actor, assessment_id)
    recommendation = await uow.recommendations.latest(row.id)
    if recommendation is None or recommendation.basis is None:
        raise Conflict(
            "No search made this list, so there is nothing to rank again: it is the curated list of the role.", code="not_ranked"
        )
    basis = Basis.model_validate(recommendation.basis)
    learner, names = await learners.read(uow, bank, row.id, row.track_slug)
    before = Standpoint(basis.learning.known_of(learner), basis.learning.preferences)
    named = await learning.credentials(uow, question.completed, "/completed")
    learning.refuse((*_wrong(question, names), *named.problems))
    supposition = Supposition(
        interests=question.interests,
        level=question.level,
        hours=question.hours_in_all,
        completed=tuple(each.slug for each in named.found),
        prior_learning=question.prior_learning,
        languages=question.languages,
    )
    besides = tuple(each.title for each in named.found if each.slug not in before.preferences.completed)
    return _Case(await _recommended(uow, recommendation), basis, names, before, suppose(before, supposition), besides)


def _wrong(question: WhatIf, names: Collection[str]) -> tuple[FieldProblem, ...]:
    """What of `question` does not fit, credentials aside."""
    skills = [(f"/interests/{skill}", skill) for skill in question.interests]
    skills += [(f"/priorLearning/{place}", skill) for place, skill in enumerate(question.prior_learning)]
    twice = question.hours is not None and question.hours_per_week is not None
    both = (FieldProblem("/hoursPerWeek", "give either hours or hoursPerWeek"),) if twice else ()
    return (*learning.unknown_skills(skills, names), *both)


async def _recommended(uow: UnitOfWork, recommendation: Recommendation) -> tuple[Recommended, ...]:
    items = await uow.recommendations.items(recommendation.id)
    rows = await uow.credentials.by_version_ids([item.credential_version_id for item in items])
    return tuple(
        Recommended(
            credential_id=rows[item.credential_version_id].credential_id,
            title=rows[item.credential_version_id].content["title"],
            rank=item.rank,
            score=item.score,
            reasons=tuple(Reason.model_validate(reason) for reason in item.reasons),
        )
        for item in items
    )


async def _pools(case: _Case, open_uow: OpenUnitOfWork, local_embedder: Embedder, vector_store: VectorStore) -> _Pools:
    """The stored pool, and the same with what the parts that change find now."""
    old, new = (build_parts(standpoint.learner, case.names) for standpoint in (case.before, case.after))
    before = weigh(old, case.basis.lists, case.basis.ranks())
    if not (changed := changed_parts(old, new)):
        return _Pools(before, before)
    found = await search(new, open_uow=open_uow, embedder=local_embedder, vector_store=vector_store)
    searched = lists_of(found)
    lists = [name for name in case.basis.lists if not in_part(name, changed)] + [name for name in searched if in_part(name, changed)]
    after = weigh(new, lists, merged(case.basis, fuse(new, searched), changed, lists))
    return _Pools(before, {credential_id: after[credential_id] for credential_id in list(after)[:POOL]}, found.shortfall is not None)


def _rank(case: _Case, pools: _Pools, shelf: Shelf) -> _Ranked:
    old, new = shelf.candidates(pools.before), shelf.candidates(pools.after)
    contents = shelf.by_slug()
    appraisal = appraise(case.before.learner, old, case.names, case.before.preferences, contents)
    watched = {each.credential_id for each in case.recommended}
    after = rerank(case.after.learner, new, case.names, preferences=case.after.preferences, prerequisites=contents, watched=watched)
    gone = [each for each in old if each.credential_id in watched and each.credential_id not in pools.after]
    refused = appraise(case.after.learner, gone, case.names, case.after.preferences, contents).refused
    ruled_out = {each.credential_id: refused[each.slug] for each in gone if each.slug in refused}
    moves = compare(case.recommended, appraisal, after, ruled_out)
    stood = [(each.credential_id, each.score) for each in case.recommended]
    return _Ranked(moves, _places(select(appraisal, old)) != stood, _places(after) == stood)


def _places(ranking: Ranking) -> list[tuple[UUID, float]]:
    return [(item.candidate.credential_id, item.score) for item in ranking.items]

"""Recommending: from a scored assessment to a stored recommendation, in fair weather and when something is away."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from journeys import Student
from sqlalchemy import text

from assay.db.models import Recommendation, RecommendationItem
from assay.db.repositories.jobs import Fenced
from assay.domain.actors import Actor
from assay.domain.credentials import CredentialContent
from assay.domain.degradation import Cause, Degradation, Stage
from assay.domain.errors import Fault, ProviderError
from assay.domain.fusion import Fact, FactKind, Sentence
from assay.domain.grading import Identity, ModelReply
from assay.domain.jobs import ClaimedJob, JobType
from assay.domain.ports import Vector
from assay.domain.progress import AssessmentStatus, status_of
from assay.domain.ranking import rerank
from assay.domain.retrieval import ChunkHit, PartName
from assay.kit.transactions import assert_no_transaction
from assay.runtime import Runtime
from assay.services import essay_scoring, learners, recommending, results
from assay.services.retrieval import retrieve


class FailingEmbedder:
    """An embedder that is away."""

    dimension = 256

    def __init__(self, runtime: Runtime, fault: Fault) -> None:
        self.name = runtime.embedder.name
        self._fault = fault

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """Fail."""
        assert_no_transaction()
        raise ProviderError(self._fault, "away")


class FailingStore:
    """A vector store that is away."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault

    async def nearest(self, index_version: UUID, vectors: Sequence[Vector], limit: int) -> list[list[ChunkHit]]:
        """Fail."""
        assert_no_transaction()
        raise ProviderError(self._fault, "away")


class ScriptedNarrator:
    """A narrator that answers with what a function makes of the facts, or with an error."""

    identity = Identity(producer="openai", model="scripted", prompt_hash="0" * 64)

    def __init__(self, script: Any) -> None:
        self._script = script
        self.asked = 0

    async def ask(self, facts: Sequence[Fact]) -> ModelReply:
        """Play the script."""
        assert_no_transaction()
        self.asked += 1
        if isinstance(self._script, ProviderError):
            raise self._script
        return ModelReply(content={"sentences": [sentence.model_dump() for sentence in self._script(facts)]})

    def read(self, reply: ModelReply) -> list[Sentence]:
        """The sentences, as they are."""
        return [Sentence.model_validate(sentence) for sentence in reply.content["sentences"]]


async def _ready(runtime: Runtime, student: Student, track_id: UUID, **replaced: Any) -> ClaimedJob:
    """The claimed recommendation job of an assessment whose essays are scored."""
    bundle = await student.start(track_id)
    await student.answer_all(bundle, **replaced)
    await student.submit(bundle)
    async with runtime.open_uow() as uow:
        (claim,) = await uow.jobs.claim("test:1", 5, 30)
    await essay_scoring.score(
        claim.job, open_uow=runtime.open_uow, bank=runtime.bank, graders=runtime.graders, clock=runtime.clock, seconds_left=30
    )
    async with runtime.open_uow() as uow:
        (claim,) = await uow.jobs.claim("test:1", 5, 30)
    assert claim.job.type is JobType.GENERATE_RECOMMENDATIONS
    return claim.job


async def _generate(runtime: Runtime, job: ClaimedJob, **replaced: Any) -> None:
    parts = {name: getattr(runtime, name) for name in ("embedder", "vector_store", "narrator", "fallback_narrator", "turnstile")}
    await recommending.generate(job, open_uow=runtime.open_uow, bank=runtime.bank, clock=runtime.clock, **{**parts, **replaced})


async def _stored(runtime: Runtime, job: ClaimedJob) -> tuple[Recommendation, list[RecommendationItem], list[Degradation]]:
    async with runtime.open_uow() as uow:
        recommendation = await uow.recommendations.latest(job.assessment_id)
        assert recommendation is not None
        items = await uow.recommendations.items(recommendation.id)
        return recommendation, items, await uow.scores.degradations(job.assessment_id)


async def _contents(runtime: Runtime, items: Sequence[RecommendationItem]) -> list[tuple[str, CredentialContent]]:
    async with runtime.open_uow() as uow:
        rows = await uow.credentials.by_version_ids([item.credential_version_id for item in items])
    return [(row.slug, CredentialContent.model_validate(row.content)) for row in (rows[item.credential_version_id] for item in items)]


async def _assert_sourced(runtime: Runtime, items: Sequence[RecommendationItem]) -> None:
    assert items
    for item, (_, content) in zip(items, await _contents(runtime, items), strict=True):
        assert 1 <= len(item.sources) <= 3
        for source in item.sources:
            section = content.sections()[source["section"]]
            assert section[source["start"] : source["end"]] == source["snippet"]


async def _status(runtime: Runtime, job: ClaimedJob) -> str:
    async with runtime.open_uow() as uow:
        return str((await uow.session.execute(text("SELECT status FROM async_jobs WHERE id = :id"), {"id": job.id})).scalar_one())


async def test_a_recommendation_is_written_whole(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """Six to eight items with verbatim sources, reasons that add up to the score, traces for each, and a summary that cites facts."""
    job = await _ready(runtime, student, track_id)
    await _generate(runtime, job)
    recommendation, items, degradations = await _stored(runtime, job)
    assert degradations == []
    assert await _status(runtime, job) == "succeeded"
    assert 6 <= len(items) <= 8
    assert [item.rank for item in items] == list(range(1, len(items) + 1))
    assert [item.score for item in items] == sorted((item.score for item in items), reverse=True)
    await _assert_sourced(runtime, items)
    async with runtime.open_uow() as uow:
        for item in items:
            assert item.score == pytest.approx(sum(reason["contribution"] for reason in item.reasons), abs=1e-6)
            assert item.ranks
            traces = await uow.recommendations.item_traces(item.id)
            assert {f"{trace.part}.{hit['source']}": hit["rank"] for trace in traces for hit in trace.hits} == item.ranks
        parts = {trace.part: trace for trace in await uow.recommendations.traces(recommendation.id)}
    assert PartName.ROLE in parts
    assert "Backend Engineer" in parts["role"].query
    known = {fact["id"] for fact in recommendation.summary["facts"]}
    assert len(recommendation.summary["sentences"]) >= 2
    assert all(sentence["facts"] and known.issuperset(sentence["facts"]) for sentence in recommendation.summary["sentences"])
    assert recommendation.processing_ms > 0
    assert recommendation.provenance["retrieval"]["embedder"] == runtime.embedder.name


async def test_the_result_can_be_read(runtime: Runtime, student: Student, student_actor: Actor, track_id: UUID) -> None:
    """The assessment is completed by the same transaction and its result serialises."""
    job = await _ready(runtime, student, track_id)
    await _generate(runtime, job)
    async with runtime.open_uow() as uow:
        row = await uow.assessments.visible(job.assessment_id, student_actor)
        assert row is not None
        assert status_of(row.times) is AssessmentStatus.COMPLETED
        result = await results.read(uow, runtime.bank, student_actor, job.assessment_id)
    assert result.recommendation.items[0].sources[0].snippet
    assert {trace.part for trace in result.rag_traces} <= set(PartName)
    assert all(trace.query for trace in result.rag_traces)


@pytest.mark.parametrize("away", ["embedder", "vector_store"])
async def test_full_text_alone_when_vectors_are_away(runtime: Runtime, student: Student, track_id: UUID, away: str) -> None:
    """Without embedder or vector store there is still a sourced list, found by full text, degraded with its cause and what was away."""
    job = await _ready(runtime, student, track_id)
    substitute = FailingEmbedder(runtime, Fault.TIMEOUT) if away == "embedder" else FailingStore(Fault.TIMEOUT)
    await _generate(runtime, job, **{away: substitute})
    recommendation, items, (degradation,) = await _stored(runtime, job)
    assert (degradation.stage, degradation.cause, degradation.replaced_by) == (Stage.RETRIEVAL, Cause.TIMEOUT, "built-in")
    assert away.replace("_", " ") in degradation.detail
    assert await _status(runtime, job) == "degraded"
    assert recommendation.index_version_id is None
    assert {name.split(".")[1] for item in items for name in item.ranks} == {"text"}
    await _assert_sourced(runtime, items)


async def test_a_passing_fault_is_left_to_the_ledger(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """While tries are left, a busy embedder ends the attempt with nothing written; on the last one full text stands in."""
    job = await _ready(runtime, student, track_id)
    busy = FailingEmbedder(runtime, Fault.RATE_LIMITED)
    with pytest.raises(ProviderError):
        await _generate(runtime, job, embedder=busy)
    async with runtime.open_uow() as uow:
        assert await uow.recommendations.latest(job.assessment_id) is None
    await _generate(runtime, job.model_copy(update={"attempt": 3}), embedder=busy)
    _, _, (degradation,) = await _stored(runtime, job)
    assert degradation.cause is Cause.RATE_LIMITED


async def test_the_curated_list_when_the_index_is_empty(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """Without an index the track's curated credentials are recommended in their order, less those no longer offered, with sources."""
    job = await _ready(runtime, student, track_id)
    async with runtime.open_uow() as uow:
        track = await uow.tracks.get(track_id)
        assert track is not None
        first, *rest = track.fallback_credentials
        await uow.session.execute(text("UPDATE index_versions SET status = 'retired'"))
        await uow.session.execute(text("UPDATE credential_catalog SET status = 'retired' WHERE slug = :slug"), {"slug": first})
    await _generate(runtime, job)
    _, items, (degradation,) = await _stored(runtime, job)
    assert (degradation.cause, degradation.replaced_by) == (Cause.INDEX_EMPTY, "static")
    assert [slug for slug, _ in await _contents(runtime, items)] == rest
    await _assert_sourced(runtime, items)


async def test_something_is_recommended_without_a_curated_list(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """A track whose list is empty falls back to the published credentials nearest to its focus."""
    job = await _ready(runtime, student, track_id)
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE index_versions SET status = 'retired'"))
        await uow.session.execute(text("UPDATE role_catalog SET fallback_credentials = '{}'"))
    await _generate(runtime, job)
    _, items, _ = await _stored(runtime, job)
    await _assert_sourced(runtime, items)


async def test_retired_credentials_are_never_recommended(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """The best credentials, retired after the index was built, are not recommended although the index still holds them."""
    job = await _ready(runtime, student, track_id)
    async with runtime.open_uow() as uow:
        learner, names = await learners.read(uow, runtime.bank, job.assessment_id, job.track)
    found = await retrieve(learner, names, open_uow=runtime.open_uow, embedder=runtime.embedder, vector_store=runtime.vector_store)
    best = {item.candidate.slug for item in rerank(learner, found.candidates, names).items[:3]}
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE credential_catalog SET status = 'retired' WHERE slug = ANY(:slugs)"), {"slugs": list(best)})
    await _generate(runtime, job)
    _, items, _ = await _stored(runtime, job)
    assert items
    assert not {slug for slug, _ in await _contents(runtime, items)} & best


async def test_a_refusing_narrator_is_replaced(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """The template tells the same facts, and the stage is degraded with the narrator's fault."""
    job = await _ready(runtime, student, track_id)
    await _generate(runtime, job, narrator=ScriptedNarrator(ProviderError(Fault.REFUSED, "no")))
    recommendation, items, (degradation,) = await _stored(runtime, job)
    assert (degradation.stage, degradation.cause, degradation.replaced_by) == (Stage.NARRATIVE, Cause.REFUSED, "built-in")
    assert recommendation.provenance["narrative"]["producer"] == "built-in"
    assert len(items) >= 6


def _inventive(facts: Sequence[Fact]) -> list[Sentence]:
    """Two honest sentences and three inventions: a credential, a number, a quotation."""
    role, score = facts[0], facts[1]
    title = next(fact for fact in facts if fact.kind is FactKind.CREDENTIAL)
    return [
        Sentence(text=role.text, facts=(role.id,)),
        Sentence(text=score.text, facts=(score.id,)),
        Sentence(text=f"Take {title.subject}.", facts=(role.id,)),
        Sentence(text="You earned 99.5 percent.", facts=(score.id,)),
        Sentence(text="The catalog says “this course gets everybody a job”.", facts=(title.id,)),
    ]


async def test_invented_sentences_are_dropped(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """What cannot be proved does not stand, is kept with the reason, and the rest is the summary."""
    job = await _ready(runtime, student, track_id)
    await _generate(runtime, job, narrator=ScriptedNarrator(_inventive))
    recommendation, _, degradations = await _stored(runtime, job)
    assert degradations == []
    assert len(recommendation.summary["sentences"]) == 2
    assert len(recommendation.summary["dropped"]) == 3
    assert "99.5" not in recommendation.summary["text"]


async def test_too_little_that_stands_is_no_summary(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """With fewer than two proved sentences the template speaks, and the cause is an invalid reply."""
    job = await _ready(runtime, student, track_id)
    narrator = ScriptedNarrator(lambda facts: [Sentence(text=facts[0].text, facts=("f1",)), Sentence(text="Well done.")])
    await _generate(runtime, job, narrator=narrator)
    recommendation, _, (degradation,) = await _stored(runtime, job)
    assert (degradation.stage, degradation.cause) == (Stage.NARRATIVE, Cause.INVALID_REPLY)
    assert len(recommendation.summary["sentences"]) >= 2


async def test_a_stale_lease_writes_nothing_and_a_rerun_pays_nothing(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """A fenced job leaves no trace of itself; doing it again reads the stored reply instead of asking once more."""
    job = await _ready(runtime, student, track_id)
    narrator = ScriptedNarrator(_inventive)
    with pytest.raises(Fenced):
        await _generate(runtime, job.model_copy(update={"fence": job.fence - 1}), narrator=narrator)
    async with runtime.open_uow() as uow:
        assert await uow.recommendations.latest(job.assessment_id) is None
    await _generate(runtime, job, narrator=narrator)
    recommendation, _, _ = await _stored(runtime, job)
    assert narrator.asked == 1
    assert recommendation.provenance["narrative"]["replayed"] is True


async def test_giving_up_still_gives_a_result(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """A job that cannot be done ends with the curated list, told by the template, the cause named and the job dead."""
    job = await _ready(runtime, student, track_id)
    await recommending.give_up(
        job,
        open_uow=runtime.open_uow,
        bank=runtime.bank,
        fallback_narrator=runtime.fallback_narrator,
        clock=runtime.clock,
        cause=Cause.CRASHED,
        error="workers died of it 5 times",
    )
    recommendation, items, (degradation,) = await _stored(runtime, job)
    assert (degradation.stage, degradation.cause, degradation.replaced_by) == (Stage.RETRIEVAL, Cause.CRASHED, "static")
    assert await _status(runtime, job) == "dead"
    assert recommendation.summary["text"]
    await _assert_sourced(runtime, items)


async def test_the_words_of_a_query_are_encrypted(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """No column of a recommendation holds a sentence of the student in clear."""
    job = await _ready(runtime, student, track_id, freeText="Marmalade harbours quietly under zinc moons.")
    await _generate(runtime, job)
    async with runtime.open_uow() as uow:
        for table in ("recommendations", "recommendation_items", "rag_traces"):
            rows = await uow.session.execute(text(f"SELECT t::text FROM {table} t"))
            dump = " ".join(rows.scalars())
            assert "zinc moons" not in dump
            assert "idempotent endpoint is one" not in dump

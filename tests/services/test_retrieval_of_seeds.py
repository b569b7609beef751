"""Retrieval on the seed catalog: what an advisor would expect of each track, and what must not move it."""

from typing import Any

import pytest

from assay.domain.learner import EssayResult, Learner, TheoryResult
from assay.domain.ranking import Ranking, rerank
from assay.domain.tracks import TrackContent
from assay.runtime import Runtime
from assay.services.retrieval import Retrieved, retrieve

PROFILES: dict[str, dict[str, Any]] = {
    "backend-engineer": {"weak": "relational-databases", "interest": "message-queues"},
    "cloud-devops-engineer": {"weak": "containers", "interest": "kubernetes"},
    "cybersecurity-analyst": {"weak": "security-monitoring", "interest": "digital-forensics"},
    "data-analyst": {"weak": "statistics", "interest": "dashboards"},
    "frontend-engineer": {"weak": "accessibility", "interest": "react"},
    "machine-learning-engineer": {"weak": "mlops", "interest": "large-language-models"},
}
"""For each track a skill that was missed and one that was wished for."""

OFF_TOPIC = EssayResult(
    skills=("testing",),
    percent=0,
    accuracy=0,
    sentences=("My grandmother keeps bees in Tuscany and sells honey at the market.", "The wine harvest begins in September."),
)


async def _learner(runtime: Runtime, slug: str, *essays: EssayResult) -> tuple[Learner, dict[str, str]]:
    async with runtime.open_uow() as uow:
        track = await uow.tracks.by_slug(slug)
        assert track is not None
        names = await uow.tracks.skill_names()
    content = TrackContent.model_validate({name: getattr(track, name) for name in TrackContent.model_fields})
    weak, interest = PROFILES[slug]["weak"], PROFILES[slug]["interest"]
    known = next(skill for skill in content.skill_focus if skill not in {weak, interest})
    theory = (TheoryResult(skills=(known,), credit=1), TheoryResult(skills=(weak,), credit=0))
    return Learner(track=content, theory=theory, essays=essays, signals={f"interest:{interest}": 1.0}), names


async def _ranking(runtime: Runtime, slug: str, *essays: EssayResult) -> tuple[Ranking, Retrieved, Learner]:
    learner, names = await _learner(runtime, slug, *essays)
    found = await retrieve(learner, names, open_uow=runtime.open_uow, embedder=runtime.embedder, vector_store=runtime.vector_store)
    assert found.shortfall is None
    return rerank(learner, found.candidates, names, prerequisites=found.prerequisites), found, learner


@pytest.mark.parametrize("slug", sorted(PROFILES))
async def test_each_track_gets_what_it_asks_for(runtime: Runtime, slug: str) -> None:
    """The first five each teach something of the role; the gap and the interest are both answered; levels are within reach."""
    ranking, _, learner = await _ranking(runtime, slug)
    first = [item.candidate.content for item in ranking.items[:5]]
    assert len(ranking.items) >= 6
    assert all(set(content.skills[:2]) & set(learner.track.skill_focus) for content in first)
    assert any(PROFILES[slug]["weak"] in content.skills for content in first)
    assert any(PROFILES[slug]["interest"] in content.skills for content in first)
    assert all(content.language == "en" for content in first)
    assert sum(content.level == "advanced" for content in first) <= 1


@pytest.mark.parametrize("slug", sorted(PROFILES))
async def test_an_off_topic_essay_hardly_moves_the_list(runtime: Runtime, slug: str) -> None:
    """An essay about bees leaves at least four of the first five where they were."""
    plain, _, _ = await _ranking(runtime, slug)
    moved, found, _ = await _ranking(runtime, slug, OFF_TOPIC)
    assert all("honey" not in part.text for part in found.parts)
    before, after = ({item.candidate.slug for item in ranking.items[:5]} for ranking in (plain, moved))
    assert len(before & after) >= 4


async def test_the_same_input_gives_the_same_list(runtime: Runtime) -> None:
    """Twice the same question, twice the same answer to the last digit."""
    assert (await _ranking(runtime, "data-analyst"))[0] == (await _ranking(runtime, "data-analyst"))[0]


async def test_every_part_is_searched_both_ways(runtime: Runtime) -> None:
    """Role, gaps and interests each have a vector list and a text list, and a candidate's ranks name its lists."""
    _, found, _ = await _ranking(runtime, "backend-engineer")
    assert set(found.vector_hits) == set(found.text_hits) == {"role", "gaps", "interests"}
    lists = {f"{part}.{source}" for part in found.vector_hits for source in ("vector", "text")}
    assert all(candidate.ranks and set(candidate.ranks) <= lists for candidate in found.candidates)

"""Agreement between advisors and models as the dashboard reads it: counted in the database, per dimension, track and model."""

from typing import Any
from uuid import UUID

import advising
import httpx2
import pytest
from journeys import Student

from assay.domain.actors import Actor, Role
from assay.runtime import Runtime

FIGURES = ("n", "exact", "adjacent", "quadraticWeightedKappa", "meanShift", "heldDecided")


async def report(reader: Student) -> dict[str, Any]:
    """The report."""
    answer = await reader.request("GET", "/advisor/agreement")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def figures(dimensions: dict[str, Any], name: str) -> tuple[Any, ...]:
    """The figures of one dimension."""
    return tuple(dimensions[name][figure] for figure in FIGURES)


async def other_student_id(runtime: Runtime) -> UUID:
    """The second demo student."""
    async with runtime.open_uow() as uow:
        user = await uow.accounts.by_email("student2@assay.example")
    assert user is not None
    return user.id


@pytest.fixture
async def judged(advisor: Student, runtime: Runtime, student_actor: Actor) -> list[UUID]:
    """Five essays on two tracks by two models, clarity 2 2 2 1 and one held; an advisor says 3 2 4 1 and 0."""
    async with runtime.open_uow() as uow:
        one = await advising.new_assessment(uow, student_actor.id)
        other = await advising.new_assessment(uow, await other_student_id(runtime), track="data-analyst")
        scores = await advising.new_scores(uow, one, *(advising.levels(level) for level in (2, 2, 2)))
        scores += await advising.new_scores(
            uow, other, *(advising.levels(level) for level in (1, None)), track="data-analyst", producer="built-in", model="b-1"
        )
    for score, level in zip(scores, (3, 2, 4, 1, 0), strict=True):
        assert (await advising.override(advisor, score, clarity=level)).status_code == 201
    return scores


async def test_figures_are_those_by_hand(advisor: Student, judged: list[UUID]) -> None:
    """Squared differences 1 0 4 0: mean 1.25; expected 1.25 + 0.1875 + 0.5625 = 2: kappa 0.375. The held one is counted apart."""
    dimensions = (await report(advisor))["dimensions"]
    assert figures(dimensions, "clarity") == (4, 0.5, 0.75, pytest.approx(0.375), 0.75, 1)
    assert dimensions["clarity"]["counts"][4] == [0, 0, 1, 0, 0]
    assert figures(dimensions, "accuracy") == (0, None, None, None, None, 0)


async def test_figures_per_track_and_per_model(advisor: Student, judged: list[UUID]) -> None:
    """The first three essays are one track and model: mean squared difference 5/3, expected variance 2/3 + 1: kappa 0."""
    found = await report(advisor)
    tracks = {each["track"]["slug"]: each["dimensions"] for each in found["tracks"]}
    models = {(each["producer"], each["model"]): each["dimensions"] for each in found["models"]}
    assert set(tracks) == {"backend-engineer", "data-analyst"}
    assert figures(tracks["backend-engineer"], "clarity") == (3, pytest.approx(1 / 3), pytest.approx(2 / 3), pytest.approx(0), 1.0, 0)
    assert figures(tracks["data-analyst"], "clarity") == (1, 1.0, 1.0, None, 0.0, 1)
    assert models == {("openai", "m-1"): tracks["backend-engineer"], ("built-in", "b-1"): tracks["data-analyst"]}


async def test_what_stands_counts_once(advisor: Student, judged: list[UUID]) -> None:
    """A second word on the same verdict replaces the first as an observation; a confirmation is one like any other."""
    await advising.override(advisor, judged[2], clarity=3)
    await advising.override(advisor, judged[2], None, clarity=2, accuracy=2)
    dimensions = (await report(advisor))["dimensions"]
    assert figures(dimensions, "clarity")[:3] == (4, 0.75, 1.0)
    assert figures(dimensions, "accuracy")[:3] == (1, 1.0, 1.0)


async def test_a_level_is_compared_with_the_verdict_it_was_said_of(advisor: Student, judged: list[UUID], runtime: Runtime) -> None:
    """A newer verdict does not turn an old agreement into a disagreement."""
    before = await report(advisor)
    async with runtime.open_uow() as uow:
        found = await uow.overrides.target(judged[1])
        assert found is not None
        await uow.scores.add_essay_scores([advising.essay_score(found.assessment_id, found.question_id, advising.levels(0), version=2)])
    assert await report(advisor) == before


async def test_an_advisor_sees_the_own_cohorts_and_an_admin_all(
    advisor: Student,
    admin: Student,
    student: Student,
    client: httpx2.AsyncClient,
    runtime: Runtime,
    judged: list[UUID],
) -> None:
    """Another advisor has the figures of the student they share; a student none at all."""
    assert await report(admin) == await report(advisor)
    stranger = await advising.advisor_of(runtime, client, None)
    assert await report(stranger) == {"dimensions": (await report(stranger))["dimensions"], "tracks": [], "models": []}
    assert figures((await report(stranger))["dimensions"], "clarity")[0] == 0
    second = await advising.advisor_of(runtime, client, "Second", await other_student_id(runtime))
    assert [each["track"]["slug"] for each in (await report(second))["tracks"]] == ["data-analyst"]
    refused = await student.request("GET", "/advisor/agreement")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert Actor(id=judged[0], role=Role.ADMIN).may("agreement:read")  # type: ignore[arg-type]

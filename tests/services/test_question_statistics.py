"""Item statistics from a real database: against the same figures worked out by hand, and without a word of anybody."""

import random
from statistics import correlation, fmean
from typing import Any
from uuid import UUID

import advising
import pytest
from journeys import Student
from sqlalchemy import text

from assay.db.models import AssessmentResponse, QuestionSnapshot, RuleScore
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor
from assay.domain.item_statistics import ItemFlag
from assay.domain.rubric import Dimension
from assay.runtime import Runtime
from assay.services import item_statistics

CREDITS = (0.0, 0.25, 0.5, 1.0)


async def asked(runtime: Runtime, form: str, count: int) -> list[tuple[UUID, UUID]]:
    """Questions of this format with their current versions."""
    query = text(
        "SELECT q.id, v.id FROM questions q JOIN question_versions v ON v.question_id = q.id AND v.version = q.current_version"
        " WHERE q.type = 'theoretical' AND v.content ->> 'format' = :form ORDER BY q.slug LIMIT :count"
    )
    async with runtime.open_uow(autocommit=True) as uow:
        return [(row[0], row[1]) for row in await uow.session.execute(query, {"form": form, "count": count})]


async def finished(uow: UnitOfWork, student_id: UUID, theory: list[tuple[tuple[UUID, UUID], float | None, Any]], **times: Any) -> UUID:
    """An assessment that asked these questions: each with the credit and the answer it got (None: left empty)."""
    assessment_id = await advising.new_assessment(uow, student_id, **times)
    for position, ((question_id, version_id), credit, answer) in enumerate(theory, start=1):
        ids = {"assessment_id": assessment_id, "question_id": question_id}
        uow.session.add(QuestionSnapshot(**ids, position=position, question_version_id=version_id))
        await uow.session.flush()
        uow.session.add(RuleScore(**ids, credit=credit, answered=answer is not None, signals={}))
        now = text("now()")
        uow.session.add(AssessmentResponse(**ids, answer=[answer], is_blank=answer is None, answered_at=now, saved_at=now))
    return assessment_id


async def test_figures_are_what_they_would_be_by_hand(runtime: Runtime, student_actor: Actor) -> None:
    """Facility, correlation with the rest, upper and lower 27 %, omissions, choices of sixty assessments; unfinished ones are left out."""
    items = await asked(runtime, "singleChoice", 3)
    draw = random.Random(7)
    credits_ = [[draw.choice(CREDITS) for _ in items] for _ in range(60)]
    credits_ = [[min(1.0, first), second, round((first + second) / 2, 2)] for first, second, _ in credits_]
    answers = [draw.choice(["a", "b", None]) for _ in credits_]
    async with runtime.open_uow() as uow:
        for points, answer in zip(credits_, answers, strict=True):
            said = [answer, "a", "a"]
            await finished(uow, student_actor.id, list(zip(items, points, said, strict=True)))
        await finished(uow, student_actor.id, [(items[0], 0.0, "a")], completed=None)
    (question_id, _), *_ = items
    found = await item_statistics.of_question(runtime.open_uow, question_id)
    (version,) = found.versions
    told = version.statistics
    mine = [points[0] for points in credits_]
    rest = [fmean(points[1:]) for points in credits_]
    assert (told.n, told.few) == (60, False)
    assert told.facility is not None
    assert told.facility.value == pytest.approx(fmean(mine))
    assert told.discrimination is not None
    assert told.discrimination.value == pytest.approx(correlation(mine, rest))
    # who has the same rest may stand on either side of the line, so it is held against both extremes
    order = sorted(range(60), key=lambda each: rest[each])
    lowest, highest = rest[order[15]], rest[order[-16]]
    assert told.upper_lower is not None
    sure_low, sure_high = [mine[each] for each in order if rest[each] < lowest], [mine[each] for each in order if rest[each] > highest]
    ties_low, ties_high = [mine[each] for each in order if rest[each] == lowest], [mine[each] for each in order if rest[each] == highest]
    least = _fringe(sure_high, sorted(ties_high)) - _fringe(sure_low, sorted(ties_low, reverse=True))
    most = _fringe(sure_high, sorted(ties_high, reverse=True)) - _fringe(sure_low, sorted(ties_low))
    assert least - 1e-9 <= told.upper_lower <= most + 1e-9
    assert told.omitted == pytest.approx(answers.count(None) / 60)
    assert told.choices is not None
    counted = {choice.option: choice.count for choice in told.choices}
    assert (counted["a"], counted["b"]) == (answers.count("a"), answers.count("b"))


def _fringe(sure: list[float], ties: list[float]) -> float:
    """The mean of sixteen: those who belong to the fringe, and of the others as many as fit."""
    return fmean([*sure, *ties][:16])


async def test_small_groups_stay_silent(runtime: Runtime, student_actor: Actor) -> None:
    """Four finished assessments: how many, and nothing else; another version of the same question counts apart."""
    items = await asked(runtime, "singleChoice", 2)
    async with runtime.open_uow() as uow:
        for _ in range(4):
            await finished(uow, student_actor.id, [(items[0], 1.0, "a"), (items[1], 0.0, "b")])
    (version,) = (await item_statistics.of_question(runtime.open_uow, items[0][0])).versions
    shown = version.statistics.model_dump(exclude_none=True)
    assert shown == {"n": 4, "few": True, "flags": ()}


async def test_essays_show_levels_held_and_how_advisors_see_it(runtime: Runtime, advisor: Student, student_actor: Actor) -> None:
    """The newest verdict counts; six essays, one of them held in clarity, five of them said again by an advisor."""
    async with runtime.open_uow() as uow:
        scores = []
        for level in (1, 2, 2, 3, 4, None):
            assessment_id = await advising.new_assessment(uow, student_actor.id)
            scores += await advising.new_scores(uow, assessment_id, advising.levels(level))
        question_id = (await uow.scores.essay_scores(assessment_id))[0].question_id
    for score in scores[:5]:
        assert (await advising.override(advisor, score, accuracy=3)).status_code in {200, 201}
    (version, *_) = (await item_statistics.of_question(runtime.open_uow, question_id)).versions
    told = version.statistics
    assert told.levels is not None
    assert told.levels[Dimension.CLARITY].counts == (0, 1, 2, 1, 1)
    assert told.levels[Dimension.CLARITY].held == 1
    assert told.held == pytest.approx(1 / 18)
    assert told.agreement is not None
    assert (told.agreement[Dimension.ACCURACY].n, told.agreement[Dimension.ACCURACY].exact) == (5, 0.0)
    assert set(told.agreement) == {Dimension.ACCURACY}


async def test_the_list_begins_with_what_somebody_should_look_at(
    runtime: Runtime, admin: Student, student: Student, advisor: Student, student_actor: Actor, track_id: UUID
) -> None:
    """A wrong key shows first; over the API for admins alone; reading it all takes a bounded number of statements."""
    items = await asked(runtime, "singleChoice", 3)
    async with runtime.open_uow() as uow:
        for number in range(40):
            good = float(number % 2)
            await finished(uow, student_actor.id, [(items[0], 1 - good, "a"), (items[1], good, "b"), (items[2], good, "b")])
    with advising.statements(runtime) as seen:
        answer = await admin.request("GET", "/questions/statistics")
    assert answer.status_code == 200, answer.text
    first, *others = answer.json()["items"]
    assert first["questionId"] == str(items[0][0])
    assert first["statistics"]["flags"] == ["negativeDiscrimination", "unusedDistractor"]
    assert first["statistics"]["discrimination"]["value"] == pytest.approx(-1)
    assert {ItemFlag.UNUSED_DISTRACTOR} == {flag for each in others[:2] for flag in each["statistics"]["flags"]}
    assert all(each["statistics"]["few"] for each in others[2:])
    assert len(seen) <= 8, seen
    one = await admin.request("GET", f"/questions/{items[0][0]}/statistics")
    assert one.json()["versions"][0]["statistics"] == first["statistics"]
    tracked = await admin.request("GET", "/questions/statistics", params={"track": str(track_id)})
    assert 0 < len(tracked.json()["items"]) < len(answer.json()["items"])
    assert (await admin.request("GET", f"/questions/{student_actor.id}/statistics")).status_code == 404
    for person in (student, advisor):
        assert (await person.request("GET", "/questions/statistics")).status_code == 403
        assert (await person.request("GET", f"/questions/{items[0][0]}/statistics")).status_code == 403


async def test_answers_are_read_in_pieces_up_to_a_limit(runtime: Runtime, student_actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every piece is counted once, and no more than the newest are opened."""
    items = await asked(runtime, "singleChoice", 1)
    async with runtime.open_uow() as uow:
        for _ in range(12):
            await finished(uow, student_actor.id, [(items[0], 1.0, "a")])
    monkeypatch.setattr(item_statistics, "_PIECE", 5)
    for limit, counted in ((100, 12), (7, 7)):
        monkeypatch.setattr(item_statistics, "ANSWERS", limit)
        (version,) = (await item_statistics.of_question(runtime.open_uow, items[0][0])).versions
        assert version.statistics.choices is not None
        assert next(choice.count for choice in version.statistics.choices if choice.option == "a") == counted


async def test_the_newest_assessments_are_looked_at(runtime: Runtime, student_actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more than can be looked at the oldest are left out, so that one look cannot cost more and more."""
    items = await asked(runtime, "singleChoice", 1)
    async with runtime.open_uow() as uow:
        for credit in (0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0):
            await finished(uow, student_actor.id, [(items[0], credit, "a")])
    monkeypatch.setattr(item_statistics, "_LEAST", 1)
    monkeypatch.setattr(item_statistics, "TOGETHER", 5)
    (version,) = (await item_statistics.of_question(runtime.open_uow, items[0][0])).versions
    assert version.statistics.facility is not None
    assert (version.statistics.n, version.statistics.facility.value) == (5, 1.0)

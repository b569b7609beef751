"""A bank that is edited while many assessments are open: each is asked, and scored by, what it began with."""

from typing import Any, Final
from uuid import UUID

from journeys import Student
from sqlalchemy import text

from assay.domain import rules
from assay.domain.questions import QuestionContent, QuestionType
from assay.runtime import Runtime
from assay.services import responses, submission
from assay.services.responses import Sheet
from benchmarks import people
from benchmarks.people import Taken

OPEN: Final = 50
HIDDEN: Final = {"id", "slug", "version", "isActive", "changedAt"}
TURNED: Final = {"singleChoice", "trueFalse"}
"""Kinds of rules whose right answer can simply be another one."""


async def edit_all(admin: Student, track_id: UUID) -> int:
    """Another prompt for every question of the track, another right answer where that is easy; how many of those there were."""
    listed = await admin.request("GET", "/questions", params={"track": str(track_id), "limit": "200"})
    turned = 0
    for item in listed.json()["items"]:
        read = await admin.request("GET", f"/questions/{item['id']}")
        write = {name: value for name, value in read.json().items() if name not in HIDDEN}
        write["prompt"] += " (new)"
        if (write.get("rule") or {}).get("kind") in TURNED:
            write["rule"]["correct"] = next(each["id"] for each in write["options"] if each["id"] != write["rule"]["correct"])
            turned += 1
        answer = await admin.request("PUT", f"/questions/{item['id']}", json=write, headers={"If-Match": read.headers["ETag"]})
        assert answer.status_code == 200, answer.text
    return turned


def credits_of(sheet: Sheet, contents: dict[UUID, QuestionContent]) -> dict[UUID, float]:
    """What `contents` give the answers of a sheet, by theoretical question."""
    return {
        question_id: rules.score(content.rule, sheet.answers[question_id].answer)
        for question_id in sheet.asked
        if (content := contents[question_id]).type is QuestionType.THEORETICAL and content.rule is not None
    }


async def sheet_of(runtime: Runtime, taken: Taken) -> Sheet:
    """Its questions as asked, with the answers."""
    async with runtime.open_uow(autocommit=True) as uow:
        return await responses.read_sheet(uow, runtime.bank, taken.assessment_id)


async def snapshots(runtime: Runtime) -> list[Any]:
    """Every snapshot there is."""
    async with runtime.open_uow(autocommit=True) as uow:
        query = "SELECT assessment_id, position, question_id, question_version_id FROM assessment_question_snapshots ORDER BY 1, 2"
        return list(await uow.session.execute(text(query)))


async def test_fifty_open_assessments_keep_questions_and_scores(admin: Student, track_id: UUID, runtime: Runtime) -> None:
    """Not a snapshot is another, and not a score, though by the new rules they would be."""
    actors = await people.enrol(runtime, OPEN)
    await people.tracks(runtime)
    taken = await people.take(runtime, actors, track_id, "open")
    before = {each.assessment_id: credits_of(sheet, sheet.contents) for each in taken for sheet in [await sheet_of(runtime, each)]}
    asked = await snapshots(runtime)
    assert len(asked) == 10 * OPEN

    assert await edit_all(admin, track_id) > 0

    assert await snapshots(runtime) == asked
    async with runtime.open_uow() as uow:
        await runtime.bank.refresh(uow)
    newest = {each.question_id: each.content for each in runtime.bank.tracks[track_id].questions}
    others = 0
    for each in taken:
        others += credits_of(await sheet_of(runtime, each), newest) != before[each.assessment_id]
        async with runtime.open_uow() as uow:
            receipt = await submission.submit(uow, runtime.bank, each.actor, each.assessment_id)
        assert receipt.rule_scores is not None
        assert {score.question_id: score.credit for score in receipt.rule_scores.questions} == {
            question_id: round(credit, 4) for question_id, credit in before[each.assessment_id].items()
        }
    assert others > 0

"""Results that a track holds back: the student is told so in a sentence, the advisor sees and releases them."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import advising
import httpx2
from journeys import Student

from assay.runtime import Runtime
from assay.worker.drainer import Drainer

REVIEW = {"when": "afterReview"}


async def hold(admin: Student, track_id: UUID, policy: dict[str, Any]) -> None:
    """Set the track's policy as an admin does."""
    read = await admin.request("GET", f"/tracks/{track_id}")
    kept = {name: value for name, value in read.json().items() if name not in {"id", "slug", "skills", "version"}}
    done = await admin.request(
        "PUT", f"/tracks/{track_id}", json=kept | {"releasePolicy": policy}, headers={"If-Match": read.headers["ETag"]}
    )
    assert done.status_code == 200, done.text
    assert done.json()["releasePolicy"]["when"] == policy["when"]


async def worked_off(student: Student, track_id: UUID) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """An assessment submitted and worked off: its path, the receipt and the last status."""
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    receipt = await student.submit(bundle)
    assert receipt.status_code == 202, receipt.text
    return await until_done(student, f"/assessments/{bundle['assessmentId']}", receipt)


async def until_done(student: Student, path: str, receipt: httpx2.Response) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Ask for the status until there is a result."""
    async with asyncio.timeout(60):
        while True:
            status = (await student.request("GET", f"{path}/status")).json()
            if status["status"] == "completed":
                return path, receipt.json(), status
            await asyncio.sleep(0.05)


async def test_nothing_is_held_back_unless_a_track_says_so(student: Student, track_id: UUID, drainer: Drainer) -> None:
    """By default the receipt has scores, the status no sentence, and the result is there."""
    path, receipt, status = await worked_off(student, track_id)
    assert receipt["ruleScores"]["max"] == 3
    assert status["heldBack"] is None
    assert (await student.request("GET", f"{path}/result")).status_code == 200


async def test_a_result_waits_for_an_advisor(
    student: Student, advisor: Student, admin: Student, track_id: UUID, drainer: Drainer, runtime: Runtime
) -> None:
    """The student gets a sentence and no score anywhere, an admin sees as much; the advisor reads at once and releases once."""
    await hold(admin, track_id, REVIEW)
    path, receipt, status = await worked_off(student, track_id)
    assert receipt["ruleScores"] is None
    assert "an advisor looks at it" in status["heldBack"]
    refused = await student.request("GET", f"{path}/result")
    assert (refused.status_code, refused.json()["code"], refused.json()["detail"]) == (409, "result_held_back", status["heldBack"])
    assert (await student.request("POST", f"{path}/what-if", json={})).json()["code"] == "result_held_back"
    assert (await advisor.request("GET", f"{path}/status")).json()["heldBack"] is None
    assert (await advisor.request("GET", f"{path}/result")).status_code == 200
    inspected = await admin.request("POST", f"{path}/inspect", json={"reason": "The student asks what became of it."})
    assert (inspected.status_code, inspected.json()["result"]) == (200, None)
    assert inspected.json()["assessment"]["heldBack"] == status["heldBack"]
    released = [await advisor.request("POST", f"{path}/release") for _ in range(2)]
    assert [each.status_code for each in released] == [200, 200]
    assert released[0].json() == released[1].json()
    assert released[0].json()["releasedAt"]
    assert (await student.request("GET", f"{path}/result")).status_code == 200
    assert (await student.request("GET", f"{path}/status")).json()["heldBack"] is None
    async with runtime.open_uow(autocommit=True) as uow:
        entries = [link.entry for link in await uow.audit.chain()]
    assert [entry.action for entry in entries] == ["track:update", "assessment:inspect", "assessment:release"]
    assert entries[-1].changes["policy"] == {"when": "afterReview"}


async def test_an_assessment_keeps_the_policy_it_was_started_under(
    student: Student, other_student: Student, admin: Student, track_id: UUID, drainer: Drainer
) -> None:
    """Started before the track held anything back it is shown, and what was started under a date waits for it whatever comes later."""
    first = await student.start(track_id)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    await hold(admin, track_id, {"when": "onDate", "on": tomorrow.isoformat()})
    second = await other_student.start(track_id)
    await hold(admin, track_id, {"when": "atOnce"})
    for person, bundle, held in ((student, first, False), (other_student, second, True)):
        await person.answer_all(bundle)
        _, _, status = await until_done(person, f"/assessments/{bundle['assessmentId']}", await person.submit(bundle))
        assert (status["heldBack"] is not None) is held
        assert (await person.request("GET", f"/assessments/{bundle['assessmentId']}/result")).status_code == (409 if held else 200)
        assert not held or f"{tomorrow:%H:%M} UTC" in status["heldBack"]


async def test_only_an_advisor_of_the_student_releases(
    student: Student, admin: Student, advisor: Student, client: httpx2.AsyncClient, track_id: UUID, runtime: Runtime
) -> None:
    """Students and admins may not, for another advisor it does not exist, and nothing is released before it is there."""
    bundle = await student.start(track_id)
    path = f"/assessments/{bundle['assessmentId']}/release"
    stranger = await advising.advisor_of(runtime, client, None)
    assert [(await person.request("POST", path)).status_code for person in (student, admin, stranger)] == [403, 403, 404]
    assert (await advisor.request("POST", path)).json()["code"] == "result_pending"


async def test_holding_back_costs_no_statement(
    student: Student, advisor: Student, admin: Student, track_id: UUID, drainer: Drainer, runtime: Runtime
) -> None:
    """Status and result are read in as many statements as of a result that nothing holds back."""
    await hold(admin, track_id, REVIEW)
    path, _, _ = await worked_off(student, track_id)
    await drainer.stop()
    with advising.statements(runtime) as held:
        await student.request("GET", f"{path}/status")
    with advising.statements(runtime) as refused:
        await student.request("GET", f"{path}/result")
    await advisor.request("POST", f"{path}/release")
    with advising.statements(runtime) as shown:
        await student.request("GET", f"{path}/status")
    assert len(held) == len(shown) == 1
    assert len(refused) == 1

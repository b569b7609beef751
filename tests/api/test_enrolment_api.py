"""Cohorts as admins keep them: who sees whom follows at once, lists of people are answered row by row, everything is audited."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from journeys import Student
from processes import environment_of
from sqlalchemy import text

from assay.domain.actors import Actor
from assay.kit.ids import new_id
from assay.runtime import Runtime

ROSTER = """email,name,role
student@assay.example,Sam Student,student
new.one@uni.example,Nora Newcomer,student
guide@uni.example,Gus Guide,advisor
advisor@assay.example,Ada Advisor,advisor
"""


@pytest.fixture
async def cohort(admin: Student) -> dict[str, Any]:
    """A cohort without anybody."""
    answer = await admin.request("POST", "/cohorts", json={"name": "Class of 2027"})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def enrolled(admin: Student, cohort: dict[str, Any], content: str, query: str = "") -> httpx2.Response:
    """Send a list."""
    path = f"/cohorts/{cohort['id']}/members/import{query}"
    return await admin.request("POST", path, content=content.encode(), headers={"Content-Type": "text/csv"})


async def people(runtime: Runtime) -> int:
    """How many accounts there are."""
    async with runtime.open_uow() as uow:
        return int(await uow.session.scalar(text("SELECT count(*) FROM users")) or 0)


async def test_a_cohort_is_made_and_renamed(admin: Student, cohort: dict[str, Any], runtime: Runtime) -> None:
    """Once for each name and key; against what was seen; listed with its size."""
    path = f"/cohorts/{cohort['id']}"
    assert (await admin.request("POST", "/cohorts", json={"name": " Class of 2027 "})).json()["code"] == "name_taken"
    read = await admin.request("GET", path)
    assert (await admin.request("PUT", path, json={"name": "Class of 2028"})).status_code == 428
    done = await admin.request("PUT", path, json={"name": "Class of 2028"}, headers={"If-Match": read.headers["ETag"]})
    assert (done.status_code, done.json()["name"]) == (200, "Class of 2028")
    lost = await admin.request("PUT", path, json={"name": "Class of 2029"}, headers={"If-Match": read.headers["ETag"]})
    assert lost.status_code == 412
    taken = await admin.request("PUT", path, json={"name": "Demo cohort"}, headers={"If-Match": done.headers["ETag"]})
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
    listed = (await admin.request("GET", "/cohorts")).json()["items"]
    assert [(each["name"], each["students"], each["advisors"]) for each in listed] == [("Class of 2028", 0, 0), ("Demo cohort", 2, 1)]
    async with runtime.open_uow(autocommit=True) as uow:
        entries = [(link.entry.action, link.entry.changes) for link in await uow.audit.chain()]
    assert entries[1] == ("cohort:update", {"/name": {"before": "Class of 2027", "after": "Class of 2028"}})
    assert len(entries) == 2


async def test_advisors_see_whom_they_are_given(
    admin: Student, advisor: Student, student: Student, student_actor: Actor, cohort: dict[str, Any], track_id: UUID, runtime: Runtime
) -> None:
    """Taken out of the cohort they see the student no more; put into another with them, again. Admins belong to none."""
    bundle = await student.start(track_id)
    own = f"/assessments/{bundle['assessmentId']}"
    (demo,) = [each for each in (await admin.request("GET", "/cohorts")).json()["items"] if each["name"] == "Demo cohort"]
    listed = (await admin.request("GET", f"/cohorts/{demo['id']}/members")).json()["items"]
    (guide,) = [each for each in listed if each["role"] == "advisor"]
    assert (guide["name"], len(listed)) == ("Ada Advisor", 3)
    assert (await advisor.request("GET", own)).status_code == 200
    assert (await admin.request("DELETE", f"/cohorts/{demo['id']}/members/{guide['personId']}")).status_code == 204
    assert (await admin.request("DELETE", f"/cohorts/{demo['id']}/members/{guide['personId']}")).status_code == 404
    assert (await advisor.request("GET", own)).status_code == 404
    for person in (guide["personId"], student_actor.id, student_actor.id):
        assert (await admin.request("PUT", f"/cohorts/{cohort['id']}/members/{person}")).status_code == 204
    assert (await advisor.request("GET", own)).status_code == 200
    async with runtime.open_uow() as uow:
        boss = await uow.accounts.by_email("admin@assay.example")
        assert boss
        entries = [(link.entry.action, link.entry.changes.get("role")) for link in await uow.audit.chain()]
    assert entries[1:] == [("cohort:leave", None), ("cohort:join", "advisor"), ("cohort:join", "student")]
    assert (await admin.request("PUT", f"/cohorts/{cohort['id']}/members/{boss.id}")).json()["code"] == "not_enrollable"
    for wrong in (f"/cohorts/{new_id()}/members/{student_actor.id}", f"/cohorts/{cohort['id']}/members/{new_id()}"):
        assert (await admin.request("PUT", wrong)).status_code == 404


async def test_a_list_is_enrolled(admin: Student, cohort: dict[str, Any], runtime: Runtime) -> None:
    """Known people join, unknown ones get an account that nobody can sign in to yet; a dry run says so first; repeating changes nothing."""
    before = await people(runtime)
    dry = (await enrolled(admin, cohort, ROSTER, "?dryRun=true")).json()
    assert (dry["applied"], dry["counts"]) == (False, {"enrolled": 2, "invited": 2, "already": 0, "refused": 0})
    assert await people(runtime) == before
    answer = await enrolled(admin, cohort, ROSTER)
    assert answer.status_code == 200, answer.text
    assert [row["outcome"] for row in answer.json()["rows"]] == ["enrolled", "invited", "invited", "enrolled"]
    assert await people(runtime) == before + 2
    again = (await enrolled(admin, cohort, ROSTER)).json()
    assert again["counts"] == {"enrolled": 0, "invited": 0, "already": 4, "refused": 0}
    members = (await admin.request("GET", f"/cohorts/{cohort['id']}/members?limit=3")).json()
    rest = (await admin.request("GET", f"/cohorts/{cohort['id']}/members?limit=3&cursor={members['nextCursor']}")).json()
    assert {each["name"] for each in members["items"] + rest["items"]} == {"Sam Student", "Nora Newcomer", "Gus Guide", "Ada Advisor"}
    refused = await admin.client.post("/api/v1/auth/token", json={"email": "new.one@uni.example", "password": "assay-demo"})
    assert refused.status_code == 401
    async with runtime.open_uow(autocommit=True) as uow:
        entry = (await uow.audit.chain())[1].entry
    assert (entry.action, entry.target_id, len(entry.changes["invited"])) == ("cohort:import", cohort["id"], 2)
    assert "uni.example" not in str(entry)


async def test_bad_rows_stop_all_or_are_left_out(admin: Student, cohort: dict[str, Any], runtime: Runtime) -> None:
    """By default nothing is written and each bad row is named by its line; with skipBad the good ones are enrolled."""
    content = ROSTER + "toni,T,student\nadmin@assay.example,Alex,student\nx@uni.example,X,student\n"
    before = await people(runtime)
    refused = await enrolled(admin, cohort, content)
    assert (refused.status_code, refused.json()["code"]) == (422, "roster_refused")
    assert refused.json()["errors"] == [
        {"pointer": "/6", "message": "email is no address"},
        {"pointer": "/7", "message": "is known as admin"},
    ]
    assert await people(runtime) == before
    done = (await enrolled(admin, cohort, content, "?skipBad=true")).json()
    assert done["counts"] == {"enrolled": 2, "invited": 3, "already": 0, "refused": 2}
    other = "email,name,role,cohort\nstudent2@assay.example,T,student,Another\n"
    assert (await enrolled(admin, cohort, other)).json()["errors"] == [{"pointer": "/2", "message": "cohort is another one"}]
    assert (await enrolled(admin, cohort, "who knows")).json()["code"] == "roster_unreadable"
    assert (await enrolled(admin, {"id": new_id()}, ROSTER)).status_code == 404


async def test_only_admins_enrol(student: Student, advisor: Student, cohort: dict[str, Any], student_actor: Actor) -> None:
    """An advisor cannot make anybody theirs."""
    for person in (student, advisor):
        assert (await person.request("GET", "/cohorts")).status_code == 403
        assert (await person.request("PUT", f"/cohorts/{cohort['id']}/members/{student_actor.id}")).status_code == 403
        assert (await enrolled(person, cohort, ROSTER)).status_code == 403


async def test_the_command_line_enrols_too(runtime: Runtime, tmp_path: Path) -> None:
    """In the cohorts that the rows name; a row whose cohort is unknown is refused."""
    (tmp_path / "list.csv").write_text(
        "email;name;role;cohort\nnora@uni.example;Nora;student;Demo cohort\nbo@uni.example;Bo;student;Nowhere\n"
    )
    command = [
        sys.executable,
        "-m",
        "assay",
        "cohorts",
        "enrol",
        str(tmp_path / "list.csv"),
        "--skip-bad",
        "--json",
        "--data",
        str(tmp_path / "none"),
    ]
    environment = environment_of(runtime.settings, "http://127.0.0.1:1")
    ended = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)
    assert ended.returncode == 1, ended.stderr
    report = json.loads(ended.stdout)
    assert [(row["line"], row["outcome"], row["problem"]) for row in report["rows"]] == [
        (2, "invited", None),
        (3, "refused", "cohort does not exist"),
    ]

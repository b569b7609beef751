"""Persons in the pages: found without a trace in any address, handed out, held, erased with proof, and read only for a reason."""

import json
from typing import Any
from uuid import UUID

import pytest
from canaries import EMAIL, NAME, rename
from journeys import Student
from visitor import Page, Visit, Visitor

from assay.db.repositories.personal import HOLDINGS
from assay.domain.actors import Actor, Role
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.services import assessments
from assay.web.admin.inspections import answers
from assay.web.admin.person_deeds import DEEDS
from assay.web.admin.table_words import TABLES, named
from assay.worker.drainer import Drainer

WHY = "Request by letter of 3 May."
HOSTILE = "<script>alert(1)</script> of \u202edorc"


async def found(admin: Visitor, wanted: str = "student@assay.example") -> Page:
    """A person's page, by what they are looked for."""
    return await admin.fill(await admin.get("/admin/people"), "/find", {"wanted": wanted})


async def actions(runtime: Runtime) -> list[tuple[str, dict[str, Any]]]:
    """What the audit trail says was done."""
    async with runtime.open_uow(autocommit=True) as uow:
        return [(link.entry.action, link.entry.changes) for link in await uow.audit.chain()]


async def pseudonym(runtime: Runtime, person: UUID) -> str:
    """The whole of it."""
    async with runtime.open_uow(autocommit=True) as uow:
        user = await uow.accounts.get(person)
    assert user is not None
    return str(user.pseudonym)


async def test_somebody_is_found_by_what_is_known_of_them(visit: Visit, runtime: Runtime, student_actor: Actor) -> None:
    """By address whatever the case, by pseudonym and by id; no address of a page says more than the id; no name is shown."""
    admin = await visit("admin")
    for wanted in (" Student@assay.example", await pseudonym(runtime, student_actor.id), str(student_actor.id)):
        page = await found(admin, wanted)
        assert (page.status, page.path) == (200, f"/admin/people/{student_actor.id}")
        assert "Student …" in page.text
        assert "Demo cohort" in page.text
        assert "Sam" not in page.text
        assert "@" not in str(page.answer.url) + page.text
        assert page.refused == []


async def test_nobody_is_found_by_less(visit: Visit) -> None:
    """A part of an address, somebody unknown, nothing: 422, with what was typed kept."""
    admin = await visit("admin")
    for wanted in ("student", "nobody@assay.example", str(new_id()), "", HOSTILE):
        page = await found(admin, wanted)
        assert (page.status, dict(page.form("/find").fields)["wanted"]) == (422, wanted)
        assert "alert(1)</script>" not in page.html
    assert (await admin.get("/admin/people/find")).path == "/admin/people"


@pytest.mark.parametrize("name", ["student", "advisor"])
async def test_only_admins_deal_with_persons(visit: Visit, student_actor: Actor, name: str) -> None:
    """Everybody else is refused, also for their own account."""
    other = await visit(name)
    csrf = dict((await other.get("/")).form("/sign-out").fields)["csrf"]
    base = f"/admin/people/{student_actor.id}"
    for path in ("/admin/people", base, *(f"{base}/{deed}" for deed in DEEDS), f"/admin/people/assessments/{new_id()}"):
        assert (await other.get(path)).status == 403, path
    for path in ("/admin/people/find", *(f"{base}/{deed}" for deed in DEEDS), f"/admin/people/assessments/{new_id()}"):
        assert (await other.post(path, {"csrf": csrf, "reason": WHY, "wanted": "student@assay.example"})).status == 403, path


async def test_data_is_handed_out_as_a_file(visit: Visit, runtime: Runtime, student_actor: Actor) -> None:
    """For a reason that is kept without the name it mentions; without one nothing is handed out."""
    await rename(runtime, student_actor.id)
    admin = await visit("admin")
    form = await admin.get(f"/admin/people/{student_actor.id}/export")
    refused = await admin.fill(form, "/export", {"reason": "short"})
    assert (refused.status, dict(refused.form("/export").fields)["reason"]) == (422, "short")
    assert await actions(runtime) == []
    file = await admin.fill(form, "/export", {"reason": f"Asked for by {NAME}"})
    assert file.answer.headers["content-disposition"] == f'attachment; filename="person-{student_actor.id}.json"'
    assert json.loads(file.answer.text)["kept"]["users"][0]["email"] == EMAIL
    ((action, changes),) = await actions(runtime)
    assert (action, changes["reason"]) == ("person:export", "Asked for by [masked] [masked]")


async def test_a_hold_stands_in_the_way_until_it_is_lifted(visit: Visit, student_actor: Actor) -> None:
    """Set with a reason that is shown, escaped; erasing says so before it is pressed, and when it is tried all the same."""
    admin = await visit("admin")
    base = f"/admin/people/{student_actor.id}"
    held = await admin.fill(await admin.get(f"{base}/hold"), "/hold", {"reason": f"Lawsuit {HOSTILE}"})
    assert "A legal hold stands on this person now." in held.text
    assert HOSTILE in held.text
    assert "alert(1)</script>" not in held.html
    assert f"{base}/erase" not in held.links
    blocked = await admin.get(f"{base}/erase")
    assert "A legal hold stands on this person. Lift it first, if you may." in blocked.text
    assert not [form for form in blocked.forms if form.action.endswith("/erase")]
    csrf = dict(held.form("/sign-out").fields)["csrf"]
    code = (await admin.get(f"{base}/export")).text.partition("Pseudonym …")[2][:6]
    tried = await admin.post(f"{base}/erase", {"csrf": csrf, "reason": WHY, "confirm": code})
    assert (tried.status, "A legal hold stands" in tried.text) == (409, True)
    assert "Nothing was done" in tried.text
    twice = await admin.post(f"{base}/hold", {"csrf": csrf, "reason": WHY})
    assert twice.status == 409
    lifted = await admin.fill(await admin.get(f"{base}/release"), "/release", {"reason": WHY})
    assert "The legal hold is lifted." in lifted.text
    assert f"{base}/erase" in lifted.links
    assert (await admin.post(f"{base}/release", {"csrf": csrf, "reason": WHY})).status == 409


async def test_erasing_asks_who_it_is_and_shows_its_proof(visit: Visit, runtime: Runtime, student_actor: Actor, student: Student) -> None:
    """Without the end of the pseudonym nothing goes; with it everything does, the tables are told, and sessions are over."""
    admin, victim = await visit("admin"), await visit("student")
    base = f"/admin/people/{student_actor.id}"
    code = (await pseudonym(runtime, student_actor.id))[-6:]
    form = await admin.get(f"{base}/erase")
    assert "Nobody can bring them back." in form.text
    for confirm in ("", "yes", code[:5]):
        refused = await admin.fill(form, "/erase", {"reason": WHY, "confirm": confirm})
        assert refused.status == 422
        assert dict(refused.form("/erase").fields)["reason"] == WHY
    assert (await admin.fill(form, "/erase", {"confirm": code})).status == 422
    assert (await student.request("GET", "/tracks")).status_code == 200

    proof = await admin.fill(form, "/erase", {"reason": WHY, "confirm": f"…{code.upper()}"})
    assert proof.status == 200
    assert "Nothing readable is left" in proof.text
    assert "Account 1 1 0" in proof.text
    assert "Sign in to start" in (await victim.get("/")).text
    assert (await actions(runtime))[-1][0] == "person:erase"
    page = await admin.get(base)
    assert "This person has been erased" in page.text
    assert f"{base}/hold" not in page.links
    again = await admin.fill(await admin.get(f"{base}/erase"), "/erase", {"reason": WHY, "confirm": code})
    assert "Nothing readable is left" in again.text


async def test_nobody_erases_themselves(visit: Visit, runtime: Runtime) -> None:
    """The page says so instead of offering it."""
    admin = await visit("admin")
    page = await found(admin, "admin@assay.example")
    assert "You cannot erase yourself: ask another admin." in page.text
    assert f"{page.path}/erase" not in page.links
    assert "Admins belong to no cohort." in page.text
    assert (await actions(runtime))[-1][0] == "person:find"


async def test_who_is_not_there(visit: Visit) -> None:
    """404 as a page: an unknown id, an unknown deed, an unknown assessment."""
    admin = await visit("admin")
    nobody = f"/admin/people/{new_id()}"
    for path in (nobody, *(f"{nobody}/{deed}" for deed in DEEDS), f"{nobody}/promote", f"/admin/people/assessments/{new_id()}"):
        assert (await admin.get(path)).status == 404, path
    csrf = dict((await admin.get("/admin/people")).form("/find").fields)["csrf"]
    for path in (*(f"{nobody}/{deed}" for deed in DEEDS), f"/admin/people/assessments/{new_id()}"):
        assert (await admin.post(path, {"csrf": csrf, "reason": WHY, "confirm": "x"})).status == 404, path


async def test_an_assessment_is_read_for_a_reason_alone(
    visit: Visit, runtime: Runtime, student: Student, track_id: UUID, drainer: Drainer
) -> None:
    """Nothing is shown before; the reason stands with the words and in the trail; the address shows nothing again."""
    essay = f"Keys are kept. {HOSTILE} Therefore the effect and the response belong together, because networks fail. " * 4
    bundle, _ = await student.finished(track_id, essay=essay)
    admin = await visit("admin")
    person = await found(admin)
    path = f"/admin/people/assessments/{bundle['assessmentId']}"
    assert path in person.links
    ask = await admin.get(path)
    assert "networks fail" not in ask.text
    assert (await admin.fill(ask, bundle["assessmentId"], {"reason": "no"})).status == 422
    assert [action for action, _ in await actions(runtime)] == ["person:find"]
    shown = await admin.fill(ask, bundle["assessmentId"], {"reason": WHY})
    assert shown.status == 200
    assert "You are reading what a student wrote" in shown.text
    assert WHY in shown.text
    assert "networks fail" in shown.text
    assert "How the essays were scored" in shown.text
    assert "alert(1)</script>" not in shown.html
    assert shown.refused == []
    assert len(shown.ids) == len(set(shown.ids))
    assert (await actions(runtime))[-1] == ("assessment:inspect", {"reason": WHY})
    assert "networks fail" not in (await admin.get(path)).text


async def test_answers_are_told_in_words(visit: Visit, student: Student, student_actor: Actor, runtime: Runtime, track_id: UUID) -> None:
    """Every format, answered and not: options by their text, pairs by both, prose as it is."""
    bundle = await student.start(track_id)
    async with runtime.open_uow() as uow:
        blank = await assessments.get(uow, runtime.bank, Actor(id=student_actor.id, role=Role.STUDENT), UUID(bundle["assessmentId"]))
    assert all(not each.lines and not each.prose for each in answers(blank))
    await student.answer_all(bundle)
    async with runtime.open_uow() as uow:
        full = await assessments.get(uow, runtime.bank, Actor(id=student_actor.id, role=Role.STUDENT), UUID(bundle["assessmentId"]))
    told = list(answers(full))
    assert all(each.lines or each.prose for each in told)
    chosen = {option.id for each in told if isinstance(each.question.options, tuple) for option in each.question.options}
    assert not chosen & {line for each in told for line in each.lines}
    admin = await visit("admin")
    shown = await admin.fill(await admin.get(f"/admin/people/assessments/{full.assessment_id}"), str(full.assessment_id), {"reason": WHY})
    assert "in progress" in shown.text
    assert "What was recommended" not in shown.text


def test_every_table_has_words() -> None:
    """What a proof counts is named, also a table of a later version."""
    assert set(TABLES) == set(HOLDINGS)
    assert named("dream_diaries") == "Dream diaries"

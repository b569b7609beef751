"""An admin with cohorts, persons, the audit log, retention and webhooks: every page for everybody, and the ways through them."""

from pathlib import Path
from uuid import UUID

import pytest
from hooks import delivering, registered, settled, with_hooks
from journeys import ESSAY, Student
from onlooker import Look, Onlooker
from playwright.async_api import expect
from receivers import Answer, Receiver

from assay.domain.actors import Actor, Role
from assay.domain.audit import AuditAction
from assay.domain.retention import Policy
from assay.domain.webhooks import DeliveryStatus, EventType
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.services import audit, enrolment, people, retention, roster_import, webhook_events
from assay.services.enrolment import CohortWrite
from assay.services.people import Reasoned
from assay.settings import Settings
from assay.worker.drainer import Drainer

LONG = "W" * 180
HOSTILE = f"<script>alert(1)</script> \u202edorc {LONG}"
ROSTER = f"""email,name,role
student@assay.example,Sam Student,student
new.one@uni.example,{HOSTILE},student
{"n" * 150}@{"u" * 150}.example,Nora Newcomer,student
advisor@assay.example,Ada Advisor,advisor
no address,Nobody,student
student2@assay.example,Toni Student,advisor
"""
COHORTS, PEOPLE, AUDIT, HOOKS = "/admin/cohorts", "/admin/people", "/admin/audit", "/operations/webhooks"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Loopback may be told."""
    return with_hooks(settings)


@pytest.fixture
async def admin(look: Look) -> Onlooker:
    """The admin before a window."""
    person = await look()
    await person.sign_in("admin")
    return person


async def inspect(person: Onlooker, *paths: str) -> None:
    """Open each page and let axe look at it."""
    for path in paths:
        await person.go(path)
        assert (path, await person.violations()) == (path, [])


async def actor_of(runtime: Runtime, name: str = "admin", role: Role = Role.ADMIN) -> Actor:
    """A demo person."""
    async with runtime.open_uow(autocommit=True) as uow:
        user = await uow.accounts.by_email(f"{name}@assay.example")
    assert user is not None
    return Actor(id=user.id, role=role)


async def test_pages_of_cohorts(admin: Onlooker, runtime: Runtime) -> None:
    """The list, with a form that does not fit, a cohort with hostile names, its form, its dialog, one that is not there."""
    admin.expected = {"422", "404"}
    actor = await actor_of(runtime)
    async with runtime.open_uow() as uow:
        cohort = await enrolment.create(uow, actor, CohortWrite(name=HOSTILE[:199]))
        await roster_import.enrol(uow, actor, ROSTER.encode(), cohort_id=cohort.id, skip_bad=True)
    path = f"{COHORTS}/{cohort.id}"
    await inspect(admin, COHORTS, path, f"{path}/edit", f"{COHORTS}/{new_id()}")
    await admin.go(COHORTS)
    await admin.page.get_by_role("button", name="Make the cohort").click()
    await expect(admin.page.locator("[data-focus]")).to_be_focused()
    assert await admin.violations() == []
    await admin.go(path)
    await admin.page.get_by_role("button", name="Remove").first.click()
    assert await admin.violations() == []


async def test_pages_of_a_list_of_people(admin: Onlooker, runtime: Runtime) -> None:
    """Before the check, after it with hostile names and lines to put right, and without anything in it."""
    admin.expected = {"422"}
    actor = await actor_of(runtime)
    async with runtime.open_uow() as uow:
        cohort = await enrolment.create(uow, actor, CohortWrite(name=HOSTILE[:199]))
        await enrolment.join(uow, actor, cohort.id, (await actor_of(runtime, "student", Role.STUDENT)).id)
    path = f"{COHORTS}/{cohort.id}"
    await inspect(admin, f"{path}/import", f"{COHORTS}/import")
    await admin.page.get_by_role("button", name="Check the list").click()
    await expect(admin.page.locator("[data-focus]")).to_be_focused()
    assert await admin.violations() == []
    await admin.go(f"{path}/import")
    await admin.page.fill("#pasted", ROSTER)
    await admin.page.get_by_role("button", name="Check the list").click()
    await expect(admin.page.get_by_role("heading", level=1)).to_have_text("What the list would do")
    await admin.settled()
    assert await admin.violations() == []


async def test_pages_of_persons(admin: Onlooker, runtime: Runtime) -> None:
    """Finding, a person, what is done with their data, with faults, and while a hold stands."""
    admin.expected = {"422"}
    actor, sam = await actor_of(runtime), await actor_of(runtime, "student", Role.STUDENT)
    base = f"{PEOPLE}/{sam.id}"
    await inspect(admin, PEOPLE, base, *(f"{base}/{deed}" for deed in ("export", "hold", "erase")), f"{PEOPLE}/{actor.id}")
    await admin.page.goto(f"{base}/erase")
    await admin.page.get_by_role("button", name="Erase for good").click()
    await expect(admin.page.locator("[data-focus]")).to_be_focused()
    assert await admin.violations() == []
    async with runtime.open_uow() as uow:
        await people.hold(uow, actor, sam.id, Reasoned(reason=f"Lawsuit {HOSTILE}"))
    await inspect(admin, base, f"{base}/release", f"{base}/erase")


async def test_pages_of_an_inspection_and_an_erasure(
    admin: Onlooker, runtime: Runtime, student: Student, track_id: UUID, drainer: Drainer
) -> None:
    """The reason that is asked, what is shown for it, the proof, and the person who is no more."""
    bundle, _ = await student.finished(track_id, essay=f"{ESSAY} {HOSTILE}")
    sam = await actor_of(runtime, "student", Role.STUDENT)
    base = f"{PEOPLE}/{sam.id}"
    await admin.go(f"{PEOPLE}/assessments/{bundle['assessmentId']}")
    assert await admin.violations() == []
    await admin.page.fill("#reason", f"Complaint {HOSTILE}")
    await admin.page.get_by_role("button", name="Open the assessment").click()
    await expect(admin.page.get_by_text("You are reading what a student wrote")).to_be_visible()
    await admin.settled()
    assert await admin.violations() == []
    await admin.go(f"{base}/erase")
    code = (await admin.page.locator("h1 + .facts-line code").inner_text()).removeprefix("…")
    await admin.page.fill("#reason", "Request by letter of 3 May.")
    await admin.page.fill("#confirm", code)
    await admin.page.get_by_role("button", name="Erase for good").click()
    await expect(admin.page.get_by_text("Nothing readable is left")).to_be_visible()
    await admin.settled()
    assert await admin.violations() == []
    await inspect(admin, base)


async def test_pages_of_the_audit_log(admin: Onlooker, runtime: Runtime) -> None:
    """The log, empty and wrongly narrowed, an entry with hostile and long values, the chain."""
    admin.expected = {"422"}
    actor = await actor_of(runtime)
    async with runtime.open_uow() as uow:
        cohort = await enrolment.create(uow, actor, CohortWrite(name="Class of 2027"))
        changed = {
            "/name": {"before": "Class of 2027", "after": HOSTILE},
            "/description": {"before": "x" * 10_000, "after": "A calm sentence of some length that says what the cohort is for. " * 4},
            "/options/0/isRight": {"after": True},
            "reason": HOSTILE,
            "rows": {"assessments": 3, "essay_scores": 9},
        }
        await audit.record(uow, actor, AuditAction.COHORT_UPDATED, "cohort", cohort.id, changed)
        await audit.record(uow, None, AuditAction.RESULT_SENT_AGAIN, "assessment", new_id(), {})
    wrong = f"{AUDIT}?actor=x&from=2027-02-01&to=2027-01-01"
    await inspect(admin, AUDIT, f"{AUDIT}?kind=track", wrong, f"{AUDIT}/2", f"{AUDIT}/verify")


async def test_pages_of_retention(admin: Onlooker, runtime: Runtime) -> None:
    """Before anything ran, and a trial and a run with what they did."""
    await inspect(admin, "/admin/retention")
    await retention.run(runtime.open_uow, runtime.vector_store, Policy(), dry_run=True)
    await retention.run(runtime.open_uow, runtime.vector_store, Policy(), dry_run=False)
    await admin.go("/admin/retention")
    await admin.page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert await admin.violations() == []


async def test_pages_of_webhooks(admin: Onlooker, there: Receiver) -> None:
    """None yet, a form with faults, a secret, the endpoint that got it with what can be done, and a dialog there."""
    admin.expected = {"422"}
    await inspect(admin, HOOKS, f"{HOOKS}/deliveries", f"{HOOKS}/new")
    await admin.page.fill("#url", f"http://nowhere.example/{LONG}")
    await admin.page.get_by_role("button", name="Register").click()
    await expect(admin.page.locator("[data-focus]")).to_be_focused()
    assert await admin.violations() == []
    await admin.page.fill("#url", f"{there.url}&more={LONG}")
    await admin.page.get_by_label("Somebody has spoken").check()
    await admin.page.get_by_role("button", name="Register").click()
    await expect(admin.page.get_by_role("button", name="Copy")).to_be_visible()
    await admin.settled()
    assert await admin.violations() == []
    await admin.page.get_by_role("link", name="I have copied it").click()
    await expect(admin.page.get_by_role("heading", level=2)).to_have_text("What you can do")
    await admin.settled()
    assert await admin.violations() == []
    await admin.page.get_by_role("button", name="Replace the secret").click()
    assert await admin.violations() == []


async def test_pages_of_deliveries(admin: Onlooker, runtime: Runtime, there: Receiver, student: Student, track_id: UUID) -> None:
    """Two endpoints, one of which has switched itself off, the log, one delivery that arrived and one that was given up."""
    for url in (there.url, f"{there.url}&more={LONG}"):
        await registered(runtime, url, EventType.RECOMMENDATION_FEEDBACK)
    bundle = await student.start(track_id)
    there.answers, there.otherwise = [Answer(204)], Answer(410)
    async with runtime.open_uow() as uow:
        await webhook_events.feedback_given(uow, UUID(bundle["assessmentId"]), "backend-engineer", new_id(), Role.STUDENT)
    async with delivering(runtime):
        rows = await settled(runtime, DeliveryStatus.FAILED)
    await inspect(admin, HOOKS, f"{HOOKS}/deliveries", *(f"{HOOKS}/deliveries/{row.id}" for row in rows))
    await inspect(admin, *(f"{HOOKS}/{row.endpoint_id}" for row in rows if row.status is DeliveryStatus.FAILED))


async def test_from_a_list_to_an_erasure(admin: Onlooker, tmp_path: Path) -> None:
    """A cohort is made, a list brought in as a file, somebody opened from it, kept, released and erased; all by mouse."""
    page = admin.page
    await admin.go("/")
    await page.get_by_role("link", name="People", exact=True).click()
    await page.get_by_label("Name").fill("Class of 2027")
    await page.get_by_role("button", name="Make the cohort").click()
    await page.get_by_role("link", name="Bring in a list").click()
    file = tmp_path / "list.csv"
    file.write_text("email,name,role\nnew.one@uni.example,Nora Newcomer,student\n", encoding="utf-8")
    await page.get_by_label("A CSV file").set_input_files(file)
    await page.get_by_role("button", name="Check the list").click()
    await page.get_by_role("button", name="Enrol 1 person").click()
    await expect(page.locator(".toast")).to_contain_text("1 person enrolled")
    await page.get_by_role("link", name="Nora Newcomer").click()
    await page.get_by_role("link", name="Set a hold").click()
    await page.get_by_label("Reason").fill("Kept for the lawsuit.")
    await page.get_by_role("button", name="Set the hold").click()
    await expect(page.get_by_role("button", name="Erase this person")).to_have_attribute("aria-disabled", "true")
    await page.get_by_role("link", name="Lift the hold").click()
    await page.get_by_label("Reason").fill("The lawsuit is over.")
    await page.get_by_role("button", name="Lift the hold").click()
    await page.get_by_role("link", name="Erase this person").click()
    code = (await page.locator("h1 + .facts-line code").inner_text()).removeprefix("…")
    await page.get_by_label("Reason").fill("Request by letter.")
    await page.get_by_label("To confirm").fill(code)
    await page.get_by_role("button", name="Erase for good").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("This person is erased")
    assert "uni.example" not in page.url


async def test_an_endpoint_by_keyboard_alone(admin: Onlooker, runtime: Runtime, there: Receiver) -> None:
    """A dialog opens with Enter and keeps the focus, Escape gives it back, and what is confirmed is done."""
    page = admin.page
    endpoint = await registered(runtime, there.url)
    await admin.go(f"{HOOKS}/{endpoint.id}")
    opener = page.get_by_role("button", name="Switch off")
    await opener.focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Tell it nothing any more?")
    await expect(dialog).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).not_to_be_visible()
    await expect(opener).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("button", name="Switch off")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator(".toast")).to_be_focused()
    await expect(page.locator(".toast")).to_contain_text("is told nothing any more")


async def test_everything_is_done_without_a_script(look: Look, runtime: Runtime) -> None:
    """Dialogs open in place, forms are sent, and what was done is told."""
    person = await look(java_script_enabled=False)
    await person.sign_in("admin")
    await person.page.goto(COHORTS)
    await person.page.get_by_role("link", name="Demo cohort").click()
    await person.page.locator("summary", has_text="Remove").first.click()
    await person.page.get_by_role("button", name="Remove from the cohort").first.click()
    await expect(person.page.locator(".toast")).to_contain_text("They do not belong to the cohort any more.")
    async with runtime.open_uow(autocommit=True) as uow:
        assert (await uow.audit.chain())[-1].entry.action == "cohort:leave"

"""The account: who one is, where one is signed in, a copy of one's data, and what one has already learned."""

import json

import pytest
from journeys import Student
from sqlalchemy import text
from visitor import Page, Visit, Visitor

from assay.domain.actors import Actor
from assay.runtime import Runtime
from assay.services import learning

SIGN_IN = [("email", "student@assay.example"), ("password", "assay-demo")]
NASTY = '<script>window.taken = 1</script>\u202e</textarea>"'


async def second(visit: Visit) -> Visitor:
    """The same student on a phone."""
    phone = await visit()
    await phone.send("/sign-in", SIGN_IN, user_agent="Mozilla/5.0 (Android 16; Mobile) Firefox/140.0")
    return phone


@pytest.mark.parametrize(("name", "role"), [("student", "Student"), ("advisor", "Advisor"), ("admin", "Admin")])
async def test_everybody_has_an_account_page(visit: Visit, name: str, role: str) -> None:
    """Name, e-mail, role and cohorts; well-formed, and reached from the head of every page."""
    person = await visit(name)
    assert "/account" in (await person.get("/")).links
    page = await person.get("/account")
    assert (page.status, page.refused, page.stack) == (200, [], [])
    assert f"{name}@assay.example" in page.text
    assert role in page.text
    assert ("Demo cohort" in page.text) == (name != "admin")
    assert ("What you have already learned" in page.text) == (name == "student")
    assert len(page.ids) == len(set(page.ids))


async def test_nobody_else_has_one(visit: Visit) -> None:
    """A stranger is asked to sign in; an advisor has nothing to declare."""
    assert (await (await visit()).get("/account")).path == "/sign-in"
    assert (await (await visit("advisor")).get("/account/learning")).status == 403


async def test_another_device_can_be_signed_out(visit: Visit) -> None:
    """It is listed in words, ends with one press, and the present one goes on."""
    student, phone = await visit("student"), await second(visit)
    page = await student.get("/account")
    assert "Firefox on Android" in page.text
    assert page.text.count("This device") == 1
    done = await student.fill(page, "/end")
    assert (done.path, "That device is signed out." in done.text) == ("/account", True)
    assert "Firefox on Android" not in done.text
    assert (await phone.get("/tracks")).path == "/sign-in"
    gone = page.form("/end")
    assert (await student.post(gone.action, gone.fields)).status == 404


async def test_nobody_ends_the_sessions_of_others(visit: Visit) -> None:
    """Another person's session is not there for one."""
    student, other = await visit("student"), await visit("student2")
    await second(visit)
    form = (await student.get("/account")).form("/end")
    proof = dict((await other.get("/account")).form("/sign-out").fields)["csrf"]
    assert (await other.post(form.action, {"csrf": proof})).status == 404
    assert (await student.get("/account")).form("/end").action == form.action


async def test_signing_out_everywhere_ends_pages_and_tokens(visit: Visit, runtime: Runtime, student_actor: Actor) -> None:
    """Both browsers, the refresh token and the access token of a program are good for nothing; a new sign-in works at once."""
    student, phone = await visit("student"), await second(visit)
    credentials = {"email": SIGN_IN[0][1], "password": SIGN_IN[1][1]}
    pair = (await student.client.post("/api/v1/auth/token", json=credentials)).json()
    done = await student.fill(await student.get("/account"), "/sign-out-everywhere")
    assert (done.path, "You are signed out everywhere." in done.text) == ("/sign-in", True)
    for browser in (student, phone):
        assert (await browser.get("/tracks")).path == "/sign-in"
    bearer = {"authorization": f"Bearer {pair['accessToken']}"}
    assert (await student.client.get("/api/v1/me", headers=bearer)).status_code == 401
    refreshed = await student.client.post("/api/v1/auth/refresh", json={"refreshToken": pair["refreshToken"]})
    assert refreshed.status_code == 401
    renewed = (await student.client.post("/api/v1/auth/token", json=credentials)).json()
    again = await student.client.get("/api/v1/me", headers={"authorization": f"Bearer {renewed['accessToken']}"})
    assert again.status_code == 200


async def test_programs_can_sign_out_everywhere_too(visit: Visit, student: Student, student_actor: Actor) -> None:
    """The API ends the sessions of the pages as well; others keep theirs."""
    browser, other = await visit("student"), await visit("student2")
    assert (await student.request("POST", "/auth/logout-everywhere")).status_code == 204
    assert (await browser.get("/tracks")).path == "/sign-in"
    assert (await other.get("/tracks")).path == "/tracks"
    assert (await student.request("GET", "/me")).status_code == 401


async def test_the_own_data_come_as_a_file(visit: Visit, runtime: Runtime, student_actor: Actor) -> None:
    """All tables about oneself, decrypted, without secrets; nobody else's."""
    student = await visit("student")
    answer = await student.client.get("/account/export")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith('attachment; filename="assay-20')
    assert answer.headers["cache-control"] == "no-store"
    kept = json.loads(answer.text)
    assert kept["personId"] == str(student_actor.id)
    assert kept["kept"]["users"][0]["name"] == "Sam Student"
    assert "secret_hash" not in answer.text
    assert "student2@assay.example" not in answer.text


async def fill(student: Visitor, page: Page, **changes: str | list[str] | None) -> Page:
    """Send the form about learning."""
    return await student.fill(page, "/account/learning", {"then": "save", **changes})


async def test_learning_is_declared_and_shown_again(visit: Visit, runtime: Runtime, student_actor: Actor) -> None:
    """Searched for, ticked, saved; the account tells it and the form holds it; the next recommendation reads the same rows."""
    student = await visit("student")
    form = await student.get("/account/learning")
    assert (form.status, form.refused, form.stack) == (200, [], [])
    found = await fill(student, form, then="find", find="database", prior=["sql", "caching"], hours="4,5")
    assert found.status == 200
    assert "Found for" in found.text
    fields = found.form("/account/learning").fields
    assert {("prior", "sql"), ("prior", "caching"), ("hours", "4,5"), ("language", "en")} <= set(fields)
    slug = found.html.split('name="completed" value="')[1].split('"')[0]
    done = await fill(student, found, completed=[slug], language=["en", "de"])
    assert (done.path, "Saved." in done.text) == ("/account", True)
    assert "1 completed credential and 2 skills that you master, in 2 languages, with 4.5 hours a week" in done.text
    async with runtime.open_uow() as uow:
        stands = await learning.read(uow, student_actor)
    assert (stands.completed, stands.prior_learning, stands.languages, stands.hours_per_week) == (
        (slug,),
        ("caching", "sql"),
        ("de", "en"),
        4.5,
    )
    again = dict((await student.get("/account/learning")).form("/account/learning").fields)
    assert (again["completed"], again["hours"]) == (slug, "4.5")


UNFIT: list[tuple[dict[str, str | list[str]], str]] = [
    *(({"hours": hours}, "#hours") for hours in ("many", "0", "nan", "169")),
    ({"language": []}, "#language"),
]
MADE_UP = [{"completed": ["no-such-thing"]}, {"prior": ["no-such-skill", "NOT A SLUG"]}, {"language": ["<b>", "en"]}]


@pytest.mark.parametrize(("changes", "anchor"), UNFIT)
async def test_what_does_not_fit_is_named_and_kept(visit: Visit, changes: dict[str, str | list[str]], anchor: str) -> None:
    """422, the field named, what was entered still there, and nothing saved."""
    student = await visit("student")
    page = await fill(student, await student.get("/account/learning"), prior=["sql"], **changes)
    assert (page.status, anchor in page.links) == (422, True)
    fields = page.form("/account/learning").fields
    assert ("prior", "sql") in fields
    assert ("hours", changes.get("hours", "")) in fields
    assert "Nothing yet." in (await student.get("/account")).text


@pytest.mark.parametrize("made_up", MADE_UP)
async def test_made_up_choices_are_taken_out(visit: Visit, made_up: dict[str, list[str]]) -> None:
    """What does not exist is refused with a sentence, gone from the form, and the form can be saved then."""
    student = await visit("student")
    page = await fill(student, await student.get("/account/learning"), **{"hours": "3", **made_up})
    assert (page.status, "no longer there" in page.text) == (422, True)
    assert (await fill(student, page)).path == "/account"


async def test_hostile_names_are_text(visit: Visit, runtime: Runtime) -> None:
    """Markup in a cohort's name, a credential's title and a search is shown as it was written."""
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE cohorts SET name = :nasty"), {"nasty": NASTY})
        await uow.session.execute(text("SET LOCAL session_replication_role = replica"))
        await uow.session.execute(
            text("UPDATE credential_versions SET content = jsonb_set(content, '{title}', to_jsonb(CAST(:nasty AS text)))"), {"nasty": NASTY}
        )
    student = await visit("student")
    account = await student.get("/account")
    found = await fill(student, await student.get("/account/learning"), then="find", find=f"database {NASTY}")
    for page in (account, found):
        assert (page.refused, page.stack) == ([], [])
        assert "<script>window" not in page.html
        assert "<script>window.taken = 1</script>" in page.text

"""Cohorts in the pages: made, renamed against what was seen, people added and taken out, lists looked over before they are written."""

from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from visitor import ORIGIN, Page, Visit, Visitor

from assay.runtime import Runtime

HOSTILE = "<script>alert(1)</script>\u202edorc"
ROSTER = """email,name,role
student@assay.example,Sam Student,student
new.one@uni.example,Nora Newcomer,student
advisor@assay.example,Ada Advisor,advisor
"""
BAD = f"{ROSTER}no address,Nobody,student\nstudent2@assay.example,Toni Student,advisor\n"


async def made(admin: Visitor, name: str = "Class of 2027") -> Page:
    """A cohort's page, just made."""
    page = await admin.fill(await admin.get("/admin/cohorts"), "/admin/cohorts", {"name": name})
    assert page.status == 200, page.text
    return page


async def people(runtime: Runtime, cohort: str) -> set[str]:
    """Who is in a cohort, by name."""
    async with runtime.open_uow(autocommit=True) as uow:
        return {row.name for row in await uow.enrolment.members(UUID(cohort), None, 200)}


async def test_cohorts_are_listed_with_what_they_need(visit: Visit) -> None:
    """The demo cohort with its people, and one that nobody looks after."""
    admin = await visit("admin")
    page = await admin.get("/admin/cohorts")
    assert "Demo cohort" in page.text
    assert page.refused == []
    lonely = await made(admin)
    assert "The cohort is there." in lonely.text
    await admin.fill(lonely, "/members", {"email": "student@assay.example"})
    assert "Nobody looks after them" in (await admin.get("/admin/cohorts")).text


@pytest.mark.parametrize("name", ["student", "advisor"])
async def test_only_admins_keep_cohorts(visit: Visit, name: str) -> None:
    """Everybody else is refused, looking and sending."""
    admin, other = await visit("admin"), await visit(name)
    page = await made(admin)
    csrf = dict((await other.get("/")).form("/sign-out").fields)["csrf"]
    for path in ("/admin/cohorts", page.path, f"{page.path}/edit", f"{page.path}/import", "/admin/cohorts/import"):
        assert (await other.get(path)).status == 403, path
    for path in ("/admin/cohorts", f"{page.path}/edit", f"{page.path}/members", f"{page.path}/import", f"{page.path}/import/confirm"):
        assert (await other.post(path, {"csrf": csrf, "name": "Mine"})).status == 403, path


async def test_a_name_that_does_not_fit_is_kept_and_told(visit: Visit) -> None:
    """Empty, too long, taken: 422, with what was typed still there, escaped."""
    admin = await visit("admin")
    for name, words in (("", "Write a name"), ("x" * 201, "Write a name"), ("Demo cohort", "already")):
        page = await admin.fill(await admin.get("/admin/cohorts"), "/admin/cohorts", {"name": name})
        assert (page.status, dict(page.form("/admin/cohorts").fields)["name"]) == (422, name)
        assert words in page.text
    page = await made(admin, HOSTILE)
    assert "alert(1)</script>" not in page.html
    assert HOSTILE in page.text


async def test_who_renames_second_sees_what_the_first_did(visit: Visit) -> None:
    """A lost update is a 409 that shows the present name, keeps what was typed, and goes through when sent again."""
    admin = await visit("admin")
    cohort = await made(admin)
    first, second = [await admin.get(f"{cohort.path}/edit") for _ in range(2)]
    assert "Class of 2028" in (await admin.fill(first, "/edit", {"name": "Class of 2028"})).text
    lost = await admin.fill(second, "/edit", {"name": "Class of 2029"})
    assert (lost.status, dict(lost.form("/edit").fields)["name"]) == (409, "Class of 2029")
    assert "It is now called Class of 2028" in lost.text
    done = await admin.fill(lost, "/edit")
    assert "The cohort has its new name." in done.text
    taken = await admin.fill(await admin.get(f"{cohort.path}/edit"), "/edit", {"name": "Demo cohort"})
    assert taken.status == 422


async def test_somebody_is_added_and_taken_out(visit: Visit, runtime: Runtime) -> None:
    """By address, which stands in no address of a page; admins, strangers and nonsense are refused with a sentence."""
    admin = await visit("admin")
    cohort = await made(admin)
    identifier = cohort.path.rpartition("/")[2]
    page = await admin.fill(cohort, "/members", {"email": "Student@assay.example "})
    assert "They belong to the cohort now." in page.text
    assert await people(runtime, identifier) == {"Sam Student"}
    assert "student%40" not in str(page.answer.url)
    for email, words in (
        ("admin@assay.example", "Only students and advisors"),
        ("nobody@assay.example", "Nobody with this address"),
        ("", "Write an e-mail address"),
    ):
        refused = await admin.fill(page, "/members", {"email": email})
        assert (refused.status, words in refused.text) == (422, True), email
        assert dict(refused.form("/members").fields)["email"] == email
    gone = await admin.fill(page, "/remove")
    assert "They do not belong to the cohort any more." in gone.text
    assert await people(runtime, identifier) == set()


async def test_a_list_is_looked_over_before_it_is_written(visit: Visit, runtime: Runtime) -> None:
    """The check writes nothing and tells each line; confirmed, it says what was done. Nobody's address stands in an address."""
    admin = await visit("admin")
    cohort = await made(admin)
    identifier = cohort.path.rpartition("/")[2]
    form = await admin.get(f"{cohort.path}/import")
    report = await admin.fill(form, "/import", {"pasted": ROSTER})
    assert report.status == 200
    assert "Nora Newcomer" in report.text
    assert "New account, then enrolled" in report.text
    assert await people(runtime, identifier) == set()
    done = await admin.fill(report, "/import/confirm")
    assert "3 people enrolled, 1 of them with a new account." in done.text
    assert await people(runtime, identifier) == {"Sam Student", "Nora Newcomer", "Ada Advisor"}
    assert set(parse_qs(urlsplit(str(done.answer.url)).query)) == {"done"}
    again = await admin.fill(await admin.get(f"{cohort.path}/import"), "/import", {"pasted": ROSTER})
    assert "everybody who can be is in already" in again.text
    assert not [each for each in again.forms if each.action.endswith("/confirm")]


async def test_a_file_is_taken_as_it_is(visit: Visit, runtime: Runtime) -> None:
    """A file with a mark, semicolons and CRLF, sent as a browser sends it."""
    admin = await visit("admin")
    cohort = await made(admin)
    form = (await admin.get(f"{cohort.path}/import")).form("/import")
    content = "\ufeffE-Mail;Name;Role\r\nnew.one@uni.example;Noé <b>;student\r\n".encode()
    fields = {name: value for name, value in form.fields if name != "file"}
    files = {"file": ("list.csv", content, "text/csv")}
    report = Page(await admin.client.post(form.action, data=fields, files=files, headers={"origin": ORIGIN}))
    assert report.status == 200, report.text
    assert "Noé <b>" in report.text
    await admin.fill(report, "/import/confirm")
    assert await people(runtime, cohort.path.rpartition("/")[2]) == {"Noé <b>"}


async def test_bad_lines_are_told_and_can_be_left_out(visit: Visit, runtime: Runtime) -> None:
    """Each with its number and what is wrong; the good ones are enrolled alone only when that is asked for."""
    admin = await visit("admin")
    cohort = await made(admin)
    report = await admin.fill(await admin.get(f"{cohort.path}/import"), "/import", {"pasted": BAD})
    assert "2 lines to put right" in report.text
    assert "5 Email is no address." in report.text
    assert "6 Is known as student." in report.text
    done = await admin.fill(report, "/import/confirm")
    assert "3 people enrolled" in done.text
    assert await people(runtime, cohort.path.rpartition("/")[2]) == {"Sam Student", "Nora Newcomer", "Ada Advisor"}


async def test_what_is_no_list_is_told(visit: Visit) -> None:
    """Nothing, other columns, bytes that are no text, a list that came back torn: 422 and a sentence, nothing written."""
    admin = await visit("admin")
    cohort = await made(admin)
    page = await admin.get(f"{cohort.path}/import")
    for pasted, words in (("", "Choose a file, or paste the list."), ("a,b\n1,2\n", "must name the columns"), ("email,name,role\n", "")):
        answer = await admin.fill(page, "/import", {"pasted": pasted})
        assert words in answer.text
        assert answer.status == (422 if words else 200)
        assert not [each for each in answer.forms if each.action.endswith("/confirm")]
    csrf = dict(page.form("/import").fields)["csrf"]
    torn = await admin.post(f"{cohort.path}/import/confirm", {"csrf": csrf, "list": "ä"})
    assert (torn.status, "did not come back whole" in torn.text) == (422, True)


async def test_a_list_that_no_longer_fits_is_shown_again(visit: Visit, runtime: Runtime) -> None:
    """What has changed between the check and the confirmation is told; nothing is written."""
    admin = await visit("admin")
    cohort = await made(admin)
    report = await admin.fill(await admin.get(f"{cohort.path}/import"), "/import", {"pasted": ROSTER})
    async with runtime.open_uow() as uow:
        user = await uow.accounts.by_email("student@assay.example")
        assert user is not None
        user.is_active = False
    late = await admin.fill(report, "/import/confirm")
    assert (late.status, "Something has changed since the list was checked" in late.text) == (409, True)
    assert await people(runtime, cohort.path.rpartition("/")[2]) == set()


async def test_one_list_for_many_cohorts(visit: Visit, runtime: Runtime) -> None:
    """Each line names its cohort; one that is not there is a line to put right."""
    admin = await visit("admin")
    cohort = await made(admin)
    lines = "email,name,role,cohort\nnew.one@uni.example,Nora,student,Class of 2027\nnew.two@uni.example,Nils,student,Nowhere\n"
    report = await admin.fill(await admin.get("/admin/cohorts/import"), "/import", {"pasted": lines})
    assert "3 Cohort does not exist." in report.text
    done = await admin.fill(report, "/import/confirm")
    assert done.path == "/admin/cohorts"
    assert "1 person enrolled, 1 of them with a new account." in done.text
    assert await people(runtime, cohort.path.rpartition("/")[2]) == {"Nora"}


async def test_a_cohort_that_is_not_there(visit: Visit) -> None:
    """404 as a page, for every address below it."""
    admin = await visit("admin")
    nowhere = "/admin/cohorts/01900000-0000-7000-8000-000000000000"
    assert {(await admin.get(f"{nowhere}{tail}")).status for tail in ("", "/edit", "/import")} == {404}
    csrf = dict((await admin.get("/admin/cohorts")).form("/admin/cohorts").fields)["csrf"]
    for tail in ("/edit", "/members", "/import", "/import/confirm", "/members/01900000-0000-7000-8000-000000000000/remove"):
        sent = await admin.post(nowhere + tail, {"csrf": csrf, "name": "x", "email": "student@assay.example", "pasted": ROSTER})
        assert sent.status == 404, tail

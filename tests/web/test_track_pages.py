"""The admin's pages for tracks: what each lacks, forms that lose nothing, guards that speak before the click."""

from typing import Any
from uuid import UUID

import pytest
from journeys import Student
from sqlalchemy import text
from visitor import Page, Visit, Visitor

from assay.runtime import Runtime

HOSTILE = '<script>alert(1)</script>\N{RIGHT-TO-LEFT OVERRIDE}"'
NEW = {
    "name": "Site Reliability",
    "slug": "site-reliability",
    "description": "Keeps services running, and says what that costs.",
    "level": "advanced",
    "skill-1-name": "Observability",
    "mix-theoretical": "3",
    "mix-essay": "3",
    "mix-profile": "4",
    "expiry": "5",
    "when": "afterReview",
}


def sound(page: Page) -> None:
    """No inline code, well-formed, ids once, inner links with a target."""
    assert page.refused == []
    assert page.stack == []
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


async def without_essays(runtime: Runtime, slug: str, keep: int = 1) -> None:
    """Let the track have `keep` active essays."""
    async with runtime.open_uow() as uow:
        await uow.session.execute(
            text(
                "UPDATE questions SET is_active = false WHERE id IN (SELECT q.id FROM questions q JOIN question_tracks t"
                " ON t.question_id = q.id JOIN role_catalog r ON r.id = t.track_id WHERE r.slug = :slug AND q.type = 'essay'"
                " ORDER BY q.slug OFFSET :keep)"
            ),
            {"slug": slug, "keep": keep},
        )


async def made(admin: Visitor, **changes: str) -> Page:
    """A new track, kept as a draft."""
    return await admin.fill(await admin.get("/admin/tracks/new"), "/admin/tracks/new", {**NEW, **changes})


async def test_the_list_says_how_each_track_stands(visit: Visit, student: Student, track_id: UUID) -> None:
    """Status, mix, coverage and what is under way; narrowed by status."""
    await student.start(track_id)
    admin = await visit("admin")
    page = await admin.get("/admin/tracks")
    sound(page)
    assert "Backend Engineer" in page.text
    assert "3 theory, 3 essays, 4 about the student" in page.text
    assert "1 open" in page.text
    assert "Enough for it" in page.text
    assert "There is no track of this status" in (await admin.get("/admin/tracks?status=retired")).text


async def test_a_new_track_is_a_draft_that_names_what_it_lacks(visit: Visit) -> None:
    """A created track is a draft; it cannot be made active, and the page says why before anybody presses anything."""
    admin = await visit("admin")
    page = await made(admin)
    sound(page)
    assert "kept as a draft" in page.text
    assert "It needs 3 theory questions, 3 essays and 4 questions about the student more" in page.text
    assert not [form for form in page.forms if form.action.endswith("/activate")]
    fields = dict(page.form(page.path).fields)
    assert fields["skill-1-name"] == "observability"
    assert (fields["when"], fields["expiry"]) == ("afterReview", "5")


async def test_what_does_not_fit_is_told_and_kept(visit: Visit) -> None:
    """422 with a summary and a sentence at each field; everything that was typed is still there, escaped."""
    admin = await visit("admin")
    wrong = {"name": HOSTILE, "description": "short", "mix-essay": "4", "slug": "No Slug", "skill-1-name": "juggling", "when": "onDate"}
    page = await made(admin, **wrong)
    sound(page)
    assert page.status == 422
    fields = dict(page.form("/admin/tracks/new").fields)
    assert {name: fields[name] for name in wrong} == wrong
    assert "A question mix adds up to 10." in page.text
    assert "There is no skill of this name" in page.text
    assert "Write at least 20 characters." in page.text
    assert "Write the day and the time" in page.text
    assert {"mix-error", "description-error", "slug-error", "skill-1-name-error", "on-error"} <= set(page.ids)


async def test_rows_come_and_go_without_a_script(visit: Visit) -> None:
    """The buttons send the form and lose nothing of it."""
    admin = await visit("admin")
    page = await admin.get("/admin/tracks/new")
    page = await admin.fill(page, "/new", {"name": "Half typed", "rows": "add:fallback"})
    assert page.status == 200
    fields = dict(page.form("/new").fields)
    assert fields["name"] == "Half typed"
    assert "fallback-1-name" in fields
    page = await admin.fill(page, "/new", {"rows": "remove:fallback:1"})
    assert "fallback-1-name" not in dict(page.form("/new").fields)


async def test_a_slug_that_is_taken_is_told_at_its_field(visit: Visit) -> None:
    """The service's refusal stands where it belongs, and nothing was written."""
    page = await made(await visit("admin"), slug="backend-engineer")
    assert page.status == 422
    assert "slug-error" in page.ids


async def test_saving_makes_a_version_and_retiring_can_be_undone(visit: Visit, track_id: UUID) -> None:
    """Edited, retired, made active again: each told, each with the state that was seen."""
    admin = await visit("admin")
    path = f"/admin/tracks/{track_id}"
    page = await admin.fill(await admin.get(path), path, {"name": "Backend Developer"})
    assert "The track is saved" in page.text
    assert "Version 2" in page.text
    page = await admin.fill(page, "/retire")
    assert "Nobody can start the track any more" in page.text
    page = await admin.fill(page, "/activate")
    assert "can be started now" in page.text


async def test_a_track_short_of_questions_cannot_be_made_active_again(visit: Visit, track_id: UUID, runtime: Runtime) -> None:
    """Retired and short of essays: the button says what is missing; the service refuses one that was sent all the same."""
    admin = await visit("admin")
    path = f"/admin/tracks/{track_id}"
    before = await admin.fill(await admin.get(path), "/retire")
    activate = before.form("/activate")
    await without_essays(runtime, "backend-engineer")
    page = await admin.get(path)
    assert "It needs 2 essays more before anybody can start it" in page.text
    refused = await admin.post(activate.action, activate.fields)
    assert refused.status == 409


async def test_who_comes_second_loses_nothing(visit: Visit, track_id: UUID) -> None:
    """The other's change is shown word by word, what was typed stays, and saving again is a decision."""
    first, second = await visit("admin"), await visit("admin")
    path = f"/admin/tracks/{track_id}"
    opened = await second.get(path)
    await first.fill(await first.get(path), path, {"name": "Backend Developer"})
    page = await second.fill(opened, path, {"expiry": "9"})
    assert page.status == 412
    assert "removed: Engineer" in page.text
    assert "added: Developer" in page.text
    assert dict(page.form(path).fields)["expiry"] == "9"
    page = await second.fill(page, path)
    assert "The track is saved" in page.text
    assert "Backend Engineer" in page.text


async def test_open_assessments_are_told(visit: Visit, student: Student, track_id: UUID) -> None:
    """The page says how many are open and that they keep what they were asked."""
    await student.start(track_id)
    page = await (await visit("admin")).get(f"/admin/tracks/{track_id}")
    assert "1 assessment is open on this track" in page.text
    assert "keep the questions they were asked" in page.text


@pytest.mark.parametrize("name", ["student", "advisor"])
async def test_tracks_are_kept_by_admins_alone(visit: Visit, name: str, track_id: UUID) -> None:
    """Others are refused, whatever they send."""
    person = await visit(name)
    csrf = dict((await person.get("/")).form("/sign-out").fields)["csrf"]
    for path in ("/admin/tracks", "/admin/tracks/new", f"/admin/tracks/{track_id}"):
        assert (await person.get(path)).status == 403
    for path in ("/admin/tracks/new", f"/admin/tracks/{track_id}", f"/admin/tracks/{track_id}/retire"):
        assert (await person.post(path, {"csrf": csrf, "seen": "*"})).status == 403


async def test_the_overview_says_where_things_stand(visit: Visit, runtime: Runtime) -> None:
    """Tracks, questions, catalog, index and jobs, and what wants somebody, with links to the areas."""
    admin = await visit("admin")
    page = await admin.get("/")
    sound(page)
    assert "6 tracks can be started, and 152 questions can be asked" in page.text
    assert {"/admin/tracks", "/admin/questions", "/admin/catalog", "/admin/index", "/operations/jobs"} <= set(page.links)
    await without_essays(runtime, "backend-engineer", keep=2)
    page = await admin.get("/")
    assert "What wants you" in page.text
    assert "needs 1 essay more" in page.text


@pytest.mark.parametrize("path", ["/admin/tracks/01900000-0000-7000-8000-000000000000", "/admin/tracks/no-id"])
async def test_a_track_that_is_not_there(visit: Visit, path: str) -> None:
    """404, as a page."""
    assert (await (await visit("admin")).get(path)).status == 404


async def test_entries_survive_anything(visit: Visit) -> None:
    """Whatever a form names, the answer is a page: rows that are none, numbers that are none, characters that cannot be kept."""
    admin = await visit("admin")
    page = await admin.get("/admin/tracks/new")
    odd: dict[str, Any] = {"expiry": "9" * 5000, "mix-essay": "three", "on": "never", "when": "onDate", "rows": "remove"}
    answer = await admin.fill(page, "/new", odd)
    assert answer.status == 422
    assert "Write a whole number." in answer.text
    assert "Write a smaller number." in answer.text
    answer = await admin.fill(page, "/new", {"name": "a\x00b"})
    assert answer.status == 422
    assert "contains the character NUL" in answer.text

"""The catalog's pages without a script: finding, writing, publishing, retiring, and what happens when two people edit at once."""

import re
from typing import Any
from uuid import UUID

import pytest
from catalogs import RECORD
from journeys import Student
from sqlalchemy import text
from visitor import Page, Visit, Visitor

from assay.domain.credentials import CredentialRecord
from assay.domain.interchange.vocabulary import Vocabulary
from assay.runtime import Runtime
from assay.services import indexing
from assay.web.admin import catalog_forms
from assay.web.admin.catalog_changes import differences
from assay.worker.drainer import Drainer

FORM = {
    "title": "Reading Query Plans",
    "provider": "Lakeside Open School",
    "slug": "reading-query-plans",
    "description": RECORD["description"],
    "outcomes": "\n".join(RECORD["outcomes"]),
    "skills": "SQL\nhttp",
    "workload_hours": "25",
}
HOSTILE = "<script>alert(1)</script> \u202e" + "x" * 150
RECORDED = CredentialRecord.model_validate({name: value for name, value in RECORD.items() if name != "slug"})


async def sound(page: Page, status: int = 200) -> Page:
    """A page that a strict policy shows in full: nothing inline, no id twice, one `h1`, every inner link with a target."""
    assert page.status == status, page.text[:500]
    assert page.refused == []
    assert len(page.ids) == len(set(page.ids))
    assert page.html.count("<h1") == 1
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    return page


async def written(admin: Visitor, **changes: str) -> Page:
    """A draft, as the page shows it that follows."""
    return await admin.fill(await admin.get("/admin/catalog/new"), "/new", FORM | changes)


async def found(admin: Visitor, words: str) -> str:
    """The page of the one credential that fits."""
    listed = await admin.get(f"/admin/catalog?text={words}")
    (path,) = {link for link in listed.links if re.fullmatch(r"/admin/catalog/[0-9a-f-]{36}", link)}
    return path


async def test_the_list_is_narrowed_by_what_the_address_says(visit: Visit) -> None:
    """Words, status, level, skill and provider narrow; what they cannot mean is left open; a page leads on to the next."""
    admin = await visit("admin")
    await written(admin)
    everything = await sound(await admin.get("/admin/catalog"))
    assert "232 credentials, by short name" in everything.text
    drafts = await admin.get("/admin/catalog?status=draft")
    assert "1 credential that fits, by short name" in drafts.text
    assert "Reading Query Plans" in drafts.text
    narrow = "/admin/catalog?text=%22query+plans%22&level=intermediate&skill=http&provider=Lakeside+Open+School&status="
    assert "Reading Query Plans" in (await admin.get(narrow)).text
    assert "No credential fits" in (await admin.get(narrow + "retired")).text
    odd = await admin.get("/admin/catalog?status=nonsense&level=5&skill=%00&text=%00&cursor=%00")
    assert "232 credentials" in odd.text
    following = next(link for link in everything.links if "cursor=" in link)
    second = await sound(await admin.get(following))
    assert not {link for link in everything.links if len(link) > 40} & {link for link in second.links if len(link) > 40}


async def test_a_credential_is_written_published_edited_and_retired(visit: Visit, runtime: Runtime) -> None:
    """Each step says what follows from it, and what searches know of it."""
    admin = await visit("admin")
    draft = await sound(await written(admin))
    assert "The draft is saved" in draft.text
    assert {"SQL", "HTTP", "Draft"} <= {each.strip() for each in re.split(r"[<>]", draft.html)}
    assert "Retire" in draft.text
    published = await sound(await admin.fill(draft, "/publish"))
    assert "Searches do not find it yet" in published.text
    assert "/admin/index" in published.links
    await indexing.rebuild(runtime.open_uow, runtime.embedder, runtime.vector_store)
    assert "Searches do not find it yet" not in (await admin.get(draft.path)).text
    edited = await admin.fill(await sound(await admin.get(f"{draft.path}/edit")), "/edit", {"workload_hours": "30", "ects": "1.5"})
    assert "Saved as a new version" in edited.text
    assert "Searches still find version 1" in edited.text
    again = await admin.fill(await admin.get(f"{draft.path}/edit"), "/edit")
    assert "Nothing was changed" in again.text
    versions = await sound(await admin.get(f"{draft.path}/versions"))
    assert all(words in versions.text for words in ("Version 2", "taken out: 25", "put in: 30", "ECTS credits", "The first."))
    compared = await sound(await admin.get(f"{draft.path}/versions?from=2&to=1"))
    assert "From version 2 to version 1" in compared.text
    retired = await sound(await admin.fill(edited, "/retire"))
    assert "Retired. It is no longer recommended" in retired.text
    assert "The search index still holds it" in retired.text
    assert retired.form("/publish")


async def test_what_tracks_fall_back_on_is_not_retired(visit: Visit) -> None:
    """The button says so before it is pressed, names the track, and the form behind it is refused all the same."""
    admin = await visit("admin")
    page = await sound(await admin.get(await found(admin, "designing-http-apis+or+%22Designing+HTTP+APIs%22")))
    assert "Backend Engineer" in page.text
    assert "Take it from the fallback credentials" in page.text
    assert not [form for form in page.forms if form.action.endswith("/retire")]
    csrf = dict(page.form("/sign-out").fields)["csrf"]
    edit = await admin.get(f"{page.path}/edit")
    seen = dict(edit.form("/edit").fields)["seen"]
    refused = await sound(await admin.post(f"{page.path}/retire", {"csrf": csrf, "seen": seen}), 409)
    assert "That cannot be done" in refused.text


async def test_what_hangs_on_a_credential(visit: Visit, student: Student, track_id: UUID, drainer: Drainer) -> None:
    """How many recommendations name it and which credentials should be taken after it, before it is retired."""
    _, result = await student.finished(track_id)
    item = result["recommendation"]["items"][0]
    admin = await visit("admin")
    cited = await sound(await admin.get(f"/admin/catalog/{item['credentialId']}"))
    assert "Recommendations 1, each with the version it was made from" in cited.text
    first = await written(admin)
    assert "Recommendations 0 Fallback of tracks None To be taken before No other credential" in first.text
    await written(admin, slug="deeper", title="Deeper Plans", prerequisites="reading-query-plans")
    needed = await sound(await admin.get(first.path))
    assert "To be taken before Deeper Plans" in needed.text
    assert "1 credential should be taken after it and will go on saying so" in needed.text


async def test_what_does_not_fit_is_said_at_the_field_and_kept(visit: Visit) -> None:
    """Every wrong field by its name, in plain words, with everything that was typed; nothing is written."""
    admin = await visit("admin")
    wrong = {
        "title": "",
        "description": "Short",
        "workload_hours": "many",
        "skills": "SQL\nwitchcraft",
        "language": "English",
        "country": "at",
    }
    page = await sound(await written(admin, **wrong, prerequisites="Not A Slug", ects="inf"), 422)
    for sentence in (
        "Title: fill this in.",
        "Description: needs at least 40 characters.",
        "Workload in hours: enter a whole number.",
        "Skills: there is no skill called witchcraft.",
        "Language: two small letters, such as en.",
        "Country of the awarding body: two capital letters, such as AT.",
        "Credentials to take before: line 1: is no short name: small letters, digits and hyphens.",
        "ECTS credits: enter a number, such as 2.5.",
    ):
        assert sentence in page.text
    kept = dict(page.form("/new").fields)
    assert {name: kept[name] for name in wrong} == wrong
    assert "No credential fits" in (await admin.get("/admin/catalog?status=draft")).text


async def test_what_the_catalog_refuses_is_said_at_the_field(visit: Visit) -> None:
    """A name that is taken, and a prerequisite there is not."""
    admin = await visit("admin")
    await written(admin)
    taken = await sound(await written(admin), 422)
    assert "Short name: this is taken, or the source is." in taken.text
    lacking = await sound(await written(admin, slug="other", prerequisites="reading-query-plans\nno-such-course"), 422)
    assert "Credentials to take before: line 2: there is no credential called no-such-course." in lacking.text


async def test_who_comes_second_loses_nothing(visit: Visit) -> None:
    """The form comes back with what was typed, with the other's change where nothing was typed, and tells both; saving it then works."""
    admin = await visit("admin")
    draft = await written(admin)
    mine, theirs = [await admin.get(f"{draft.path}/edit") for _ in range(2)]
    await admin.fill(theirs, "/edit", {"title": "Reading the Plans of Queries", "workload_hours": "40"})
    page = await sound(await admin.fill(mine, "/edit", {"title": "Query Plans, Read", "assessment": "A written test."}), 412)
    assert "somebody has changed it since you opened this form" in page.text
    assert all(words in page.text for words in ("taken out: 25", "put in: 40", "Changed by both of you"))
    kept = dict(page.form("/edit").fields)
    assert (kept["title"], kept["assessment"], kept["workload_hours"]) == ("Query Plans, Read", "A written test.", "40")
    assert "#title" in page.links
    assert "#workload_hours" not in page.links
    saved = await admin.fill(page, "/edit")
    assert "Saved as a new version" in saved.text
    assert "Query Plans, Read" in saved.text
    assert "40 hours" in saved.text


async def test_a_status_that_was_changed_meanwhile_is_told(visit: Visit) -> None:
    """Publishing counts as a change for whoever edits; and whoever retires what has changed is asked to look again."""
    admin = await visit("admin")
    draft = await written(admin)
    form = await admin.get(f"{draft.path}/edit")
    published = await admin.fill(draft, "/publish")
    late = await sound(await admin.fill(form, "/edit", {"workload_hours": "30"}), 412)
    assert "It was “Draft” and is now “Published”." in late.text
    await admin.fill(late, "/edit")
    stale = await sound(await admin.fill(published, "/retire"), 412)
    assert "Nothing was done" in stale.text
    assert "Published" in stale.text


async def test_what_people_wrote_is_text(visit: Visit) -> None:
    """Markup, a direction override and long words in every field are shown as they are, on every page that shows them."""
    admin = await visit("admin")
    hostile = dict.fromkeys(("title", "provider", "description", "assessment", "homepage", "source_id", "stackability"), HOSTILE)
    page = await sound(await written(admin, **hostile, outcomes=HOSTILE))
    assert "Searches" not in page.text
    assert "<script>alert" not in page.html
    assert page.html.count("&lt;script&gt;alert(1)") > 5
    listed = await sound(await admin.get("/admin/catalog?status=draft"))
    await admin.fill(await admin.get(f"{page.path}/edit"), "/edit", {"title": "Tame", "description": FORM["description"]})
    versions = await sound(await admin.get(f"{page.path}/versions"))
    for each in (
        listed,
        versions,
        await sound(await admin.get(f"{page.path}/edit")),
        await sound(await admin.get("/admin/catalog/report")),
    ):
        assert "<script>alert" not in each.html


async def test_the_report_tells_what_is_amiss(visit: Visit, runtime: Runtime) -> None:
    """Duplicates, missing prerequisites, bad links and skills that nothing teaches, each with the way to it; links only when asked."""
    admin = await visit("admin")
    clean = await sound(await admin.get("/admin/catalog/report"))
    assert "Links were not asked for" in clean.text
    for slug in ("one", "two"):
        await written(admin, slug=slug, homepage="nowhere at all")
    async with runtime.open_uow() as uow:
        await uow.session.execute(
            text("UPDATE role_catalog SET skill_focus = skill_focus || '{basket-weaving}' WHERE slug = 'backend-engineer'")
        )
        await uow.tracks.put_skills({"basket-weaving": "Basket weaving"})
    page = await sound(await admin.get("/admin/catalog/report"))
    for words in ("Told twice", "Nearly the same", "is no address of a page", "Basket weaving", "Backend Engineer"):
        assert words in page.text
    assert len({link for link in page.links if re.fullmatch(r"/admin/catalog/[0-9a-f-]{36}", link)}) == 2
    asked = await sound(await admin.fill(page, "/report"))
    assert "only their form was looked at" in page.text
    assert "only their form was looked at" not in asked.text


@pytest.mark.parametrize("name", ["student", "advisor"])
async def test_nobody_else_keeps_the_catalog(visit: Visit, name: str) -> None:
    """Others are refused on every page and form, and a file of theirs is not read."""
    person, admin = await visit(name), await visit("admin")
    there = (await written(admin)).path
    csrf = dict((await person.get("/")).form("/sign-out").fields)["csrf"]
    for path in ("", "/new", "/import", "/imports", "/report", "/export"):
        assert (await person.get(f"/admin/catalog{path}")).status == 403, path
    for path in (there, f"{there}/edit", f"{there}/versions", "/admin/index", "/admin/index/fragment"):
        assert (await person.get(path)).status == 403, path
    for path in (
        f"{there}/edit",
        f"{there}/publish",
        f"{there}/retire",
        "/admin/catalog/new",
        "/admin/catalog/report",
        "/admin/index/rebuild",
    ):
        assert (await person.post(path, {"csrf": csrf})).status == 403, path
    files = {"file": ("a.csv", b"slug\n", "text/csv")}
    sent = await person.client.post("/admin/catalog/import", files=files, headers={"origin": "http://assay.test"})
    assert sent.status_code == 403
    assert (await admin.get("/admin/catalog/01900000-0000-7000-8000-000000000000")).status == 404
    assert (await admin.get("/admin/catalog/nonsense")).status == 404


def test_only_what_differs_is_told() -> None:
    """Words that went and came are woven into the text, items are told one by one, and a text that is new as a whole as a whole."""
    after = RECORDED.model_copy(
        update={
            "description": RECORDED.description.replace("costs", "takes"),
            "outcomes": (*RECORDED.outcomes, "Spare a step"),
            "ects": 2.0,
        }
    )
    text_change, list_change, value_change = differences(RECORDED, after, {"sql": "SQL"})
    assert [(piece.text.strip(), piece.kind) for piece in text_change.pieces if piece.kind != "same"] == [
        ("costs", "gone"),
        ("takes", "new"),
    ]
    assert "".join(piece.text for piece in text_change.pieces if piece.kind != "gone") == after.description
    assert [piece.text for piece in list_change.pieces if piece.kind == "new"] == ["Spare a step"]
    assert [(piece.text, piece.kind) for piece in value_change.pieces] == [("", "gone"), ("2", "new")]
    (other,) = differences(
        RECORDED, RECORDED.model_copy(update={"description": "Nothing of the sort is taught in this one, dear reader."}), {}
    )
    assert [piece.kind for piece in other.pieces] == ["gone", "new"]
    assert differences(RECORDED, RECORDED, {}) == ()


def test_a_form_says_what_the_credential_says() -> None:
    """What is shown and sent back untouched is the same credential."""
    words = Vocabulary({"sql": "SQL", "http": "HTTP"})
    parts: dict[str, Any] = catalog_forms.raw(catalog_forms.shown(RECORDED, words), words)
    assert CredentialRecord.model_validate(parts) == RECORDED

"""Files into the catalog at the pages: looked at first, confirmed once, told row by row; and the way out again."""

import json
from typing import Any

import httpx2
import pytest
from catalogs import RECORD
from sqlalchemy import text
from test_catalog_pages import sound
from visitor import ORIGIN, Page, Visit, Visitor

from assay.edge.middleware import FORM_AROUND_BYTES, MAX_FILE_BYTES
from assay.runtime import Runtime
from assay.services import catalog_import_runs
from assay.web.admin import catalog_words


def lines(*rows: dict[str, Any]) -> bytes:
    """A file of JSON lines."""
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


GOOD = [{**RECORD, "slug": f"course-{number}", "title": f"Course {number}"} for number in range(3)]
BAD = [{**RECORD, "slug": "no-level", "level": "wizard"}, {**RECORD, "slug": "no-skill", "skills": ["witchcraft"], "<b>colour": "red"}]
LARGE = lines(*({**RECORD, "slug": f"large-{number}"} for number in range(1_200)))


async def sent(admin: Visitor, data: bytes, name: str = "courses.jsonl", **options: str) -> Page:
    """The page that follows a file."""
    page = await admin.get("/admin/catalog/import")
    fields = {**dict(page.form("/import").fields), **options}
    fields.pop("file", None)
    answer = await admin.client.post(
        "/admin/catalog/import", data=fields, files={"file": (name, data)}, headers={"origin": ORIGIN}, follow_redirects=True
    )
    return Page(answer)


async def worked_off(admin: Visitor, runtime: Runtime, page: Page) -> Page:
    """The same page when the background has done its work."""
    assert await catalog_import_runs.import_next(runtime.open_uow)
    return await sound(await admin.get(page.path))


async def test_looked_at_then_imported(visit: Visit, runtime: Runtime) -> None:
    """Nothing changes before it is confirmed; then the page tells how far it is, and what searches do not know yet."""
    admin = await visit("admin")
    await sound(await admin.get("/admin/catalog/import"))
    dry = await sound(await sent(admin, lines(*GOOD), status="published"))
    assert all(
        words in dry.text
        for words in ("What this file would do", "Nothing has been changed yet", "would be published", "it need not be sent again")
    )
    assert "231 credentials" in (await admin.get("/admin/catalog")).text
    running = await sound(await admin.fill(dry, "/confirm"))
    assert "The file is being imported" in running.text
    assert 'http-equiv="refresh"' in running.html
    assert "0 rows so far" in (await admin.get(f"{running.path}/fragment")).text
    done = await worked_off(admin, runtime, running)
    assert all(words in done.text for words in ("The file is imported", "New 3", "Searches do not know 3 changes to the catalog yet"))
    assert 'data-ended="yes"' in (await admin.get(f"{running.path}/fragment")).html
    again = await sound(await admin.post(f"{dry.path}/confirm", dict(dry.form("/confirm").fields)), 409)
    assert "imported already" in again.text
    assert done.path in again.links
    listed = await sound(await admin.get("/admin/catalog/imports"))
    assert {dry.path, done.path} <= set(listed.links)
    same = await sound(await sent(admin, lines(*GOOD)))
    assert "It would change nothing: the catalog has every row" in same.text
    assert not [form for form in same.forms if form.action.endswith("/confirm")]


async def test_rows_that_do_not_fit_are_told_and_can_be_left_out(visit: Visit, runtime: Runtime) -> None:
    """Row, line, field and reason on the page and in a file; all or nothing is guarded, without the bad rows it can be imported."""
    admin = await visit("admin")
    dry = await sound(await sent(admin, lines(GOOD[0], BAD[0], BAD[1], GOOD[1])))
    assert all(
        words in dry.text for words in ("2 rows do not fit", "2 2 Level Input should be", "3 3 Skills, item 1", "New 2", "Refused 2")
    )
    assert "&lt;b&gt;colour" in dry.html
    table = await admin.client.get(f"{dry.path}/problems.csv")
    assert table.headers["content-disposition"] == 'attachment; filename="refused-rows.csv"'
    assert table.text.splitlines()[0] == "row,line,pointer,reason"
    assert len(table.text.splitlines()) == 3
    done = await worked_off(admin, runtime, await admin.fill(dry, "/confirm"))
    assert all(words in done.text for words in ("The file is imported", "New 2", "Rows that were refused"))
    none = await sound(await sent(admin, lines(*BAD)))
    assert "It would change nothing: no row fits." in none.text


async def test_more_problems_than_a_page_shows(visit: Visit) -> None:
    """The first fifty on the page, all of them in the file."""
    admin = await visit("admin")
    dry = await sound(await sent(admin, lines(*({**RECORD, "slug": f"bad-{number}", "level": "wizard"} for number in range(120)))))
    assert "These are the first 50" in dry.text
    assert len((await admin.client.get(f"{dry.path}/problems.csv")).text.splitlines()) == 121


async def test_a_large_file_is_looked_at_in_the_background(visit: Visit, runtime: Runtime) -> None:
    """The page says so, and what it looked at can still be imported; after a day it cannot, and says that."""
    admin = await visit("admin")
    waiting = await sound(await sent(admin, LARGE))
    assert "The file is being looked at" in waiting.text
    assert not [form for form in waiting.forms if form.action.endswith("/confirm")]
    dry = await worked_off(admin, runtime, waiting)
    assert "New 1,200" in dry.text
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE catalog_imports SET finished_at = clock_timestamp() - interval '25 hours'"))
    await catalog_import_runs.import_next(runtime.open_uow)
    late = await sound(await admin.fill(dry, "/confirm"), 409)
    assert "A file is kept for a day after it was looked at" in late.text


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [(b"", "", "Choose a file."), (b"", "courses.csv", "This file is empty."), (b"x", "courses.docx", "Its name does not say what it is.")],
)
async def test_what_is_no_catalog_file(visit: Visit, data: bytes, name: str, words: str) -> None:
    """Said at the field; what was chosen beside it is kept."""
    admin = await visit("admin")
    page = await sound(await sent(admin, data, name, on_error="skip", add_skills="yes"), 422)
    assert words in page.text
    kept = dict(page.form("/import").fields)
    assert (kept["on_error"], kept["add_skills"]) == ("skip", "yes")


async def test_the_kind_may_be_said_instead(visit: Visit) -> None:
    """A file whose name says nothing is read as what it is said to be; one that cannot be read says why."""
    admin = await visit("admin")
    assert "New 1" in (await sound(await sent(admin, lines(RECORD), "courses.txt", format="jsonl"))).text
    broken = await sound(await sent(admin, b"price,colour\n1,red\n", "courses.csv"))
    assert "Refused 1" in broken.text
    assert "The whole row" in broken.text


async def test_a_failed_and_a_refused_import_say_that_nothing_changed(visit: Visit, runtime: Runtime) -> None:
    """Each in its own words, with what to do next."""
    admin = await visit("admin")
    dry = await sent(admin, lines(*GOOD))
    for status, words in (("failed", "It is not the file's fault"), ("refused", "because of rows that do not fit")):
        async with runtime.open_uow() as uow:
            query = text("UPDATE catalog_imports SET dry_run = false, status = :status, failure = 'ValueError'")
            await uow.session.execute(query, {"status": status})
        page = await sound(await admin.get(dry.path))
        assert "Nothing was changed" in page.text
        assert words in page.text
        assert "/admin/catalog/import" in page.links


@pytest.mark.parametrize("kind", ["csv", "jsonl", "ctdl"])
async def test_the_catalog_leaves_as_a_file_and_comes_back(visit: Visit, runtime: Runtime, kind: str) -> None:
    """Every export imports as it was: nothing would change."""
    admin = await visit("admin")
    assert f"/admin/catalog/export?format={kind}" in (await admin.get("/admin/catalog/imports")).links
    exported = await admin.client.get(f"/admin/catalog/export?format={kind}")
    page = await sent(admin, exported.content, exported.headers["content-disposition"].split('"')[1])
    if "being looked at" in page.text:
        page = await worked_off(admin, runtime, page)
    assert "Unchanged 231" in page.text


async def test_nobody_is_heard_out_who_may_not_import(visit: Visit) -> None:
    """The limit of a whole file holds for that one form; a student's is refused before it is read, and a larger one for anybody."""
    student, admin = await visit("student"), await visit("admin")
    read = 0

    async def body() -> Any:
        nonlocal read
        for _ in range(64):
            read += 65_536
            yield b"x" * 65_536

    headers = {"origin": ORIGIN, "content-type": "multipart/form-data; boundary=a"}
    refused = await student.client.post("/admin/catalog/import", content=body(), headers=headers)
    assert (refused.status_code, read <= 131_072) == (403, True)
    declared = {**headers, "content-length": str(MAX_FILE_BYTES + FORM_AROUND_BYTES + 1)}
    assert (await admin.client.post("/admin/catalog/import", content=b"x", headers=declared)).status_code == 413
    other = {**headers, "content-length": str(3 * 1024 * 1024)}
    assert (await admin.client.post("/admin/catalog/new", content=b"x", headers=other)).status_code == 413


async def test_a_form_without_its_proof_imports_nothing(visit: Visit) -> None:
    """Also with a file in it."""
    admin = await visit("admin")
    answer: httpx2.Response = await admin.client.post(
        "/admin/catalog/import", data={"csrf": "none"}, files={"file": ("a.csv", b"slug\n")}, headers={"origin": ORIGIN}
    )
    assert answer.status_code == 403
    assert "Nothing has been imported yet" in (await admin.get("/admin/catalog/imports")).text


def test_places_and_sizes_in_words() -> None:
    """A pointer into a row is its column; a pointer into a graph stays; sizes have no needless digits."""
    assert [catalog_words.place(each) for each in ("", "/level", "/outcomes/2", "/@graph/3/ceterms:name")] == [
        "The whole row",
        "Level",
        "Learning outcomes, item 3",
        "/@graph/3/ceterms:name",
    ]
    assert [catalog_words.size(each) for each in (12, 2_048, 256 * 1024**2, 1_572_864)] == ["12 bytes", "2 KB", "256 MB", "1.5 MB"]

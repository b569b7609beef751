"""The admin's pages for questions: an editor for every format, previews, dry runs, versions, guards, files."""

from typing import Any
from uuid import UUID

import advising
import httpx2
import pytest
from journeys import Student
from sqlalchemy import text
from test_track_pages import HOSTILE, sound, without_essays
from visitor import ORIGIN, Page, Visit, Visitor

from assay.db.models import AssessmentResponse, QuestionSnapshot, RuleScore
from assay.domain.actors import Actor
from assay.domain.questions import QuestionContent
from assay.domain.rules import SingleChoiceRule
from assay.runtime import Runtime
from assay.services import question_edits
from assay.services.question_edits import QuestionRead
from assay.web.admin import question_form
from assay.web.admin.entries import Entries

NOWHERE = "01900000-0000-7000-8000-000000000000"
PROMPT = "Which of these say how a thing is to be kept?"
SHARED = {"slug": "a-new-one", "prompt": PROMPT, "difficulty": "3", "track": "backend-engineer", "skill-1-name": "http"}
RUBRIC = {
    f"{dimension}-{level}": f"Shows {dimension} number {level} of its kind"
    for dimension in ("clarity", "accuracy", "coherence")
    for level in range(5)
}
NEW: list[tuple[str, dict[str, Any]]] = [
    ("theoretical/singleChoice", {"option-1-text": "One", "option-2-text": "Two", "right": "2"}),
    ("theoretical/trueFalse", {"right": "1"}),
    ("theoretical/multipleChoice", {"option-1-text": "One", "option-2-text": "Two", "option-3-text": "Three", "right": ["1", "3"]}),
    ("theoretical/numeric", {"value": "2,5", "tolerance": "0.1", "unit": "ms"}),
    ("theoretical/ordering", {"option-1-text": "Last", "option-1-place": "2", "option-2-text": "First", "option-2-place": "1"}),
    (
        "theoretical/matching",
        {
            "left-1-text": "Cat",
            "left-1-partner": "2",
            "left-2-text": "Dog",
            "left-2-partner": "1",
            "partner-1-text": "Barks",
            "partner-2-text": "Purrs",
            "partner-3-text": "Moos",
        },
    ),
    ("theoretical/shortText", {"accepted-1-text": "ETag", "longest": "40"}),
    (
        "profile/singleChoice",
        {"option-1-text": "One", "option-2-text": "Two", "signal-1-option": "1", "signal-1-kind": "interest", "signal-1-name": "sql"},
    ),
    (
        "profile/multipleChoice",
        {"option-1-text": "One", "option-2-text": "Two", "signal-1-option": "2", "signal-1-kind": "goal", "signal-1-name": "lead"},
    ),
    (
        "profile/likert",
        {"option-1-text": "No", "option-2-text": "Yes", "signal-1-option": "2", "signal-1-kind": "experience", "signal-1-name": "sql"},
    ),
    (
        "profile/ranking",
        {
            "option-1-text": "One",
            "option-2-text": "Two",
            "signal-1-option": "1",
            "signal-1-kind": "pace",
            "signal-1-name": "fast",
            "signal-1-weight": "-0.5",
        },
    ),
    ("profile/freeText", {"signal-1-phrase": "data", "signal-1-kind": "interest", "signal-1-name": "sql"}),
    ("essay/essay", {**RUBRIC, "point-1-text": "Names the thing itself", "point-2-text": "Says what it costs", "notes": "Be fair."}),
]


async def one(runtime: Runtime, slug: str) -> QuestionRead:
    """The question of this name."""
    async with runtime.open_uow() as uow:
        row = await uow.questions.by_slug(slug)
        assert row is not None
        return await question_edits.get(uow, row.id)


async def csrf(person: Visitor) -> str:
    """A proof for forms made by hand."""
    return dict((await person.get("/docs")).form("/sign-out").fields)["csrf"]


async def edited(admin: Visitor, runtime: Runtime, slug: str, changes: dict[str, Any]) -> Page:
    """A question of the bank with `changes` sent."""
    path = f"/admin/questions/{(await one(runtime, slug)).id}"
    return await admin.fill(await admin.get(path), path, changes)


async def test_every_question_of_the_bank_comes_back_from_its_form(runtime: Runtime) -> None:
    """What a form shows of a question and sends back unchanged is the same question to the last character: no version for nothing."""
    async with runtime.open_uow() as uow:
        rows = await uow.session.execute(text("SELECT content FROM question_versions"))
        vocabulary = await uow.tracks.skill_names()
    contents = [QuestionContent.model_validate(row.content) for row in rows]
    assert len(contents) > 100
    assert len({content.format for content in contents}) == 11
    for content in contents:
        wanted = question_edits.QuestionWrite(**content.model_dump(by_alias=False), tracks=("backend-engineer",), difficulty=3)
        read, problems = question_form.read(Entries(question_form.entries_of(wanted).pairs()), vocabulary)
        assert problems == {}
        assert read == wanted
        assert read.content.hash == content.hash


async def test_the_list_is_narrowed_by_its_address(visit: Visit) -> None:
    """By track, type, format, status, skill and words; what fits nothing says so."""
    admin = await visit("admin")
    page = await admin.get("/admin/questions")
    sound(page)
    assert page.text.count("Not asked yet") == 25
    assert "Next page" in page.text
    found = await admin.get("/admin/questions?track=backend-engineer&type=essay&format=essay&status=active&skill=http")
    assert "backend-essay" in found.text
    assert "Data Analyst" not in found.html.split("<tbody>")[1]
    assert "backend-idempotent-methods" in (await admin.get("/admin/questions?q=idempotent-meth")).text
    assert "No question fits" in (await admin.get("/admin/questions?status=deleted")).text
    assert (await admin.get("/admin/questions?type=no&format=no&track=no&skill=no&cursor=zzzz")).status == 200


@pytest.mark.parametrize(("kind", "fields"), NEW, ids=[kind for kind, _ in NEW])
async def test_a_question_of_every_format_can_be_written(visit: Visit, runtime: Runtime, kind: str, fields: dict[str, Any]) -> None:
    """The empty form is refused with its fields named; filled in it becomes a question that reads back as it was written."""
    admin = await visit("admin")
    path = f"/admin/questions/new/{kind}"
    page = await admin.get(path)
    sound(page)
    refused = await admin.fill(page, path)
    sound(refused)
    assert refused.status == 422
    assert {"slug-error", "prompt-error"} <= set(refused.ids)
    page = await admin.fill(refused, path, {**SHARED, **fields})
    assert page.status == 200, page.text
    assert "The question is in the bank" in page.text
    sound(page)
    kept = await one(runtime, "a-new-one")
    assert (kept.prompt, kept.difficulty, kept.tracks, kept.skills, kept.is_active) == (PROMPT, 3, ("backend-engineer",), ("http",), False)
    again = await admin.fill(page, page.path)
    assert "no new version" in again.text
    preview = await admin.get(f"{page.path}/try")
    sound(preview)
    assert PROMPT in preview.text


WRONG: list[tuple[str, dict[str, Any], set[str]]] = [
    ("theoretical/singleChoice", {"option-1-text": "One", "option-2-text": "Two"}, {"option"}),
    ("theoretical/multipleChoice", {"option-1-text": "One"}, {"option"}),
    (
        "theoretical/ordering",
        {"option-1-text": "A", "option-1-place": "1", "option-2-text": "B", "option-2-place": "1"},
        {"option-1-place", "option-2-place"},
    ),
    ("theoretical/matching", {"left-1-text": "A", "left-2-text": "B", "partner-1-text": "C", "partner-2-text": "D"}, {"left-1-partner"}),
    ("theoretical/numeric", {"value": "many", "relative": "2"}, {"value", "relative"}),
    ("theoretical/shortText", {"accepted-1-text": " ", "longest": "0"}, {"accepted", "longest"}),
    (
        "profile/likert",
        {"option-1-text": "A", "option-2-text": "B", "signal-1-option": "1", "signal-1-kind": "interest", "signal-1-name": "Not A Tag"},
        {"signal-1-name"},
    ),
    (
        "profile/freeText",
        {"signal-1-phrase": "x", "signal-1-kind": "interest", "signal-1-name": "sql", "signal-1-weight": "7"},
        {"signal-1-weight"},
    ),
    (
        "essay/essay",
        {**RUBRIC, "clarity-3": "", "accuracy-weight": "0", "point-1-text": "short"},
        {"clarity-3", "accuracy-weight", "point-1-text"},
    ),
]


@pytest.mark.parametrize(("kind", "fields", "named"), WRONG, ids=[kind for kind, *_ in WRONG])
async def test_what_does_not_fit_is_told_at_its_field(visit: Visit, kind: str, fields: dict[str, Any], named: set[str]) -> None:
    """As a page and to a script alike; what was typed stays."""
    admin = await visit("admin")
    path = f"/admin/questions/new/{kind}"
    page = await admin.fill(await admin.get(path), path, {**SHARED, **fields})
    sound(page)
    assert page.status == 422
    assert {f"{name}-error" for name in named} <= set(page.ids)
    form = page.form(path)
    told = await admin.send("/admin/questions/validate", form.fields, accept="application/json")
    assert named <= set(told.json()["problems"])
    assert fields.items() <= dict(form.fields).items()


async def test_rows_are_added_and_taken_out_without_a_script(visit: Visit, runtime: Runtime) -> None:
    """A new row stands at the end and takes the focus; what else was typed is kept; ids of options stay with their texts."""
    admin = await visit("admin")
    question = await one(runtime, "backend-idempotent-methods")
    path = f"/admin/questions/{question.id}"
    page = await admin.fill(await admin.get(path), path, {"prompt": "Half a thought", "rows": "add:option"})
    fields = dict(page.form(path).fields)
    assert (fields["prompt"], fields["option-6-text"]) == ("Half a thought", "")
    assert 'id="option-6-text" name="option-6-text" rows="1" dir="auto" class="grows"  data-focus' in page.html
    page = await admin.fill(page, path, {"rows": "remove:option:2"})
    page = await admin.fill(page, path, {"prompt": PROMPT, "option-6-text": "HEAD"})
    assert "The question is saved" in page.text
    after = await one(runtime, "backend-idempotent-methods")
    assert [(each.id, each.text) for each in after.options] == [("a", "PUT"), ("c", "DELETE"), ("d", "PATCH"), ("e", "GET"), ("b", "HEAD")]


async def test_hostile_text_is_shown_as_text(visit: Visit, runtime: Runtime) -> None:
    """In the editor, the list, the preview and the versions."""
    admin = await visit("admin")
    prompt = HOSTILE + "x" * 3_000
    page = await edited(admin, runtime, "backend-idempotent-methods", {"prompt": prompt, "option-1-text": HOSTILE})
    assert "The question is saved" in page.text
    for path in (page.path, f"{page.path}/try", f"{page.path}/versions", "/admin/questions?q=idempotent"):
        shown = await admin.get(path)
        sound(shown)
        assert "<script>alert" not in shown.html
        assert "&lt;script&gt;alert(1)" in shown.html


async def test_an_edit_is_a_version_that_can_be_compared(visit: Visit, runtime: Runtime) -> None:
    """The diff says word by word what went and what came, told without colour too; any two can be compared."""
    admin = await visit("admin")
    page = await edited(admin, runtime, "backend-conditional-update", {"accepted-1-text": "If-Match", "explanation": "Because."})
    page = await admin.fill(page, page.path, {"explanation": "Because so."})
    shown = await admin.get(f"{page.path}/versions")
    sound(shown)
    assert "From version 2 to version 3" in shown.text
    assert "added: so" in shown.text
    assert "From version 1 to version 3" in (await admin.get(f"{page.path}/versions?older=1&newer=3")).text


async def test_who_comes_second_sees_both(visit: Visit, runtime: Runtime) -> None:
    """412 with the other's change, the own words kept; saved again, the own stand and nothing else is undone unseen."""
    first, second = await visit("admin"), await visit("admin")
    path = f"/admin/questions/{(await one(runtime, 'backend-idempotent-methods')).id}"
    opened = await second.get(path)
    await first.fill(await first.get(path), path, {"option-1-text": "TRACE"})
    page = await second.fill(opened, path, {"explanation": "What I think."})
    sound(page)
    assert page.status == 412
    assert "removed: PUT" in page.text
    assert "added: TRACE" in page.text
    assert dict(page.form(path).fields)["explanation"] == "What I think."
    page = await second.fill(page, path)
    assert "The question is saved" in page.text
    assert (await one(runtime, "backend-idempotent-methods")).version == 3


async def test_an_assessment_keeps_what_it_was_asked(visit: Visit, runtime: Runtime, student: Student, track_id: UUID) -> None:
    """After an edit the student reads the old words."""
    bundle = await student.start(track_id)
    asked = bundle["questions"][0]
    admin = await visit("admin")
    path = f"/admin/questions/{asked['id']}"
    page = await admin.fill(await admin.get(path), path, {"prompt": "Something else entirely is asked now."})
    assert "Assessments that exist keep the version they were asked" in page.text
    paper = await (await visit("student")).get(f"/assessments/{bundle['assessmentId']}")
    assert "Something else entirely" not in paper.text


async def test_a_question_a_track_needs_says_so_before_the_click(visit: Visit, runtime: Runtime) -> None:
    """With three essays left, none can be stopped, deleted or taken out of the track; the service refuses what was sent all the same."""
    admin = await visit("admin")
    slug = "analyst-essay-checkout-test"
    path = f"/admin/questions/{(await one(runtime, slug)).id}"
    before = await admin.get(path)
    await without_essays(runtime, "data-analyst", keep=3)
    page = await admin.get(path)
    sound(page)
    assert "Data Analyst asks 3 essays and would have 2" in page.text
    assert not [form for form in page.forms if form.action.endswith(("/deactivate", "/delete"))]
    for ending in ("/deactivate", "/delete"):
        form = before.form(ending)
        assert (await admin.post(form.action, form.fields)).status == 409
    refused = await admin.fill(page, path, {"track": []})
    assert refused.status == 422
    assert "track-error" in refused.ids
    assert (await one(runtime, slug)).tracks == ("data-analyst",)


async def test_a_question_is_stopped_asked_again_and_deleted(visit: Visit, runtime: Runtime) -> None:
    """Each said afterwards; a deleted one is listed as such and has no page."""
    admin = await visit("admin")
    path = f"/admin/questions/{(await one(runtime, 'backend-idempotent-methods')).id}"
    page = await admin.fill(await admin.get(path), "/deactivate")
    assert "not asked any more" in page.text
    page = await admin.fill(page, "/activate")
    assert "asked from now on" in page.text
    page = await admin.fill(page, "/delete")
    assert "The question is deleted" in page.text
    assert (await admin.get(path)).status == 404
    listed = await admin.get("/admin/questions?status=deleted")
    sound(listed)
    assert "backend-idempotent-methods" in listed.text
    assert path not in listed.links


async def test_a_stale_button_is_refused_kindly(visit: Visit, runtime: Runtime) -> None:
    """A page opened before somebody else's change does nothing."""
    admin = await visit("admin")
    path = f"/admin/questions/{(await one(runtime, 'backend-idempotent-methods')).id}"
    opened = await admin.get(path)
    await admin.fill(opened, path, {"explanation": "Changed."})
    page = await admin.fill(opened, "/deactivate")
    assert page.status == 412
    assert "Somebody has changed it meanwhile" in page.text


async def test_a_question_is_tried_with_a_sample_answer(visit: Visit, runtime: Runtime) -> None:
    """By its rule, in part; with what an answer says; with what does not fit told."""
    admin = await visit("admin")
    multiple = await one(runtime, "backend-idempotent-methods")
    page = await admin.get(f"/admin/questions/{multiple.id}/try")
    tried = await admin.fill(page, "/try#outcome", {f"answer-{multiple.id}": ["a", "c"]})
    sound(tried)
    assert "67% of the points" in tried.text
    assert "right in part" in tried.text
    likert = await one(runtime, "analyst-profile-presenting")
    page = await admin.get(f"/admin/questions/{likert.id}/try")
    tried = await admin.fill(page, "/try#outcome", {f"answer-{likert.id}": "5"})
    assert "Interest in data-storytelling +1.00" in tried.text
    number = await one(runtime, "analyst-base-rate")
    page = await admin.get(f"/admin/questions/{number.id}/try")
    tried = await admin.fill(page, "/try#outcome", {f"answer-{number.id}": "many"})
    assert tried.status == 422
    assert "Write a number" in tried.text


async def test_an_essay_is_tried_with_its_evidence(visit: Visit, runtime: Runtime) -> None:
    """The grader's levels stand beside quotes from the sample."""
    admin = await visit("admin")
    essay = await one(runtime, "analyst-essay-checkout-test")
    sample = (
        "The shop should decide before the test how long it runs and how many visitors it needs. Otherwise somebody stops when the "
        "difference looks good by chance. For example, with 20 000 visitors a week two full weeks cover weekdays and weekends. I would "
        "compare the share of orders that are completed, because that is what the new page is meant to change, and watch returns too."
    )
    page = await admin.fill(await admin.get(f"/admin/questions/{essay.id}/try"), "/try#outcome", {f"answer-{essay.id}": sample})
    sound(page)
    assert "Built-in evaluator" in page.text
    assert "<blockquote" in page.html
    assert "Clarity" in page.text


async def test_a_draft_is_previewed_and_edited_on(visit: Visit, runtime: Runtime) -> None:
    """What is typed goes to the preview, is tried, and comes back whole, still on the state it was made on."""
    admin = await visit("admin")
    question = await one(runtime, "backend-idempotent-methods")
    path = f"/admin/questions/{question.id}"
    fields = [*(await admin.get(path)).form(path).fields]
    typed = [(name, "Which are they, said otherwise?" if name == "prompt" else value) for name, value in fields]
    preview = await admin.post("/admin/questions/try", typed)
    sound(preview)
    assert "not saved yet" in preview.text
    assert "Which are they, said otherwise?" in preview.text
    draft = "00000000-0000-0000-0000-000000000000"
    tried = await admin.fill(preview, "/try#outcome", {f"answer-{draft}": ["a", "c", "e"], "then": "try"})
    assert "It counts as right" in tried.text
    back = await admin.fill(tried, "/try", {"then": "edit"})
    assert dict(back.form(path).fields)["prompt"] == "Which are they, said otherwise?"
    saved = await admin.fill(back, path)
    assert "The question is saved" in saved.text
    assert (await one(runtime, "backend-idempotent-methods")).prompt == "Which are they, said otherwise?"


async def worked(runtime: Runtime, student: Actor, questions: list[QuestionRead], rows: list[tuple[float, ...]]) -> None:
    """Finished assessments that asked these questions, each with the credits of a row; full credit is for the right answer."""
    async with runtime.open_uow() as uow:
        versions = {each.id: (await uow.questions.history(each.id))[0].id for each in questions}
        for credits_ in rows:
            assessment_id = await advising.new_assessment(uow, student.id)
            for position, (question, credit) in enumerate(zip(questions, credits_, strict=True), start=1):
                ids = {"assessment_id": assessment_id, "question_id": question.id}
                uow.session.add(QuestionSnapshot(**ids, position=position, question_version_id=versions[question.id]))
                await uow.session.flush()
                uow.session.add(RuleScore(**ids, credit=credit, answered=True, signals={}))
                assert question.rule is not None
                right = question.rule.correct if isinstance(question.rule, SingleChoiceRule) else ""
                said = {"answer": [right if credit else "none"], "is_blank": False}
                uow.session.add(AssessmentResponse(**ids, **said, answered_at=text("now()"), saved_at=text("now()")))


async def test_statistics_are_silent_about_few(visit: Visit, runtime: Runtime) -> None:
    """A question nobody has answered says from when on figures show."""
    question = await one(runtime, "backend-idempotent-methods")
    page = await (await visit("admin")).get(f"/admin/questions/{question.id}/statistics")
    sound(page)
    assert "Not asked in any finished assessment yet" in page.text
    assert "Figures show from 5 on" in page.text


async def test_statistics_are_plain_about_many(visit: Visit, runtime: Runtime, student_actor: Actor) -> None:
    """A question that works against itself and one that everybody gets right say so in words, in the list and on their own pages."""
    questions = [await one(runtime, slug) for slug in ("analyst-simpson", "analyst-peeking", "analyst-spreadsheet-reference")]
    rows = [(float(n % 2), float(n % 2 == 0), 1.0) for n in range(40)]
    await worked(runtime, student_actor, questions, rows)
    admin = await visit("admin")
    page = await admin.get(f"/admin/questions/{questions[0].id}/statistics")
    sound(page)
    assert "Works against itself" in page.text
    assert "Look first whether the answer that counts as right is right" in page.text
    assert "50%" in page.text
    assert "What was chosen, version 1" in page.text
    listed = await admin.get("/admin/questions?track=data-analyst&q=analyst-s")
    sound(listed)
    assert "Works against itself" in listed.text
    assert "Too easy" in listed.text
    assert "100% of the points" in listed.text
    assert "40 assessments" in listed.text


async def test_export_reports_and_downloads(visit: Visit, runtime: Runtime) -> None:
    """All, a track's, or the chosen ones; the report says what other systems do not get, the file is a package."""
    admin = await visit("admin")
    page = await admin.get("/admin/questions/export")
    sound(page)
    assert "Export 152 questions" in page.text
    assert "right answers" in page.text
    chosen = [(await one(runtime, slug)).id for slug in ("backend-idempotent-methods", "analyst-simpson")]
    page = await admin.get(f"/admin/questions/export?id={chosen[0]}&id={chosen[1]}&id=nonsense")
    assert "Export 2 questions" in page.text
    assert "You have not chosen any question" in (await admin.get("/admin/questions/export?chosen=yes")).text
    link = next(link for link in page.links if "export.zip" in link)
    answer = await admin.client.get(link)
    assert answer.headers["content-type"] == "application/zip"
    assert answer.content.startswith(b"PK")


async def sent(admin: Visitor, package: bytes) -> httpx2.Response:
    """A package, chosen in the form."""
    files = {"package": ("questions.zip", package, "application/zip")}
    data = {"csrf": await csrf(admin)}
    return await admin.client.post("/admin/questions/import", data=data, files=files, headers={"origin": ORIGIN})


async def test_an_import_is_looked_at_before_it_is_done(visit: Visit, runtime: Runtime) -> None:
    """First a report and nothing written; confirmed, the questions are there, not asked; broken packages are told."""
    admin = await visit("admin")
    question = await one(runtime, "backend-idempotent-methods")
    package = (await admin.client.get(f"/admin/questions/export.zip?id={question.id}")).content
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE questions SET slug = 'an-old-one' WHERE slug = 'backend-idempotent-methods'"))
    page = Page(await sent(admin, package))
    sound(page)
    assert "What this package would do" in page.text
    assert "Take in 1 question" in page.text
    async with runtime.open_uow() as uow:
        assert await uow.questions.by_slug("backend-idempotent-methods") is None
    page = await admin.fill(page, "/import")
    assert "The package is taken in" in page.text
    assert not (await one(runtime, "backend-idempotent-methods")).is_active
    assert Page(await sent(admin, b"no package")).status == 422
    assert Page(await sent(admin, b"")).status == 422
    broken = await admin.post("/admin/questions/import", {"csrf": await csrf(admin), "package": "%%%", "confirm": "yes"})
    assert broken.status == 422


@pytest.mark.parametrize("name", ["student", "advisor"])
async def test_questions_are_kept_by_admins_alone(visit: Visit, runtime: Runtime, name: str) -> None:
    """Others are refused on every page and form: the bank holds the right answers."""
    person = await visit(name)
    proof = await csrf(person)
    base = f"/admin/questions/{(await one(runtime, 'analyst-simpson')).id}"
    reads = [
        "/admin/questions",
        "/admin/questions/new",
        "/admin/questions/new/essay/essay",
        "/admin/questions/export",
        "/admin/questions/export.zip",
    ]
    for path in (*reads, "/admin/questions/import", base, f"{base}/try", f"{base}/versions", f"{base}/statistics"):
        assert (path, (await person.get(path)).status) == (path, 403)
    writes = ["/admin/questions/validate", "/admin/questions/try", "/admin/questions/import", "/admin/questions/new/essay/essay"]
    for path in (*writes, base, f"{base}/try", f"{base}/activate", f"{base}/deactivate", f"{base}/delete"):
        assert (path, (await person.post(path, {"csrf": proof, "seen": "*"})).status) == (path, 403)


async def test_what_is_not_there(visit: Visit) -> None:
    """Kinds and questions that do not exist are 404; a form sent there is, too."""
    admin = await visit("admin")
    for path in ("new/essay/likert", "new/nothing/essay", NOWHERE, f"{NOWHERE}/try", f"{NOWHERE}/versions", f"{NOWHERE}/statistics"):
        assert (path, (await admin.get(f"/admin/questions/{path}")).status) == (path, 404)
    proof = await csrf(admin)
    for path in ("validate", "try", NOWHERE):
        assert (await admin.post(f"/admin/questions/{path}", {"csrf": proof, "type": "essay", "format": "likert"})).status == 404

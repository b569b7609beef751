"""The question bank as packages, at the API of those who keep it."""

from typing import Any
from uuid import UUID

import foreign
import httpx2
import pytest
from journeys import Student

from assay.domain.question_exchange import ExchangedQuestion
from assay.domain.questions import QuestionContent
from assay.qti import questions
from assay.runtime import Runtime

ZIP = {"Content-Type": "application/zip"}


async def send(admin: Student, package: bytes, query: str = "", **headers: str) -> httpx2.Response:
    """Import a package."""
    return await admin.request("POST", f"/questions/import{query}", content=package, headers=ZIP | headers)


async def bank(admin: Student) -> dict[str, dict[str, Any]]:
    """The whole bank by slug."""
    found: dict[str, dict[str, Any]] = {}
    cursor = ""
    while True:
        page = (await admin.request("GET", "/questions", params={"limit": "200"} | ({"cursor": cursor} if cursor else {}))).json()
        found |= {each["slug"]: each for each in page["items"]}
        if (cursor := page["nextCursor"] or "") == "":
            return found


async def test_the_bank_goes_out_and_comes_in_unchanged(admin: Student, track_id: UUID, runtime: Runtime) -> None:
    """The package of the whole bank changes nothing when it comes back: no version, no entry. One track can go alone."""
    out = await admin.request("GET", "/questions/export", params={"format": "qti3"})
    assert (out.status_code, out.headers["content-type"]) == (200, "application/zip")
    before = await bank(admin)
    report = await send(admin, out.content)
    assert report.status_code == 200, report.text
    assert {name: report.json()[name] for name in ("created", "updated", "unchanged", "refused")} == {
        "created": 0,
        "updated": 0,
        "unchanged": len(before),
        "refused": 0,
    }
    assert await bank(admin) == before
    async with runtime.open_uow(autocommit=True) as uow:
        assert await uow.audit.chain() == []
    one = await admin.request("GET", "/questions/export", params={"track": str(track_id)})
    asked = {slug for slug, each in before.items() if "backend-engineer" in each["tracks"]}
    assert {item.item.slug for item in questions.read(one.content) if item.item} == asked
    lost = (await admin.request("GET", "/questions/export/report", params={"track": str(track_id)})).json()["questions"]
    assert {each["slug"] for each in lost} == asked
    assert {note["code"] for each in lost for note in each["notes"]} >= {"signals", "rubric", "folding"}


async def test_foreign_items_come_in_inactive(admin: Student, runtime: Runtime) -> None:
    """New ones with an entry each; sent again they are unchanged; edited elsewhere they are another version, and still not asked."""
    package = foreign.package(foreign.ORDER_21, foreign.TEXT_21)
    tried = await send(admin, package, "?dryRun=true")
    assert (tried.json()["dryRun"], tried.json()["created"]) == (True, 2)
    assert "bread" not in await bank(admin)
    report = (await send(admin, package)).json()
    assert [(item["slug"], item["outcome"]) for item in report["items"]] == [("bread", "created"), ("author", "created")]
    made = await bank(admin)
    assert [(made[slug]["isActive"], made[slug]["version"]) for slug in ("bread", "author")] == [(False, 1)] * 2
    assert (await send(admin, package)).json()["unchanged"] == 2
    edited = (await send(admin, foreign.package(foreign.ORDER_21.replace("Let it rise", "Let it rest")))).json()
    assert (edited["updated"], edited["items"][0]["questionId"]) == (1, made["bread"]["id"])
    assert [(await bank(admin))["bread"][name] for name in ("version", "isActive")] == [2, False]
    async with runtime.open_uow(autocommit=True) as uow:
        actions = [link.entry.action for link in await uow.audit.chain()]
    assert actions == ["question:create", "question:create", "question:update"]


async def test_a_question_that_is_asked_is_not_changed(admin: Student) -> None:
    """It is refused by name; what else the package brings is written or not, as was wanted."""
    asked = next(each for each in (await bank(admin)).values() if each["format"] == "singleChoice" and each["isActive"])
    content = QuestionContent.model_validate(
        {name: value for name, value in asked.items() if name in {"type", "format", "options", "rule", "signals"}}
        | {"prompt": "Another prompt for the same question?"}
    )
    changed = questions.write([ExchangedQuestion(slug=asked["slug"], content=content)]).package
    refused = await send(admin, changed)
    assert (refused.status_code, refused.json()["code"]) == (422, "import_refused")
    assert refused.json()["errors"][0]["pointer"] == "/items/0"
    assert "deactivate it here first" in refused.json()["errors"][0]["message"]
    assert refused.json()["report"]["refused"] == 1
    mixed = foreign.package(foreign.HOTSPOT_21, foreign.ORDER_21, foreign.ORDER_21)
    assert (await send(admin, mixed)).status_code == 422
    assert "bread" not in await bank(admin)
    skipped = await send(admin, mixed, "?onError=skip")
    assert [item["outcome"] for item in skipped.json()["items"]] == ["refused", "created", "refused"]
    assert "second item" in skipped.json()["items"][2]["problem"]
    assert (await bank(admin))["bread"]["isActive"] is False


async def test_without_our_metadata_the_bank_fills_in(admin: Student) -> None:
    """An item that another system has passed on without it keeps skills, tracks, difficulty and signals of the question here."""
    bundle = [each for each in (await bank(admin)).values() if each["format"] in {"likert", "ranking", "trueFalse", "essay"}]
    whole = (await admin.request("GET", "/questions/export")).content
    slugs = {each["slug"] for each in bundle}
    documents = {each.item.slug: each.href for each in questions.read(whole) if each.item}
    archive = questions.Archive(whole)
    items = [archive.read(documents[slug], 10**6).decode() for slug in sorted(slugs)]
    report = await send(admin, foreign.package(*items, kind="imsqti_item_xmlv3p0"))
    assert (report.status_code, report.json()["unchanged"]) == (200, len(slugs)), report.text


async def test_unknown_skills_and_tracks_are_left_out_and_named(admin: Student) -> None:
    """A package of another installation."""
    content = QuestionContent.model_validate(
        {
            "type": "theoretical",
            "format": "trueFalse",
            "prompt": "The sun rises in the east.",
            "skills": ["http", "witchcraft"],
            "options": [{"id": "true", "text": "True"}, {"id": "false", "text": "False"}],
            "rule": {"kind": "trueFalse", "correct": "true"},
        }
    )
    exchanged = ExchangedQuestion(slug="sunrise", tracks=("backend-engineer", "wizard"), difficulty=1, content=content)
    report = (await send(admin, questions.write([exchanged]).package)).json()
    assert {note["code"] for note in report["items"][0]["notes"]} == {"unknown_skill", "unknown_track"}
    made = (await bank(admin))["sunrise"]
    assert (made["skills"], made["tracks"], made["difficulty"]) == (["http"], ["backend-engineer"], 1)


async def test_an_import_can_be_repeated_under_its_key(admin: Student) -> None:
    """The same package under the same key is answered with what it did; another one is refused."""
    package = foreign.package(foreign.ORDER_21)
    one, two = [await send(admin, package, **{"Idempotency-Key": "once"}) for _ in range(2)]
    assert (one.json()["created"], two.json()) == (1, one.json())
    other = await send(admin, foreign.package(foreign.TEXT_21), **{"Idempotency-Key": "once"})
    assert other.json()["code"] == "idempotency_key_reused"


@pytest.mark.parametrize("body", [b"", b"no zip", foreign.zipped({"a": b"b"}), foreign.zipped({"../imsmanifest.xml": b"<manifest/>"})])
async def test_what_is_no_package_is_refused(admin: Student, body: bytes) -> None:
    """With a sentence, whatever it is."""
    answer = await send(admin, body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] in {"not_a_package", "invalid"}


async def test_packages_are_the_admins(student: Student, advisor: Student) -> None:
    """They hold the right answers."""
    for person in (student, advisor):
        for method, path in (("GET", "/questions/export"), ("GET", "/questions/export/report"), ("POST", "/questions/import")):
            assert (await person.request(method, path, headers=ZIP)).status_code == 403

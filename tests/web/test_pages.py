"""Pages that are there for everybody: the first page by role, tracks, errors, the API reference, headers, files."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from journeys import Student
from starlette.applications import Starlette
from visitor import Visit

from assay.domain.errors import Unavailable
from assay.runtime import Runtime
from assay.services import tracks
from assay.settings import Settings
from assay.web import session
from assay.web.app import create_web
from assay.web.reference import kind

NOWHERE = "01900000-0000-7000-8000-000000000000"


async def test_a_stranger_reads_what_it_is_for(visit: Visit) -> None:
    """The first page explains itself and leads to the sign-in."""
    page = await (await visit()).get("/")
    assert page.status == 200
    assert "/sign-in" in page.links


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("student", "You have not started an assessment yet"),
        ("advisor", "Nobody in your cohorts has started"),
        ("admin", "tracks can be started"),
    ],
)
async def test_the_first_page_is_ones_own(visit: Visit, name: str, words: str) -> None:
    """Each role finds what is theirs."""
    assert words in (await (await visit(name)).get("/")).text


async def test_an_advisor_finds_the_assessments_of_the_cohort(visit: Visit, student: Student, track_id: UUID) -> None:
    """An assessment in progress is listed as such; its status page says how far it has come and shows no answers."""
    bundle = await student.start(track_id)
    advisor = await visit("advisor")
    listed = await advisor.get("/")
    assert "Backend Engineer" in listed.text
    assert "In progress" in listed.text
    status = await advisor.get(f"/assessments/{bundle['assessmentId']}")
    assert status.path.endswith("/status")
    assert "0 of 10 questions are answered" in status.text


async def test_tracks_say_what_they_are_for_and_what_they_ask(visit: Visit, track_id: UUID) -> None:
    """The gallery leads to a page with mix, skills, time and a start, by slug and by id."""
    student = await visit("student")
    assert "/tracks/backend-engineer" in (await student.get("/tracks")).links
    for name in ("backend-engineer", track_id):
        page = await student.get(f"/tracks/{name}")
        assert all(
            words in page.text
            for words in ("3 theory questions", "3 essays", "4 questions about you", "7 days", "API design", "A program reads your essays")
        )
        assert page.form("/start")


@pytest.mark.parametrize("name", ["advisor", "admin"])
async def test_only_students_start(visit: Visit, name: str) -> None:
    """Others see the track without a start, and are refused when they try."""
    person = await visit(name)
    page = await person.get("/tracks/backend-engineer")
    assert not [form for form in page.forms if form.action.endswith("/start")]
    csrf = dict(page.form("/sign-out").fields)["csrf"]
    assert (await person.post("/tracks/backend-engineer/start", {"csrf": csrf})).status == 403


NOT_THERE = (
    "/nowhere",
    "/tracks/no-such-track",
    f"/tracks/{NOWHERE}",
    "/assessments/not-an-id",
    f"/assessments/{NOWHERE}",
    f"/assessments/{NOWHERE}/result",
    f"/assessments/{NOWHERE}/status",
    f"/assessments/{NOWHERE}/status/events",
    f"/assessments/{NOWHERE}/review",
)


async def test_what_is_not_there_says_so_kindly(visit: Visit) -> None:
    """A page, not a stack trace, with the way back."""
    student = await visit("student")
    for path in NOT_THERE:
        page = await student.get(path)
        assert page.status == 404, path
        assert "/" in page.links
        assert "There is nothing here" in page.text


async def test_somebody_elses_assessment_is_not_there(visit: Visit, other_student: Student, track_id: UUID) -> None:
    """Another student's assessment is the same 404 as one that does not exist, for every page and form."""
    bundle = await other_student.start(track_id)
    student = await visit("student")
    base = f"/assessments/{bundle['assessmentId']}"
    csrf = dict((await student.get("/")).form("/sign-out").fields)["csrf"]
    for path in ("", "/review", "/status", "/status/fragment", "/status/events", "/result"):
        assert (await student.get(base + path)).status == 404
    for path in ("/answers", "/submit"):
        assert (await student.post(base + path, {"csrf": csrf})).status == 404


async def test_the_wrong_method_is_a_page_too(visit: Visit) -> None:
    """An address used the wrong way answers as a page."""
    visitor = await visit("student")
    answer = await visitor.client.put("/tracks", headers={"origin": "http://assay.test"})
    assert answer.status_code == 405
    assert "text/html" in answer.headers["content-type"]


async def test_a_database_that_is_away_is_a_page(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with the advice to wait, and when to come back."""
    student = await visit("student")

    async def away(*_: Any) -> None:
        raise Unavailable("The database cannot be reached.", retry_after=3)

    monkeypatch.setattr(tracks, "list_tracks", away)
    page = await student.get("/tracks")
    assert (page.status, page.answer.headers["retry-after"]) == (503, "3")
    assert "Nothing you saved is lost" in page.text


@pytest.mark.parametrize(
    ("contact", "address"), [("help@example.edu", "mailto:help@example.edu"), ("https://example.edu/help", "https://example.edu/help")]
)
async def test_pages_say_whom_to_turn_to(visit: Visit, runtime: Runtime, app: Starlette, contact: str, address: str) -> None:
    """At the foot of each, and in the words of those about errors; nothing where nobody is named."""
    nobody = await visit()
    assert "Help:" not in (await nobody.get("/sign-in")).text
    web = next(route.app for route in app.routes if getattr(route, "path", None) == "")  # type: ignore[attr-defined]
    web.state.runtime = replace(runtime, settings=runtime.settings.model_copy(update={"contact": contact}))
    assert f'<p>Help: <a href="{address}">' in (await nobody.get("/sign-in")).html
    missing = await nobody.get("/not-there")
    assert (missing.status, f'turn to <a href="{address}">' in missing.html) == (404, True)


@pytest.mark.parametrize("contact", ["somebody", "http://example.edu", "javascript:alert(1)@x", "a b@example.edu"])
def test_a_contact_is_an_address(contact: str) -> None:
    """What is neither is refused at the start."""
    with pytest.raises(ValueError, match="contact"):
        Settings(contact=contact)


async def test_a_defect_is_a_page_with_a_number(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 shows nothing of the inside but the number under which it is found in the logs."""
    student = await visit("student")

    async def broken(*_: Any) -> None:
        msg = "secret detail"
        raise RuntimeError(msg)

    monkeypatch.setattr(tracks, "list_tracks", broken)
    page = await student.get("/tracks")
    assert page.status == 500
    assert "secret detail" not in page.html
    assert page.answer.headers["x-correlation-id"] in page.text
    as_json = await student.client.get("/tracks", headers={"accept": "application/json"})
    assert as_json.json()["code"] == "internal"


async def test_the_reference_shows_every_operation(visit: Visit) -> None:
    """Each path and method of the OpenAPI document stands on the page, and each schema it names is described there."""
    nobody = await visit()
    document = (await nobody.client.get("/api/v1/openapi.json")).json()
    page = await nobody.get("/docs")
    for path, methods in document["paths"].items():
        for method in methods:
            assert f"{method.upper()} {path}" in page.text
    targets = {link.removeprefix("#") for link in page.links if link.startswith("#schema-")}
    assert targets <= set(page.ids)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string", "format": "uuid"}, "UUID"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}, "list of Thing"),
        ({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}, "integer or null"),
        ({"enum": ["accept", "reject"]}, '"accept" or "reject"'),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "object of number"),
        ({"type": "integer", "minimum": 1, "maximum": 5}, "integer (at least 1, at most 5)"),
        ({}, "anything"),
    ],
)
def test_schemas_read_as_words(schema: dict[str, Any], words: str) -> None:
    """A schema says in a few words what a value is."""
    assert "".join(text for text, _ in kind(schema).words) == words


@pytest.mark.parametrize("name", ["student", "advisor", "admin", None])
async def test_pages_obey_the_strict_policy(visit: Visit, name: str | None) -> None:
    """Well-formed, no inline script or style, no handler, nothing from elsewhere, every id once, every internal link with a target."""
    visitor = await visit(name)
    for path in ("/", "/docs", "/sign-in", "/resume", "/nowhere", *(["/tracks", "/tracks/data-analyst"] if name else [])):
        page = await visitor.get(path)
        assert page.refused == []
        assert page.stack == []
        assert len(page.ids) == len(set(page.ids))
        assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


async def test_the_policy_and_no_store_are_sent(visit: Visit) -> None:
    """Pages carry the content security policy and are not kept by caches."""
    answer = (await (await visit("student")).get("/")).answer
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


async def test_files_are_kept_by_their_fingerprint(visit: Visit) -> None:
    """A file asked for by its fingerprint is kept for good, by its bare name it is asked for again; what is not there is 404."""
    nobody = await visit()
    page = await nobody.get("/")
    address = page.html.split('rel="stylesheet" href="')[1].split('"')[0]
    kept, bare = await nobody.client.get(address), await nobody.client.get("/static/assay.css")
    assert "immutable" in kept.headers["cache-control"]
    assert bare.headers["cache-control"] == "no-cache"
    assert (await nobody.client.get("/static/nothing.css")).status_code == 404


async def test_pages_are_compressed(visit: Visit) -> None:
    """A page goes over the wire compressed."""
    answer = await (await visit()).client.get("/", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"


OPEN = {
    ("GET", "/"),
    ("GET", "/docs"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/resume"),
    ("POST", "/resume"),
    ("GET", "/choose-password"),
    ("POST", "/choose-password"),
    ("GET", "/sign-in/{provider}"),
    ("GET", "/sign-in/{provider}/callback"),
    ("GET", "/sign-in/{provider}/signed-out"),
    ("GET", "/sign-in/{provider}/end"),
}


def test_every_other_route_needs_somebody() -> None:
    """The routes open to strangers are these and no more; all others name a permission or at least a session."""
    app = create_web(dict, secure_cookies=True)
    routes = [(context.path, context.original_route) for context in iter_route_contexts(app.routes)]
    found = {
        (method, path)
        for path, route in routes
        if isinstance(route, APIRoute) and not any(_identifies(each.call) for each in route.dependant.dependencies)
        for method in route.methods
    }
    assert found == OPEN


def _identifies(call: Any) -> bool:
    return call in {session.require_session, session.require_account} or hasattr(call, "permission")

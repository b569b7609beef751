"""The cookie session: who gets one, what it proves, what is refused."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from starlette.applications import Starlette
from visitor import ORIGIN, Visit

from assay.domain.actors import Actor, Role
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.settings import Environment
from assay.web.account import local_path
from assay.web.session import Session

SIGN_IN = [("email", "student@assay.example"), ("password", "assay-demo"), ("next", "/tracks")]


async def test_signing_in_leads_to_where_one_wanted_to_go(visit: Visit) -> None:
    """A page that needs a session asks for it and comes back to itself."""
    nobody = await visit()
    asked = await nobody.get("/tracks")
    assert asked.path == "/sign-in"
    arrived = await nobody.fill(asked, "/sign-in", {"email": "student@assay.example", "password": "assay-demo"})
    assert (arrived.status, arrived.path) == (200, "/tracks")


async def test_the_cookie_is_out_of_reach(visit: Visit) -> None:
    """Scripts cannot read it, other sites' forms do not carry it, and it ends after twelve hours."""
    answer = await (await visit()).send("/sign-in", SIGN_IN)
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("assay-session=")
    assert {"httponly", "samesite=lax", "path=/", "max-age=43200"} <= {part.strip() for part in cookie.split(";")}


async def test_over_tls_the_cookie_is_bound_to_this_host(visit: Visit, app: Starlette, monkeypatch: pytest.MonkeyPatch) -> None:
    """With secure cookies the name has the prefix that browsers guard, and the cookie is Secure."""
    web = next(route.app for route in app.routes if getattr(route, "path", None) == "")  # type: ignore[attr-defined]
    monkeypatch.setitem(web.state._state, "secure_cookies", True)
    answer = await (await visit()).send("/sign-in", SIGN_IN)
    assert answer.headers["set-cookie"].startswith("__Host-assay-session=")
    assert "Secure" in answer.headers["set-cookie"]


WRONG = (
    ("student@assay.example", "wrong"),
    ("nobody@assay.example", "assay-demo"),
    ("", "assay-demo"),
    ("student@assay.example", ""),
    ("a\x00b", "c\x00d"),
    ("x" * 1_000, "y" * 1_000),
)


async def test_a_wrong_sign_in_says_what_to_do(visit: Visit) -> None:
    """No session, an error linked to its field, and nothing of the password on the page."""
    nobody = await visit()
    for email, password in WRONG:
        page = await nobody.post("/sign-in", {"email": email, "password": password})
        assert page.status == 422
        assert "You are not signed in yet" in page.text
        assert {"#email", "#password"} & set(page.links)
        assert dict(page.form("/sign-in").fields)["password"] == ""
        assert not nobody.client.cookies


ELSEWHERE = (
    {"origin": "https://elsewhere.example"},
    {"origin": "null"},
    {"origin": ""},
    {"sec_fetch_site": "cross-site"},
    {"sec_fetch_site": "same-site"},
)


async def test_another_site_cannot_sign_anybody_in(visit: Visit) -> None:
    """A form from elsewhere, or from nowhere the browser will name, is refused before anything is read."""
    nobody = await visit()
    for headers in ELSEWHERE:
        for path in ("/sign-in", "/resume"):
            assert (await nobody.post(path, SIGN_IN, **headers)).status == 403
    assert not nobody.client.cookies


async def test_every_form_needs_its_proof(visit: Visit) -> None:
    """Without the proof, with an old one or with another person's, nothing happens."""
    student, other = await visit("student"), await visit("student2")
    foreign = dict((await other.get("/tracks/backend-engineer")).form("/start").fields)["csrf"]
    for path, proof in product(("/tracks/backend-engineer/start", "/sign-out"), ("", "x", "AAAA", foreign)):
        assert (await student.post(path, {"csrf": proof}, follow=False)).status == 403


async def test_a_proof_is_different_each_time_and_good_each_time(visit: Visit) -> None:
    """Two pages carry two proofs, both of which hold."""
    student = await visit("student")
    first, second = [await student.get("/tracks/backend-engineer") for _ in range(2)]
    proofs = {dict(page.form("/start").fields)["csrf"] for page in (first, second)}
    assert len(proofs) == 2
    actor, secret, moment = Actor(id=new_id(), role=Role.STUDENT), student.client.cookies["assay-session"], timedelta(1)
    session = Session(actor, new_id(), secret, moment, moment)
    assert all(session.accepts(proof) for proof in proofs)


async def test_signing_out_ends_the_session(visit: Visit) -> None:
    """The cookie is gone and the first page is that of a stranger."""
    student = await visit("student")
    page = await student.fill(await student.get("/"), "/sign-out")
    assert "Sign in to start" in page.text
    assert not student.client.cookies


async def test_what_was_entered_survives_the_end_of_a_session(visit: Visit) -> None:
    """A form sent too late is kept on the page, and can be sent again after signing in."""
    student = await visit("student")
    paper = await student.fill(await student.get("/tracks/backend-engineer"), "/start")
    question = next(name.removeprefix("shown-") for name, _ in paper.form("/answers").fields if name.startswith("shown-"))
    student.client.cookies.clear()
    late = await student.fill(paper, "/answers", {f"answer-{question}": "too late"})
    assert late.status == 401
    assert (f"answer-{question}", "too late") in late.form("/answers").fields

    await student.send("/sign-in", SIGN_IN)
    stale = await student.fill(late, "/answers")
    assert stale.status == 403
    assert (await student.fill(stale, "/answers")).status in {200, 422}


async def test_a_spoilt_cookie_is_nobodys(visit: Visit) -> None:
    """A token that is not ours is no session, and no error."""
    nobody = await visit()
    nobody.client.cookies.set("assay-session", "not a secret", domain="assay.test")
    assert "Sign in to start" in (await nobody.get("/")).text


async def test_a_page_can_ask_for_a_fresh_proof(visit: Visit) -> None:
    """A script that stayed open gets a proof for the session there is now; nobody gets none."""
    student, nobody = await visit("student"), await visit()
    fresh = (await student.client.get("/session", headers={"accept": "application/json"})).json()["csrf"]
    assert (await student.post("/tracks/backend-engineer/start", {"csrf": fresh})).status == 200
    refused = await nobody.client.get("/session", headers={"accept": "application/json"})
    assert (refused.status_code, refused.headers["content-type"]) == (401, "application/problem+json")


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/tracks", "/tracks"),
        ("/a?b=c", "/a?b=c"),
        ("https://elsewhere.example", "/"),
        ("//elsewhere.example", "/"),
        ("/\\elsewhere.example", "/"),
        ("/\t/elsewhere.example", "/"),
        ("", "/"),
    ],
)
def test_a_sign_in_never_ends_elsewhere(target: str, path: str) -> None:
    """Only paths of this site are gone to."""
    assert local_path(target) == path


async def test_demo_accounts_are_named_in_the_embedded_runtime_alone(visit: Visit, runtime: Runtime, app: Starlette) -> None:
    """Where they exist the sign-in page names them, elsewhere it does not."""
    nobody = await visit()
    assert "assay-demo" not in (await nobody.get("/sign-in")).html
    embedded = replace(runtime, settings=runtime.settings.model_copy(update={"environment": Environment.EMBEDDED}))
    web = next(route.app for route in app.routes if getattr(route, "path", None) == "")  # type: ignore[attr-defined]
    web.state.runtime = embedded
    assert "assay-demo" in (await nobody.get("/sign-in")).html


async def test_whoever_is_signed_in_goes_straight_on(visit: Visit) -> None:
    """The sign-in page is not shown twice."""
    assert (await (await visit("student")).get(f"/sign-in?next=/tracks&from={ORIGIN}")).path == "/tracks"

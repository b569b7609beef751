"""Sessions of the pages: one read to know one, and everything that ends one."""

import json
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import event, text
from visitor import Visit, Visitor

from assay.domain.actors import Actor
from assay.domain.retention import QUEUE_DAYS, Kind, Policy
from assay.runtime import Runtime
from assay.security.tokens import secret_hash
from assay.services import erasure, retention, web_sessions
from assay.services.people import Reasoned
from assay.services.web_sessions import Limits
from assay.web.devices import device
from assay.web.session import limits_of

JSON = {"accept": "application/json"}


async def execute(runtime: Runtime, statement: str, **values: Any) -> Any:
    """Bend history; the first column of the first row, if any."""
    async with runtime.open_uow() as uow:
        found = await uow.session.execute(text(statement), values)
        return found.scalar() if found.returns_rows else None


async def earlier(runtime: Runtime, column: str, minutes: int) -> None:
    """Let every session have been seen, or have to end, so much earlier."""
    await execute(runtime, f"UPDATE web_sessions SET {column} = {column} - make_interval(mins => :minutes)", minutes=minutes)


async def standing(visitor: Visitor) -> Response:
    """What the session says of itself."""
    return await visitor.client.get("/session", headers=JSON)


async def extend(visitor: Visitor) -> Response:
    """Somebody presses the button."""
    proof = (await standing(visitor)).json()["csrf"]
    return await visitor.send("/session", [], x_csrf_token=proof, **JSON)


async def test_only_a_hash_of_the_secret_is_kept(visit: Visit, runtime: Runtime) -> None:
    """Who reads the database cannot sign in with what is found there; the browser's name for itself is not kept either."""
    student = await visit()
    await student.send("/sign-in", [("email", "student@assay.example"), ("password", "assay-demo")], user_agent="X Firefox/140 Android 16")
    secret = student.client.cookies["assay-session"]
    row = await execute(runtime, "SELECT to_jsonb(s) FROM web_sessions s")
    assert (row["secret_hash"], row["device"]) == (secret_hash(secret), "Firefox on Android")
    assert secret not in json.dumps(row)
    assert await execute(runtime, "SELECT count(*) FROM refresh_tokens") == 0


async def test_a_page_costs_one_read_and_a_write_a_minute(visit: Visit, runtime: Runtime) -> None:
    """Five pages ask for the session once each, by its index, and write that somebody is there once when that is a minute old."""
    student = await visit("student")
    await earlier(runtime, "last_seen_at", 2)
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(" ".join(statement.split()))

    engine = runtime.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    for _ in range(5):
        assert (await student.get("/tracks")).status == 200
    event.remove(engine, "before_cursor_execute", note)
    about = [statement for statement in asked if "web_sessions" in statement]
    assert [statement.split(" ")[0] for statement in about] == ["SELECT", "UPDATE", "SELECT", "SELECT", "SELECT", "SELECT"]
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = await uow.session.scalars(text("EXPLAIN SELECT id FROM web_sessions WHERE secret_hash = 'x'"))
        assert "uq_web_sessions_secret_hash" in " ".join(plan)


async def test_it_ends_when_nobody_does_anything(visit: Visit, runtime: Runtime) -> None:
    """After the idle time it is over; just before it, a page view begins the time anew."""
    student = await visit("student")
    idle = runtime.settings.session_idle_minutes
    await earlier(runtime, "last_seen_at", idle - 1)
    assert (await student.get("/tracks")).path == "/tracks"
    await earlier(runtime, "last_seen_at", idle - 1)
    assert (await student.get("/tracks")).path == "/tracks"
    await earlier(runtime, "last_seen_at", idle + 1)
    assert (await student.get("/tracks")).path == "/sign-in"


async def test_asking_how_it_stands_does_not_prolong_it(visit: Visit, runtime: Runtime) -> None:
    """What a page asks by itself is no sign of anybody; pressing the button is."""
    student = await visit("student")
    idle = 60 * runtime.settings.session_idle_minutes
    await earlier(runtime, "last_seen_at", runtime.settings.session_idle_minutes - 2)
    assert [(await standing(student)).json()["idleLeft"] in {118, 119, 120} for _ in range(2)] == [True, True]
    assert (await extend(student)).json()["idleLeft"] == idle
    assert (await standing(student)).json()["idleLeft"] > idle - 5


async def test_it_ends_after_its_lifetime_whatever_happens(visit: Visit, runtime: Runtime) -> None:
    """Twelve hours after signing in nothing prolongs it any more."""
    student = await visit("student")
    assert (await standing(student)).json()["rest"] in range(12 * 3600 - 5, 12 * 3600 + 1)
    await earlier(runtime, "expires_at", 12 * 60 - 1)
    assert (await extend(student)).json()["rest"] <= 60
    await earlier(runtime, "expires_at", 1)
    assert (await standing(student)).status_code == 401


async def test_prolonging_needs_the_proof(visit: Visit) -> None:
    """Another site cannot keep somebody signed in."""
    student = await visit("student")
    assert (await student.send("/session", [], **JSON)).status_code == 403
    assert (await (await visit()).send("/session", [], **JSON)).status_code == 401


async def test_a_copied_cookie_ends_with_signing_out(visit: Visit) -> None:
    """Who has copied the cookie is out as well; signing in again does not bring the old session back."""
    student, thief = await visit("student"), await visit()
    thief.client.cookies.update(student.client.cookies)
    assert (await thief.get("/tracks")).path == "/tracks"
    await student.fill(await student.get("/"), "/sign-out")
    assert (await thief.get("/tracks")).path == "/sign-in"
    await student.send("/sign-in", [("email", "student@assay.example"), ("password", "assay-demo")])
    assert (await thief.get("/tracks")).path == "/sign-in"


async def test_signing_in_again_ends_the_session_before(visit: Visit, runtime: Runtime) -> None:
    """A browser has one session: no secret from before a sign-in is good after it."""
    student = await visit("student")
    before = student.client.cookies["assay-session"]
    await student.send("/sign-in", [("email", "student@assay.example"), ("password", "assay-demo")])
    limits = limits_of(runtime)
    assert await web_sessions.find(runtime.open_uow, before, limits, active=True) is None
    assert await web_sessions.find(runtime.open_uow, student.client.cookies["assay-session"], limits, active=True) is not None


@pytest.mark.parametrize("change", ["is_active = false", "role = 'advisor'"])
async def test_a_change_of_the_account_counts_at_once(visit: Visit, runtime: Runtime, student_actor: Actor, change: str) -> None:
    """Whoever is deactivated is out with the next page; another role has other pages."""
    student = await visit("student")
    await execute(runtime, f"UPDATE users SET {change} WHERE id = :id", id=student_actor.id)
    if change.startswith("role"):
        assert "My students" in (await student.get("/")).text
    else:
        assert (await student.get("/tracks")).path == "/sign-in"


async def test_erasing_a_person_takes_their_sessions_away(visit: Visit, runtime: Runtime, student_actor: Actor) -> None:
    """No row is left, also after they had signed out everywhere before, and their access tokens end as well."""
    student = await visit("student")
    async with runtime.open_uow() as uow:
        await web_sessions.end_everywhere(uow, student_actor)
    token = runtime.identity.tokens.access(student_actor, runtime.clock() + timedelta(seconds=5))
    await execute(runtime, "UPDATE users SET sessions_ended_at = now() - interval '40 days' WHERE id = :id", id=student_actor.id)
    await erasure.erase(runtime.open_uow, None, student_actor.id, Reasoned(reason="Asked for by letter"))
    assert (await student.get("/tracks")).path == "/sign-in"
    assert await execute(runtime, "SELECT count(*) FROM web_sessions") == 0
    await runtime.identity.learn_who_left(runtime.open_uow)
    gone = await student.client.get("/api/v1/me", headers={"authorization": f"Bearer {token}"})
    assert gone.status_code == 401


async def test_old_sessions_go_with_the_queue(visit: Visit, runtime: Runtime) -> None:
    """A month after it could have lasted at most, its row goes."""
    await visit("student")
    for days, removed in ((QUEUE_DAYS - 1, 0), (3, 1)):
        await earlier(runtime, "expires_at", 60 * 24 * days)
        done = await retention.run(runtime.open_uow, runtime.vector_store, Policy(), dry_run=False)
        assert {item.kind: item.removed for item in done.items}[Kind.WEB_SESSIONS] == removed


async def test_a_resumed_session_is_confined_and_ends_with_its_assessment(visit: Visit, runtime: Runtime) -> None:
    """The link opens one assessment on another device, not past its end, and nothing of the account."""
    owner, phone = await visit("student"), await visit()
    paper = await owner.fill(await owner.get("/tracks/backend-engineer"), "/start")
    link = paper.html.split('value="http')[1].split('"')[0]
    await execute(runtime, "UPDATE assessments SET expires_at = now() + interval '3 hours'")
    opened = await phone.fill(await phone.get(f"/resume?token={link.partition('token=')[2]}"), "/resume")
    assert opened.path == paper.path
    assert (await standing(phone)).json()["rest"] <= 3 * 3600
    assert (await phone.get("/account")).status == 404
    assert (await phone.get("/tracks/backend-engineer")).status == 200
    await execute(runtime, "DELETE FROM assessments")
    assert (await phone.get("/")).text.count("Sign in to start") == 1


def test_devices_are_told_in_words_of_ours() -> None:
    """Whatever a browser says of itself, only known words are kept."""
    chrome = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36"
    assert device(chrome) == "Chrome on Android"
    assert device(f"{chrome} Edg/126.0") == "Edge on Android"
    assert device("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5) Version/17.5 Mobile Safari/604.1") == "Safari on iPhone"
    assert device("<script>alert(1)</script>") == "A browser"
    assert device("") == "A browser"


async def test_the_idle_time_leaves_room_for_an_assessment(runtime: Runtime) -> None:
    """An hour, as long as an assessment takes; never longer than the standard allows by default."""
    assert limits_of(runtime) == Limits(idle=timedelta(hours=1), lifetime=timedelta(hours=12))

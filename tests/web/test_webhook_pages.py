"""Webhooks in the pages: registered with a secret that is shown once, switched off and on, removed; deliveries looked at and sent again."""

import re
from uuid import UUID

import pytest
from hooks import delivering, log_of, registered, settled, with_hooks
from journeys import Student
from receivers import Answer, Receiver
from sqlalchemy import text
from visitor import Page, Visit, Visitor

from assay.domain.actors import Role
from assay.domain.webhooks import DeliveryStatus, EventType
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.services import webhook_events
from assay.settings import Settings
from assay.web.operations import webhook_words

BASE = "/operations/webhooks"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Loopback may be told."""
    return with_hooks(settings)


async def register(admin: Visitor, url: str, *events: str) -> Page:
    """The page with the secret."""
    return await admin.fill(await admin.get(f"{BASE}/new"), "/new", {"url": url, "events": list(events)})


async def spoken(runtime: Runtime, student: Student, track_id: UUID, times: int = 1) -> None:
    """Something happens that endpoints are told of."""
    bundle = await student.start(track_id)
    async with runtime.open_uow() as uow:
        for _ in range(times):
            await webhook_events.feedback_given(uow, UUID(bundle["assessmentId"]), "backend-engineer", new_id(), Role.STUDENT)


async def test_a_secret_is_shown_once(visit: Visit, there: Receiver, runtime: Runtime) -> None:
    """On the page that makes it, and to whoever sends that very form again, which registers no other; then never more."""
    admin = await visit("admin")
    assert "No system is told anything yet." in (await admin.get(BASE)).text
    form = await admin.get(f"{BASE}/new")
    made = await admin.fill(form, "/new", {"url": there.url, "events": ["assessment.completed"]})
    (secret,) = re.findall(r"whsec_[A-Za-z0-9+/=]+", made.html)
    again = await admin.fill(form, "/new", {"url": there.url, "events": ["assessment.completed"]})
    assert secret in again.html
    other = await admin.fill(form, "/new", {"url": there.url})
    assert (other.status, "has been sent before" in other.text) == (422, True)
    (place,) = {link for link in made.links if re.fullmatch(rf"{BASE}/[0-9a-f-]{{36}}", link)}
    for path in (BASE, place, f"{BASE}/new"):
        page = await admin.get(path)
        assert secret not in page.html
        assert page.refused == []
    assert "1 event of 5" in (await admin.get(BASE)).text
    async with runtime.open_uow(autocommit=True) as uow:
        assert len(await uow.webhooks.page(None, 10)) == 1


async def test_an_address_that_may_not_be_told_is_refused(visit: Visit) -> None:
    """Plain HTTP, nothing, an unknown event: 422, with everything that was entered kept."""
    admin = await visit("admin")
    form = await admin.get(f"{BASE}/new")
    for url, words in (("http://lms.example/<b>", "cannot be told anything"), ("", "Write an address")):
        page = await admin.fill(form, "/new", {"url": url, "events": ["assessment.failed"]})
        assert (page.status, words in page.text) == (422, True), page.text
        assert {("url", url), ("events", "assessment.failed")} <= set(page.form("/new").fields)
        assert "<b>" not in page.html
    assert "Choose from the list." in (await admin.fill(form, "/new", {"url": "https://x.example", "events": ["moon.rises"]})).text


async def test_a_secret_is_replaced(visit: Visit, there: Receiver, runtime: Runtime) -> None:
    """Another one is shown, the old one counts as long as was chosen; the address alone shows nothing."""
    admin = await visit("admin")
    endpoint = await registered(runtime, there.url)
    page = await admin.get(f"{BASE}/{endpoint.id}")
    shown = await admin.fill(page, "/rotate", {"overlap": "72"})
    (secret,) = re.findall(r"whsec_[A-Za-z0-9+/=]+", shown.html)
    assert secret != endpoint.secret
    assert "Messages are signed with the old secret too until" in shown.text
    assert secret in (await admin.fill(page, "/rotate", {"overlap": "72"})).html
    assert (await admin.fill(page, "/rotate", {"overlap": "1"})).status == 409
    back = await admin.get(f"{BASE}/{endpoint.id}/rotate")
    assert (back.path, secret in back.html) == (f"{BASE}/{endpoint.id}", False)


async def test_an_endpoint_is_switched_off_on_and_removed(visit: Visit, there: Receiver, runtime: Runtime) -> None:
    """Each says what follows before and what was done after; each is in the trail."""
    admin = await visit("admin")
    endpoint = await registered(runtime, there.url)
    path = f"{BASE}/{endpoint.id}"
    off = await admin.fill(await admin.get(path), "/disable")
    assert "It was switched off by an admin" in off.text
    assert "Switched off" in (await admin.get(BASE)).text
    on = await admin.fill(off, "/enable")
    assert "The endpoint is told again" in on.text
    assert "cannot be undone" in on.text
    gone = await admin.fill(on, "/remove")
    assert "The endpoint is forgotten" in gone.text
    assert (await admin.get(path)).status == 404
    async with runtime.open_uow(autocommit=True) as uow:
        done = [link.entry.action for link in await uow.audit.chain()]
    assert done == ["webhook:register", "webhook:disable", "webhook:enable", "webhook:remove"]


async def test_deliveries_are_looked_at(visit: Visit, there: Receiver, runtime: Runtime, student: Student, track_id: UUID) -> None:
    """Listed and narrowed; one with what it told and its tries; sent again under the same id."""
    admin = await visit("admin")
    assert "Nothing has been told to anybody yet." in (await admin.get(f"{BASE}/deliveries")).text
    endpoint = await registered(runtime, there.url)
    await spoken(runtime, student, track_id)
    async with delivering(runtime):
        (row,) = await settled(runtime)
    page = await admin.get(f"{BASE}/deliveries?state=delivered&event=recommendation.feedback&endpoint={endpoint.id}")
    assert "Somebody has spoken" in page.text
    assert "204 No Content" in page.text
    assert f"{BASE}/deliveries/{row.id}" in page.links
    assert "No delivery fits." in (await admin.get(f"{BASE}/deliveries?state=failed")).text
    one = await admin.get(f"{BASE}/deliveries/{row.id}")
    assert all(words in one.text for words in ("1 try", '"authorRole": "student"', str(row.event_id)))
    assert one.refused == []
    sent = await admin.fill(one, "/resend")
    assert "It is sent again, under the same id." in sent.text
    assert "It is under way and is tried again by itself." in sent.text
    csrf = dict(sent.form("/sign-out").fields)["csrf"]
    assert (await admin.post(f"{BASE}/deliveries/{row.id}/resend", {"csrf": csrf})).status == 409
    async with delivering(runtime):
        await settled(runtime)
    assert [each.id for each in there.received] == [str(row.event_id)] * 2


async def test_what_was_given_up_is_sent_again_at_once(
    visit: Visit, there: Receiver, runtime: Runtime, student: Student, track_id: UUID
) -> None:
    """Only when there is something and the endpoint is on, and as many as are told; each leaves an entry."""
    admin = await visit("admin")
    endpoint = await registered(runtime, there.url, EventType.RECOMMENDATION_FEEDBACK)
    path = f"{BASE}/{endpoint.id}"
    assert "Nothing has been given up." in (await admin.get(path)).text
    there.otherwise = Answer(410)
    await spoken(runtime, student, track_id, times=3)
    async with delivering(runtime):
        await settled(runtime, DeliveryStatus.FAILED, 3)
    gone = await admin.get(path)
    assert "It answered that it wants nothing any more" in gone.text
    assert "The endpoint is switched off. Switch it on first." in gone.text
    csrf = dict(gone.form("/enable").fields)["csrf"]
    assert (await admin.post(f"{path}/resend", {"csrf": csrf})).status == 409
    (row, *_) = await log_of(runtime)
    assert "Switch it on first." in (await admin.get(f"{BASE}/deliveries/{row.id}")).text
    on = await admin.fill(gone, "/enable")
    there.otherwise = Answer()
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("DELETE FROM async_jobs WHERE delivery_id = :id"), {"id": row.id})
    sent = await admin.fill(on, "/resend")
    assert "2 deliveries are sent again. 1 cannot be: too old" in sent.text
    async with delivering(runtime):
        await settled(runtime, count=2)
    rest = await admin.fill(await admin.get(path), "/resend")
    assert "0 deliveries are sent again. 1 cannot be: too old" in rest.text
    async with runtime.open_uow(autocommit=True) as uow:
        done = [link.entry.action for link in await uow.audit.chain()]
    assert done.count("webhook:resend") == 2


@pytest.mark.parametrize("name", ["student", "advisor"])
async def test_only_admins_keep_webhooks(visit: Visit, there: Receiver, runtime: Runtime, name: str) -> None:
    """Everybody else is refused, looking and sending."""
    endpoint = await registered(runtime, there.url)
    other = await visit(name)
    csrf = dict((await other.get("/")).form("/sign-out").fields)["csrf"]
    for path in (BASE, f"{BASE}/new", f"{BASE}/{endpoint.id}", f"{BASE}/deliveries", f"{BASE}/deliveries/{new_id()}"):
        assert (await other.get(path)).status == 403, path
    for tail in ("/new", *(f"/{endpoint.id}/{deed}" for deed in ("rotate", "enable", "disable", "remove", "resend"))):
        assert (await other.post(BASE + tail, {"csrf": csrf, "url": there.url})).status == 403, tail


async def test_what_is_not_there(visit: Visit) -> None:
    """404 as a page."""
    admin = await visit("admin")
    csrf = dict((await admin.get(f"{BASE}/new")).form("/new").fields)["csrf"]
    for path in (f"{BASE}/{new_id()}", f"{BASE}/nothing", f"{BASE}/deliveries/{new_id()}"):
        assert (await admin.get(path)).status == 404, path
    for tail in ("rotate", "enable", "disable", "remove", "resend"):
        assert (await admin.post(f"{BASE}/{new_id()}/{tail}", {"csrf": csrf})).status == 404, tail
    assert (await admin.post(f"{BASE}/deliveries/{new_id()}/resend", {"csrf": csrf})).status == 404


def test_every_code_has_words() -> None:
    """Events, states and answers, also one that has no name; a host without what its address may hold."""
    assert set(webhook_words.EVENTS) == set(EventType)
    assert set(webhook_words.STATES) == set(DeliveryStatus)
    assert [webhook_words.answer(*each) for each in ((404, 1), (599, 1), (None, 1), (None, 0))] == [
        "404 Not Found",
        "599",
        "No answer",
        "Not tried yet",
    ]
    assert [webhook_words.trouble(error) for error in ("refused: answered 410", "the endpoint is disabled", None)] == [
        "Answered 410",
        "The endpoint is disabled",
        "",
    ]
    assert webhook_words.host("https://user:pass@lms.example:8443/hook?tenant=1") == "lms.example:8443"

"""Webhooks at the API: admins register, rotate, look and resend; secrets are told once; nobody else sees anything."""

import asyncio
from typing import Any
from uuid import UUID

import httpx2
import pytest
from dead import working
from hooks import delivering, rows, settled, with_hooks
from journeys import Student
from receivers import Answer, Receiver, is_signed

from assay.domain.actors import Role
from assay.domain.webhooks import DeliveryStatus
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.services import redelivery, webhook_events
from assay.settings import Settings

ENDPOINTS = "/webhooks/endpoints"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Loopback may be told."""
    return with_hooks(settings)


async def _register(admin: Student, url: str, *events: str, **headers: str) -> httpx2.Response:
    return await admin.request("POST", ENDPOINTS, json={"url": url, "events": list(events)}, headers=headers)


async def test_a_secret_is_told_once(admin: Student, there: Receiver, runtime: Runtime) -> None:
    """In the answer that makes it, never in a list; at rest it is not to be found."""
    answer = await _register(admin, there.url, "assessment.completed", "assessment.completed")
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["secret"].startswith("whsec_")
    assert (made["url"], made["events"], made["isActive"], made["disabledBecause"]) == (there.url, ["assessment.completed"], True, None)
    listed = await admin.request("GET", ENDPOINTS)
    one = await admin.request("GET", f"{ENDPOINTS}/{made['id']}")
    assert listed.json() == {"items": [one.json()], "nextCursor": None}
    assert one.json() == {name: value for name, value in made.items() if name != "secret"}
    rotated = (await admin.request("POST", f"{ENDPOINTS}/{made['id']}/rotate", json={"overlapHours": 2})).json()
    assert rotated["secret"] != made["secret"]
    assert rotated["previousSecretUntil"] > made["createdAt"]
    kept = str(await rows(runtime, "SELECT e::text, encode(secret, 'escape'), encode(previous_secret, 'escape') FROM webhook_endpoints e"))
    for secret in (made["secret"], rotated["secret"]):
        assert secret not in kept + listed.text + one.text
        assert secret.removeprefix("whsec_")[:20] not in kept


async def test_the_whole_life_of_an_endpoint_is_recorded(admin: Student, there: Receiver, runtime: Runtime) -> None:
    """Registered, rotated, enabled, resent, removed: an entry each by the admin, with the host and never the URL's path or a secret."""
    made = (await _register(admin, there.url)).json()
    path = f"{ENDPOINTS}/{made['id']}"
    assert (await admin.request("POST", f"{path}/rotate", json={})).status_code == 200
    assert (await admin.request("POST", f"{path}/enable")).json()["isActive"] is True
    assert (await admin.request("DELETE", path)).status_code == 204
    for method, tail in (("GET", ""), ("DELETE", ""), ("POST", "/rotate"), ("POST", "/enable")):
        gone = await admin.request(method, path + tail, json={} if tail == "/rotate" else None)
        assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
    async with runtime.open_uow() as uow:
        entries = [link.entry for link in await uow.audit.chain()]
        someone = await uow.accounts.by_email("admin@assay.example")
    assert someone is not None
    names = ["webhook:register", "webhook:rotate_secret", "webhook:enable", "webhook:remove"]
    assert [entry.action for entry in entries] == names
    assert {(entry.actor_id, entry.target_id) for entry in entries} == {(someone.id, made["id"])}
    assert entries[0].changes == {"host": "127.0.0.1", "events": []}
    assert "whsec_" not in str(entries)


async def test_nobody_else_may(student: Student, advisor: Student, client: httpx2.AsyncClient, admin: Student, there: Receiver) -> None:
    """Students and advisors: 403. Nobody: 401. Whether something is there makes no difference, nor does a URL that leads inside."""
    made = (await _register(admin, there.url)).json()
    routes: list[tuple[str, str, Any]] = [("GET", ENDPOINTS, None), ("GET", "/webhooks/deliveries", None)]
    routes += [("POST", ENDPOINTS, {"url": url}) for url in (there.url, "http://169.254.169.254/")]
    for each in (made["id"], new_id()):
        routes += [
            ("GET", f"{ENDPOINTS}/{each}", None),
            ("DELETE", f"{ENDPOINTS}/{each}", None),
            ("POST", f"{ENDPOINTS}/{each}/rotate", {}),
            ("POST", f"{ENDPOINTS}/{each}/enable", None),
            ("GET", f"/webhooks/deliveries/{each}", None),
            ("POST", f"/webhooks/deliveries/{each}/resend", None),
        ]
    for method, path, body in routes:
        for reader in (student, advisor):
            assert (await reader.request(method, path, json=body)).status_code == 403, (method, path)
        assert (await client.request(method, f"/api/v1{path}", json=body)).status_code == 401, (method, path)
    assert [each["id"] for each in (await admin.request("GET", ENDPOINTS)).json()["items"]] == [made["id"]]
    assert there.accepted == 0


@pytest.mark.parametrize(
    "url",
    [
        *("http://10.0.0.1/hook", "https://10.0.0.1/hook", "https://169.254.169.254/latest/meta-data/", "https://[fd00:ec2::254]/"),
        *("https://0x0a000001/", "https://user@1.1.1.1/", "http://1.1.1.1/", "https://1.1.1.1:22/", "ftp://1.1.1.1/", "file:///etc/passwd"),
        *("https://nowhere.invalid/", "", "https://1.1.1.1/#part", "https://1.1.1.1/" + "a" * 2_048),
    ],
)
async def test_a_url_that_must_not_be_told_is_refused(admin: Student, url: str) -> None:
    """422 with the field and the reason; nothing is written."""
    answer = await _register(admin, url)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == "/url"
    assert (await admin.request("GET", ENDPOINTS)).json()["items"] == []


async def test_bad_input_is_refused(admin: Student, there: Receiver) -> None:
    """Unknown events and fields, columns of the table, overlaps without end."""
    for body in (
        {"url": there.url, "events": ["assessment.exploded"]},
        {"url": there.url, "secret": "whsec_AAAA"},
        {"url": there.url, "isActive": False},
        {"events": []},
        {"url": ["x"]},
        {"url": "https://x.example/\x00"},
    ):
        assert (await admin.request("POST", ENDPOINTS, json=body)).status_code == 422, body
    made = (await _register(admin, there.url)).json()
    for overlap in (-1, 169, "long"):
        refused = await admin.request("POST", f"{ENDPOINTS}/{made['id']}/rotate", json={"overlapHours": overlap})
        assert refused.status_code == 422
    for query in ("status=lost", "event=assessment.exploded", "limit=0", "endpointId=1", "else=1"):
        assert (await admin.request("GET", f"/webhooks/deliveries?{query}")).status_code == 422, query


async def test_one_key_registers_once(admin: Student, there: Receiver) -> None:
    """Five at once: one endpoint, one secret in every answer; the key of another request is a conflict."""
    answers = await asyncio.gather(*(_register(admin, there.url, **{"Idempotency-Key": "k1"}) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len((await admin.request("GET", ENDPOINTS)).json()["items"]) == 1
    other = await _register(admin, there.url, "assessment.completed", **{"Idempotency-Key": "k1"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_lists_are_paged(admin: Student, there: Receiver) -> None:
    """The newest first, a cursor to the next, none at the end."""
    made = [(await _register(admin, there.url)).json()["id"] for _ in range(3)]
    first = (await admin.request("GET", f"{ENDPOINTS}?limit=2")).json()
    second = (await admin.request("GET", f"{ENDPOINTS}?limit=2&cursor={first['nextCursor']}")).json()
    assert [each["id"] for each in first["items"] + second["items"]] == made[::-1]
    assert second["nextCursor"] is None


async def test_the_log_and_a_resend(admin: Student, student: Student, there: Receiver, runtime: Runtime, track_id: UUID) -> None:
    """A failed try and the one that arrived, with status and latency; sent again under its key once, under its id always."""
    made = (await _register(admin, there.url, "assessment.completed")).json()
    there.answers = [Answer(500)]
    async with working(runtime):
        bundle, _ = await student.finished(track_id)
    async with delivering(runtime):
        await settled(runtime)
    (item,) = (await admin.request("GET", f"/webhooks/deliveries?endpointId={made['id']}&status=delivered")).json()["items"]
    assert (item["event"], item["assessmentId"], item["attempts"]) == ("assessment.completed", bundle["assessmentId"], 2)
    assert (item["responseStatus"], item["error"], item["nextAttemptAt"]) == (204, None, None)
    assert item["latencyMs"] > 0
    for nothing in ("status=failed", "event=result.upgraded", f"endpointId={new_id()}"):
        assert (await admin.request("GET", f"/webhooks/deliveries?{nothing}")).json()["items"] == []
    path = f"/webhooks/deliveries/{item['id']}"
    tries = (await admin.request("GET", path)).json()["tries"]
    assert [(each["responseStatus"], each["error"]) for each in tries] == [(500, "unavailable: answered 500"), (204, None)]
    assert (await admin.request("GET", f"/webhooks/deliveries/{new_id()}")).status_code == 404
    assert (await admin.request("POST", f"/webhooks/deliveries/{new_id()}/resend")).status_code == 404

    answers = await asyncio.gather(*(admin.request("POST", f"{path}/resend", headers={"Idempotency-Key": "again"}) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {202}, answers[0].text
    assert len({answer.text for answer in answers}) == 1
    refused = await admin.request("POST", f"{path}/resend")
    assert (refused.status_code, refused.json()["code"]) == (409, "webhook_pending")
    async with delivering(runtime):
        await settled(runtime, DeliveryStatus.DELIVERED)
    assert [message.id for message in there.received] == [item["eventId"]] * 3
    assert all(is_signed(message, made["secret"]) for message in there.received)
    listed = (await admin.request("GET", "/jobs")).json()["items"]
    assert [(each["type"], each["generation"]) for each in listed if each["type"] == "deliver_webhook"] == [
        ("deliver_webhook", 2),
        ("deliver_webhook", 1),
    ]


async def test_switched_off_and_on_and_told_what_was_missed(
    admin: Student, student: Student, there: Receiver, runtime: Runtime, track_id: UUID
) -> None:
    """Off, it is told nothing and nothing is kept for it; on, what was given up before is posted again, once for a key."""
    made = (await _register(admin, there.url)).json()
    path, bundle = f"{ENDPOINTS}/{made['id']}", await student.start(track_id)

    async def happen() -> None:
        async with runtime.open_uow() as uow:
            await webhook_events.feedback_given(uow, UUID(bundle["assessmentId"]), "backend-engineer", new_id(), Role.STUDENT)

    there.otherwise = Answer(410)
    await happen()
    async with delivering(runtime):
        (row,) = await settled(runtime, DeliveryStatus.FAILED)
    assert (await admin.request("POST", f"{path}/enable")).json()["isActive"] is True
    off = (await admin.request("POST", f"{path}/disable")).json()
    assert (off["isActive"], off["disabledBecause"], off["disabledAt"] is None) == (False, None, False)
    refused = await admin.request("POST", f"{path}/resend-failed")
    assert (refused.status_code, refused.json()["code"]) == (409, "webhook_endpoint_disabled")
    await happen()
    assert (await admin.request("POST", f"{path}/enable")).json()["disabledAt"] is None
    there.otherwise = Answer()
    answers = [await admin.request("POST", f"{path}/resend-failed", headers={"Idempotency-Key": "all"}) for _ in range(2)]
    assert {answer.status_code for answer in answers} == {202}
    assert answers[0].json() == answers[1].json() == {"resent": [str(row.id)], "forgotten": 0, "remaining": 0}
    async with delivering(runtime):
        await settled(runtime)
    assert [message.id for message in there.received] == [str(row.event_id)] * 2
    assert (await admin.request("POST", f"{path}/resend-failed")).json()["resent"] == []
    for tail in ("disable", "resend-failed"):
        assert (await admin.request("POST", f"{ENDPOINTS}/{new_id()}/{tail}")).status_code == 404


async def test_a_hundred_are_sent_again_at_a_time(
    admin: Student, student: Student, there: Receiver, runtime: Runtime, track_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not fit is counted, and the next call takes it; what is too old is counted apart and does not stand in the way."""
    monkeypatch.setattr(redelivery, "RESENT_AT_ONCE", 2)
    made, bundle = (await _register(admin, there.url)).json(), await student.start(track_id)
    async with runtime.open_uow() as uow:
        for _ in range(5):
            await webhook_events.feedback_given(uow, UUID(bundle["assessmentId"]), "backend-engineer", new_id(), Role.STUDENT)
    await rows(runtime, "UPDATE webhook_deliveries SET status = 'failed' RETURNING id")
    oldest = "SELECT id FROM webhook_deliveries ORDER BY id LIMIT 1"
    await rows(runtime, f"DELETE FROM async_jobs WHERE delivery_id = ({oldest}) RETURNING id")
    told = [(await admin.request("POST", f"{ENDPOINTS}/{made['id']}/resend-failed")).json() for _ in range(3)]
    assert [(len(each["resent"]), each["forgotten"], each["remaining"]) for each in told] == [(2, 1, 2), (2, 1, 0), (0, 1, 0)]

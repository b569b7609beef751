"""The law that every route by which an admin changes something leaves an entry in the audit trail: each is really called."""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

import foreign
import httpx2
import pytest
import test_catalog_files_api as catalog_files
import test_question_interchange_api as question_packages
from dead import buried, jobs_of
from fastapi.routing import APIRoute, iter_route_contexts
from hooks import with_hooks
from journeys import Student
from receivers import Receiver
from sqlalchemy import text
from test_credential_edits_api import NEW as CREDENTIAL
from test_credential_edits_api import write as record_of
from test_question_edits_api import CHOICE
from test_track_edits_api import NEW, _write

from assay.api.app import create_api
from assay.db.models import AsyncJob, WebhookDelivery, WebhookEvent
from assay.domain.actors import PERMISSIONS, Role
from assay.domain.jobs import JobType
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.services import indexing
from assay.settings import Settings

DRAFT: Final = {name: value for name, value in CHOICE.items() if name != "slug"}
WHY: Final = {"reason": "Asked for by letter"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Loopback may be told."""
    return with_hooks(settings)


class World:
    """What requests are about: made by earlier ones, or before."""

    def __init__(self, admin: Student, runtime: Runtime, student_id: UUID, url: str) -> None:
        self.admin, self.runtime, self.student_id, self.url = admin, runtime, student_id, url
        self.made: dict[str, dict[str, Any]] = {}
        self.jobs: list[Any] = []
        self.assessment_id = ""

    async def make(self, name: str, path: str, body: Any) -> httpx2.Response:
        """Create something that later requests are about."""
        answer = await self.admin.request("POST", path, json=body)
        self.made[name] = answer.json()
        return answer

    async def edit(self, method: str, name: str, path: str, body: Any = None, tail: str = "") -> httpx2.Response:
        """Edit something as it stands."""
        there = f"{path}/{self.made[name]['id']}"
        tag = (await self.admin.request("GET", there)).headers["ETag"]
        return await self.admin.request(method, there + tail, json=body, headers={"If-Match": tag})

    async def built(self, path: str, body: Any) -> httpx2.Response:
        """Ask for an index version."""
        return await self.make("index", path, body)


type Call = Callable[[World], Awaitable[httpx2.Response]]


def _question(world: World, **changes: Any) -> dict[str, Any]:
    hidden = {"id", "slug", "version", "isActive", "changedAt"}
    return {name: value for name, value in world.made["question"].items() if name not in hidden} | changes


CALLS: Final[dict[tuple[str, str], Call]] = {
    ("POST", "/tracks"): lambda w: w.make("track", "/tracks", NEW),
    ("PUT", "/tracks/{track_id}"): lambda w: w.edit("PUT", "track", "/tracks", _write(w.made["track"], expiryDays=14)),
    ("DELETE", "/tracks/{track_id}"): lambda w: w.edit("DELETE", "track", "/tracks"),
    ("POST", "/questions"): lambda w: w.make("question", "/questions", CHOICE),
    ("PUT", "/questions/{question_id}"): lambda w: w.edit("PUT", "question", "/questions", _question(w, difficulty=3)),
    ("POST", "/questions/{question_id}/deactivate"): lambda w: w.edit("POST", "question", "/questions", tail="/deactivate"),
    ("POST", "/questions/{question_id}/activate"): lambda w: w.edit("POST", "question", "/questions", tail="/activate"),
    ("POST", "/questions/{question_id}/dry-run"): lambda w: w.admin.request(
        "POST", f"/questions/{w.made['question']['id']}/dry-run", json={"answer": "a"}
    ),
    ("POST", "/questions/dry-run"): lambda w: w.admin.request(
        "POST", "/questions/dry-run", json={"question": DRAFT, "answer": "a"}
    ),
    ("DELETE", "/questions/{question_id}"): lambda w: w.edit("DELETE", "question", "/questions"),
    ("POST", "/credentials"): lambda w: w.make("credential", "/credentials", CREDENTIAL),
    ("PUT", "/credentials/{credential_id}"): lambda w: w.edit(
        "PUT", "credential", "/credentials", record_of(w.made["credential"], title="Reading the Plans of Queries")
    ),
    ("POST", "/credentials/{credential_id}/publish"): lambda w: w.edit("POST", "credential", "/credentials", tail="/publish"),
    ("DELETE", "/credentials/{credential_id}"): lambda w: w.edit("DELETE", "credential", "/credentials"),
    ("POST", "/credentials/import"): lambda w: catalog_files.send(w.admin, catalog_files.lines(*catalog_files.numbered(2))),
    ("POST", "/credentials/imports/{import_id}/confirm"): lambda w: catalog_files.looked_at_and_confirmed(w.admin),
    ("POST", "/questions/import"): lambda w: question_packages.send(w.admin, foreign.package(foreign.ORDER_21)),
    ("POST", "/index/versions"): lambda w: w.built("/index/versions", {}),
    ("POST", "/index/versions/{version_id}/activate"): lambda w: w.admin.request(
        "POST", f"/index/versions/{w.made['index']['id']}/activate"
    ),
    ("POST", "/index/rollback"): lambda w: w.admin.request("POST", "/index/rollback"),
    ("POST", "/index/rebuild"): lambda w: w.built("/index/rebuild", {}),
    ("POST", "/jobs/{job_id}/resend"): lambda w: w.admin.request("POST", f"/jobs/{w.jobs[0].id}/resend"),
    ("POST", "/jobs/resend"): lambda w: w.admin.request("POST", "/jobs/resend", json={"cause": "internal_error"}),
    ("POST", "/webhooks/endpoints"): lambda w: w.make("endpoint", "/webhooks/endpoints", {"url": w.url}),
    ("POST", "/webhooks/endpoints/{endpoint_id}/rotate"): lambda w: w.admin.request(
        "POST", f"/webhooks/endpoints/{w.made['endpoint']['id']}/rotate", json={}
    ),
    ("POST", "/webhooks/endpoints/{endpoint_id}/disable"): lambda w: w.admin.request(
        "POST", f"/webhooks/endpoints/{w.made['endpoint']['id']}/disable"
    ),
    ("POST", "/webhooks/endpoints/{endpoint_id}/enable"): lambda w: w.admin.request(
        "POST", f"/webhooks/endpoints/{w.made['endpoint']['id']}/enable"
    ),
    ("POST", "/webhooks/endpoints/{endpoint_id}/resend-failed"): lambda w: w.admin.request(
        "POST", f"/webhooks/endpoints/{w.made['endpoint']['id']}/resend-failed"
    ),
    ("POST", "/webhooks/deliveries/{delivery_id}/resend"): lambda w: w.admin.request(
        "POST", f"/webhooks/deliveries/{w.made['delivery']['id']}/resend"
    ),
    ("DELETE", "/webhooks/endpoints/{endpoint_id}"): lambda w: w.admin.request(
        "DELETE", f"/webhooks/endpoints/{w.made['endpoint']['id']}"
    ),
    ("POST", "/cohorts"): lambda w: w.make("cohort", "/cohorts", {"name": "Class of 2027"}),
    ("PUT", "/cohorts/{cohort_id}"): lambda w: w.edit("PUT", "cohort", "/cohorts", {"name": "Class of 2028"}),
    ("PUT", "/cohorts/{cohort_id}/members/{person_id}"): lambda w: w.admin.request(
        "PUT", f"/cohorts/{w.made['cohort']['id']}/members/{w.student_id}"
    ),
    ("DELETE", "/cohorts/{cohort_id}/members/{person_id}"): lambda w: w.admin.request(
        "DELETE", f"/cohorts/{w.made['cohort']['id']}/members/{w.student_id}"
    ),
    ("POST", "/cohorts/{cohort_id}/members/import"): lambda w: w.admin.request(
        "POST", f"/cohorts/{w.made['cohort']['id']}/members/import", content=b"email,name,role\nn@uni.example,N,student\n",
        headers={"Content-Type": "text/csv"},
    ),
    ("POST", "/service-accounts"): lambda w: w.make(
        "account", "/service-accounts", {"name": "Reports", "scopes": ["track:read"], "expiresInDays": 9}
    ),
    ("POST", "/service-accounts/{account_id}/keys"): lambda w: w.admin.request(
        "POST", f"/service-accounts/{w.made['account']['id']}/keys", json={"expiresInDays": 9}
    ),
    ("DELETE", "/service-accounts/{account_id}/keys/{key_id}"): lambda w: w.admin.request(
        "DELETE", f"/service-accounts/{w.made['account']['id']}/keys/{w.made['account']['keys'][0]['id']}"
    ),
    ("DELETE", "/service-accounts/{account_id}"): lambda w: w.admin.request("DELETE", f"/service-accounts/{w.made['account']['id']}"),
    ("POST", "/assessments/{assessment_id}/inspect"): lambda w: w.admin.request(
        "POST", f"/assessments/{w.assessment_id}/inspect", json=WHY
    ),
    ("POST", "/people/find"): lambda w: w.admin.request("POST", "/people/find", json={"email": "student@assay.example"}),
    ("POST", "/people"): lambda w: w.make("person", "/people", {"email": "new@uni.example", "name": "New", "role": "student"}),
    ("PUT", "/people/{person_id}/role"): lambda w: w.admin.request(
        "PUT", f"/people/{w.made['person']['id']}/role", json={"role": "advisor"}
    ),
    ("POST", "/people/{person_id}/password-link"): lambda w: w.admin.request(
        "POST", f"/people/{w.made['person']['id']}/password-link"
    ),
    ("PUT", "/people/{person_id}/hold"): lambda w: w.admin.request("PUT", f"/people/{w.student_id}/hold", json=WHY),
    ("DELETE", "/people/{person_id}/hold"): lambda w: w.admin.request(
        "DELETE", f"/people/{w.student_id}/hold", headers={"X-Reason": WHY["reason"]}
    ),
    ("POST", "/people/{person_id}/erase"): lambda w: w.admin.request("POST", f"/people/{w.student_id}/erase", json=WHY),
}  # fmt: skip
"""A valid request for each of them, in an order in which one makes what the next is about."""


def changing_routes() -> set[tuple[str, str]]:
    """Every route of the API that is not safe and that an admin's permissions open."""
    found = set()
    for route in (context.route for context in iter_route_contexts(create_api().routes) if isinstance(context.route, APIRoute)):
        asked = {getattr(each.call, "permission", None) for each in route.dependant.dependencies} - {None}
        if asked & PERMISSIONS[Role.ADMIN]:
            found |= {(method, route.path) for method in route.methods - {"GET", "HEAD"}}
    return found


def test_every_changing_route_has_a_valid_request() -> None:
    """A new route is added here, or this fails; one that is gone is removed."""
    assert set(CALLS) == changing_routes()


@pytest.fixture
async def world(
    admin: Student, student: Student, other_student: Student, runtime: Runtime, track_id: UUID, there: Receiver, student_actor: Any
) -> World:
    """Two assessments whose essay jobs died, and an endpoint of webhooks that has missed one."""
    made = World(admin, runtime, student_actor.id, there.url)
    result = await buried(runtime, student, track_id, JobType.SCORE_ESSAY, error=ZeroDivisionError())
    await buried(runtime, other_student, track_id, JobType.SCORE_ESSAY, error=ZeroDivisionError())
    made.assessment_id, made.jobs = result["assessmentId"], await jobs_of(runtime, result)
    return made


async def entries(runtime: Runtime) -> int:
    """How many there are."""
    async with runtime.open_uow(autocommit=True) as uow:
        return int(await uow.session.scalar(text("SELECT count(*) FROM audit_logs")) or 0)


async def prepared(world: World, route: tuple[str, str]) -> None:
    """What happens between two requests without anybody asking: builds end, deliveries are given up."""
    if route[1] in {"/index/versions/{version_id}/activate", "/index/rollback"}:
        await indexing.build_next(world.runtime.open_uow, world.runtime.embedder, world.runtime.vector_store)
    if route[1] in {"/webhooks/deliveries/{delivery_id}/resend", "/webhooks/endpoints/{endpoint_id}/resend-failed"}:
        event = WebhookEvent(
            id=new_id(), event="assessment.completed", dedupe_key=f"missed:{route[1]}", assessment_id=UUID(world.assessment_id), payload={}
        )
        endpoint = UUID(world.made["endpoint"]["id"])
        delivery = WebhookDelivery(id=new_id(), event_id=event.id, endpoint_id=endpoint, status="failed", finished_at=world.runtime.clock())
        async with world.runtime.open_uow() as uow:
            uow.session.add(event)
            await uow.session.flush()
            uow.session.add(delivery)
            await uow.session.flush()
            uow.session.add(
                AsyncJob(
                    job_type=JobType.DELIVER_WEBHOOK,
                    delivery_id=delivery.id,
                    track_slug="backend-engineer",
                    status="dead",
                    priority=1,
                    run_at=world.runtime.clock(),
                    finished_at=world.runtime.clock(),
                    dedupe_key=f"deliver_webhook:{delivery.id}:1",
                    correlation_id="c",
                )
            )
        world.made["delivery"] = {"id": delivery.id}


async def test_every_changing_route_leaves_an_entry(world: World) -> None:
    """Each request is answered with success, and each adds to the trail, in the admin's name and with the request's correlation id."""
    silent = {}
    for route, call in CALLS.items():
        await prepared(world, route)
        before = await entries(world.runtime)
        answer = await call(world)
        assert answer.status_code < 300, (route, answer.status_code, answer.text)
        async with world.runtime.open_uow(autocommit=True) as uow:
            added = [link.entry for link in (await uow.audit.chain())[before:]]
        told = {entry.correlation_id for entry in added if entry.actor_id is not None}
        if answer.headers["x-correlation-id"] not in told:
            silent[route] = [entry.action for entry in added]
    assert silent == {}

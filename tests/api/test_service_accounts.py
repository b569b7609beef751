"""Service accounts: keys for machines, which open what their scope says and nothing else, for as long as they are good."""

import io
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx2
import pytest
from canaries import captured_logs
from journeys import Student
from prometheus_client import REGISTRY
from sqlalchemy import text

from assay.db.models import Base
from assay.domain.actors import Actor, Role
from assay.runtime import Runtime
from assay.services import identity
from assay.settings import Settings

PLATFORM = {"name": "Learning platform", "scopes": ["assessment:start_for"], "expiresInDays": 90}
REPORTING = {"name": "Reporting", "scopes": ["feedback:read", "operations:read", "track:read"], "expiresInDays": 30}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Keys of two hundred days at most."""
    return settings.model_copy(update={"service_key_days": 200})


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    """Everything logged meanwhile, at the most talkative level."""
    with captured_logs() as stream:
        yield stream


async def made(admin: Student, wanted: dict[str, Any] = REPORTING) -> dict[str, Any]:
    """An account with its key."""
    answer = await admin.request("POST", "/service-accounts", json=wanted)
    assert answer.status_code == 201, answer.text
    return answer.json()


def machine(client: httpx2.AsyncClient, account: dict[str, Any]) -> Student:
    """An API client with that key."""
    return Student(client, account["key"])


async def run(runtime: Runtime, statement: str) -> Any:
    """Change something behind the service's back, or ask for a value."""
    async with runtime.open_uow() as uow:
        return await uow.session.scalar(text(statement))


async def actions(runtime: Runtime, account: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """What the audit trail says of an account."""
    async with runtime.open_uow(autocommit=True) as uow:
        links = await uow.audit.chain()
    return [(link.entry.action, link.entry.changes) for link in links if link.entry.target_id == account["id"]]


async def test_a_key_opens_what_its_scope_says_and_nothing_else(client: httpx2.AsyncClient, admin: Student) -> None:
    """Reports are read; what an admin may besides, and what people do for themselves, is refused with 403."""
    reporting = machine(client, await made(admin))
    for path in ("/dashboards/feedback", "/dashboards/operations", "/tracks"):
        assert (await reporting.request("GET", path)).status_code == 200, path
    for method, path in (("GET", "/audit"), ("GET", "/service-accounts"), ("GET", "/me"), ("GET", "/me/export"), ("GET", "/assessments")):
        refused = await reporting.request(method, path)
        assert (refused.status_code, refused.json()["code"]) == (403, "out_of_scope"), path


async def test_requests_of_machines_are_told_apart(client: httpx2.AsyncClient, admin: Student) -> None:
    """Metrics, and with them logs and traces, count them as nobody's and no admin's."""
    labels = {"method": "GET", "route": "/api/v1/tracks", "status": "200", "role": "machine", "track": "none"}
    reporting = machine(client, await made(admin))
    before = REGISTRY.get_sample_value("assay_http_request_seconds_count", labels) or 0
    assert (await reporting.request("GET", "/tracks")).status_code == 200
    assert REGISTRY.get_sample_value("assay_http_request_seconds_count", labels) == before + 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"scopes": ["person:manage"]}, "/scopes"),
        ({"scopes": ["assessment:read", "track:read"]}, "/scopes"),
        ({"scopes": []}, "/scopes"),
        ({"expiresInDays": 201}, "/expiresInDays"),
        ({"expiresInDays": 0}, "/expiresInDays"),
        ({"expiresInDays": None}, "/expiresInDays"),
        ({"cohortIds": ["01900000-0000-7000-8000-000000000000"], "scopes": ["assessment:start_for"]}, "/cohortIds"),
        ({"cohortIds": ["01900000-0000-7000-8000-000000000000"]}, "/cohortIds"),
        ({"name": "  "}, "/name"),
    ],
)
async def test_what_no_key_may_be_is_refused(admin: Student, change: dict[str, Any], pointer: str) -> None:
    """A permission that is people's, none at all, a key without an end or past the one that is set, a confinement that holds nothing."""
    refused = await admin.request("POST", "/service-accounts", json=REPORTING | change)
    assert refused.status_code == 422, refused.text
    assert pointer in {each["pointer"] for each in refused.json()["errors"]}


async def test_keys_that_are_no_good_are_refused_alike(client: httpx2.AsyncClient, admin: Student, runtime: Runtime) -> None:
    """Unknown, torn, tampered with, expired, revoked and closed: 401, word for word the same."""
    account = await made(admin)
    key, told = account["key"], set()
    other = await made(admin, PLATFORM)

    async def refused(shown: str) -> None:
        answer = await Student(client, shown).request("GET", "/tracks")
        assert answer.status_code == 401
        told.add((answer.json()["code"], answer.json()["detail"]))

    head, _, tail = key.removeprefix("assay_sk_").partition("_")
    flipped = "a" if key[-1] != "a" else "b"
    unknown = other["key"].replace(other["keys"][0]["publicId"], head)
    for shown in ("assay_sk_", key[:-1], key + "a", key[:-1] + flipped, unknown, f"assay_sk_{head}_{tail[::-1]}"):
        await refused(shown)
    assert (await machine(client, account).request("GET", "/tracks")).status_code == 200
    await run(runtime, "UPDATE service_keys SET expires_at = clock_timestamp() RETURNING 1")
    runtime.service_keys.forget()
    await refused(key)
    await run(runtime, "UPDATE service_keys SET expires_at = clock_timestamp() + interval '1 day' RETURNING 1")
    assert (await machine(client, account).request("GET", "/tracks")).status_code == 200
    path = f"/service-accounts/{account['id']}"
    assert (await admin.request("DELETE", f"{path}/keys/{account['keys'][0]['id']}")).status_code == 204
    await refused(key)
    assert (await admin.request("DELETE", f"{path}/keys/{account['keys'][0]['id']}")).status_code == 404
    assert (await admin.request("DELETE", f"/service-accounts/{other['id']}")).status_code == 204
    await refused(other["key"])
    assert (await admin.request("GET", f"/service-accounts/{other['id']}")).status_code == 404
    assert len(told) == 1


async def test_a_key_with_a_good_checksum_and_another_secret_is_refused(
    client: httpx2.AsyncClient, admin: Student, runtime: Runtime
) -> None:
    """The public id alone opens nothing: the whole key is held against its hash."""
    account, other = await made(admin), await made(admin)
    public = other["keys"][0]["publicId"]
    await run(runtime, f"UPDATE service_keys SET public_id = 'gone' WHERE public_id = '{account['keys'][0]['publicId']}' RETURNING 1")
    await run(runtime, f"UPDATE service_keys SET public_id = '{account['keys'][0]['publicId']}' WHERE public_id = '{public}' RETURNING 1")
    assert (await machine(client, account).request("GET", "/tracks")).status_code == 401


async def test_two_keys_at_once_while_a_machine_changes_over(client: httpx2.AsyncClient, admin: Student, runtime: Runtime) -> None:
    """A second key is good beside the first; a third is refused until one is revoked; each step stands in the audit trail."""
    account = await made(admin)
    path = f"/service-accounts/{account['id']}"
    second = await admin.request("POST", f"{path}/keys", json={"expiresInDays": 60})
    assert second.status_code == 201, second.text
    for each in (account, second.json()):
        assert (await machine(client, each).request("GET", "/tracks")).status_code == 200
    third = await admin.request("POST", f"{path}/keys", json={"expiresInDays": 60})
    assert (third.status_code, third.json()["code"]) == (409, "two_keys")
    assert (await admin.request("DELETE", f"{path}/keys/{account['keys'][0]['id']}")).status_code == 204
    assert (await machine(client, account).request("GET", "/tracks")).status_code == 401
    assert (await machine(client, second.json()).request("GET", "/tracks")).status_code == 200
    assert (await admin.request("POST", f"{path}/keys", json={"expiresInDays": 60})).status_code == 201
    told = await actions(runtime, account)
    assert [action for action, _ in told] == [
        "service_account:create", "service_account:make_key", "service_account:revoke_key", "service_account:make_key",
    ]  # fmt: skip
    assert told[0][1] == {
        "scopes": sorted(REPORTING["scopes"]), "cohorts": [], "key": account["keys"][0]["publicId"], "days": 30,
    }  # fmt: skip


async def test_a_key_is_told_once(client: httpx2.AsyncClient, admin: Student, runtime: Runtime, log_lines: io.StringIO) -> None:
    """It is in no listing, no table and no log line, not even of a request that carries it; the hour of its last use is."""
    answer = await admin.request("POST", "/service-accounts", json=REPORTING, headers={"Idempotency-Key": "once"})
    account = answer.json()
    assert (await admin.request("POST", "/service-accounts", json=REPORTING, headers={"Idempotency-Key": "once"})).json() == account
    key = account["key"]
    secret = key.rpartition("_")[2][:43]
    assert (await machine(client, account).request("GET", "/tracks")).status_code == 200
    listed = (await admin.request("GET", "/service-accounts")).text
    assert secret not in listed
    async with runtime.open_uow() as uow:
        tables = [list(await uow.session.scalars(text(f'SELECT row_to_json(t)::text FROM "{name}" t'))) for name in Base.metadata.tables]
    assert not any(secret in row for rows in tables for row in rows)
    assert secret not in log_lines.getvalue()
    assert "correlation" in log_lines.getvalue()
    used = (await admin.request("GET", f"/service-accounts/{account['id']}")).json()["keys"][0]["lastUsedAt"]
    assert used.endswith(":00:00Z")
    assert await run(runtime, "SELECT count(*) FROM service_accounts") == 1


async def test_a_platform_starts_an_assessment_for_a_student(
    client: httpx2.AsyncClient, admin: Student, runtime: Runtime, track_id: UUID
) -> None:
    """It gets the link that opens it; asked again it gets the same one; the student finds the assessment as their own."""
    platform = machine(client, await made(admin, PLATFORM))
    wanted = {"trackId": str(track_id), "student": {"email": "student@assay.example"}}
    started = await platform.request("POST", "/assessments/start-for", json=wanted, headers={"Idempotency-Key": "1"})
    assert started.status_code == 201, started.text
    again = await platform.request("POST", "/assessments/start-for", json=wanted)
    assert (again.status_code, again.json()["assessmentId"]) == (200, started.json()["assessmentId"])
    assert "questions" not in started.json()
    assert started.json()["url"].startswith(f"{runtime.settings.public_url}/resume?token=")
    resumed = await client.post("/api/v1/assessments/resume", json={"resumeToken": started.json()["resumeToken"]})
    assert resumed.json()["assessment"]["assessmentId"] == started.json()["assessmentId"]
    assert (await platform.request("GET", f"/assessments/{started.json()['assessmentId']}")).status_code == 403


async def test_students_are_found_by_their_name_elsewhere(
    client: httpx2.AsyncClient, admin: Student, runtime: Runtime, track_id: UUID, student_actor: Actor
) -> None:
    """Issuer and subject name them; who is no student, or nobody, is not there."""
    platform = machine(client, await made(admin, PLATFORM))
    async with runtime.open_uow() as uow:
        await uow.external_identities.add(student_actor.id, "https://sso.example.edu", "s-17")

    async def asked(**student: str) -> int:
        body = {"trackId": str(track_id), "student": student}
        return (await platform.request("POST", "/assessments/start-for", json=body)).status_code

    assert await asked(issuer="https://sso.example.edu", subject="s-17") == 201
    assert await asked(issuer="https://sso.example.edu", subject="s-18") == 404
    assert await asked(email="advisor@assay.example") == 404
    assert await asked(email="nobody@assay.example") == 404
    assert await asked(email="student@assay.example", subject="s-17", issuer="https://sso.example.edu") == 422
    assert await asked() == 422


async def test_a_key_that_is_confined_reaches_its_cohorts_alone(
    client: httpx2.AsyncClient, admin: Student, runtime: Runtime, track_id: UUID, student_actor: Actor
) -> None:
    """Students of others are not there, as if they never were."""
    spare = (await admin.request("POST", "/cohorts", json={"name": "Spare"})).json()["id"]
    confined = machine(client, await made(admin, PLATFORM | {"cohortIds": [spare]}))
    body = {"trackId": str(track_id), "student": {"email": "student@assay.example"}}
    assert (await confined.request("POST", "/assessments/start-for", json=body)).status_code == 404
    assert (await admin.request("PUT", f"/cohorts/{spare}/members/{student_actor.id}")).status_code < 300
    assert (await confined.request("POST", "/assessments/start-for", json=body)).status_code == 201
    async with runtime.open_uow() as uow:
        await identity.add_account(uow, runtime.passwords, email="n@uni.example", name="N", role=Role.STUDENT, password="p" * 20)
    body["student"] = {"email": "n@uni.example"}
    assert (await confined.request("POST", "/assessments/start-for", json=body)).status_code == 404

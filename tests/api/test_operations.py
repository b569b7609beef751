"""Health, metrics, correlation and the route table."""

import json
from uuid import UUID

import httpx2
from journeys import Student
from sqlalchemy import text

from assay.api.app import create_api
from assay.runtime import Runtime

ROUTES = {
    ("POST", "/auth/token"): None,
    ("POST", "/auth/refresh"): None,
    ("POST", "/auth/logout"): None,
    ("POST", "/auth/logout-everywhere"): "any",
    ("POST", "/auth/backchannel-logout/{provider}"): None,
    ("GET", "/me"): "any",
    ("GET", "/me/learning"): "assessment:take",
    ("PUT", "/me/learning"): "assessment:take",
    ("GET", "/tracks"): "track:read",
    ("POST", "/tracks"): "track:write",
    ("GET", "/tracks/{track_id}"): "track:read",
    ("PUT", "/tracks/{track_id}"): "track:write",
    ("DELETE", "/tracks/{track_id}"): "track:write",
    ("GET", "/questions"): "question:write",
    ("POST", "/questions"): "question:write",
    ("GET", "/questions/export"): "question:write",
    ("GET", "/questions/export/report"): "question:write",
    ("POST", "/questions/import"): "question:write",
    ("GET", "/questions/statistics"): "question:write",
    ("GET", "/questions/{question_id}/statistics"): "question:write",
    ("GET", "/questions/{question_id}"): "question:write",
    ("PUT", "/questions/{question_id}"): "question:write",
    ("DELETE", "/questions/{question_id}"): "question:write",
    ("GET", "/questions/{question_id}/versions"): "question:write",
    ("POST", "/questions/{question_id}/dry-run"): "question:write",
    ("POST", "/questions/dry-run"): "question:write",
    ("POST", "/questions/{question_id}/activate"): "question:write",
    ("POST", "/questions/{question_id}/deactivate"): "question:write",
    ("GET", "/credentials"): "track:read",
    ("POST", "/credentials"): "credential:write",
    ("POST", "/credentials/import"): "credential:write",
    ("GET", "/credentials/imports"): "credential:write",
    ("GET", "/credentials/imports/{import_id}"): "credential:write",
    ("GET", "/credentials/imports/{import_id}/problems"): "credential:write",
    ("POST", "/credentials/imports/{import_id}/confirm"): "credential:write",
    ("GET", "/credentials/export"): "credential:write",
    ("GET", "/credentials/{credential_id}"): "track:read",
    ("PUT", "/credentials/{credential_id}"): "credential:write",
    ("DELETE", "/credentials/{credential_id}"): "credential:write",
    ("GET", "/credentials/{credential_id}/versions"): "credential:write",
    ("POST", "/credentials/{credential_id}/publish"): "credential:write",
    ("POST", "/assessments/start"): "assessment:take",
    ("POST", "/assessments/start-for"): "assessment:start_for",
    ("GET", "/assessments"): "assessment:read",
    ("POST", "/assessments/resume"): None,
    ("GET", "/assessments/{assessment_id}"): "assessment:read",
    ("PATCH", "/assessments/{assessment_id}/responses"): "assessment:take",
    ("POST", "/assessments/{assessment_id}/submit"): "assessment:take",
    ("GET", "/assessments/{assessment_id}/status"): "assessment:read",
    ("GET", "/assessments/{assessment_id}/events"): "assessment:read",
    ("GET", "/assessments/{assessment_id}/result"): "assessment:read",
    ("POST", "/assessments/{assessment_id}/what-if"): "assessment:read",
    ("POST", "/recommendations/{recommendation_id}/feedback"): "feedback:give",
    ("POST", "/essay-scores/{essay_score_id}/override"): "essay:override",
    ("POST", "/assessments/{assessment_id}/flags"): "assessment:flag",
    ("GET", "/assessments/{assessment_id}/notes"): "assessment:flag",
    ("POST", "/assessments/{assessment_id}/notes"): "assessment:flag",
    ("POST", "/assessments/{assessment_id}/release"): "assessment:release",
    ("GET", "/advisor/cohorts"): "cohort:read",
    ("GET", "/advisor/cohorts/{cohort_id}/assessments"): "cohort:read",
    ("GET", "/advisor/agreement"): "agreement:read",
    ("GET", "/dashboards/feedback"): "feedback:read",
    ("GET", "/dashboards/operations"): "operations:read",
    ("GET", "/dashboards/pilot"): "operations:read",
    ("GET", "/index/versions"): "index:manage",
    ("POST", "/index/versions"): "index:manage",
    ("GET", "/index/versions/{version_id}"): "index:manage",
    ("POST", "/index/versions/{version_id}/activate"): "index:manage",
    ("POST", "/index/rebuild"): "index:manage",
    ("POST", "/index/rollback"): "index:manage",
    ("GET", "/index/drift"): "index:manage",
    ("GET", "/jobs"): "job:manage",
    ("GET", "/jobs/{job_id}"): "job:manage",
    ("POST", "/jobs/resend"): "job:manage",
    ("POST", "/jobs/{job_id}/resend"): "job:manage",
    ("GET", "/me/export"): "any",
    ("POST", "/assessments/{assessment_id}/inspect"): "assessment:inspect",
    ("POST", "/people/find"): "person:manage",
    ("POST", "/people"): "person:manage",
    ("PUT", "/people/{person_id}/role"): "person:manage",
    ("POST", "/people/{person_id}/password-link"): "person:manage",
    ("GET", "/people/{person_id}"): "person:manage",
    ("GET", "/people/{person_id}/export"): "person:manage",
    ("POST", "/people/{person_id}/erase"): "person:manage",
    ("PUT", "/people/{person_id}/hold"): "person:manage",
    ("DELETE", "/people/{person_id}/hold"): "person:manage",
    ("GET", "/service-accounts"): "service_account:manage",
    ("POST", "/service-accounts"): "service_account:manage",
    ("GET", "/service-accounts/{account_id}"): "service_account:manage",
    ("DELETE", "/service-accounts/{account_id}"): "service_account:manage",
    ("POST", "/service-accounts/{account_id}/keys"): "service_account:manage",
    ("DELETE", "/service-accounts/{account_id}/keys/{key_id}"): "service_account:manage",
    ("GET", "/cohorts"): "cohort:manage",
    ("POST", "/cohorts"): "cohort:manage",
    ("GET", "/cohorts/{cohort_id}"): "cohort:manage",
    ("PUT", "/cohorts/{cohort_id}"): "cohort:manage",
    ("GET", "/cohorts/{cohort_id}/members"): "cohort:manage",
    ("PUT", "/cohorts/{cohort_id}/members/{person_id}"): "cohort:manage",
    ("DELETE", "/cohorts/{cohort_id}/members/{person_id}"): "cohort:manage",
    ("POST", "/cohorts/{cohort_id}/members/import"): "cohort:manage",
    ("GET", "/audit"): "audit:read",
    ("GET", "/audit/verify"): "audit:read",
    ("GET", "/audit/export"): "audit:read",
    ("GET", "/retention/runs"): "retention:read",
    ("GET", "/webhooks/endpoints"): "webhook:manage",
    ("POST", "/webhooks/endpoints"): "webhook:manage",
    ("GET", "/webhooks/endpoints/{endpoint_id}"): "webhook:manage",
    ("DELETE", "/webhooks/endpoints/{endpoint_id}"): "webhook:manage",
    ("POST", "/webhooks/endpoints/{endpoint_id}/rotate"): "webhook:manage",
    ("POST", "/webhooks/endpoints/{endpoint_id}/enable"): "webhook:manage",
    ("POST", "/webhooks/endpoints/{endpoint_id}/disable"): "webhook:manage",
    ("POST", "/webhooks/endpoints/{endpoint_id}/resend-failed"): "webhook:manage",
    ("GET", "/webhooks/deliveries"): "webhook:manage",
    ("GET", "/webhooks/deliveries/{delivery_id}"): "webhook:manage",
    ("POST", "/webhooks/deliveries/{delivery_id}/resend"): "webhook:manage",
}
"""Route and permission; None is open by design, `any` is any signed-in caller."""


def test_every_route_declares_its_permission() -> None:
    """The golden table of routes and permissions, read from the signatures."""
    found = {}
    for route in _routes():
        permissions = {getattr(each.call, "permission", None) for each in route.dependant.dependencies}
        names = {each.call.__name__ for each in route.dependant.dependencies}
        named = {str(permission) for permission in permissions if permission}
        for method in route.methods:
            found[method, route.path] = named.pop() if named else "any" if "get_person" in names else None
    assert found == ROUTES


def _routes() -> list:
    from fastapi.routing import APIRoute, iter_route_contexts  # noqa: PLC0415

    return [context.route for context in iter_route_contexts(create_api().routes) if isinstance(context.route, APIRoute)]


def test_every_error_is_documented() -> None:
    """Each operation that needs a token documents 401, and problems have one schema."""
    document = create_api().openapi()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if ROUTES[method.upper(), path] is not None:
                assert "401" in operation["responses"], (method, path)
            assert operation["summary"]
            assert list(operation["responses"]["422"]["content"]) == ["application/problem+json"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


async def test_healthy_and_ready(client: httpx2.AsyncClient) -> None:
    """Each dependency by name, with a latency."""
    assert (await client.get("/healthz")).text == "ok"
    ready = await client.get("/readyz")
    assert ready.status_code == 200, ready.text
    assert {name: each["state"] for name, each in ready.json()["dependencies"].items()} == {
        "database": "up",
        "redis": "up",
        "index": "up",
        "vectors": "up",
    }


async def test_vectors_that_are_gone_are_degraded_and_named(client: httpx2.AsyncClient, runtime: Runtime) -> None:
    """Without pgvector results are made by full text alone: still ready, and whoever looks is told what is missing."""
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("DROP EXTENSION vector CASCADE"))
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()["ready"], ready.json()["degraded"]) == (200, True, True)
    assert "pgvector" in ready.json()["dependencies"]["vectors"]["error"]


async def test_correlation_id_is_taken_or_made(client: httpx2.AsyncClient) -> None:
    """A given one comes back; a malformed one is replaced, never echoed."""
    given = await client.get("/healthz", headers={"X-Correlation-Id": "request-0123456789"})
    assert given.headers["x-correlation-id"] == "request-0123456789"
    odd = await client.get("/healthz", headers={"X-Correlation-Id": 'x" onload="'})
    assert "onload" not in odd.headers["x-correlation-id"]


async def test_requests_are_measured_by_route_role_and_track(student: Student, track_id: UUID) -> None:
    """Templates, not paths with ids, label the histogram; who asked by role, what it was about by the track's slug."""
    await student.request("GET", "/tracks")
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    await student.client.get("/api/v1/me")
    page = (await student.client.get("/metrics")).text
    start, about = 'method="POST",role="student",route="/api/v1/assessments/start"', 'track="backend-engineer"'
    assert any(start in line and about in line for line in page.splitlines())
    assert 'method="GET",role="student",route="/api/v1/tracks",status="200",track="none"' in page
    assert 'method="GET",role="none",route="/api/v1/me",status="401",track="none"' in page
    assert bundle["assessmentId"] not in page


async def test_security_headers_on_every_answer(client: httpx2.AsyncClient) -> None:
    """Also on errors."""
    for path in ("/healthz", "/api/v1/nothing", "/api/v1/me", "/api/v1/openapi.json"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert headers["cache-control"] == "no-store", path


async def test_openapi_is_served(client: httpx2.AsyncClient) -> None:
    """At the documented address, naming every route."""
    document = json.loads((await client.get("/api/v1/openapi.json")).text)
    assert len(document["paths"]) == len({path for _, path in ROUTES})

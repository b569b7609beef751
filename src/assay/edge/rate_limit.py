"""Which routes cost alike, whose bucket a request takes from, and what the answer says of it."""

from collections.abc import Mapping
from contextlib import suppress
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import Final
from uuid import UUID

from fastapi import Request

from assay.domain.errors import RateLimited, Unauthenticated
from assay.domain.quotas import RouteClass, Taken
from assay.edge.dependencies import SAFE_METHODS
from assay.runtime import Runtime

CLASSES: Final[Mapping[tuple[str, str], RouteClass]] = {
    ("POST", "/auth/token"): RouteClass.SIGN_IN,
    ("POST", "/auth/refresh"): RouteClass.SIGN_IN,
    ("POST", "/assessments/resume"): RouteClass.SIGN_IN,
    ("POST", "/sign-in"): RouteClass.SIGN_IN,
    ("POST", "/resume"): RouteClass.SIGN_IN,
    ("POST", "/choose-password"): RouteClass.SIGN_IN,
    ("GET", "/sign-in/{provider}"): RouteClass.SIGN_IN,
    ("GET", "/sign-in/{provider}/callback"): RouteClass.SIGN_IN,
    ("POST", "/assessments/start"): RouteClass.START,
    ("POST", "/tracks/{track}/start"): RouteClass.START,
    ("POST", "/assessments/{assessment_id}/submit"): RouteClass.SUBMIT,
    ("POST", "/questions/dry-run"): RouteClass.SUBMIT,
    ("POST", "/questions/{question_id}/dry-run"): RouteClass.SUBMIT,
    ("POST", "/admin/questions/try"): RouteClass.SUBMIT,
    ("POST", "/admin/questions/{question_id:uuid}/try"): RouteClass.SUBMIT,
    ("POST", "/credentials/import"): RouteClass.BULK,
    ("GET", "/credentials/export"): RouteClass.BULK,
    ("POST", "/questions/import"): RouteClass.BULK,
    ("GET", "/questions/export"): RouteClass.BULK,
    ("POST", "/admin/questions/import"): RouteClass.BULK,
    ("GET", "/admin/questions/export"): RouteClass.BULK,
    ("GET", "/admin/questions/export.zip"): RouteClass.BULK,
    ("POST", "/cohorts/{cohort_id}/members/import"): RouteClass.BULK,
    ("GET", "/advisor/export.csv"): RouteClass.BULK,
    ("GET", "/audit/export"): RouteClass.BULK,
    ("GET", "/audit/verify"): RouteClass.BULK,
    ("GET", "/me/export"): RouteClass.BULK,
    ("GET", "/people/{person_id}/export"): RouteClass.BULK,
}
"""Routes that cost more than reading or writing a row, in the API and on the pages."""
_PREFIX_V6: Final = 64
"""What one customer is given; the rest of an address is the customer's own to vary (RFC 6177)."""


async def limited(request: Request) -> None:
    """Count a request to the API; a dependency of the whole application. Raises `RateLimited`, `Unavailable`."""
    runtime: Runtime = request.app.state.runtime
    token = _token(request)
    if runtime.service_keys.issued(token):
        await _count_machine(request, runtime, token)
    else:
        await count(request, _bearer(runtime, token) if token else None)


async def count(request: Request, who: UUID | None) -> None:
    """Take a token from the bucket of `who`, or of the address while nobody is known, and have the answer say what is left.

    Raises `RateLimited` when it is empty, and `Unavailable` for signing in while Redis is away.
    """
    runtime: Runtime = request.app.state.runtime
    kind = CLASSES.get((request.method, getattr(request.scope.get("route"), "path", "")))
    if who is None or kind is RouteClass.SIGN_IN:
        kind, subject = kind or RouteClass.STRANGER, address(request)
    else:
        kind, subject = kind or (RouteClass.READ if request.method in SAFE_METHODS else RouteClass.WRITE), str(who)
    try:
        taken = await runtime.rate_limits.take(kind, subject)
    except RateLimited as error:
        request.scope["state"]["rate_limit"] = refused(kind, error.retry_after)
        raise
    if taken is not None:
        request.scope["state"]["rate_limit"] = told(kind, taken)


def told(kind: RouteClass, taken: Taken) -> tuple[tuple[bytes, bytes], ...]:
    """What an answer says of the bucket (draft-ietf-httpapi-ratelimit-headers-10)."""
    quota = taken.quota
    return (
        (b"ratelimit-policy", f'"{kind}";q={quota.burst};w={ceil(quota.window)}'.encode()),
        (b"ratelimit", f'"{kind}";r={taken.remaining};t={ceil(taken.reset_after)}'.encode()),
    )


def refused(kind: RouteClass, retry_after: float) -> tuple[tuple[bytes, bytes], ...]:
    """What a refusal says of it."""
    return ((b"ratelimit", f'"{kind}";r=0;t={ceil(retry_after)}'.encode()),)


def address(request: Request) -> str:
    """Where a request comes from, as a subject: one way, so that no address is kept. Of IPv6 the network alone."""
    given = request.client.host if request.client else ""
    with suppress(ValueError):
        known = ip_address(given)
        given = str(ip_network((known, _PREFIX_V6), strict=False) if isinstance(known, IPv6Address) else known)
    return blake2b(given.encode(), digest_size=12).hexdigest()


async def _count_machine(request: Request, runtime: Runtime, token: str) -> None:
    """As `count`, for a key of a service account.

    One that was not shown just now counts as a stranger's too, before it is looked up: whoever tries keys cannot have as many looked up
    as they like, and cannot use up the bucket of an account either.
    """
    known = runtime.service_keys.believed(token)
    if known is None:
        await count(request, None)
        with suppress(Unauthenticated):  # the route itself refuses it
            known = await runtime.service_keys.authenticate(runtime.open_uow, token)
    if known is not None:
        await count(request, known.id)


def _token(request: Request) -> str:
    """The bearer token; empty where there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def _bearer(runtime: Runtime, token: str) -> UUID | None:
    """Who asks, by access token; None for tokens that are no good, which the route itself refuses."""
    try:
        if runtime.single_sign_on.issues(token):
            return actor.id if (actor := runtime.single_sign_on.believed(token)) else None
        return runtime.identity.authenticate(token).id
    except Unauthenticated:
        return None

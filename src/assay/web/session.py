"""The cookie session of the pages: an access token the browser cannot read, and the proof that a form came from one of our pages."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.responses import Response

from assay.domain.actors import Actor, Permission
from assay.domain.errors import Forbidden, Unauthenticated
from assay.edge import rate_limit
from assay.runtime import Runtime

CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "X-CSRF-Token"
STALE_FORM: Final = "stale_form"
WITHOUT_SESSION: Final = frozenset({"/sign-in", "/resume"})
"""Forms that somebody who is not signed in may send; the browser's word on where they come from is their whole protection."""

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_MAC_BYTES: Final = hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in, and by which token."""

    actor: Actor
    token: str

    @property
    def csrf(self) -> str:
        """A proof for forms, different each time, so that compressed pages do not give it away (BREACH)."""
        pad = secrets.token_bytes(_MAC_BYTES)
        return urlsafe_b64encode(pad + _xor(pad, _mac(self.token))).decode()

    def accepts(self, proof: str) -> bool:
        """Whether `proof` was made for this session."""
        try:
            raw = urlsafe_b64decode(proof.encode())
        except ValueError:
            return False
        pad, masked = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        return len(raw) == 2 * _MAC_BYTES and hmac.compare_digest(_xor(pad, masked), _mac(self.token))


def current(request: Request) -> Session | None:
    """The session of this request; None without a cookie or with one that is no longer good."""
    if not hasattr(request.state, "session"):
        request.state.session = _read(request)
    session: Session | None = request.state.session
    return session


def begin(request: Request, response: Response, actor: Actor, lifetime: timedelta) -> None:
    """Sign `actor` in on `response`, for `lifetime`."""
    runtime: Runtime = request.app.state.runtime
    token = runtime.identity.tokens.access(actor, runtime.clock(), lifetime)
    response.set_cookie(
        _cookie(request),
        token,
        max_age=int(lifetime.total_seconds()),
        path="/",
        secure=request.app.state.secure_cookies,
        httponly=True,
        samesite="lax",
    )


def end(request: Request, response: Response) -> None:
    """Sign out on `response`."""
    response.delete_cookie(_cookie(request), path="/", secure=request.app.state.secure_cookies, httponly=True, samesite="lax")


def lifetime_of(runtime: Runtime, until: datetime | None = None) -> timedelta:
    """How long a new session lasts: the configured hours, at most to `until`."""
    usual = timedelta(hours=runtime.settings.session_hours)
    return usual if until is None else min(usual, max(until - runtime.clock(), timedelta(0)))


async def guard(request: Request) -> None:
    """Refuse a changing request that does not come from one of our own pages in this session. Runs before every route.

    Raises `Forbidden` for another site's form or a proof of another session, `Unauthenticated` without a session.
    """
    if request.method in _SAFE:
        return
    if not same_origin(request):
        raise Forbidden("This form was sent from another site.", code="cross_site")
    if request.url.path in WITHOUT_SESSION:
        return
    session = signed_in(request)
    proof = request.headers.get(CSRF_HEADER) or (await request.form()).get(CSRF_FIELD)
    if not isinstance(proof, str) or not session.accepts(proof):
        raise Forbidden("This page was opened in an earlier session.", code=STALE_FORM)


async def limited(request: Request) -> None:
    """Count a request to a page. Runs before every route. Raises `RateLimited`, and `Unavailable` for signing in while Redis is away."""
    session = current(request)
    await rate_limit.count(request, session.actor.id if session else None)


def same_origin(request: Request) -> bool:
    """Whether the browser says that the request comes from our own origin. A browser that says nothing is not believed."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    runtime: Runtime = request.app.state.runtime
    ours = {request.headers.get("host", ""), urlsplit(runtime.settings.public_url).netloc}
    return urlsplit(request.headers.get("origin", "")).netloc in ours - {""}


def signed_in(request: Request) -> Session:
    """The session. Raises `Unauthenticated` when there is none."""
    session = current(request)
    if session is None:
        raise Unauthenticated("Sign in to go on.", code="session_ended")
    return session


async def require_session(request: Request) -> Session:
    """The session, as a dependency: asynchronous, since a plain function would be given a thread. Raises `Unauthenticated`."""
    return signed_in(request)


def may(permission: Permission) -> object:
    """The session of somebody who holds `permission`, as a dependency. Raises `Unauthenticated` or `Forbidden`."""

    async def permitted(request: Request) -> Session:
        session = signed_in(request)
        if not session.actor.may(permission):
            raise Forbidden(f"Your role {session.actor.role} does not have the permission {permission}.")
        return session

    permitted.permission = permission  # type: ignore[attr-defined]  # read by the route table's test
    return Depends(permitted)


type Anybody = Annotated[Session, Depends(require_session)]
type TrackReader = Annotated[Session, may(Permission.TRACK_READ)]
type Taker = Annotated[Session, may(Permission.ASSESSMENT_TAKE)]
type Reader = Annotated[Session, may(Permission.ASSESSMENT_READ)]
type FeedbackGiver = Annotated[Session, may(Permission.FEEDBACK_GIVE)]


def _read(request: Request) -> Session | None:
    token = request.cookies.get(_cookie(request))
    if not token:
        return None
    runtime: Runtime = request.app.state.runtime
    try:
        return Session(runtime.identity.authenticate(token), token)
    except Unauthenticated:
        return None


def _cookie(request: Request) -> str:
    # the prefix makes browsers refuse the cookie from a subdomain or without TLS (RFC 6265bis, 4.1.3.2)
    return "__Host-assay" if request.app.state.secure_cookies else "assay"


def _mac(token: str) -> bytes:
    return hmac.digest(token.encode(), b"assay form", "sha256")


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=False))

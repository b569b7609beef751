"""The cookie session of the pages: a secret the browser cannot read, a row the server can end, and the proof that a form is ours."""

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import Response

from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor, Permission
from assay.domain.errors import Forbidden, NotFound, Unauthenticated
from assay.edge import rate_limit
from assay.observability.logging import known
from assay.runtime import Runtime
from assay.services import web_sessions
from assay.services.web_sessions import Limits
from assay.web.devices import device

CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "X-CSRF-Token"
STALE_FORM: Final = "stale_form"
WITHOUT_SESSION: Final = frozenset({"/sign-in", "/resume", "/choose-password"})
"""Forms that somebody who is not signed in may send; the browser's word on where they come from is their whole protection."""

BY_ITSELF: Final = re.compile(r".*(?:/session|(?<!/what-if)/fragment|/events)")
"""What pages ask for by themselves: it does not show that anybody is there."""
UPLOADS: Final = {"/admin/catalog/import": Permission.CREDENTIAL_WRITE}
"""Forms with a whole file: read only once it is known that whoever sends one may."""

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_MAC_BYTES: Final = hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in, in which session, by which secret."""

    actor: Actor
    id: UUID
    secret: str
    idle_left: timedelta
    """Until it ends when nobody does anything in it."""
    rest: timedelta
    """Until it ends in any case."""

    @property
    def csrf(self) -> str:
        """A proof for forms, different each time, so that compressed pages do not give it away (BREACH)."""
        pad = secrets.token_bytes(_MAC_BYTES)
        return urlsafe_b64encode(pad + _xor(pad, _mac(self.secret))).decode()

    def accepts(self, proof: str) -> bool:
        """Whether `proof` was made for this session."""
        try:
            raw = urlsafe_b64decode(proof.encode())
        except ValueError:
            return False
        pad, masked = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        return len(raw) == 2 * _MAC_BYTES and hmac.compare_digest(_xor(pad, masked), _mac(self.secret))


def current(request: Request) -> Session | None:
    """The session of this request, once `load` has read it; None without a cookie or with one that is no longer good."""
    session: Session | None = getattr(request.state, "session", None)
    return session


async def load(request: Request) -> None:
    """Read the session of this request from its cookie, once. Raises `Unavailable`, and there is none then."""
    if hasattr(request.state, "session"):
        return
    request.state.session = None
    if secret := request.cookies.get(_cookie(request)):
        runtime: Runtime = request.app.state.runtime
        active = not BY_ITSELF.fullmatch(request.url.path) or request.method not in _SAFE
        if live := await web_sessions.find(runtime.open_uow, secret, limits_of(runtime), active=active):
            request.state.session = Session(live.actor, live.id, secret, live.idle_left, live.rest)
            known(actor=runtime.pseudonym(live.actor.id), role=live.actor.role.value)


async def begin(request: Request, response: Response, uow: UnitOfWork, actor: Actor, until: datetime | None = None) -> None:
    """Sign `actor` in on `response`, not past `until`; a session that this browser had before ends. Raises `Unauthenticated`."""
    limits = limits_of(request.app.state.runtime)
    if before := current(request):
        await web_sessions.sign_out(uow, before.actor, before.id)
    secret = await web_sessions.begin(uow, actor, limits, device(request.headers.get("user-agent", "")), until)
    response.set_cookie(
        _cookie(request),
        secret,
        max_age=int(limits.lifetime.total_seconds()),
        path="/",
        secure=request.app.state.secure_cookies,
        httponly=True,
        samesite="lax",
    )


def leave(request: Request, response: Response) -> None:
    """Have the browser forget its secret."""
    response.delete_cookie(_cookie(request), path="/", secure=request.app.state.secure_cookies, httponly=True, samesite="lax")


def limits_of(runtime: Runtime) -> Limits:
    """How long sessions last here."""
    settings = runtime.settings
    return Limits(idle=timedelta(minutes=settings.session_idle_minutes), lifetime=timedelta(hours=settings.session_hours))


async def guard(request: Request) -> None:
    """Read the session, and refuse a changing request that does not come from one of our own pages in it. Runs before every route.

    Raises `Forbidden` for another site's form or a proof of another session, `Unauthenticated` without a session.
    """
    await load(request)
    if request.method in _SAFE:
        return
    if not same_origin(request):
        raise Forbidden("This form was sent from another site.", code="cross_site")
    if request.url.path in WITHOUT_SESSION:
        return
    session = signed_in(request)
    if (needed := UPLOADS.get(request.url.path)) and not session.actor.may(needed):
        raise Forbidden(f"Your role {session.actor.role} does not have the permission {needed}.")
    proof = request.headers.get(CSRF_HEADER) or (await request.form()).get(CSRF_FIELD)
    if not isinstance(proof, str) or not session.accepts(proof):
        await request.close()  # whatever file came with it
        raise Forbidden("This page was opened in an earlier session.", code=STALE_FORM)


async def limited(request: Request) -> None:
    """Count a request to a page. Runs before every route. Raises `RateLimited`, and `Unavailable` for signing in while Redis is away."""
    await load(request)
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


async def require_account(request: Request) -> Session:
    """A session of a whole account, as a dependency. Raises `Unauthenticated`, and `NotFound` for one confined to an assessment."""
    session = signed_in(request)
    if session.actor.assessment_id is not None:
        raise NotFound("A link to one assessment opens nothing else. Sign in.")
    return session


type Anybody = Annotated[Session, Depends(require_session)]
type Owner = Annotated[Session, Depends(require_account)]
type TrackReader = Annotated[Session, may(Permission.TRACK_READ)]
type Taker = Annotated[Session, may(Permission.ASSESSMENT_TAKE)]
type Reader = Annotated[Session, may(Permission.ASSESSMENT_READ)]
type FeedbackGiver = Annotated[Session, may(Permission.FEEDBACK_GIVE)]


def _cookie(request: Request) -> str:
    # the prefix makes browsers refuse the cookie from a subdomain or without TLS (RFC 6265bis, 4.1.3.2)
    return "__Host-assay-session" if request.app.state.secure_cookies else "assay-session"


def _mac(secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"assay form", "sha256")


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=False))

"""Signing in and out, and continuing one assessment on another device."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from assay.domain.errors import Unauthenticated
from assay.edge.dependencies import RuntimeDep, Uow
from assay.runtime import Runtime
from assay.services import assessments, web_sessions
from assay.services.identity import DEMO_PASSWORD, DEMO_PEOPLE
from assay.web import known_devices, session, single_sign_on
from assay.web.rendering import page
from assay.web.session import Anybody, Session
from assay.web.single_sign_on import local_path

router = APIRouter()

DONE = {
    "everywhere": "You are signed out everywhere.",
    "password": "The password is set. Sign in with it.",
}
"""What has just been done, by the code in the address."""
MAX_EMAIL = 320
MAX_PASSWORD = 256


@router.get("/sign-in")
async def show_sign_in(request: Request, runtime: RuntimeDep, next: str = "/", done: str = "") -> Response:  # noqa: A002 - the name in the address
    """The form; whoever is signed in goes straight on."""
    if session.current(request) is not None:
        return _to(local_path(next))
    return _form(request, runtime, local_path(next), notice=DONE.get(done, ""))


@router.post("/sign-in")
async def sign_in(
    request: Request,
    runtime: RuntimeDep,
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002 - the name in the form
) -> Response:
    """Begin a session, or say what did not fit."""
    target = local_path(next)
    if problems := _missing(email, password):
        return _form(request, runtime, target, email=email, problems=problems)
    await known_devices.admit(request, email)
    try:
        actor = await runtime.identity.recognise(runtime.open_uow, email.strip(), password)
    except Unauthenticated:
        wrong = {"email": "This e-mail and password do not go together. Check both; capital letters count in the password."}
        return _form(request, runtime, target, email=email, problems=wrong)
    answer = _to(target)
    async with runtime.open_uow() as uow:
        await session.begin(request, answer, uow, actor)
    known_devices.remember(request, answer, email)
    return answer


@router.post("/sign-out")
async def sign_out(request: Request, who: Anybody, uow: Uow) -> Response:
    """End the session of this browser."""
    await web_sessions.sign_out(uow, who.actor, who.id)
    answer = _to(single_sign_on.after_sign_out(request))
    session.leave(request, answer)
    return answer


@router.get("/session")
async def show_session(who: Anybody) -> Response:
    """How the session stands, for a page that stayed open: a fresh proof for its forms, and how many seconds there are left."""
    return JSONResponse(_standing(who))


@router.post("/session")
async def extend_session(who: Anybody) -> Response:
    """Somebody is there: the idle time begins anew."""
    return JSONResponse(_standing(who))


@router.get("/resume")
async def show_resume(request: Request, token: str = "") -> Response:
    """Ask before this device takes an assessment over: a link alone must not change who is signed in."""
    return page(request, "resume.html", token=token, problem="")


@router.post("/resume")
async def resume(request: Request, runtime: RuntimeDep, uow: Uow, token: Annotated[str, Form()] = "") -> Response:
    """Open the assessment that `token` names, in a session for nothing else; its owner keeps the session they have."""
    try:
        resumed = await assessments.resume(uow, runtime.bank, runtime.identity, token)
    except Unauthenticated:
        problem = "This link is incomplete, has expired, or was not made here. Copy it again from your other device."
        return page(request, "resume.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, token=token, problem=problem)
    actor = runtime.identity.authenticate(resumed.access_token)
    answer = _to(f"/assessments/{resumed.assessment.assessment_id}")
    who = session.current(request)
    if who is None or who.actor.id != actor.id:
        await session.begin(request, answer, uow, actor, resumed.assessment.expires_at)
    return answer


def _standing(who: Session) -> dict[str, str | int]:
    return {"csrf": who.csrf, "idleLeft": int(who.idle_left.total_seconds()), "rest": int(who.rest.total_seconds())}


def _missing(email: str, password: str) -> dict[str, str]:
    bounds = {"email": (email.strip(), MAX_EMAIL, "e-mail address"), "password": (password, MAX_PASSWORD, "password")}
    return {name: f"Write your {what}." for name, (given, most, what) in bounds.items() if not 0 < len(given) <= most}


def _form(
    request: Request, runtime: Runtime, target: str, *, email: str = "", problems: dict[str, str] | None = None, notice: str = ""
) -> Response:
    demo = DEMO_PEOPLE if str(runtime.settings.environment) == "embedded" else ()
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    return page(
        request,
        "sign_in.html",
        status=status,
        notice=notice,
        next=target,
        email=email,
        problems=problems or {},
        providers=runtime.single_sign_on.buttons,
        demo=demo,
        demo_password=DEMO_PASSWORD,
    )


def _to(path: str) -> RedirectResponse:
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)

"""The account: who one is, where one is signed in, and a copy of everything that is kept."""

from http import HTTPStatus
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from assay.domain.actors import Permission
from assay.edge.dependencies import RuntimeDep, Uow
from assay.services import enrolment, identity, learning, personal_data, web_sessions
from assay.web import session
from assay.web.rendering import page
from assay.web.session import Owner

router = APIRouter(prefix="/account")

DONE: Final = {
    "ended": "That device is signed out.",
    "learned": "Saved. The next recommendation takes it into account.",
}
"""What has just been done, by the code in the address."""


@router.get("")
async def show(request: Request, who: Owner, runtime: RuntimeDep, uow: Uow, done: str = "") -> Response:
    """Who I am, where I am signed in, what I may do about it."""
    return page(
        request,
        "account.html",
        notice=DONE.get(done, ""),
        person=await identity.describe(uow, who.actor),
        cohorts=await enrolment.own_cohorts(uow, who.actor),
        sessions=await web_sessions.mine(uow, who.actor, who.id, session.limits_of(runtime)),
        learned=await learning.read(uow, who.actor) if who.actor.may(Permission.ASSESSMENT_TAKE) else None,
        idle_minutes=runtime.settings.session_idle_minutes,
    )


@router.get("/export")
async def export(who: Owner, runtime: RuntimeDep, uow: Uow) -> Response:
    """Everything that is kept about me, as a file."""
    exported = await personal_data.own(uow, who.actor, runtime.clock)
    name = f"assay-{exported.exported_at:%Y-%m-%d}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(exported.model_dump_json(indent=2), media_type="application/json", headers=headers)


@router.post("/sessions/{session_id}/end")
async def end_session(session_id: UUID, request: Request, who: Owner, uow: Uow) -> Response:
    """Sign one device out; one's own is a sign-out like any other."""
    await web_sessions.end(uow, who.actor, session_id)
    if session_id != who.id:
        return RedirectResponse("/account?done=ended", HTTPStatus.SEE_OTHER)
    answer = RedirectResponse("/", HTTPStatus.SEE_OTHER)
    session.leave(request, answer)
    return answer


@router.post("/sign-out-everywhere")
async def sign_out_everywhere(request: Request, who: Owner, runtime: RuntimeDep) -> Response:
    """End every session there is, this one too, and every token of the API."""
    async with runtime.open_uow() as uow:
        await web_sessions.end_everywhere(uow, who.actor)
    await runtime.identity.learn_who_left(runtime.open_uow)
    answer = RedirectResponse("/sign-in?done=everywhere", HTTPStatus.SEE_OTHER)
    session.leave(request, answer)
    return answer

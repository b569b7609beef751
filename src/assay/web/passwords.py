"""Choosing a password: with a link that an admin handed over, or at the account page."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from assay.domain.errors import Invalid, Unauthenticated
from assay.domain.password_rules import LEAST
from assay.edge.dependencies import RuntimeDep, Uow
from assay.services import password_links
from assay.web import session
from assay.web.rendering import page
from assay.web.session import Owner

router = APIRouter()

DONE: Final = "/sign-in?done=password"


@router.get("/choose-password")
async def show_choice(request: Request, uow: Uow, link: str = "") -> Response:
    """The form, if the link is good."""
    if not await password_links.is_good(uow, link):
        return _spent(request)
    return _form(request, link=link)


@router.post("/choose-password")
async def choose(
    request: Request, runtime: RuntimeDep, link: Annotated[str, Form()] = "", password: Annotated[str, Form()] = ""
) -> Response:
    """Set the password; the link is spent, and whoever was signed in is so no more."""
    try:
        await password_links.choose(runtime.open_uow, runtime.passwords, link, password)
    except Unauthenticated:
        return _spent(request)
    except Invalid as error:
        return _form(request, link=link, problems={"password": error.detail})
    return RedirectResponse(DONE, HTTPStatus.SEE_OTHER)


@router.get("/account/password")
async def show_change(request: Request, who: Owner, uow: Uow) -> Response:
    """The form to change one's own; whoever signs in elsewhere alone has none."""
    if not await password_links.can_change(uow, who.actor):
        return page(request, "no_password.html")
    return _form(request)


@router.post("/account/password")
async def change(
    request: Request, who: Owner, runtime: RuntimeDep, present: Annotated[str, Form()] = "", password: Annotated[str, Form()] = ""
) -> Response:
    """Set another password; all sessions end, this one too."""
    try:
        await runtime.guessing.admit_again(who.actor)
        await password_links.change(runtime.open_uow, runtime.passwords, who.actor, present, password)
    except Invalid as error:
        field = "present" if error.error_code == "wrong_password" else "password"
        return _form(request, problems={field: error.detail})
    answer = RedirectResponse(DONE, HTTPStatus.SEE_OTHER)
    session.leave(request, answer)
    return answer


def _form(request: Request, *, link: str = "", problems: dict[str, str] | None = None) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    answer = page(request, "password.html", status=status, link=link, least=LEAST, problems=problems or {})
    answer.headers["referrer-policy"] = "no-referrer"  # the address holds the link
    return answer


def _spent(request: Request) -> Response:
    return page(request, "link_spent.html", status=HTTPStatus.NOT_FOUND)

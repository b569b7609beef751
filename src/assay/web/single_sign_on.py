"""Signing in with a provider elsewhere: the way there, the way back, and out again."""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from assay.domain.errors import DomainError, Forbidden, Unauthenticated, Unavailable
from assay.edge.dependencies import RuntimeDep
from assay.services.single_sign_on import ON_THE_WAY
from assay.web import session
from assay.web.rendering import page

router = APIRouter()

_WAY: Final = "sign-in"
_CAME_BY: Final = "provider"


@router.get("/sign-in/{provider}")
async def depart(request: Request, runtime: RuntimeDep, provider: str, next: str = "/") -> Response:  # noqa: A002 - the name in the address
    """Go to the provider."""
    try:
        departure = await runtime.single_sign_on.depart(provider, local_path(next))
    except Unavailable as error:
        return _not_signed_in(request, error)
    answer = RedirectResponse(departure.url, HTTPStatus.SEE_OTHER)
    _keep(request, answer, _WAY, departure.note, int(ON_THE_WAY.total_seconds()))
    return answer


@router.get("/sign-in/{provider}/callback")
async def arrive(request: Request, runtime: RuntimeDep, provider: str, state: str = "", code: str = "") -> Response:
    """Come back from the provider: begin a session, or say why not."""
    note = request.cookies.get(_cookie(request, _WAY), "")
    try:
        actor, target = await runtime.single_sign_on.arrive(runtime.open_uow, provider, note, state, code)
    except (Forbidden, Unauthenticated, Unavailable) as error:
        return _not_signed_in(request, error)
    answer = RedirectResponse(local_path(target), HTTPStatus.SEE_OTHER)
    _forget(request, answer, _WAY)
    _keep(request, answer, _CAME_BY, provider, None)
    async with runtime.open_uow() as uow:
        await session.begin(request, answer, uow, actor)
    return answer


@router.get("/sign-in/{provider}/signed-out")
async def signed_out(request: Request, runtime: RuntimeDep, provider: str) -> Response:
    """Say that the session here is over, and offer to end the one there."""
    name = dict(runtime.single_sign_on.buttons).get(provider)
    if name is None:
        return RedirectResponse("/", HTTPStatus.SEE_OTHER)
    answer = page(request, "signed_out.html", provider=provider, name=name)
    _forget(request, answer, _CAME_BY)
    return answer


@router.get("/sign-in/{provider}/end")
async def end(runtime: RuntimeDep, provider: str) -> Response:
    """Sign out at the provider too."""
    return RedirectResponse(await runtime.single_sign_on.farewell(provider) or "/", HTTPStatus.SEE_OTHER)


def after_sign_out(request: Request) -> str:
    """Where signing out ends: for whoever came by a provider, on a page that offers to sign out there too."""
    provider = request.cookies.get(_cookie(request, _CAME_BY))
    runtime: RuntimeDep = request.app.state.runtime
    return f"/sign-in/{provider}/signed-out" if provider in dict(runtime.single_sign_on.buttons) else "/"


def local_path(target: str) -> str:
    """`target` if it is a path on this site, else the first page: a sign-in must not end on somebody else's."""
    plain = target.isprintable() and "\\" not in target
    return target if plain and target.startswith("/") and not target.startswith("//") else "/"


def _not_signed_in(request: Request, error: DomainError) -> Response:
    statuses = {Unavailable: HTTPStatus.SERVICE_UNAVAILABLE, Forbidden: HTTPStatus.FORBIDDEN}
    answer = page(request, "not_signed_in.html", status=statuses.get(type(error), HTTPStatus.UNAUTHORIZED), why=error.detail)
    _forget(request, answer, _WAY)
    return answer


def _keep(request: Request, answer: Response, name: str, value: str, seconds: int | None) -> None:
    secure = request.app.state.secure_cookies
    answer.set_cookie(_cookie(request, name), value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax")


def _forget(request: Request, answer: Response, name: str) -> None:
    secure = request.app.state.secure_cookies
    answer.delete_cookie(_cookie(request, name), path="/", secure=secure, httponly=True, samesite="lax")


def _cookie(request: Request, name: str) -> str:
    return f"__Host-assay-{name}" if request.app.state.secure_cookies else f"assay-{name}"

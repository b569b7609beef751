"""Signing in and out, and who I am."""

from fastapi import APIRouter, Request, status

from assay.api.schemas.auth import Credentials, RefreshRequest
from assay.api.v1.problems import problems
from assay.edge.dependencies import AnyActor, RuntimeDep, Uow
from assay.edge.rate_limit import address
from assay.services import identity, web_sessions
from assay.services.identity import Person, TokenPair

router = APIRouter(tags=["identity"])


@router.post("/auth/token", responses=problems(401))
async def sign_in(body: Credentials, request: Request, runtime: RuntimeDep) -> TokenPair:
    """Exchange e-mail and password for an access token and a refresh token."""
    await runtime.guessing.admit(body.email, address(request))
    return await runtime.identity.sign_in(runtime.open_uow, body.email, body.password)


@router.post("/auth/refresh", responses=problems(401))
async def refresh(body: RefreshRequest, runtime: RuntimeDep) -> TokenPair:
    """Exchange a refresh token for new tokens. Each refresh token works once; using one twice ends the session."""
    return await runtime.identity.refresh(runtime.open_uow, body.refresh_token)


@router.post("/auth/logout", status_code=status.HTTP_204_NO_CONTENT, responses=problems())
async def sign_out(body: RefreshRequest, runtime: RuntimeDep) -> None:
    """End the session of a refresh token."""
    await runtime.identity.sign_out(runtime.open_uow, body.refresh_token)


@router.post("/auth/logout-everywhere", status_code=status.HTTP_204_NO_CONTENT, responses=problems(401, 404))
async def sign_out_everywhere(actor: AnyActor, runtime: RuntimeDep) -> None:
    """End all of my sessions: those of the pages, refresh tokens, and access tokens made until now, this one too."""
    async with runtime.open_uow() as uow:
        await web_sessions.end_everywhere(uow, actor)
    await runtime.identity.learn_who_left(runtime.open_uow)


@router.get("/me", responses=problems(401))
async def me(actor: AnyActor, uow: Uow) -> Person:
    """Who I am and what I may do."""
    return await identity.describe(uow, actor)

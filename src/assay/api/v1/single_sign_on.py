"""What identity providers tell us."""

from typing import Annotated

from fastapi import APIRouter, Form, Response

from assay.api.v1.problems import problems
from assay.edge.dependencies import RuntimeDep

router = APIRouter(tags=["identity"])


@router.post("/auth/backchannel-logout/{provider}", responses=problems(401, 404))
async def backchannel_logout(
    provider: str, runtime: RuntimeDep, response: Response, logout_token: Annotated[str, Form(min_length=1, max_length=8_192)]
) -> None:
    """End the sessions of somebody who has signed out at their provider (OpenID Connect Back-Channel Logout 1.0)."""
    response.headers["cache-control"] = "no-store"
    await runtime.single_sign_on.end(runtime.open_uow, provider, logout_token)

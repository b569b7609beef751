"""Browsers in which somebody has signed in before: a signed note that tells nothing but that."""

from typing import Final

from fastapi import Request
from fastapi.responses import Response

from assay.edge.rate_limit import address
from assay.runtime import Runtime
from assay.services.guessing import KNOWN_FOR

SEPARATE: Final = "~"
"""Between the notes of the last few people who signed in here: a family has one computer."""
AT_MOST: Final = 4


async def admit(request: Request, email: str) -> None:
    """Whether a password for this e-mail may be tried from this browser. Raises `RateLimited`, `Unavailable`."""
    runtime: Runtime = request.app.state.runtime
    await runtime.guessing.admit(email, address(request), *_notes(request))


def remember(request: Request, answer: Response, email: str) -> None:
    """Know this browser from now on."""
    runtime: Runtime = request.app.state.runtime
    notes = [runtime.guessing.remember(email), *_notes(request)][:AT_MOST]
    answer.set_cookie(
        _cookie(request),
        SEPARATE.join(notes),
        max_age=int(KNOWN_FOR.total_seconds()),
        path="/",
        secure=request.app.state.secure_cookies,
        httponly=True,
        samesite="lax",
    )


def _notes(request: Request) -> list[str]:
    return [each for each in request.cookies.get(_cookie(request), "").split(SEPARATE)[:AT_MOST] if each]


def _cookie(request: Request) -> str:
    return "__Host-assay-device" if request.app.state.secure_cookies else "assay-device"

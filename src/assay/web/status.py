"""Waiting for the result: stages in plain words, told live where the browser can listen and by reloading where it cannot."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from assay.domain.actors import Role
from assay.domain.progress import AssessmentStatus, Progress
from assay.edge.dependencies import RuntimeDep, Uow
from assay.runtime import Runtime
from assay.services import assessments
from assay.web.rendering import fragment, page
from assay.web.session import Reader, Session

router = APIRouter(prefix="/assessments/{assessment_id}/status")

EVENTS_EVERY_SECONDS: Final = 0.5
EVENTS_FOR_SECONDS: Final = 120.0
_OPEN: Final = frozenset({AssessmentStatus.IN_PROGRESS, AssessmentStatus.EXPIRED})


@router.get("")
async def show(assessment_id: UUID, request: Request, who: Reader, runtime: RuntimeDep, uow: Uow) -> Response:
    """Where it stands. What is finished leads on to the result, unless that is held back, what is not submitted back to its questions."""
    progress = await assessments.status(uow, who.actor, assessment_id)
    if progress.status is AssessmentStatus.COMPLETED and progress.held_back is None:
        return RedirectResponse(f"/assessments/{assessment_id}/result", HTTPStatus.SEE_OTHER)
    if progress.status in _OPEN and who.actor.role is Role.STUDENT:
        return RedirectResponse(f"/assessments/{assessment_id}", HTTPStatus.SEE_OTHER)
    read = await assessments.get(uow, runtime.bank, who.actor, assessment_id)
    return page(request, "status.html", assessment=read, progress=progress)


@router.get("/fragment")
async def show_fragment(assessment_id: UUID, who: Reader, uow: Uow) -> Response:
    """The part of the page that changes; it names the next page once there is one."""
    return HTMLResponse(_fragment(assessment_id, await assessments.status(uow, who.actor, assessment_id)))


@router.get("/events")
async def events(assessment_id: UUID, who: Reader, runtime: RuntimeDep) -> Response:
    """The same part as server-sent events, one whenever it changes."""
    async with runtime.open_uow(autocommit=True) as uow:
        first = await assessments.status(uow, who.actor, assessment_id)
    return StreamingResponse(_changes(runtime, who, assessment_id, first), media_type="text/event-stream")


async def _changes(runtime: Runtime, who: Session, assessment_id: UUID, progress: Progress) -> AsyncIterator[str]:
    told = ""
    for _ in range(round(EVENTS_FOR_SECONDS / EVENTS_EVERY_SECONDS)):
        if (now := _fragment(assessment_id, progress)) != told:
            told = now
            yield "event: status\n" + "".join(f"data: {line}\n" for line in now.splitlines()) + "\n"
        if progress.status is not AssessmentStatus.PROCESSING:
            return
        await asyncio.sleep(EVENTS_EVERY_SECONDS)
        async with runtime.open_uow(autocommit=True) as uow:
            progress = await assessments.status(uow, who.actor, assessment_id)


def _fragment(assessment_id: UUID, progress: Progress) -> str:
    ready = progress.status is AssessmentStatus.COMPLETED
    # of a result that is held back the page of the status itself tells
    next_page = f"/assessments/{assessment_id}/{'status' if progress.held_back else 'result'}" if ready else ""
    return fragment("status_fragment.html", progress=progress, next_page=next_page)

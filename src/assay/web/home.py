"""The first page: what Assay is for somebody new, and for everybody else what is theirs."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from assay.domain.actors import Role
from assay.domain.progress import AssessmentStatus
from assay.edge.dependencies import RuntimeDep, Uow
from assay.services import assessments, tracks
from assay.services.assessments import AssessmentSummary
from assay.web import session
from assay.web.rendering import page
from assay.web.session import Session

router = APIRouter()

PAGE_SIZE = 50
ORDER = (AssessmentStatus.IN_PROGRESS, AssessmentStatus.PROCESSING, AssessmentStatus.COMPLETED, AssessmentStatus.EXPIRED)


@router.get("/")
async def home(request: Request, runtime: RuntimeDep, uow: Uow, cursor: UUID | None = None) -> Response:
    """The first page, by role."""
    who = session.current(request)
    match who.actor.role if who else None:
        case Role.STUDENT if who:
            return await _student(request, uow, who, cursor, runtime.clock())
        case Role.ADVISOR if who:
            listed = await assessments.list_visible(uow, who.actor, cursor, PAGE_SIZE)
            return page(request, "home_advisor.html", listed=listed, now=runtime.clock())
        case Role.ADMIN:
            return page(request, "home_admin.html", tracks=await tracks.list_tracks(uow, session.signed_in(request).actor))
        case _:
            return page(request, "home.html")


async def _student(request: Request, uow: Uow, who: Session, cursor: UUID | None, now: datetime) -> Response:
    listed = await assessments.list_visible(uow, who.actor, cursor, PAGE_SIZE)
    mine = sorted(listed.items, key=_urgency)
    confined = who.actor.assessment_id is not None
    offered = [] if confined else await tracks.list_tracks(uow, who.actor)
    open_tracks = {each.track.id for each in mine if each.status is AssessmentStatus.IN_PROGRESS}
    return page(request, "home_student.html", mine=mine, next_cursor=listed.next_cursor, tracks=offered, open_tracks=open_tracks, now=now)


def _urgency(line: AssessmentSummary) -> int:
    """What waits for the student first; within one state the newest first, as listed."""
    return ORDER.index(line.status)

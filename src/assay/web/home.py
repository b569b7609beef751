"""The first page: what Assay is for somebody new, and for everybody else what is theirs."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from assay.domain.actors import Role
from assay.domain.errors import Invalid
from assay.domain.progress import AssessmentStatus
from assay.edge.dependencies import RuntimeDep, Uow
from assay.services import assessments, content_standing, tracks
from assay.services.assessments import AssessmentSummary
from assay.web import session
from assay.web.admin import words
from assay.web.advisor import desk
from assay.web.rendering import page
from assay.web.session import Session

router = APIRouter()

PAGE_SIZE = 50
UNDER_WAY = frozenset({AssessmentStatus.IN_PROGRESS, AssessmentStatus.PROCESSING})
"""While one is, a track is not begun again."""
ORDER = (AssessmentStatus.IN_PROGRESS, AssessmentStatus.PROCESSING, AssessmentStatus.COMPLETED, AssessmentStatus.EXPIRED)


@router.get("/")
async def home(request: Request, runtime: RuntimeDep, uow: Uow) -> Response:
    """The first page, by role."""
    who = session.current(request)
    match who.actor.role if who else None:
        case Role.STUDENT if who:
            return await _student(request, uow, who, runtime.clock())
        case Role.ADVISOR if who:
            return await desk.show(request, uow, who)
        case Role.ADMIN:
            return page(request, "home_admin.html", standing=await content_standing.read(uow), named=words)
        case _:
            return page(request, "home.html")


async def _student(request: Request, uow: Uow, who: Session, now: datetime) -> Response:
    listed = await assessments.list_visible(uow, who.actor, _cursor(request), PAGE_SIZE)
    mine = sorted(listed.items, key=_urgency)
    confined = who.actor.assessment_id is not None
    offered = [] if confined else await tracks.list_tracks(uow, who.actor)
    open_tracks = {each.track.id for each in mine if each.status is AssessmentStatus.IN_PROGRESS}
    return page(
        request,
        "home_student.html",
        mine=mine,
        next_cursor=listed.next_cursor,
        tracks=offered,
        open_tracks=open_tracks,
        may_retake={each.id for each in offered} - {each.track.id for each in mine if each.status in UNDER_WAY},
        now=now,
    )


def _cursor(request: Request) -> UUID | None:
    """Behind which assessment the page begins. Raises `Invalid` for what is no such place."""
    given = request.query_params.get("cursor")
    try:
        return UUID(given) if given else None
    except ValueError as error:
        raise Invalid("This page of the list is not there. Begin with the first.") from error


def _urgency(line: AssessmentSummary) -> int:
    """What waits for the student first; within one state the newest first, as listed."""
    return ORDER.index(line.status)

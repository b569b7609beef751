"""One student over time, for the advisors of the student."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from assay.edge.dependencies import Uow
from assay.services import caseload
from assay.web.advisor import words
from assay.web.advisor.session import Advisor
from assay.web.rendering import page

router = APIRouter(prefix="/students")


@router.get("/{pseudonym}")
async def show(pseudonym: UUID, request: Request, who: Advisor, uow: Uow) -> Response:
    """All assessments of a student with their scores, flags, notes and decisions."""
    return page(request, "advisor/student.html", history=await caseload.history(uow, who.actor, pseudonym), told=words)

"""An advisor's first page: what waits, the cohorts, and the list of assessments; the list as a file; the way to the next result."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from assay.db.unit_of_work import UnitOfWork
from assay.domain.errors import NotFound
from assay.edge.dependencies import RuntimeDep, Uow
from assay.runtime import Runtime
from assay.services import caseload, cohorts, tracks
from assay.services.caseload import Wanted
from assay.services.cohorts import CohortRead
from assay.web.advisor import listing, words
from assay.web.advisor.session import Advisor
from assay.web.advisor.wanted import ListFilter, cursor
from assay.web.rendering import page
from assay.web.session import Session

router = APIRouter(prefix="/advisor")

PAGE_SIZE: Final = 40
DONE: Final = {"nothing-waits": "Nothing waits for you. Well done."}
COUNTS: Final = (
    ("degraded", "With a substitute"),
    ("held", "Held for a person"),
    ("flagged", "Flagged"),
    ("overdue", "Overdue"),
)
"""What is counted of a cohort besides the states, each a box of the filter, with its name."""
TICKS: Final = (
    ("waiting", "Not yet reviewed"),
    ("overdue", "Overdue"),
    ("held", "Held for a person"),
    ("degraded", "With a substitute"),
    ("flagged", "Flagged"),
)
"""The boxes of the filter."""


async def show(request: Request, uow: UnitOfWork, who: Session) -> Response:
    """The first page. Four statements, five with a name or an order by name, however many cohorts and assessments there are."""
    asked = ListFilter.of(request)
    own = (await cohorts.list_own(uow, who.actor)).items
    _check(asked, own)
    found = await caseload.page(uow, who.actor, asked.wanted(), asked.place(), PAGE_SIZE)
    waiting = await caseload.queue(uow, who.actor)
    return page(
        request,
        "advisor/desk.html",
        notice=DONE.get(request.query_params.get("done", ""), ""),
        cohorts=own,
        cohort_names=[(each.id, each.name) for each in own],
        counts=COUNTS,
        ticks=TICKS,
        states=[(state.value, name) for state, (name, _) in words.STATES.items()],
        found=found.items,
        next_cursor=cursor(found.next_place),
        asked=asked,
        narrowed=asked.wanted() != Wanted(order=asked.sort),
        waiting=waiting,
        tracks=await tracks.list_names(uow),
        told=words,
    )


@router.get("/next")
async def review_next(who: Advisor, uow: Uow) -> Response:
    """To the result that has waited longest."""
    first = (await caseload.queue(uow, who.actor)).next
    return RedirectResponse(f"/assessments/{first.assessment_id}/result" if first else "/?done=nothing-waits", HTTPStatus.SEE_OTHER)


@router.get("/export.csv")
async def export(request: Request, who: Advisor, runtime: RuntimeDep, uow: Uow) -> Response:
    """The list as it is filtered and sorted, every page of it, as CSV."""
    asked = ListFilter.of(request)
    _check(asked, (await cohorts.list_own(uow, who.actor)).items)
    return StreamingResponse(
        _lines(runtime, who, asked.wanted()),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="assessments.csv"'},
    )


async def _lines(runtime: Runtime, who: Session, wanted: Wanted) -> AsyncIterator[str]:
    yield listing.HEAD
    async for case in caseload.everything(runtime.open_uow, who.actor, wanted):
        yield listing.line(case)


def _check(asked: ListFilter, own: tuple[CohortRead, ...]) -> None:
    if asked.cohort is not None and asked.cohort not in {each.id for each in own}:
        raise NotFound("There is no such cohort.")

"""The pilot's scorecard as a page that can be printed: figures, targets, how each is counted, and what follows."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from assay.domain.actors import Permission
from assay.domain.periods import Period
from assay.domain.pilot import Outcome
from assay.edge.dependencies import RuntimeDep, Uow
from assay.services import dashboards, pilot, tracks
from assay.services.dashboards import Look
from assay.web.operations import words
from assay.web.rendering import page
from assay.web.session import Session, may

router = APIRouter(prefix="/operations/pilot")

type Operator = Annotated[Session, may(Permission.OPERATIONS_READ)]

HEADINGS = {Outcome.GO: "The pilot can go on", Outcome.NO_GO: "The pilot is not there yet", Outcome.UNDECIDED: "It is too early to decide"}
KINDS = {Outcome.GO: "good", Outcome.NO_GO: "bad", Outcome.UNDECIDED: "info"}


@router.get("")
async def show(request: Request, who: Operator, runtime: RuntimeDep, uow: Uow) -> Response:
    """The scorecard of a period and a track, by default of thirty days and all tracks."""
    names = {track.slug: track.name for track in await tracks.list_tracks(uow, None)}
    look = _look(request, names)
    card = await pilot.scorecard(uow, who.actor, look)
    return page(
        request,
        "operations/pilot.html",
        say=words,
        now=runtime.clock(),
        card=card,
        feedback=await dashboards.feedback(uow, who.actor, look),
        tracks=names,
        heading=HEADINGS[card.decision.outcome],
        kind=KINDS[card.decision.outcome],
    )


def _look(request: Request, names: dict[str, str]) -> Look:
    """What the address asks for; what it does not know is left at what is usual."""
    period, track = request.query_params.get("period", ""), request.query_params.get("track", "")
    return Look(Period(period) if period in set(Period) else Period.MONTH, track if track in names else None)

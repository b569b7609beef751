"""How the service stands at this moment: what needs attention and what to do, dependencies, workers, queue, and how it went for hours."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from assay.domain.actors import Permission
from assay.domain.alerts import BACKLOG_JOBS, DEGRADED_SHARE, Down
from assay.domain.errors import Unavailable
from assay.domain.periods import Period
from assay.domain.pilot import RESULT_SECONDS
from assay.domain.snapshots import Measure
from assay.edge.dependencies import RuntimeDep
from assay.edge.health import Readiness, readiness
from assay.runtime import Runtime
from assay.services import dashboards, health, tracks
from assay.services.dashboards import Look
from assay.services.health import Step
from assay.web.charts import Chart, Point, line_chart
from assay.web.operations import words
from assay.web.rendering import fragment, page
from assay.web.session import Session, may

router = APIRouter(prefix="/operations/health")

type Operator = Annotated[Session, may(Permission.OPERATIONS_READ)]

NO_RESULT: Final = "No result in this time"
LEFT_ALONE: Final = frozenset({"open", "half_open"})


@router.get("")
async def show(request: Request, who: Operator, runtime: RuntimeDep) -> Response:
    """The page."""
    return page(request, "operations/health.html", **await _view(runtime, who))


@router.get("/fragment")
async def show_fragment(who: Operator, runtime: RuntimeDep) -> Response:
    """The part of the page that changes."""
    return HTMLResponse(fragment("operations/health_panel.html", **await _view(runtime, who)))


async def _view(runtime: Runtime, who: Session) -> dict[str, Any]:
    """All that is shown. With a database that is away, what can still be told is."""
    ready = await readiness(runtime)
    seen = await runtime.broker.workers()
    down = [Down(words.DEPENDENCIES[name]) for name, told in ready["dependencies"].items() if told["state"] != "up"]
    told: dict[str, Any] = {"say": words, "now": runtime.clock(), "dependencies": list(_dependencies(ready)), "clock": ready["clock"]}
    try:
        async with runtime.open_uow(autocommit=True) as uow:
            reading = await health.read(uow, seen, down, list(_left_alone(ready)))
            day = await dashboards.operations(uow, who.actor, Look(Period.DAY))
            names = {track.slug: track.name for track in await tracks.list_tracks(uow, None)} | {"none": "No track"}
    except Unavailable:
        return {**told, "reading": None, "day": None, "charts": (), "tracks": {}}
    return {**told, "reading": reading, "day": day, "charts": _charts(reading.steps), "tracks": names}


def _dependencies(ready: Readiness) -> Iterator[dict[str, Any]]:
    """Dependencies, then providers: name, state in words and its colour, latency, what else is known."""
    for name, told in ready["dependencies"].items():
        state, kind = words.STATES[str(told["state"])]
        yield {
            "name": words.DEPENDENCIES[name],
            "state": state,
            "kind": kind,
            "milliseconds": told["milliseconds"],
            "note": told.get("error", ""),
            "since": None,
        }
    for name, circuit in ready["providers"].items():
        state, kind = words.STATES[circuit["state"]]
        yield {
            "name": words.named(words.DEPENDENCIES, name),
            "state": state,
            "kind": kind,
            "milliseconds": None,
            "note": words.named(words.CAUSES, circuit["cause"]) if "cause" in circuit else "",
            "since": _since(circuit),
        }


def _left_alone(ready: Readiness) -> Iterator[Down]:
    for name, circuit in ready["providers"].items():
        if circuit["state"] in LEFT_ALONE:
            yield Down(words.named(words.DEPENDENCIES, name), _since(circuit))


def _since(circuit: dict[str, str]) -> datetime | None:
    return datetime.fromisoformat(circuit["since"]) if "since" in circuit else None


def _charts(steps: tuple[Step, ...]) -> tuple[Chart, ...]:
    return (
        line_chart(
            "depth", "Unfinished jobs", _counted(steps, Measure.QUEUE_DEPTH), words.count,
            limit=BACKLOG_JOBS, limit_note=f"{BACKLOG_JOBS} jobs, above which it is a backlog",
        ),
        line_chart(
            "turnaround", "Submission to result, 95th percentile", _known(steps, Measure.TURNAROUND_P95), words.secs,
            limit=RESULT_SECONDS, limit_note=f"{RESULT_SECONDS:.0f} s, the target", nothing=NO_RESULT,
        ),
        line_chart(
            "degraded", "Results that rest on a substitute", list(_degraded(steps)), words.share,
            limit=DEGRADED_SHARE, limit_note=f"{DEGRADED_SHARE:.0%}, the alert of an hour", nothing=NO_RESULT,
        ),
        line_chart("calls", "Calls to models a minute", _a_minute(steps, Measure.MODEL_CALLS), words.count),
    )  # fmt: skip


def _counted(steps: tuple[Step, ...], measure: Measure) -> list[Point]:
    """What is missing in a measured stretch was zero."""
    return [(step.at, None if step.values is None else step.values.get(measure, 0.0)) for step in steps]


def _a_minute(steps: tuple[Step, ...], measure: Measure) -> list[Point]:
    """For each minute that was measured: the newest stretch, and those with gaps, have fewer."""
    return [(step.at, None if step.values is None else step.values.get(measure, 0.0) / step.values[Measure.TAKEN]) for step in steps]


def _known(steps: tuple[Step, ...], measure: Measure) -> list[Point]:
    """What is missing is not known: nothing happened that could be measured."""
    return [(step.at, None if step.values is None else step.values.get(measure)) for step in steps]


def _degraded(steps: tuple[Step, ...]) -> Iterator[Point]:
    for step in steps:
        finished = (step.values or {}).get(Measure.RESULTS_FINISHED)
        yield step.at, (step.values or {}).get(Measure.RESULTS_DEGRADED, 0.0) / finished if finished else None

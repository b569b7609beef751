"""Assessments: start, answer, submit, watch, read the result."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, status
from fastapi.responses import StreamingResponse

from assay.api.schemas.assessments import ResumeRequest, SaveRequest, StartRequest, StatusRead, SubmitRequest
from assay.api.v1.problems import problems
from assay.domain.actors import Actor
from assay.domain.progress import AssessmentStatus, Progress
from assay.edge.dependencies import IdempotencyHeader, Reader, RuntimeDep, StarterForOthers, Taker, Uow
from assay.runtime import Runtime
from assay.services import assessments, idempotency, responses, results, starting_for, submission
from assay.services.assessments import AssessmentRead, Bundle, Page, Resumed
from assay.services.responses import SaveReceipt
from assay.services.results import Result
from assay.services.starting_for import StartedFor, StartFor
from assay.services.submission import Receipt

router = APIRouter(prefix="/assessments", tags=["assessments"])

EVENTS_EVERY_SECONDS: Final = 0.5
EVENTS_FOR_SECONDS: Final = 120.0


@router.post("/start", status_code=201, responses={200: {"model": Bundle, "description": "The open one"}, **problems(401, 403, 404, 409)})
async def start(
    body: StartRequest,
    actor: Taker,
    runtime: RuntimeDep,
    uow: Uow,
    request: Request,
    response: Response,
    key: IdempotencyHeader = None,
) -> Bundle:
    """Start a track: ten questions. An assessment of this track that is still open is returned instead, with 200."""

    async def act() -> idempotency.JsonObject:
        bundle, made = await assessments.start(uow, runtime.bank, runtime.identity, actor, body.track_id)
        return {"made": made, "bundle": bundle.model_dump(mode="json")}

    outcome = await idempotency.once(uow, actor, key, ["start", str(body.track_id)], act)
    bundle = Bundle.model_validate(outcome.response["bundle"])
    request.state.track = bundle.track.slug
    response.status_code = status.HTTP_201_CREATED if outcome.response["made"] else status.HTTP_200_OK
    response.headers["Idempotent-Replayed"] = str(outcome.replayed).lower()
    return bundle


@router.post(
    "/start-for", status_code=201, responses={200: {"model": StartedFor, "description": "The open one"}, **problems(401, 403, 404, 409)}
)
async def start_for(
    body: StartFor, actor: StarterForOthers, runtime: RuntimeDep, uow: Uow, response: Response, key: IdempotencyHeader = None
) -> StartedFor:
    """For machines: start a track for a student, and get the link that opens the assessment. The open one is returned instead, with 200."""

    async def act() -> idempotency.JsonObject:
        started, made = await starting_for.start(uow, runtime.bank, runtime.identity, actor, body, runtime.settings.public_url)
        return {"made": made, "started": started.model_dump(mode="json")}

    outcome = await idempotency.once(uow, actor, key, ["start for", body.model_dump(mode="json")], act)
    response.status_code = status.HTTP_201_CREATED if outcome.response["made"] else status.HTTP_200_OK
    response.headers["Idempotent-Replayed"] = str(outcome.replayed).lower()
    return StartedFor.model_validate(outcome.response["started"])


@router.get("", responses=problems(401, 403))
async def list_assessments(actor: Reader, uow: Uow, limit: Annotated[int, Query(ge=1, le=200)] = 50, cursor: UUID | None = None) -> Page:
    """My assessments, or those of the students I advise, newest first."""
    return await assessments.list_visible(uow, actor, cursor, limit)


@router.post("/resume", responses=problems(401, 404, 410))
async def resume(body: ResumeRequest, runtime: RuntimeDep, uow: Uow) -> Resumed:
    """Continue on another device with the token that `start` answered."""
    return await assessments.resume(uow, runtime.bank, runtime.identity, body.resume_token)


@router.get("/{assessment_id}", responses=problems(401, 403, 404))
async def get_assessment(assessment_id: UUID, actor: Reader, runtime: RuntimeDep, uow: Uow) -> AssessmentRead:
    """One assessment with its questions and the answers saved so far."""
    return await assessments.get(uow, runtime.bank, actor, assessment_id)


@router.patch("/{assessment_id}/responses", responses=problems(401, 403, 404, 409, 410))
async def save_responses(assessment_id: UUID, body: SaveRequest, actor: Taker, runtime: RuntimeDep, uow: Uow) -> SaveReceipt:
    """Save answers: some or all, as often as you like. All of a batch is saved, or none and the errors say why."""
    return await responses.save(uow, runtime.bank, actor, assessment_id, body.responses, body.client_batch_id)


@router.post("/{assessment_id}/submit", status_code=202, responses=problems(401, 403, 404, 409, 410))
async def submit(
    assessment_id: UUID,
    actor: Taker,
    runtime: RuntimeDep,
    uow: Uow,
    response: Response,
    body: SubmitRequest | None = None,
    key: IdempotencyHeader = None,
) -> Receipt:
    """Submit: locks the answers, scores the theory at once, and starts the rest."""
    wanted = body or SubmitRequest()

    async def act() -> idempotency.JsonObject:
        receipt = await submission.submit(uow, runtime.bank, actor, assessment_id, confirm_unanswered=wanted.confirm_unanswered)
        return receipt.model_dump(mode="json")

    outcome = await idempotency.once(uow, actor, key, ["submit", str(assessment_id), wanted.confirm_unanswered], act)
    response.headers["Idempotent-Replayed"] = str(outcome.replayed).lower()
    return Receipt.model_validate(outcome.response)


@router.get("/{assessment_id}/status", responses=problems(401, 403, 404))
async def read_status(assessment_id: UUID, actor: Reader, uow: Uow) -> StatusRead:
    """Where it stands, stage by stage, with an estimate."""
    return StatusRead.of(await assessments.status(uow, actor, assessment_id))


@router.get("/{assessment_id}/events", responses=problems(401, 403, 404), response_class=StreamingResponse)
async def events(assessment_id: UUID, actor: Reader, runtime: RuntimeDep) -> StreamingResponse:
    """The status as server-sent events, one whenever it changes, until the result is there or two minutes have passed."""
    async with runtime.open_uow(autocommit=True) as uow:
        first = await assessments.status(uow, actor, assessment_id)
    return StreamingResponse(_changes(runtime, actor, assessment_id, first), media_type="text/event-stream")


async def _changes(runtime: Runtime, actor: Actor, assessment_id: UUID, progress: Progress) -> AsyncIterator[str]:
    told = ""
    for _ in range(round(EVENTS_FOR_SECONDS / EVENTS_EVERY_SECONDS)):
        document = StatusRead.of(progress).model_dump_json()
        if document != told:
            told = document
            yield f"event: status\ndata: {document}\n\n"
        if progress.status is not AssessmentStatus.PROCESSING:
            return
        await asyncio.sleep(EVENTS_EVERY_SECONDS)
        async with runtime.open_uow(autocommit=True) as uow:
            progress = await assessments.status(uow, actor, assessment_id)


@router.get("/{assessment_id}/result", responses=problems(401, 403, 404, 409))
async def result(assessment_id: UUID, actor: Reader, runtime: RuntimeDep, uow: Uow, request: Request) -> Result:
    """Scores with their evidence and recommendations with their sources; 409 with the status while it is being made."""
    found = await results.read(uow, runtime.bank, actor, assessment_id)
    request.state.track = found.track.slug
    return found

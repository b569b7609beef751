"""The ledger as pages: dead letters by cause, jobs by what one looks for, one job in full; sending again, and healing."""

from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from assay.db.repositories.job_records import JobSieve
from assay.domain.actors import Permission
from assay.domain.degradation import Cause
from assay.domain.errors import Conflict, Invalid
from assay.domain.jobs import JobStatus, JobType
from assay.edge.dependencies import Uow
from assay.services import dead_letters, healing, tracks
from assay.web.operations import words
from assay.web.rendering import page
from assay.web.session import Session, may

router = APIRouter(prefix="/operations/jobs")

type Keeper = Annotated[Session, may(Permission.JOB_MANAGE)]
type Number = Annotated[int, Query(ge=0, le=1_000_000)]

PAGE_SIZE: Final = 50
AGES: Final = ((1, "an hour"), (24, "a day"), (168, "a week"), (720, "thirty days"))
DONE: Final = {
    "resent": "Sent again. The job that stands for it is named below.",
    "all": "{sent} sent again.",
    "healing": "{sent} will be made again; a result is replaced only by a better one.",
}


@router.get("")
async def show(
    request: Request,
    _who: Keeper,
    uow: Uow,
    cursor: UUID | None = None,
    done: str = "",
    sent: Number = 0,
    refused: Number = 0,
    left: Number = 0,
) -> Response:
    """Dead letters by cause, what waits to be healed, and the ledger."""
    sieve = _sieve(request)
    listed = await dead_letters.list_jobs(uow, sieve, cursor, PAGE_SIZE)
    return page(
        request,
        "operations/jobs.html",
        notice=_told(done, sent, refused, left),
        say=words,
        listed=listed,
        dead=await uow.vitals.dead_by_cause(),
        waiting=(await healing.degraded(uow)).items,
        tracks={track.slug: track.name for track in await tracks.list_tracks(uow, None)},
        ages=AGES,
        at_once=dead_letters.RESENT_AT_ONCE,
    )


@router.post("/resend")
async def resend_all(request: Request, who: Keeper, uow: Uow) -> Response:
    """Send the dead letters of one cause again."""
    done = await dead_letters.resend_all(uow, who.actor, _cause((await request.form()).get("cause")))
    return _to("", done="all", sent=len(done.resent), refused=len(done.refused), left=done.remaining)


@router.post("/heal")
async def heal(request: Request, who: Keeper, uow: Uow) -> Response:
    """Have results made again that are degraded for one cause."""
    done = await healing.send_by_hand(uow, cause=_cause((await request.form()).get("cause")), actor=who.actor)
    return _to("", done="healing", sent=len(done.assessments), left=int(done.more))


@router.get("/{job_id}")
async def show_one(job_id: UUID, request: Request, _who: Keeper, uow: Uow, done: str = "") -> Response:
    """One job."""
    return await _one(request, uow, job_id, notice=_told(done))


@router.post("/{job_id}/resend")
async def resend(job_id: UUID, request: Request, who: Keeper, uow: Uow) -> Response:
    """Send one dead letter again; where something has come between, the page tells what."""
    try:
        await dead_letters.resend(uow, who.actor, job_id)
    except Conflict as conflict:
        return await _one(request, uow, job_id, status=HTTPStatus.CONFLICT, refused=conflict.detail)
    return _to(f"/{job_id}", done="resent")


async def _one(request: Request, uow: Uow, job_id: UUID, *, status: int = 200, notice: str = "", refused: str = "") -> Response:
    job = await dead_letters.get(uow, job_id)
    names = {track.slug: track.name for track in await tracks.list_tracks(uow, None)}
    reason = await dead_letters.refusal(uow, job_id)
    return page(
        request, "operations/job.html", status=status, notice=notice, say=words, job=job, tracks=names, reason=reason, refused=refused
    )


def _sieve(request: Request) -> JobSieve:
    """What the address asks for; what it does not know narrows nothing."""
    asked = request.query_params
    hours = asked.get("age", "")
    return JobSieve(
        status=_member(JobStatus, asked.get("status")),
        cause=_member(Cause, asked.get("cause")),
        type=_member(JobType, asked.get("type")),
        track=asked.get("track", "").replace("\0", "") or None,
        hours=float(hours) if hours in {str(age) for age, _ in AGES} else None,
    )


def _member[Choice: StrEnum](kind: type[Choice], value: str | None) -> Choice | None:
    return kind(value) if value in set(kind) else None


def _cause(value: Any) -> Cause:
    if value not in set(Cause):
        raise Invalid("There is no such cause.")
    return Cause(value)


def _told(done: str, sent: int = 0, refused: int = 0, left: int = 0) -> str:
    """What has just been done, in a sentence or two; nothing for what is not known."""
    if done not in DONE:
        return ""
    sentences = [DONE[done].format(sent=f"{sent} {'job' if done == 'all' else 'result'}{'' if sent == 1 else 's'}")]
    sentences += [f"{refused} cannot be: their pages say why."] if refused else []
    sentences += ["There are more: ask again for the rest."] if left else []
    return " ".join(sentences)


def _to(rest: str, **query: object) -> Response:
    return RedirectResponse(f"/operations/jobs{rest}?{urlencode(query)}", HTTPStatus.SEE_OTHER)

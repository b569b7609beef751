"""The audit log: narrowed, leafed through, one entry with before and after, taken along as a file, and whether its chain holds."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from assay.db.repositories.audit import AuditSieve
from assay.domain.actors import Permission
from assay.domain.audit import AuditAction
from assay.domain.errors import NotFound
from assay.edge.dependencies import RuntimeDep, Uow
from assay.services import audit, audit_reading
from assay.services.audit_reading import MEDIA_TYPES, FileFormat
from assay.web.admin import audit_words
from assay.web.rendering import page
from assay.web.session import Session, may

router = APIRouter(prefix="/admin/audit")

type Auditor = Annotated[Session, may(Permission.AUDIT_READ)]

PAGE_SIZE: Final = 50
FIELDS: Final = ("action", "actor", "kind", "id", "request", "from", "to")
DAY: Final = "Write a day as 2027-01-31."
LONGEST: Final = 200


class Sifted(NamedTuple):
    """What an address asks for: conditions, what was entered, and which of it does not fit."""

    sieve: AuditSieve
    entered: Mapping[str, str]
    problems: Mapping[str, str]


@router.get("")
async def show_all(request: Request, who: Auditor, uow: Uow, cursor: int | None = None) -> Response:
    """Entries that fit, the newest first."""
    sifted = sift(request.query_params)
    listed = None if sifted.problems else await audit_reading.page(uow, sifted.sieve, cursor, PAGE_SIZE)
    return page(
        request,
        "admin/audit.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if sifted.problems else HTTPStatus.OK,
        listed=listed,
        entered=sifted.entered,
        problems=sifted.problems,
        filtered=any(sifted.entered.values()),
        newest=await audit_reading.newest(uow),
        own=who.actor.id,
        told=audit_words,
        files=_files(sifted.entered),
    )


@router.get("/verify")
async def verify(request: Request, _who: Auditor, uow: Uow, runtime: RuntimeDep) -> Response:
    """Read the whole chain and say how it stands."""
    return page(request, "admin/audit_chain.html", report=await audit.verify(uow), at=runtime.clock())


@router.get("/export/{form}")
async def export(form: FileFormat, request: Request, who: Auditor, runtime: RuntimeDep) -> Response:
    """Everything that fits as a file, written while it is read. That it was taken is an entry itself."""
    sifted = sift(request.query_params)
    if sifted.problems:
        raise NotFound("The filter of this address does not fit.")
    pieces = await audit_reading.export(runtime.open_uow, who.actor, sifted.sieve, form)
    headers = {"Content-Disposition": f'attachment; filename="audit.{form.value}"'}
    return StreamingResponse(pieces, media_type=MEDIA_TYPES[form], headers=headers)


@router.get("/{sequence}")
async def show(sequence: int, request: Request, who: Auditor, uow: Uow) -> Response:
    """One entry."""
    entry = await audit_reading.get(uow, sequence)
    return page(
        request,
        "admin/audit_entry.html",
        entry=entry,
        differences=list(audit_words.differences(entry.changes)),
        facts=list(audit_words.facts(entry.changes)),
        told=audit_words,
        own=who.actor.id,
    )


def sift(query: Mapping[str, str]) -> Sifted:
    """What `query` asks for. Days are of UTC, and the last one counts whole."""
    entered = {name: query.get(name, "").strip() for name in FIELDS}
    problems: dict[str, str] = {}
    since, until = _moment(entered["from"]), _moment(entered["to"], last=True)
    problems |= {name: DAY for name, moment in (("from", since), ("to", until)) if entered[name] and moment is None}
    if since and until and since >= until:
        problems["to"] = "This is before the first day."
    actor = _id(entered["actor"])
    if entered["actor"] and actor is None:
        problems["actor"] = "Write the whole id of a person."
    action = next((each for each in AuditAction if each == entered["action"]), None)
    if entered["action"] and action is None:
        problems["action"] = "Choose one of the list."
    problems |= {name: "This is too long." for name in ("kind", "id", "request") if len(entered[name]) > LONGEST}
    words = (entered["kind"] or None, entered["id"] or None, entered["request"] or None)
    problems = {name: problems[name] for name in FIELDS if name in problems}
    return Sifted(AuditSieve(actor, action, *words, since, until), entered, problems)


def _id(entered: str) -> UUID | None:
    try:
        return UUID(entered)
    except ValueError:
        return None


def _moment(entered: str, *, last: bool = False) -> datetime | None:
    """A day, or a moment of one; a day that is the `last` ends when the next begins."""
    try:
        moment = datetime.fromisoformat(entered)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment + timedelta(days=1) if last and len(entered) == len("2027-01-31") else moment
    except (ValueError, OverflowError):
        return None


def _files(entered: Mapping[str, str]) -> list[tuple[str, str]]:
    query = urlencode({name: value for name, value in entered.items() if value})
    suffix = f"?{query}" if query else ""
    return [
        (name, f"/admin/audit/export/{form.value}{suffix}")
        for name, form in (("CSV", FileFormat.CSV), ("JSON Lines", FileFormat.JSON_LINES))
    ]

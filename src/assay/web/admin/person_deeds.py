"""What is done with a person's data, each for a reason: handed out, kept, released, erased. Each has a page that says what follows."""

from http import HTTPStatus
from typing import Final, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from assay.domain.errors import Conflict, NotFound
from assay.edge.dependencies import RuntimeDep, Uow
from assay.runtime import Runtime
from assay.services import erasure, people, person_records, personal_data
from assay.services.person_records import PersonRecord
from assay.web.admin import table_words
from assay.web.admin.entered import WHY, reason, text
from assay.web.admin.people import Keeper
from assay.web.rendering import page

router = APIRouter(prefix="/admin/people/{person_id}")


class Deed(NamedTuple):
    """Something that is done with a person's data: what it is called, what follows from it, and what the button says."""

    heading: str
    lead: str
    follows: tuple[str, ...]
    button: str
    final: bool = False
    """It cannot be undone, so the person is named once more."""


DEEDS: Final = {
    "export": Deed(
        "Hand out this person's data",
        "You get a file with everything that is kept about this person, decrypted.",
        (
            "The file names the person and holds what they wrote. Keep it where nobody else reads it; delete it once handed over.",
            "It holds no passwords and nothing about others.",
            "That you took it, when, and why stands in the audit log.",
        ),
        "Download the file",
    ),
    "hold": Deed(
        "Set a legal hold",
        "Everything that is kept about this person stays as it is, until the hold is lifted.",
        (
            "Erasing this person is refused while it stands, and whoever asks is told your reason.",
            "Retention passes by what is theirs, whatever its age.",
            "The person notices nothing.",
        ),
        "Set the hold",
    ),
    "release": Deed(
        "Lift the legal hold",
        "What is kept about this person is treated like everybody's again.",
        (
            "They can be erased from then on.",
            "The next retention run removes what is past its time. That cannot be undone.",
        ),
        "Lift the hold",
    ),
    "erase": Deed(
        "Erase this person",
        "Their name, their address and everything they wrote are removed. Nobody can bring them back.",
        (
            "Answers, scores, recommendations, feedback and notes about them go. Advisors see them no more.",
            "They are signed out everywhere and can sign in no more.",
            "What stays: an emptied account, entries of the audit log by id, and what calls to models cost.",
            "Backups keep what they hold until they expire.",
        ),
        "Erase for good",
        final=True,
    ),
}
"""By the last part of their address."""
HELD: Final = "A legal hold stands on this person. Lift it first, if you may."
NOT_NAMED: Final = "This is not the end of the pseudonym above. Look again whether this is the right person."
CODE: Final = 6
"""Characters at the end of a pseudonym that tell one person from another."""


@router.get("/{name}")
async def show(person_id: UUID, name: str, request: Request, who: Keeper, uow: Uow) -> Response:
    """What follows, and the form."""
    if name not in DEEDS:
        raise NotFound("There is no such page.")
    return _page(request, await person_records.get(uow, who.actor, person_id), name)


@router.post("/export")
async def export(person_id: UUID, request: Request, who: Keeper, uow: Uow, runtime: RuntimeDep) -> Response:
    """The file."""
    why = reason(form := await request.form())
    if why is None:
        return _page(request, await person_records.get(uow, who.actor, person_id), "export", text(form, "reason"), {"reason": WHY})
    data = await personal_data.of(uow, who.actor, person_id, why, runtime.clock)
    headers = {"Content-Disposition": f'attachment; filename="person-{person_id}.json"'}
    return Response(data.model_dump_json(indent=2), media_type="application/json", headers=headers)


@router.post("/hold")
async def hold(person_id: UUID, request: Request, who: Keeper, uow: Uow) -> Response:
    """Set a legal hold."""
    return await _kept(person_id, request, who, uow, "hold")


@router.post("/release")
async def release(person_id: UUID, request: Request, who: Keeper, uow: Uow) -> Response:
    """Lift the legal hold."""
    return await _kept(person_id, request, who, uow, "release")


@router.post("/erase")
async def erase(person_id: UUID, request: Request, who: Keeper, runtime: RuntimeDep) -> Response:
    """Erase the person, and show the proof. It is not kept anywhere else, so this page is what there is of it."""
    form = await request.form()
    async with runtime.open_uow(autocommit=True) as uow:
        record = await person_records.get(uow, who.actor, person_id)
    why, typed = reason(form), text(form, "confirm").strip().lower().removeprefix("…")
    problems = {} if why else {"reason": WHY}
    if typed != str(record.person.pseudonym)[-CODE:]:
        problems["confirm"] = NOT_NAMED
    if why is None or problems:
        return _page(request, record, "erase", text(form, "reason"), problems, typed)
    try:
        report = await erasure.erase(runtime.open_uow, who.actor, person_id, why)
    except Conflict as conflict:
        problem = HELD if conflict.error_code == "legal_hold" else conflict.detail
        return _page(request, record, "erase", text(form, "reason"), {"reason": problem}, typed, HTTPStatus.CONFLICT)
    await runtime.identity.learn_who_left(runtime.open_uow)
    return _proof(request, runtime, record, report)


async def _kept(person_id: UUID, request: Request, who: Keeper, uow: Uow, name: str) -> Response:
    form = await request.form()
    why = reason(form)
    do, done = (people.hold, "held") if name == "hold" else (people.release, "released")
    problem, status = WHY, HTTPStatus.UNPROCESSABLE_ENTITY
    if why is not None:
        try:
            await do(uow, who.actor, person_id, why)
            return RedirectResponse(f"/admin/people/{person_id}?done={done}", HTTPStatus.SEE_OTHER)
        except Conflict as conflict:
            problem, status = conflict.detail, HTTPStatus.CONFLICT
    record = await person_records.get(uow, who.actor, person_id)
    return _page(request, record, name, text(form, "reason"), {"reason": problem}, status=status)


def _page(
    request: Request,
    record: PersonRecord,
    name: str,
    why: str = "",
    problems: dict[str, str] | None = None,
    typed: str = "",
    status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY,
) -> Response:
    return page(
        request,
        "admin/person_deed.html",
        status=status if problems else HTTPStatus.OK,
        record=record,
        person=record.person,
        name=name,
        deed=DEEDS[name],
        why=why,
        typed=typed,
        code=str(record.person.pseudonym)[-CODE:],
        problems=problems or {},
        refused=_refused(record, name),
    )


def _refused(record: PersonRecord, name: str) -> str:
    """Why this cannot be done as things stand; empty when it can."""
    person = record.person
    match name:
        case "erase":
            return HELD if person.hold else record.not_erasable or ""
        case "hold" if person.hold:
            return "There is a legal hold on this person already."
        case "hold" if person.erased_at:
            return "This person has been erased: there is nothing left to hold."
        case "release" if not person.hold:
            return "There is no legal hold on this person."
    return ""


def _proof(request: Request, runtime: Runtime, record: PersonRecord, report: erasure.ErasureReport) -> Response:
    return page(
        request,
        "admin/person_erased.html",
        person=record.person,
        report=report,
        tables=_tables(report),
        named=table_words.named,
        at=runtime.clock(),
    )


def _tables(report: erasure.ErasureReport) -> list[str]:
    """What still says something first, then the rest by name."""
    return sorted({*report.erased, *report.kept, *report.readable}, key=lambda table: (table not in report.readable, table))

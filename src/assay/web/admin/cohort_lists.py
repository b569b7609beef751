"""A list of people brought into cohorts: sent, looked over line by line, and only then written."""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData, UploadFile

from assay.domain import roster
from assay.domain.errors import Invalid
from assay.domain.roster import Entry
from assay.edge.dependencies import Uow
from assay.services import enrolment, roster_import
from assay.services.enrolment import KeptCohort
from assay.services.roster_import import Outcome, RosterReport, RowRead
from assay.web.admin.cohorts import Keeper
from assay.web.admin.entered import text
from assay.web.rendering import page

router = APIRouter(prefix="/admin/cohorts")

SHOWN_GOOD: Final = 200
"""Good rows that are shown; rows with something wrong all are."""
OUTCOMES: Final = {
    Outcome.ENROLLED: ("Will be enrolled", "good"),
    Outcome.INVITED: ("New account, then enrolled", "info"),
    Outcome.ALREADY: ("Is in it already", ""),
    Outcome.REFUSED: ("Cannot be enrolled", "bad"),
}
CHANGED: Final = "Something has changed since the list was checked. This is how it stands now; nothing was written."


class Checked(NamedTuple):
    """A row of the list with what would become of it."""

    line: int
    entry: Entry
    outcome: Outcome
    problem: str


@router.get("/import")
async def show_for_all(request: Request, _who: Keeper) -> Response:
    """The form for a list whose rows name their cohort."""
    return page(request, "admin/cohort_import.html", cohort=None, problems={})


@router.post("/import")
async def check_for_all(request: Request, who: Keeper, uow: Uow) -> Response:
    """Check such a list, row by row."""
    return await _check(request, who, uow, None)


@router.post("/import/confirm")
async def enrol_for_all(request: Request, who: Keeper, uow: Uow) -> Response:
    """Enrol what was checked."""
    return await _enrol(request, who, uow, None)


@router.get("/{cohort_id}/import")
async def show(cohort_id: UUID, request: Request, _who: Keeper, uow: Uow) -> Response:
    """The form for a list of people of one cohort."""
    return page(request, "admin/cohort_import.html", cohort=await enrolment.get(uow, cohort_id), problems={})


@router.post("/{cohort_id}/import")
async def check(cohort_id: UUID, request: Request, who: Keeper, uow: Uow) -> Response:
    """Check the list, row by row; nothing is written."""
    return await _check(request, who, uow, await enrolment.get(uow, cohort_id))


@router.post("/{cohort_id}/import/confirm")
async def enrol(cohort_id: UUID, request: Request, who: Keeper, uow: Uow) -> Response:
    """Enrol what was checked: all rows, or the good ones alone."""
    return await _enrol(request, who, uow, await enrolment.get(uow, cohort_id))


async def _check(request: Request, who: Keeper, uow: Uow, cohort: KeptCohort | None) -> Response:
    content = await _content(await request.form())
    if not content.strip():
        return _form(request, cohort, "Choose a file, or paste the list.")
    return await _report(request, who, uow, cohort, content)


async def _enrol(request: Request, who: Keeper, uow: Uow, cohort: KeptCohort | None) -> Response:
    form = await request.form()
    try:
        content = b64decode(text(form, "list"), validate=True)
    except ValueError:
        return _form(request, cohort, "The list did not come back whole. Send it again.")
    skip_bad = text(form, "skip") == "yes"
    try:
        done = await roster_import.enrol(uow, who.actor, content, cohort_id=cohort.id if cohort else None, skip_bad=skip_bad)
    except Invalid:
        return await _report(request, who, uow, cohort, content, changed=True)
    counts = "-".join(str(done.counts[outcome]) for outcome in (Outcome.ENROLLED, Outcome.INVITED, Outcome.ALREADY))
    place = f"/admin/cohorts/{cohort.id}" if cohort else "/admin/cohorts"
    return RedirectResponse(f"{place}?done=list-{counts}", HTTPStatus.SEE_OTHER)


async def _report(request: Request, who: Keeper, uow: Uow, cohort: KeptCohort | None, content: bytes, *, changed: bool = False) -> Response:
    try:
        report = await roster_import.enrol(uow, who.actor, content, cohort_id=cohort.id if cohort else None, dry_run=True)
    except Invalid as error:
        return _form(request, cohort, error.detail)
    rows = [_checked(entry, row) for entry, row in zip(roster.read(content), report.rows, strict=True)]
    bad = [row for row in rows if row.outcome is Outcome.REFUSED]
    good = [row for row in rows if row.outcome is not Outcome.REFUSED]
    return page(
        request,
        "admin/cohort_import_report.html",
        status=HTTPStatus.CONFLICT if changed else HTTPStatus.OK,
        cohort=cohort,
        counts=_counts(report),
        bad=bad,
        good=good[:SHOWN_GOOD],
        more=len(good[SHOWN_GOOD:]),
        writable=len(good) - report.counts[Outcome.ALREADY],
        content=b64encode(content).decode(),
        outcomes=OUTCOMES,
        changed=CHANGED if changed else "",
    )


def _checked(entry: Entry, row: RowRead) -> Checked:
    problem = row.problem or ""
    return Checked(row.line, entry, row.outcome, f"{problem[:1].upper()}{problem[1:]}.")


def _counts(report: RosterReport) -> Sequence[tuple[str, int, str]]:
    return [(words, report.counts[outcome], kind if report.counts[outcome] else "") for outcome, (words, kind) in OUTCOMES.items()]


def _form(request: Request, cohort: KeptCohort | None, problem: str) -> Response:
    return page(request, "admin/cohort_import.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, cohort=cohort, problems={"file": problem})


async def _content(form: FormData) -> bytes:
    """The file that was chosen, or else what was pasted."""
    file = form.get("file")
    chosen = await file.read() if isinstance(file, UploadFile) else b""
    await form.close()
    return chosen or text(form, "pasted").encode(errors="surrogatepass")

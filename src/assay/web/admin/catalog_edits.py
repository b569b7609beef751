"""Writing a credential: a new one, and another version of one there is. What was typed is never lost, whoever was faster."""

from dataclasses import dataclass, field
from dataclasses import replace as replaced
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from assay.domain.errors import Conflict, Invalid, PreconditionFailed
from assay.domain.interchange.vocabulary import Vocabulary
from assay.domain.preconditions import tag
from assay.edge.dependencies import Uow
from assay.services import credential_edits, credentials
from assay.services.credential_edits import CredentialCreate, CredentialWrite
from assay.services.credentials import CredentialRead
from assay.web.admin import catalog_forms, catalog_words
from assay.web.admin.catalog import CatalogKeeper
from assay.web.admin.catalog_changes import FieldChange, differences
from assay.web.admin.catalog_forms import IDENTITY, Entered
from assay.web.rendering import page
from assay.web.session import Session

router = APIRouter(prefix="/admin/catalog")

_LABELS: Final = {**catalog_words.FIELDS, "slug": "Short name", "source_id": "What another system calls it"}
_EQF: Final = [(str(level), str(level)) for level in range(1, 9)]
_NEW: Final = {**dict.fromkeys((*IDENTITY, *catalog_words.FIELDS), ""), "level": "intermediate", "language": "en"}


@dataclass
class Form:
    """What the page of the form shows beside the vocabulary."""

    values: Entered
    credential: CredentialRead | None = None
    problems: dict[str, str] = field(default_factory=dict)
    overtaken: bool = False
    changes: tuple[FieldChange, ...] = ()
    """What somebody else has changed since the form was opened."""
    clashes: frozenset[str] = frozenset()
    status_before: str = ""


@router.get("/new")
async def new(request: Request, _who: CatalogKeeper, uow: Uow) -> Response:
    """An empty form."""
    return _page(request, Form(_NEW), await _vocabulary(uow))


@router.post("/new")
async def create(request: Request, who: CatalogKeeper, uow: Uow) -> Response:
    """Write a draft."""
    words = await _vocabulary(uow)
    typed = catalog_forms.entered(await request.form(), (*IDENTITY, *catalog_words.FIELDS))
    wanted, problems = _wanted(CredentialCreate, typed, words)
    if isinstance(wanted, CredentialCreate):
        try:
            made = await credential_edits.create(uow, who.actor, wanted)
            return _to(made.id, "created")
        except (Conflict, Invalid) as refused:
            problems = _refusals(refused)
    return _page(request, Form(typed, problems=problems), words)


@router.get("/{credential_id:uuid}/edit")
async def edit(credential_id: UUID, request: Request, who: CatalogKeeper, uow: Uow) -> Response:
    """The form with the credential as it stands."""
    words = await _vocabulary(uow)
    current = await credentials.get(uow, who.actor, credential_id)
    return _page(request, Form(catalog_forms.shown(current, words), current), words)


@router.post("/{credential_id:uuid}/edit")
async def replace(credential_id: UUID, request: Request, who: CatalogKeeper, uow: Uow) -> Response:
    """Write another version, unless somebody has changed the one that was seen."""
    form, words = await request.form(), await _vocabulary(uow)
    typed = catalog_forms.entered(form)
    seen = frozenset({str(form["seen"])}) if form.get("seen") else frozenset()
    current = await credentials.get(uow, who.actor, credential_id)
    overtaken = bool(seen) and tag(current) not in seen
    wanted, problems = _wanted(CredentialWrite, typed, words)
    if isinstance(wanted, CredentialWrite):
        try:
            written = await credential_edits.replace(uow, who.actor, credential_id, wanted, seen)
            return _to(credential_id, "saved" if written.version != current.version else "unchanged")
        except PreconditionFailed:  # also when somebody was faster by a moment
            overtaken, current = True, await credentials.get(uow, who.actor, credential_id)
        except Invalid as refused:
            problems = _refusals(refused)
    if overtaken:
        seen_version, seen_status = str(form.get("seen_version")), str(form.get("seen_status"))
        shown = await _overtaken(uow, who, current, typed, words, seen_version, seen_status)
        return _page(request, replaced(shown, problems=problems), words)
    return _page(request, Form(typed, current, problems), words)


async def _overtaken(uow: Uow, who: Session, current: CredentialRead, typed: Entered, words: Vocabulary, version: str, status: str) -> Form:
    """The form again: what was typed, with what the other has changed where nothing was, and the other's changes beside it."""
    number = int(version) if version.isdecimal() and 0 < int(version) <= current.version else current.version
    base = await credentials.get(uow, who.actor, current.id, number)
    before, now = catalog_forms.shown(base, words), catalog_forms.shown(current, words)
    return Form(
        catalog_forms.merged(before, typed, now),
        current,
        overtaken=True,
        changes=differences(base, current, words.names),
        clashes=catalog_forms.both_changed(before, typed, now),
        status_before=status if status in catalog_words.STATUSES and status != current.status else "",
    )


def _wanted[Write: CredentialWrite](kind: type[Write], typed: Entered, words: Vocabulary) -> tuple[Write | None, dict[str, str]]:
    """What was typed as a credential, or what is wrong with it."""
    parts = catalog_forms.raw(typed, words)
    problems = catalog_forms.unknown_skills(parts, words)
    try:
        made = kind.model_validate(parts)
    except ValidationError as error:
        return None, {**catalog_forms.problems_of(error, typed), **problems}
    return (None, problems) if problems else (made, {})


def _refusals(refused: Conflict | Invalid) -> dict[str, str]:
    return catalog_forms.refusals(refused.problems) or {"title": refused.detail}


def _page(request: Request, form: Form, words: Vocabulary) -> Response:
    told: dict[str, Any] = vars(form)
    status = HTTPStatus.PRECONDITION_FAILED if form.overtaken else HTTPStatus.UNPROCESSABLE_ENTITY if form.problems else HTTPStatus.OK
    return page(
        request,
        "admin/credential_form.html",
        status=status,
        told=catalog_words,
        summary=[(name, f"{_LABELS[name]}: {sentence[0].lower()}{sentence[1:]}") for name, sentence in form.problems.items()],
        seen=tag(form.credential) if form.credential else "",
        eqf=_EQF,
        skills=dict(sorted(words.names.items(), key=lambda each: each[1].casefold())),
        **told,
    )


async def _vocabulary(uow: Uow) -> Vocabulary:
    return Vocabulary(await uow.tracks.skill_names())


def _to(credential_id: UUID, done: str) -> Response:
    return RedirectResponse(f"/admin/catalog/{credential_id}?done={done}", HTTPStatus.SEE_OTHER)

"""Service accounts: machines that call the API, made with a key that is shown once, given a second one, closed."""

from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from starlette.datastructures import FormData

from assay.domain.actors import Permission
from assay.domain.errors import Conflict, Invalid
from assay.edge.dependencies import RuntimeDep, Uow
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.services import idempotency, service_accounts
from assay.services.service_accounts import KEYS_AT_ONCE, KeyWrite, ServiceAccountKey, ServiceAccountWrite
from assay.web.admin.entered import misfits, text
from assay.web.rendering import page
from assay.web.session import Session, may

router = APIRouter(prefix="/operations/service-accounts")

type Keeper = Annotated[Session, may(Permission.SERVICE_ACCOUNT_MANAGE)]

_P = Permission
SCOPES: Final = {
    _P.ASSESSMENT_START_FOR: "Start assessments for students and get the links to them",
    _P.TRACK_READ: "Read tracks and the catalog",
    _P.FEEDBACK_READ: "Read feedback, in figures",
    _P.AGREEMENT_READ: "Read how advisors agree with the evaluator",
    _P.OPERATIONS_READ: "Read how the service does",
    _P.AUDIT_READ: "Read the audit log",
    _P.RETENTION_READ: "Read what retention has removed",
    _P.COHORT_MANAGE: "Keep cohorts, and bring in lists of people",
    _P.CREDENTIAL_WRITE: "Change the catalog",
    _P.QUESTION_WRITE: "Change questions",
    _P.TRACK_WRITE: "Change tracks",
    _P.INDEX_MANAGE: "Rebuild and switch the search index",
    _P.WEBHOOK_MANAGE: "Keep webhooks",
    _P.JOB_MANAGE: "Look at jobs and send them again",
}
"""What a key can be given, in words; a test holds it against the domain's list."""
DAYS: Final = ((30, "30 days"), (90, "90 days"), (180, "180 days"), (365, "A year"))
SENTENCES: Final = {
    "name": "Write what the machine is called, in 100 characters at most.",
    "scopes": "Choose at least one thing that it may do.",
    "expires_in_days": "Choose from the list.",
}
SENT_BEFORE: Final = "This form has been sent before, with something else in it. Look at the list, then send it again if need be."
DONE: Final = {
    "revoked": "The key is revoked. Within two seconds it opens nothing.",
    "closed": "The account is closed, and its keys open nothing any more.",
}


@router.get("")
async def show_all(request: Request, _who: Keeper, uow: Uow, done: str = "") -> Response:
    """All of them."""
    listed = await service_accounts.all_of_them(uow)
    return page(request, "operations/service_accounts.html", notice=DONE.get(done, ""), accounts=listed.items, scopes=SCOPES)


@router.get("/new")
async def ask(request: Request, _who: Keeper, runtime: RuntimeDep) -> Response:
    """The form for another one."""
    return _form(request, runtime, {"name": "", "scopes": [], "expires_in_days": 90}, {})


@router.post("/new")
async def create(request: Request, who: Keeper, runtime: RuntimeDep) -> Response:
    """Make an account and show its key, this once. The same form sent again shows the same, and makes no other."""
    form = await request.form()
    given = {"name": text(form, "name"), "scopes": sorted({str(each) for each in form.getlist("scopes")}), "expires_in_days": _days(form)}
    try:
        wanted = ServiceAccountWrite.model_validate(given)
        async with runtime.open_uow() as uow:

            async def act() -> idempotency.JsonObject:
                made = await service_accounts.create(uow, who.actor, wanted, runtime.settings.service_key_days)
                return made.model_dump(mode="json")

            done = await idempotency.once(uow, who.actor, _key(form), ["service account", given], act)
    except ValidationError as error:
        return _form(request, runtime, given, misfits(error, SENTENCES))
    except Invalid as error:
        return _form(request, runtime, given, {"scopes": error.detail})
    except Conflict:
        return _form(request, runtime, given, {"name": SENT_BEFORE})
    return _shown(request, done.response)


@router.get("/{account_id}")
async def show(account_id: UUID, request: Request, _who: Keeper, uow: Uow, runtime: RuntimeDep, done: str = "") -> Response:
    """One account, its keys, and what can be done with it."""
    return await _account(request, uow, runtime, account_id, notice=DONE.get(done, ""))


@router.post("/{account_id}/keys")
async def add_key(account_id: UUID, request: Request, who: Keeper, uow: Uow, runtime: RuntimeDep) -> Response:
    """Make a second key and show it, this once."""
    form = await request.form()
    days = _days(form)

    async def act() -> idempotency.JsonObject:
        wanted = KeyWrite(expires_in_days=days)
        made = await service_accounts.add_key(uow, who.actor, account_id, wanted, runtime.settings.service_key_days)
        return made.model_dump(mode="json")

    try:
        done = await idempotency.once(uow, who.actor, _key(form), ["service key", str(account_id), days], act)
    except Conflict as conflict:
        return await _account(request, uow, runtime, account_id, problem=conflict.detail)
    return _shown(request, done.response)


@router.get("/{account_id}/keys")
async def back(account_id: UUID, _who: Keeper) -> Response:
    """Where a key was shown, asked for by its address: it is not shown again."""
    return RedirectResponse(f"/operations/service-accounts/{account_id}", HTTPStatus.SEE_OTHER)


@router.post("/{account_id}/keys/{key_id}/revoke")
async def revoke(account_id: UUID, key_id: UUID, who: Keeper, runtime: RuntimeDep) -> Response:
    """Revoke a key."""
    async with runtime.open_uow() as uow:
        await service_accounts.revoke_key(uow, who.actor, account_id, key_id)
    runtime.service_keys.forget()
    return RedirectResponse(f"/operations/service-accounts/{account_id}?done=revoked", HTTPStatus.SEE_OTHER)


@router.post("/{account_id}/close")
async def close(account_id: UUID, who: Keeper, runtime: RuntimeDep) -> Response:
    """Close an account for good."""
    async with runtime.open_uow() as uow:
        await service_accounts.close(uow, who.actor, account_id)
    runtime.service_keys.forget()
    return RedirectResponse("/operations/service-accounts?done=closed", HTTPStatus.SEE_OTHER)


def _form(request: Request, runtime: Runtime, given: dict[str, Any], problems: dict[str, str]) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    told: dict[str, Any] = {"given": given, "problems": problems, "scopes": SCOPES, "days": _choices(runtime), "key": new_id()}
    return page(request, "operations/service_account_new.html", status=status, **told)


async def _account(request: Request, uow: Uow, runtime: Runtime, account_id: UUID, *, notice: str = "", problem: str = "") -> Response:
    account = await service_accounts.get(uow, account_id)
    now = runtime.clock()
    live = sum(each.expires_at > now for each in account.keys)
    told: dict[str, Any] = {"now": now, "full": live >= KEYS_AT_ONCE, "days": _choices(runtime), "scopes": SCOPES, "key": new_id()}
    status = HTTPStatus.CONFLICT if problem else HTTPStatus.OK
    return page(request, "operations/service_account.html", status=status, notice=notice, problem=problem, account=account, **told)


def _shown(request: Request, made: idempotency.JsonObject) -> Response:
    return page(request, "operations/service_key.html", account=ServiceAccountKey.model_validate(made))


def _choices(runtime: Runtime) -> list[tuple[int, str]]:
    most = runtime.settings.service_key_days
    return [each for each in DAYS if each[0] <= most] or [(most, f"{most} days")]


def _days(form: FormData) -> int:
    """As the list offers it; 0, which is refused, for anything else."""
    given = text(form, "days")
    return int(given) if given.isdecimal() and len(given) < 5 else 0


def _key(form: FormData) -> str | None:
    """What tells the same form sent twice from two forms."""
    return text(form, "key")[:200] or None

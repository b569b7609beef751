"""Webhook endpoints: registered, given another secret, switched off and on, removed, and told again what they have missed."""

from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from starlette.datastructures import FormData

from assay.domain.actors import Permission
from assay.domain.errors import Conflict, Invalid
from assay.domain.webhooks import TRIES
from assay.edge.dependencies import RuntimeDep, Uow
from assay.kit.ids import new_id
from assay.services import idempotency, redelivery, webhooks
from assay.services.redelivery import RESENT_AT_ONCE
from assay.services.webhooks import EndpointSecret, EndpointWrite, RotationWrite
from assay.web.admin.entered import misfits, text
from assay.web.operations import webhook_words
from assay.web.rendering import page, plural
from assay.web.session import Session, may

router = APIRouter(prefix="/operations/webhooks")

type Keeper = Annotated[Session, may(Permission.WEBHOOK_MANAGE)]

PAGE_SIZE: Final = 50
SENTENCES: Final = {"url": "Write an address that begins with https://.", "events": "Choose from the list."}
SENT_BEFORE: Final = (
    "This form has been sent before, with something else in it. Look at the list of endpoints, then send it again if need be."
)
OVERLAPS: Final = ((0, "Not at all: only the new one counts"), (1, "An hour"), (24, "A day"), (72, "Three days"), (168, "A week"))
"""Hours for which the old secret counts too."""
DONE: Final = {
    "enabled": "The endpoint is told again, from now on. What it has missed can be sent again below.",
    "disabled": "The endpoint is told nothing any more.",
    "removed": "The endpoint is forgotten, with its secret and its deliveries.",
    "resent-none": "There was nothing that could be sent again.",
}


@router.get("")
async def show_all(request: Request, _who: Keeper, uow: Uow, cursor: UUID | None = None, done: str = "") -> Response:
    """All endpoints."""
    listed = await webhooks.page(uow, cursor, PAGE_SIZE)
    standing = {each.id: await redelivery.counts(uow, each.id) for each in listed.items}
    return page(request, "operations/webhooks.html", notice=DONE.get(done, ""), listed=listed, standing=standing, told=webhook_words)


@router.get("/new")
async def ask(request: Request, _who: Keeper) -> Response:
    """The form for another endpoint."""
    return _form(request, "", [], {})


@router.post("/new")
async def register(request: Request, who: Keeper, runtime: RuntimeDep) -> Response:
    """Register an endpoint and show its secret, this once. The same form sent again shows the same, and registers no other."""
    form = await request.form()
    url, events = text(form, "url").strip(), _events(form)
    try:
        wanted = EndpointWrite.model_validate({"url": url, "events": events})
        await webhooks.require_permitted(runtime.sender, wanted.url)
        async with runtime.open_uow() as uow:

            async def act() -> idempotency.JsonObject:
                return (await webhooks.register(uow, who.actor, wanted)).model_dump(mode="json")

            asked = ["webhook endpoint", wanted.model_dump(mode="json")]
            done = await idempotency.once(uow, who.actor, _key(form), asked, act)
    except ValidationError as error:
        return _form(request, url, events, misfits(error, SENTENCES))
    except Invalid as error:
        return _form(request, url, events, {"url": error.detail})
    except Conflict:
        return _form(request, url, events, {"url": SENT_BEFORE})
    return _secret(request, EndpointSecret.model_validate(done.response), made=True)


@router.get("/{endpoint_id}")
async def show(endpoint_id: UUID, request: Request, _who: Keeper, uow: Uow, done: str = "") -> Response:
    """One endpoint, how its deliveries stand, and what can be done with it."""
    return await _endpoint(request, uow, endpoint_id, notice=_told(done))


@router.post("/{endpoint_id}/rotate")
async def rotate(endpoint_id: UUID, request: Request, who: Keeper, uow: Uow) -> Response:
    """Make another secret and show it, this once."""
    form = await request.form()
    hours = text(form, "overlap")
    wanted = RotationWrite(overlap_hours=float(hours) if hours in {str(each) for each, _ in OVERLAPS} else 24.0)

    async def act() -> idempotency.JsonObject:
        return (await webhooks.rotate(uow, who.actor, endpoint_id, wanted)).model_dump(mode="json")

    asked = ["rotate", str(endpoint_id), wanted.model_dump(mode="json")]
    try:
        done = await idempotency.once(uow, who.actor, _key(form), asked, act)
    except Conflict:
        return await _endpoint(request, uow, endpoint_id, problem=SENT_BEFORE)
    return _secret(request, EndpointSecret.model_validate(done.response), made=False)


@router.get("/{endpoint_id}/rotate")
async def back(endpoint_id: UUID, _who: Keeper) -> Response:
    """Where a secret was shown, asked for by its address: it is not shown again."""
    return RedirectResponse(f"/operations/webhooks/{endpoint_id}", HTTPStatus.SEE_OTHER)


@router.post("/{endpoint_id}/enable")
async def enable(endpoint_id: UUID, who: Keeper, uow: Uow) -> Response:
    """Tell an endpoint again."""
    await webhooks.enable(uow, who.actor, endpoint_id)
    return _to(endpoint_id, "enabled")


@router.post("/{endpoint_id}/disable")
async def disable(endpoint_id: UUID, who: Keeper, uow: Uow) -> Response:
    """Tell it nothing until it is enabled."""
    await webhooks.disable(uow, who.actor, endpoint_id)
    return _to(endpoint_id, "disabled")


@router.post("/{endpoint_id}/remove")
async def remove(endpoint_id: UUID, who: Keeper, uow: Uow) -> Response:
    """Forget an endpoint."""
    await webhooks.remove(uow, who.actor, endpoint_id)
    return RedirectResponse("/operations/webhooks?done=removed", HTTPStatus.SEE_OTHER)


@router.post("/{endpoint_id}/resend")
async def resend(endpoint_id: UUID, request: Request, who: Keeper, uow: Uow) -> Response:
    """Send everything again that was given up."""
    try:
        done = await redelivery.resend_failed(uow, who.actor, endpoint_id)
    except Conflict as conflict:
        return await _endpoint(request, uow, endpoint_id, problem=conflict.detail)
    return _to(
        endpoint_id, f"resent-{len(done.resent)}-{done.remaining}-{done.forgotten}" if done.resent or done.forgotten else "resent-none"
    )


def _form(request: Request, url: str, events: list[str], problems: dict[str, str]) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    told: dict[str, Any] = {"url": url, "chosen": events, "problems": problems, "told": webhook_words, "key": new_id()}
    return page(request, "operations/webhook_new.html", status=status, **told)


async def _endpoint(request: Request, uow: Uow, endpoint_id: UUID, *, notice: str = "", problem: str = "") -> Response:
    endpoint = await webhooks.get(uow, endpoint_id)
    told: dict[str, Any] = {"overlaps": OVERLAPS, "tries": TRIES, "at_once": RESENT_AT_ONCE, "told": webhook_words, "key": new_id()}
    return page(
        request,
        "operations/webhook.html",
        status=HTTPStatus.CONFLICT if problem else HTTPStatus.OK,
        notice=notice,
        problem=problem,
        endpoint=endpoint,
        standing=await redelivery.counts(uow, endpoint_id),
        **told,
    )


def _secret(request: Request, endpoint: EndpointSecret, *, made: bool) -> Response:
    return page(request, "operations/webhook_secret.html", endpoint=endpoint, made=made, told=webhook_words)


def _events(form: FormData) -> list[str]:
    return [each for each in form.getlist("events") if isinstance(each, str)]


def _key(form: FormData) -> str | None:
    """What tells the same form sent twice from two forms."""
    return text(form, "key")[:200] or None


def _told(done: str) -> str:
    """What has just been done: one of `DONE`, or what was sent again, as `resent-SENT-REMAINING-FORGOTTEN`."""
    what, *counts = done.split("-")
    if what != "resent" or len(counts) != 3 or not all(count.isdecimal() and len(count) < 9 for count in counts):
        return DONE.get(done, "")
    sent, remaining, forgotten = map(int, counts)
    sentences = (
        f"{plural(sent, 'delivery is', 'deliveries are')} sent again.",
        f"{remaining} more wait: send again for the next." if remaining else "",
        f"{forgotten} cannot be: too old, their jobs are forgotten." if forgotten else "",
    )
    return " ".join(filter(None, sentences))


def _to(endpoint_id: UUID, done: str) -> Response:
    return RedirectResponse(f"/operations/webhooks/{endpoint_id}?done={done}", HTTPStatus.SEE_OTHER)

"""`assay webhooks`: who is told of what, what could not be delivered, and having it sent again."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from assay.cli.opened import REFUSED, opened
from assay.cli.options import DATA, Data, Json, console, print_json, settings_of

if TYPE_CHECKING:
    from assay.db.unit_of_work import UnitOfWork
    from assay.runtime import Runtime
    from assay.services.webhooks import EndpointRead

app = typer.Typer(no_args_is_help=True, help="Webhooks: endpoints, what could not be delivered to them, and sending it again.")

Endpoint = Annotated[UUID, typer.Argument(help="Id of the endpoint; `assay webhooks list` tells it.")]


@app.command(name="list")
def list_endpoints(data: Data = DATA, *, as_json: Json = False) -> None:
    """List endpoints, the newest first, with their standing."""
    from assay.services import webhooks

    page = _in_unit(data, lambda uow: webhooks.page(uow, None, 200))
    if as_json:
        print_json(page)
        return
    for each in page.items:
        _tell(each)
    console().print(f"{len(page.items)} endpoints{', there are more' if page.next_cursor else ''}")


@app.command()
def failed(
    data: Data = DATA,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, the newest first.")] = 50,
    *,
    as_json: Json = False,
) -> None:
    """List what was given up after its last try, with the answer to it."""
    from assay.domain.webhooks import DeliveryStatus
    from assay.services import deliveries

    page = _in_unit(data, lambda uow: deliveries.page(uow, deliveries.DeliveryFilter(status=DeliveryStatus.FAILED), None, limit))
    if as_json:
        print_json(page)
        return
    for each in page.items:
        answer = each.error or (f"answered {each.response_status}" if each.response_status else "-")
        console().print(f"{each.created_at:%Y-%m-%d %H:%M:%S}  {each.endpoint_id}  {each.event}  {answer}", soft_wrap=True)
    console().print(f"{len(page.items)} given up{', there are more' if page.next_cursor else ''}")


@app.command()
def enable(endpoint: Endpoint, data: Data = DATA, *, as_json: Json = False) -> None:
    """Tell an endpoint again that was disabled."""
    from assay.services import webhooks

    done = _in_unit(data, lambda uow: webhooks.enable(uow, None, endpoint))
    print_json(done) if as_json else _tell(done)


@app.command()
def disable(endpoint: Endpoint, data: Data = DATA, *, as_json: Json = False) -> None:
    """Tell an endpoint nothing until it is enabled again; what is under way to it is given up."""
    from assay.services import webhooks

    done = _in_unit(data, lambda uow: webhooks.disable(uow, None, endpoint))
    print_json(done) if as_json else _tell(done)


@app.command()
def resend(endpoint: Endpoint, data: Data = DATA, *, as_json: Json = False) -> None:
    """Send again what was given up to an endpoint, a hundred at a time, the oldest first; exit code 1 while some remain."""
    from assay.services import redelivery

    done = _in_unit(data, lambda uow: redelivery.resend_failed(uow, None, endpoint))
    if as_json:
        print_json(done)
    else:
        console().print(f"{len(done.resent)} sent again, {done.forgotten} too old, {done.remaining} remain")
    raise typer.Exit(REFUSED if done.remaining else 0)


def _in_unit[T](data: Data, use: "Callable[[UnitOfWork], Awaitable[T]]") -> T:
    async def run(runtime: "Runtime") -> T:
        async with runtime.open_uow() as uow:
            return await use(uow)

    return opened(settings_of(data), run)


def _tell(endpoint: "EndpointRead") -> None:
    standing = "told" if endpoint.is_active else f"off since {endpoint.disabled_at:%Y-%m-%d} ({endpoint.disabled_because or 'by an admin'})"
    events = ", ".join(endpoint.events) or "everything"
    console().print(f"{endpoint.id}  {endpoint.url}  {events}  {standing}", soft_wrap=True)

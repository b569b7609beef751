"""`assay service-accounts`: keys for machines, made, replaced and revoked by whoever runs the installation."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from assay.cli.opened import opened
from assay.cli.options import DATA, Data, Json, console, print_json, settings_of

if TYPE_CHECKING:
    from assay.db.unit_of_work import UnitOfWork
    from assay.services.service_accounts import ServiceAccountKey, ServiceAccountRead
    from assay.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Service accounts: machines that call the API, and their keys.")

Account = Annotated[UUID, typer.Argument(help="Id of the account; `assay service-accounts list` tells it.")]
Days = Annotated[int, typer.Option("--days", min=1, help="For how long the key is good.")]


@app.command(name="list")
def list_accounts(data: Data = DATA, *, as_json: Json = False) -> None:
    """List the accounts with their keys: what they may do, until when, and the hour of the last use."""
    settings = settings_of(data)
    from assay.services import service_accounts

    found = _in_unit(settings, service_accounts.all_of_them)
    if as_json:
        print_json(found)
        return
    for each in found.items:
        _tell(each)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the machine is called; nobody's name.")],
    days: Days,
    scope: Annotated[list[str], typer.Option(help="A permission, such as track:read. Once for each.")],
    data: Data = DATA,
    *,
    cohort: Annotated[list[UUID] | None, typer.Option(help="Id of a cohort that it is confined to.")] = None,
    as_json: Json = False,
) -> None:
    """Make an account and print its first key, this once; exit code 1 when it cannot be."""
    settings = settings_of(data)
    from pydantic import ValidationError

    from assay.services import service_accounts

    try:
        wanted = service_accounts.ServiceAccountWrite.model_validate(
            {"name": name, "scopes": scope, "cohort_ids": cohort or [], "expires_in_days": days}
        )
    except ValidationError as error:
        raise typer.BadParameter("; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())) from error
    _hand_over(_in_unit(settings, lambda uow: service_accounts.create(uow, None, wanted, settings.service_key_days)), as_json=as_json)


@app.command()
def add_key(account: Account, days: Days, data: Data = DATA, *, as_json: Json = False) -> None:
    """Make a second key and print it, this once: the machine changes over to it, then the first one is revoked."""
    settings = settings_of(data)
    from assay.services import service_accounts

    wanted = service_accounts.KeyWrite(expires_in_days=min(days, 3_650))
    _hand_over(
        _in_unit(settings, lambda uow: service_accounts.add_key(uow, None, account, wanted, settings.service_key_days)), as_json=as_json
    )


@app.command()
def revoke_key(
    account: Account, key: Annotated[UUID, typer.Argument(help="Id of the key.")], data: Data = DATA, *, as_json: Json = False
) -> None:
    """Revoke a key, which within two seconds opens nothing, and print the account with those that are left."""
    settings = settings_of(data)
    from assay.services import service_accounts

    async def run(uow: "UnitOfWork") -> "ServiceAccountRead":
        await service_accounts.revoke_key(uow, None, account, key)
        return await service_accounts.get(uow, account)

    _show(_in_unit(settings, run), as_json=as_json)


@app.command()
def close(account: Account, data: Data = DATA, *, as_json: Json = False) -> None:
    """Close an account for good, with all its keys, and print what it was."""
    settings = settings_of(data)
    from assay.services import service_accounts

    async def run(uow: "UnitOfWork") -> "ServiceAccountRead":
        was = await service_accounts.get(uow, account)
        await service_accounts.close(uow, None, account)
        return was

    _show(_in_unit(settings, run), as_json=as_json)


def _in_unit[T](settings: "Settings", use: "Callable[[UnitOfWork], Awaitable[T]]") -> T:
    from assay.runtime import Runtime

    async def run(runtime: Runtime) -> T:
        async with runtime.open_uow() as uow:
            return await use(uow)

    return opened(settings, run)


def _hand_over(made: "ServiceAccountKey", *, as_json: bool) -> None:
    if as_json:
        print_json(made)
    else:
        console().print(f"{made.key}\ntold this once; of account {made.id}", soft_wrap=True, highlight=False)


def _show(account: "ServiceAccountRead", *, as_json: bool) -> None:
    if as_json:
        print_json(account)
    else:
        _tell(account)


def _tell(account: "ServiceAccountRead") -> None:
    confined = f"  in {len(account.cohort_ids)} cohorts" if account.cohort_ids else ""
    console().print(f"{account.id}  {account.name}  {', '.join(account.scopes)}{confined}", soft_wrap=True, markup=False)
    for key in account.keys:
        used = f"last used {key.last_used_at:%Y-%m-%d %H}h UTC" if key.last_used_at else "never used"
        console().print(f"  {key.id}  {key.public_id}  until {key.expires_at:%Y-%m-%d}  {used}", soft_wrap=True)

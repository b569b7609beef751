"""`assay people`: find somebody, hand out or erase what is kept about them, keep it under a legal hold."""

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from assay.cli import backups
from assay.cli.opened import opened
from assay.cli.options import DATA, Data, Json, console, print_json, settings_of

if TYPE_CHECKING:
    from assay.db.unit_of_work import UnitOfWork
    from assay.runtime import Runtime
    from assay.services.people import PersonRead, Reasoned

app = typer.Typer(no_args_is_help=True, help="People's rights: export and erase what is kept about somebody, legal holds.")

Person = Annotated[UUID, typer.Argument(help="Id of the person; `assay people find` tells it.")]
Why = Annotated[str, typer.Option("--reason", help="Why, for the audit trail: 8 to 500 characters. Names and addresses are masked there.")]


@app.command()
def find(data: Data = DATA, *, as_json: Json = False) -> None:
    """Tell whose e-mail address is read from standard input: on a command line everybody on the machine could see it."""
    address = sys.stdin.readline().strip()
    settings = settings_of(data)
    from assay.services import people

    if not 3 <= len(address) <= 320:
        raise typer.BadParameter("Write one e-mail address to standard input.")
    wanted = people.PersonWanted(email=address)

    async def ask(runtime: "Runtime") -> "tuple[PersonRead, str]":
        person = await _in_unit(lambda uow: people.find(uow, None, wanted))(runtime)
        return person, runtime.pseudonym(person.id)

    person, pseudonym = opened(settings, ask)
    _tell(person, as_json=as_json)
    if not as_json:
        console().print(f"in logs and traces: {pseudonym}", highlight=False)


@app.command()
def export(person: Person, reason: Why, data: Data = DATA) -> None:
    """Print everything that is kept about a person as JSON."""
    settings, why = settings_of(data), _reasoned(reason)
    from assay.services import personal_data

    async def ask(runtime: "Runtime") -> personal_data.PersonalData:
        async with runtime.open_uow() as uow:
            return await personal_data.of(uow, None, person, why, runtime.clock)

    print_json(opened(settings, ask))


@app.command()
def erase(
    person: Person,
    reason: Why,
    data: Data = DATA,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask back.")] = False,
    as_json: Json = False,
) -> None:
    """Erase a person: content, name, sessions. Prints what was there and the proof; exit code 1 when something is left or a hold stands."""
    settings, why = settings_of(data), _reasoned(reason)
    if not yes:
        typer.confirm(f"Erase everything readable about {person}? This cannot be undone.", abort=True)
    from assay.services import erasure

    report = opened(settings, lambda runtime: erasure.erase(runtime.open_uow, None, person, why))
    if as_json:
        print_json(report)
    else:
        for name, counts in (("erased", report.erased), ("kept by id alone", report.kept), ("still readable", report.readable)):
            console().print(f"{name}: {', '.join(f'{table} {rows}' for table, rows in counts.items()) or 'nothing'}", soft_wrap=True)
    raise typer.Exit(0 if report.complete else 1)


@app.command()
def erase_listed(
    file: Annotated[Path, typer.Argument(help="From `assay audit export --action person:erase`, or the log; - reads it.", allow_dash=True)],
    data: Data = DATA,
    *,
    as_json: Json = False,
) -> None:
    """Erase everybody again who was erased by this list: a restored database knows them still. Exit code 1 if any is left."""
    settings = settings_of(data)
    from assay.domain.backups import erased_people
    from assay.services import erasing_again

    async def again(runtime: "Runtime") -> erasing_again.ErasedAgain:
        return await erasing_again.erase_again(runtime.open_uow, erased_people(backups.lines_of(file)))

    done = opened(settings, again)
    if as_json:
        print_json(done)
    else:
        backups.show_again(done)
    raise typer.Exit(0 if done.complete else 1)


@app.command()
def invite(person: Person, data: Data = DATA, *, as_json: Json = False) -> None:
    """Print a link by which somebody chooses a password: good once, for three days. Earlier links end. Hand it over yourself."""
    settings = settings_of(data)
    from assay.services import password_links

    link = opened(
        settings,
        lambda runtime: _in_unit(lambda uow: password_links.make(uow, None, person, settings.public_url, runtime.clock))(runtime),
    )
    if as_json:
        print_json(link)
    else:
        console().print(f"{link.url}\ngood once, until {link.expires_at:%Y-%m-%d %H:%M} UTC", soft_wrap=True, highlight=False)


@app.command()
def reset(person: Person, data: Data = DATA, *, as_json: Json = False) -> None:
    """The same for somebody who has forgotten theirs: the present password goes on until the link is used."""
    invite(person, data, as_json=as_json)


@app.command()
def hold(person: Person, reason: Why, data: Data = DATA, *, as_json: Json = False) -> None:
    """Keep everything about a person: erasing is refused and retention passes by until the hold is lifted."""
    settings, why = settings_of(data), _reasoned(reason)
    from assay.services import people

    _tell(opened(settings, _in_unit(lambda uow: people.hold(uow, None, person, why))), as_json=as_json)


@app.command()
def release(person: Person, reason: Why, data: Data = DATA, *, as_json: Json = False) -> None:
    """Lift the legal hold on a person."""
    settings, why = settings_of(data), _reasoned(reason)
    from assay.services import people

    _tell(opened(settings, _in_unit(lambda uow: people.release(uow, None, person, why))), as_json=as_json)


def _in_unit[T](use: "Callable[[UnitOfWork], Awaitable[T]]") -> "Callable[[Runtime], Awaitable[T]]":
    async def run(runtime: "Runtime") -> T:
        async with runtime.open_uow() as uow:
            return await use(uow)

    return run


def _reasoned(reason: str) -> "Reasoned":
    from pydantic import ValidationError

    from assay.services.people import Reasoned

    try:
        return Reasoned(reason=reason)
    except ValidationError as error:
        raise typer.BadParameter("Say why in 8 to 500 characters.") from error


def _tell(person: "PersonRead", *, as_json: bool) -> None:
    if as_json:
        print_json(person)
        return
    standing = f"held since {person.hold.since:%Y-%m-%d}: {person.hold.reason}" if person.hold else "no legal hold"
    state = f"erased {person.erased_at:%Y-%m-%d}" if person.erased_at else "active" if person.is_active else "not active"
    console().print(f"{person.id}  {person.role}  {state}  {standing}", soft_wrap=True)

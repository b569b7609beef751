"""`assay doctor`: a look over a whole deployment, and what to do about what is found."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.options import DATA, Data, Json, console, print_json, settings_of

if TYPE_CHECKING:
    from assay.domain.diagnosis import Diagnosis

STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red", "unknown": "dim"}


def doctor(
    data: Data = DATA,
    *,
    models: Annotated[bool, typer.Option(help="Ask the configured models something tiny, which is paid for.")] = True,
    as_json: Json = False,
) -> None:
    """Look over the whole deployment, from settings to models, and say what to mend; exit code 1 when it is not sound."""
    settings = settings_of(data)
    from assay.cli import doctor_checks
    from assay.domain.diagnosis import Diagnosis, failed
    from assay.runtime import open_runtime
    from assay.security.encryption import KeyRingError

    async def look() -> Diagnosis:
        async with open_runtime(settings, check_keys=False) as runtime:
            return await doctor_checks.examine(runtime, data, ask_models=models)

    try:
        found = asyncio.run(look())
    except KeyRingError as error:
        found = Diagnosis(sound=False, findings=(failed("keys", str(error), "Set this installation's keys; .env.example names them."),))
    if as_json:
        print_json(found)
    else:
        _show(found)
    raise typer.Exit(0 if found.sound else 1)


def _show(found: "Diagnosis") -> None:
    from rich.table import Table

    table = Table("looked at", "", "found", box=None, pad_edge=False, header_style="bold")
    for each in found.findings:
        table.add_row(each.name, f"[{STYLES[each.state]}]{each.state}[/]", each.told + (f"\n→ {each.remedy}" if each.remedy else ""))
    console().print(table)
    counts = {state: sum(each.state == state for each in found.findings) for state in STYLES}
    verdict = "sound" if found.sound else "not sound"
    console().print(f"{verdict}: " + ", ".join(f"{count} {state}" for state, count in counts.items() if count), soft_wrap=True)

"""`assay access`: who may do what to whose."""

from typing import Annotated

import typer

from assay.cli.options import Json, console


def access(
    *, markdown: Annotated[bool, typer.Option("--markdown", help="As docs/access.md has it.")] = False, as_json: Json = False
) -> None:
    """List every route of the API with its permission, and whose objects each role reaches by it."""
    import json

    from rich.table import Table

    from assay.api import access as matrix
    from assay.api.app import create_api

    rows = matrix.table(create_api())
    if markdown:
        typer.echo(matrix.markdown(rows), nl=False)
        return
    if as_json:
        typer.echo(json.dumps([{**row._asdict(), "reach": dict(row.reach)} for row in rows]))
        return
    shown = Table("route", "asks for", *(role.value for role in rows[0].reach), box=None, pad_edge=False, header_style="bold")
    for row in rows:
        shown.add_row(f"{row.method} {row.path}", row.asks, *row.reach.values())
    console().print(shown)

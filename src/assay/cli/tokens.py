"""`assay tokens`: keys that sign access tokens."""

import secrets
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Keys that sign access tokens.")


@app.callback()
def _group() -> None:
    """Keep `new-key` a verb of its own; a group of one would swallow it."""


@app.command()
def new_key(
    key_id: Annotated[str, typer.Option("--id", help="What the key is called; the day and something random unless given.")] = "",
    algorithm: Annotated[str, typer.Option(help="Ed25519, or ES256 where the others cannot read that.")] = "Ed25519",
) -> None:
    """Print a new private key as `kid=PEM` on one line, as ASSAY_JWT_PRIVATE_KEYS takes it. Nothing is stored."""
    from assay.security.jws import new_private_key

    try:
        pem = new_private_key(algorithm)
    except ValueError as error:
        raise typer.BadParameter("Choose Ed25519 or ES256.") from error
    name = key_id or f"t{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(2)}"
    if not name.replace("-", "").replace("_", "").isalnum():
        raise typer.BadParameter("A key id has letters, digits, hyphens and underscores.")
    sys.stdout.write(f"{name}={pem.strip().replace('\n', '\\n')}\n")

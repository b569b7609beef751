"""What tests do to a database that no code of ours could."""

from typing import Any

from sqlalchemy import text

from assay.runtime import Runtime


async def bend(runtime: Runtime, statement: str, **values: Any) -> None:
    """Execute something past all triggers and foreign keys."""
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("SET LOCAL session_replication_role = replica"))
        await uow.session.execute(text(statement), values)

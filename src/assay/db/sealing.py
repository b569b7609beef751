"""Seals what is written for the row it is written to: every INSERT that names its row, and every flush of objects."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import BindParameter, Connection, Executable, Insert, Table, Update, Uuid, event
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import Mapper

from assay.db.models import Base
from assay.db.types import BY_ID, Encrypted, Sealed, row_tag
from assay.kit.ids import new_id

type Values = Mapping[str, Any]


class SealedTable(NamedTuple):
    """A table with encrypted columns, and the columns that name a row in its ciphertexts."""

    table: Table
    row: tuple[str, ...]
    columns: Mapping[str, Encrypted]


def _sealed_tables(tables: Iterable[Table]) -> dict[str, SealedTable]:
    found = {}
    for table in tables:
        types = {column.name: column.type for column in table.columns if isinstance(column.type, Encrypted)}
        if types:
            (row,) = {each.row for each in types.values()}  # one for the whole table
            found[table.name] = SealedTable(table, row, types)
    return found


_WRITTEN_AS_IT_IS: Final = (Sealed, type(None))
SEALED: Final[Mapping[str, SealedTable]] = _sealed_tables(Base.metadata.sorted_tables)
"""Every table with encrypted columns, as the models say it: what is rotated, counted and sealed is read from here."""


def seal_what_is_written(engine: AsyncEngine) -> None:
    """From now on statements of this engine write ciphertexts bound to their rows."""
    event.listen(engine.sync_engine, "before_execute", _before_execute, retval=True)


def _before_execute(
    _connection: Connection, statement: Executable, many: Sequence[Values], one: Values, _options: Mapping[str, Any]
) -> tuple[Executable, Sequence[Values], Values]:
    if not isinstance(statement, Insert | Update) or (sealed := SEALED.get(getattr(statement.table, "name", ""))) is None:
        return statement, many, one
    if isinstance(statement, Insert):
        return _with_values_sealed(statement, sealed), [_inserted(sealed, row) for row in many], _inserted(sealed, one)
    return statement, [_updated(sealed, row) for row in many], _updated(sealed, one)


def _inserted(sealed: SealedTable, row: Values) -> Values:
    """The row with its values sealed, and with the id that Postgres would have given it: a ciphertext cannot be made without."""
    if not row:
        return row
    if sealed.row == BY_ID and row.get("id") is None:
        row = {**row, "id": new_id()}
    return _written(sealed, row, [row[name] for name in sealed.row])


def _updated(sealed: SealedTable, row: Values) -> Values:
    """A flush names the row as `table_column`; where nobody names it, the type refuses what is not sealed."""
    key = [row.get(f"{sealed.table.name}_{name}") for name in sealed.row]
    return row if None in key else _written(sealed, row, key)


def _with_values_sealed(statement: Insert, sealed: SealedTable) -> Insert:
    """The same INSERT with what stands in its VALUES sealed."""
    inline: Mapping[Any, Any] = statement._values or {}  # noqa: SLF001 - nothing public tells what values() was given
    given: Values = {getattr(name, "name", name): value.value for name, value in inline.items() if isinstance(value, BindParameter)}
    found = _inserted(sealed, given)
    changed = {name: value for name, value in found.items() if value is not given.get(name)}
    return statement.values(changed) if changed else statement


def _written(sealed: SealedTable, row: Values, key: Sequence[Any]) -> Values:
    bare = [(name, kind, value) for name, kind in sealed.columns.items() if not isinstance(value := row.get(name), _WRITTEN_AS_IT_IS)]
    if not bare:
        return row
    tag = row_tag(*key)
    return {**row, **{name: kind.sealed_for(value, tag) for name, kind, value in bare}}


def _name_new_row(_mapper: Mapper[Any], _connection: Connection, target: Any) -> None:
    if target.id is None:
        target.id = new_id()


for _mapper in Base.registry.mappers:
    _known = SEALED.get(_mapper.local_table.name) if isinstance(_mapper.local_table, Table) else None
    if _known and _known.row == BY_ID and isinstance(_known.table.c.id.type, Uuid):
        event.listen(_mapper, "before_insert", _name_new_row)

"""The declarative base: naming convention of constraints, and the columns nearly every table has."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, cast
from uuid import UUID

from sqlalchemy import DateTime, MetaData, Table, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import Text, TypeEngine

from assay.db.types import Encrypted

type Json = dict[str, Any]

PrimaryKey = Annotated[UUID, mapped_column(primary_key=True, server_default=text("uuidv7()"))]
CreatedAt = Annotated[datetime, mapped_column(server_default=func.now())]


class Base(DeclarativeBase):
    """Every table. Foreign keys everywhere, `timestamptz` for every time."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, TypeEngine[Any]]] = {
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
        list[str]: ARRAY(Text()),
        list[UUID]: ARRAY(Uuid()),
        str: Text(),
    }


def table(model: type[Base]) -> Table:
    """The table of `model`, for statements that write plain rows and need nothing of the ORM."""
    return cast("Table", model.__table__)


def encrypted(model: type[Base], column: str) -> Encrypted:
    """The type of an encrypted column, for raw SQL that seals and opens by itself."""
    return cast("Encrypted", table(model).c[column].type)


def one_of(column: str, values: type) -> str:
    """The SQL of a check that `column` holds a member of the enumeration `values`."""
    members = ", ".join(f"'{member.value}'" for member in values)  # type: ignore[attr-defined]
    return f"{column} IN ({members})"

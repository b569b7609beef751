"""Column types of our own: encrypted text and JSON, for everything that could tell who a student is or what they wrote.

A ciphertext belongs to its row. Reading, Postgres puts the row's tag before the ciphertext; writing, a value has to have been sealed for
its row: `db/sealing.py` does that with inserts and with objects, whoever writes an UPDATE or raw SQL calls `sealed` and `opened`.
"""

from functools import reduce
from typing import Any, Final, cast
from uuid import UUID

from pydantic_core import from_json, to_json
from sqlalchemy import ColumnElement, Dialect, Label, LargeBinary, Uuid, func
from sqlalchemy.types import TypeDecorator

from assay.security.encryption import ROW_TAG_BYTES, KeyRing, KeyRingError, row_tag

__all__ = [
    "Encrypted",
    "EncryptedJson",
    "EncryptedText",
    "KeyRing",
    "KeyRingError",
    "Sealed",
    "key_ring",
    "refuse_key_ring",
    "row_tag",
    "use_key_ring",
]

BY_ID: Final = ("id",)

_ring: KeyRing | None = None
_refused: KeyRingError | None = None


def use_key_ring(ring: KeyRing) -> None:
    """Install the process's key ring. Called once by the composition root before the first statement."""
    global _ring, _refused
    _ring, _refused = ring, None


def refuse_key_ring(because: KeyRingError) -> None:
    """Use no key any more: these are not the keys of this database."""
    global _refused  # noqa: PLW0603 - a column type has no other way to reach configuration
    _refused = because


def key_ring() -> KeyRing:
    """The installed ring. Raises `KeyRingError` when there is none, or when it was refused."""
    if _refused is not None:
        raise _refused
    if _ring is None:
        msg = "no key ring is installed: personal data can be neither written nor read"
        raise KeyRingError(msg)
    return _ring


class Sealed(bytes):
    """A ciphertext, made for one row of one column."""

    __slots__ = ()


class Encrypted(TypeDecorator[Any]):
    """A value that is stored encrypted, bound to `place` (`table.column`) and to its row, which the columns `row` name and never change."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, place: str, row: tuple[str, ...] = BY_ID) -> None:
        super().__init__()
        self.place = place
        self.row = row

    def _dump(self, value: Any) -> bytes:
        raise NotImplementedError

    def _load(self, plain: bytes) -> Any:
        raise NotImplementedError

    def sealed(self, value: Any, *key: UUID | str) -> Sealed | None:
        """The ciphertext of `value` in the row of this `key` (the values of the columns `row`); None, which is no secret, stays None."""
        return None if value is None else self.sealed_for(value, row_tag(*key))

    def sealed_for(self, value: Any, tag: bytes) -> Sealed:
        """The ciphertext of `value` in the row of this tag."""
        return Sealed(key_ring().encrypt(self._dump(value), self.place, tag))

    def opened(self, sealed: bytes, *key: UUID | str) -> Any:
        """The value. Raises `KeyRingError` for a ciphertext of another row, column or key."""
        return self.opened_by(key_ring(), sealed, *key)

    def opened_by(self, ring: KeyRing, sealed: bytes, *key: UUID | str) -> Any:
        """The value, by a ring that is not installed. Raises `KeyRingError`."""
        return self._load(ring.decrypt(sealed, self.place, row_tag(*key)))

    def renewed(self, ring: KeyRing, sealed: bytes, *key: UUID | str) -> bytes:
        """The same plain text encrypted anew. Raises `KeyRingError`."""
        tag = row_tag(*key)
        return ring.encrypt(ring.decrypt(sealed, self.place, tag), self.place, tag)

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        """Let through what is sealed. Raises `KeyRingError` for anything else: a type does not know the row it is bound for."""
        del dialect
        if value is None or isinstance(value, Sealed):
            return value
        msg = f"{self.place} was to be written without its row: give it as sealed(value, {', '.join(self.row)})"
        raise KeyRingError(msg)

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Read the row's tag and the ciphertext as one value."""
        stored = column.element if isinstance(column, Label) else column
        key = [stored.table.c[name] for name in self.row]
        first, *more = (func.uuid_send(each) if isinstance(each.type, Uuid) else func.convert_to(each, "UTF8") for each in key)
        joined = reduce(lambda one, other: one.op("||")(other), more, cast("ColumnElement[Any]", first))
        return func.sha256(joined, type_=LargeBinary()).op("||", return_type=self)(stored)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:
        """Decrypt what `column_expression` reads."""
        del dialect
        if value is None:
            return None
        return self._load(key_ring().decrypt(value[ROW_TAG_BYTES:], self.place, value[:ROW_TAG_BYTES]))


class EncryptedText(Encrypted):
    """Text that is stored encrypted."""

    cache_ok = True

    def _dump(self, value: str) -> bytes:
        return value.encode()

    def _load(self, plain: bytes) -> str:
        return plain.decode()


class EncryptedJson(Encrypted):
    """A JSON value that is stored encrypted."""

    cache_ok = True

    def _dump(self, value: Any) -> bytes:
        return to_json(value)

    def _load(self, plain: bytes) -> Any:
        return from_json(plain)

"""Column types of our own: encrypted text and JSON, for everything that could tell who a student is or what they wrote."""

from typing import Any

from pydantic_core import from_json, to_json
from sqlalchemy import Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

from assay.security.encryption import KeyRing, KeyRingError

_ring: KeyRing | None = None


def use_key_ring(ring: KeyRing) -> None:
    """Install the process's key ring. Called once by the composition root before the first statement."""
    global _ring  # noqa: PLW0603 - a column type has no other way to reach configuration
    _ring = ring


def key_ring() -> KeyRing:
    """The installed ring. Raises `KeyRingError` when there is none."""
    if _ring is None:
        msg = "no key ring is installed: personal data can be neither written nor read"
        raise KeyRingError(msg)
    return _ring


class EncryptedText(TypeDecorator[str]):
    """Text that is stored encrypted, bound to `place` (`table.column`)."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """Encrypt on the way in."""
        del dialect
        return None if value is None else key_ring().encrypt(value.encode(), self.place)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        """Decrypt on the way out."""
        del dialect
        return None if value is None else key_ring().decrypt(value, self.place).decode()


class EncryptedJson(TypeDecorator[Any]):
    """A JSON value that is stored encrypted, bound to `place`."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        """Encrypt on the way in."""
        del dialect
        if value is None:
            return None
        return key_ring().encrypt(to_json(value), self.place)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:
        """Decrypt on the way out."""
        del dialect
        return None if value is None else from_json(key_ring().decrypt(value, self.place))

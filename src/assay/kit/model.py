"""The one base of every value object: frozen, camelCase on the wire, unknown fields refused."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel


def _written(given: object) -> object:
    """Refuse numbers, which Pydantic would take for seconds since 1970."""
    try:
        float(given)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return given
    msg = "a time is wanted as in 2026-01-31T12:00:00Z"
    raise ValueError(msg)


type Moment = Annotated[AwareDatetime, BeforeValidator(_written)]
"""A time with its offset as RFC 3339 writes it. Whoever sends 2026 means the year, not half an hour into 1970."""


class Value(BaseModel):
    """An immutable value. Accepts snake_case and camelCase, serialises to camelCase."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """As in Pydantic, but what the original had calculated from its fields (a content hash) is not copied along."""
        copied = super().model_copy(update=update, deep=deep)
        for calculated in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[calculated]
        return copied

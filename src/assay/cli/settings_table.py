"""`assay settings`: each setting, its value with secrets masked, and where it comes from."""

from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo
from rich.table import Table

from assay.settings import Settings

MASK: Final = "••••"
NOTHING: Final = "-"


def settings_table(settings: Settings, given: Mapping[str, str], completed: Mapping[str, str]) -> Table:
    """One row a setting. `given` is the user's environment, `completed` the one after the laptop runtime has added its own."""
    table = Table("setting", "value", "from", box=None, pad_edge=False, header_style="bold")
    for row in rows(settings, given, completed):
        table.add_row(*row)
    return table


class Row(NamedTuple):
    """A setting, its value with secrets masked, and where that comes from."""

    setting: str
    value: str
    source: str


def rows(settings: Settings, given: Mapping[str, str], completed: Mapping[str, str]) -> list[Row]:
    """Every setting in order; the arguments are those of `settings_table`."""
    return [
        Row(name, shown(getattr(settings, name)), source(name, field, given, completed)) for name, field in Settings.model_fields.items()
    ]


def names(name: str, field: FieldInfo) -> tuple[str, ...]:
    """The environment variables that a setting is read from, the first that is set wins."""
    match field.validation_alias:
        case AliasChoices(choices=choices):
            return tuple(str(choice) for choice in choices)
        case _:
            return (f"ASSAY_{name.upper()}",)


def source(name: str, field: FieldInfo, given: Mapping[str, str], completed: Mapping[str, str]) -> str:
    """`environment NAME`, `runtime NAME` when the laptop runtime has set it, or `default`."""
    for variable in names(name, field):
        if variable in given:
            return f"environment {variable}"
        if variable in completed:
            return f"laptop runtime {variable}"
    return "default"


def shown(value: object) -> str:
    """A value for people's eyes: no password, no key, not even its length."""
    match value:
        case SecretStr():
            return _masked(value.get_secret_value())
        case dict():
            return ", ".join(f"{key}={MASK if isinstance(each, SecretStr) else each}" for key, each in value.items()) or NOTHING
        case None | "":
            return NOTHING
        case _:
            return str(value)


def _masked(secret: str) -> str:
    if not secret:
        return NOTHING
    parts = urlsplit(secret)
    if not parts.scheme or "://" not in secret:
        return MASK
    # Of a URL, where it leads may be seen; what opens the door may not.
    user, _, place = parts.netloc.rpartition("@")
    who = f"{user.partition(':')[0]}:{MASK}@" if ":" in user else f"{user}@" if user else ""
    return f"{parts.scheme}://{who}{place}{parts.path}"

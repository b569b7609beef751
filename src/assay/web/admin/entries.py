"""What somebody has entered into a form, right or wrong: texts by field, and rows of fields called `group-number-field`."""

import re
from collections.abc import Iterable, Sequence
from typing import Final, Self

from starlette.datastructures import FormData

from assay.web.session import CSRF_FIELD

MAX_ROWS: Final = 60
"""Rows a group can grow to; no list of the domain may be as long."""
ROWS_FIELD: Final = "rows"
"""The name of the buttons that add a row (`add:group`) or take one out (`remove:group:number`)."""
_ROW: Final = re.compile(r"([a-z]+)-(\d{1,3})-[a-z]+")


class Entries:
    """The fields of a form in their order."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._texts: dict[str, list[str]] = {}
        self.newest = ""
        """The row that was just added, `group-number`."""
        for name, value in pairs:
            self._texts.setdefault(name, []).append(value)

    @classmethod
    def of_form(cls, form: FormData) -> Self:
        """The fields of a form that was sent, its line breaks as everywhere else."""
        kept = ((name, value) for name, value in form.multi_items() if name != CSRF_FIELD)
        return cls((name, value.replace("\r\n", "\n")) for name, value in kept if isinstance(value, str))

    def get(self, name: str, default: str = "") -> str:
        """What a field holds."""
        return next(iter(self.every(name)), default)

    def every(self, name: str) -> Sequence[str]:
        """All that a field holds that can hold several things."""
        return self._texts.get(name, [])

    def put(self, name: str, *values: object) -> None:
        """Have a field hold `values`."""
        self._texts[name] = [str(value) for value in values]

    def pairs(self) -> list[tuple[str, str]]:
        """Every field with its text, as a form would send them."""
        return [(name, value) for name, values in self._texts.items() for value in values]

    def rows(self, group: str) -> list[int]:
        """The numbers of the rows of `group`, from the first to the last on the page."""
        found = (_ROW.fullmatch(name) for name in self._texts)
        return list(dict.fromkeys(int(each[2]) for each in found if each and each[1] == group))[:MAX_ROWS]

    def rearranged(self, wish: str, first_field: str = "text") -> bool:
        """Add or take out a row as a button of the name `ROWS_FIELD` says; whether it said anything."""
        match wish.split(":"):
            case ["add", group]:
                self._add(group, first_field)
            case ["remove", group, number]:
                self._texts = {name: values for name, values in self._texts.items() if not name.startswith(f"{group}-{number}-")}
            case _:
                return False
        return True

    def _add(self, group: str, first_field: str) -> None:
        rows = self.rows(group)
        if len(rows) < MAX_ROWS:
            number = max(rows, default=0) + 1
            self.newest = f"{group}-{number}"
            self.put(f"{self.newest}-{first_field}", "")

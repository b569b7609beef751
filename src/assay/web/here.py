"""The address of the page one looks at: lists are narrowed, sorted and leafed through by changing what stands in it."""

from typing import NamedTuple, Self
from urllib.parse import urlencode

from fastapi import Request

PASSING = frozenset({"cursor", "done"})
"""What does not carry over to the same list narrowed or sorted otherwise."""


class Here(NamedTuple):
    """A path with its query."""

    path: str
    query: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, request: Request) -> Self:
        """The address that was asked for."""
        return cls(request.url.path, tuple(request.query_params.multi_items()))

    def get(self, name: str) -> str:
        """What the query says of `name`; empty when it says nothing."""
        return next((value for key, value in self.query if key == name), "")

    def but(self, **changes: object) -> str:
        """The same page with `changes` in its query; None or an empty text takes a name away."""
        kept = [(name, value) for name, value in self.query if name not in changes and name not in PASSING]
        added = [(name, str(value)) for name, value in changes.items() if value not in (None, "")]
        query = urlencode([*kept, *added])
        return f"{self.path}?{query}" if query else self.path

    def sorted_by(self, key: str) -> str:
        """The same list sorted by `key`, downwards when it is sorted upwards already: `sort=key`, `sort=-key`."""
        return self.but(sort=f"-{key}" if self.get("sort") == key else key)

"""Who may do what to whose: every route of the API with its permission, and whose objects it reaches, as one table."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from assay.domain.actors import FOR_MACHINES, PERMISSIONS, Permission, Role
from assay.edge.dependencies import get_person


class Whose(StrEnum):
    """Which objects a role reaches on a route. What it does not reach is not there: 404, as for what never was."""

    ANY = "any"
    OWN = "own"
    ADVISED = "own cohorts'"
    NONE = "none"


class Door(StrEnum):
    """What a route asks of a caller that is no permission."""

    OPEN = "open"
    SIGNED_IN = "signed in"


OF_A_STUDENT: Final[Mapping[Role, Whose]] = {Role.STUDENT: Whose.OWN, Role.ADVISOR: Whose.ADVISED}
EVERYBODYS_OWN: Final[Mapping[Role, Whose]] = dict.fromkeys(Role, Whose.OWN)
LISTS: Final[Mapping[str, Mapping[Role, Whose]]] = {
    "/assessments": OF_A_STUDENT,
    "/me": EVERYBODYS_OWN,
    "/me/export": EVERYBODYS_OWN,
    "/me/learning": EVERYBODYS_OWN,
    "/advisor/cohorts": {Role.ADVISOR: Whose.OWN},
    "/advisor/agreement": {Role.ADVISOR: Whose.ADVISED},
    "/dashboards/feedback": {Role.ADVISOR: Whose.ADVISED},
}
"""Whose a route tells of that names nobody."""
OBJECTS: Final[Mapping[str, Mapping[Role, Whose]]] = {
    "assessment_id": OF_A_STUDENT,
    "recommendation_id": OF_A_STUDENT,
    "essay_score_id": OF_A_STUDENT,
    "cohort_id": {Role.ADVISOR: Whose.OWN},
}
"""Whose objects a path's name stands for, where that is not everybody's who may call the route at all."""


class Access(NamedTuple):
    """A route: what it asks for, and what each role reaches by it."""

    method: str
    path: str
    asks: Permission | Door
    reach: Mapping[Role, Whose]

    @property
    def by_key(self) -> Whose:
        """What the key of a service account reaches by it, if its scope names what the route asks for."""
        return Whose.ANY if self.asks is Door.OPEN or self.asks in FOR_MACHINES else Whose.NONE

    @property
    def names(self) -> tuple[str, ...]:
        """The names in its path."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))


def table(app: FastAPI) -> list[Access]:
    """Every route of `app`, in its order."""
    return [access for context in iter_route_contexts(app.routes) for access in _of(context.original_route)]


def markdown(rows: list[Access]) -> str:
    """The table as the documentation has it."""
    head = ["| route | asks for | student | advisor | admin | key |", "|---|---|---|---|---|---|"]
    lines = [
        f"| `{row.method} {row.path}` | {row.asks} | {' | '.join(_told(row.reach[role]) for role in Role)} | {_told(row.by_key)} |"
        for row in rows
    ]
    return "\n".join([*head, *lines]) + "\n"


def _told(whose: Whose) -> str:
    return "" if whose is Whose.NONE else whose


def _of(route: object) -> Iterator[Access]:
    if not isinstance(route, APIRoute):
        return
    calls = {each.call for each in route.dependant.dependencies}
    asked = [permission for call in calls if isinstance(permission := getattr(call, "permission", None), Permission)]
    asks = asked[0] if asked else Door.SIGNED_IN if get_person in calls else Door.OPEN
    for method in sorted((route.methods or set()) - {"HEAD"}):
        yield Access(method, route.path, asks, {role: _reach(role, route.path, asks) for role in Role})


def _reach(role: Role, path: str, asks: Permission | Door) -> Whose:
    if isinstance(asks, Permission) and asks not in PERMISSIONS[role]:
        return Whose.NONE
    limits = (LISTS.get(path, {}), *(limited for name, limited in OBJECTS.items() if f"{{{name}}}" in path))
    return next((limited[role] for limited in limits if role in limited), Whose.ANY)

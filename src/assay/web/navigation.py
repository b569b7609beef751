"""Where each kind of person can go: the areas at the head of every page, and the pages of an area below it."""

from typing import Final, NamedTuple

from assay.domain.actors import Role
from assay.web.session import Session


class Link(NamedTuple):
    """A place and its name."""

    path: str
    name: str

    def leads_to(self, path: str) -> bool:
        """Whether `path` is this place or one below it."""
        return path == self.path or (self.path != "/" and path.startswith(f"{self.path}/"))


class Area(NamedTuple):
    """A subject with its pages; the first is where its name leads."""

    name: str
    pages: tuple[Link, ...]

    @property
    def path(self) -> str:
        """Where the area begins."""
        return self.pages[0].path

    def leads_to(self, path: str) -> bool:
        """Whether `path` belongs to this area."""
        return any(page.leads_to(path) for page in self.pages)


type Place = Link | Area

DOCS: Final = Link("/docs", "API")
ACCOUNT: Final = Link("/account", "Account")
CONTENT: Final = Area(
    "Content",
    (
        Link("/admin/tracks", "Tracks"),
        Link("/admin/questions", "Questions"),
        Link("/admin/catalog", "Catalog"),
        Link("/admin/index", "Search index"),
    ),
)
PEOPLE: Final = Area(
    "People",
    (
        Link("/admin/cohorts", "Cohorts"),
        Link("/admin/people", "Persons"),
        Link("/admin/audit", "Audit"),
        Link("/admin/retention", "Retention"),
    ),
)
OPERATIONS: Final = Area(
    "Operations",
    (
        Link("/operations/health", "Health"),
        Link("/operations/jobs", "Jobs"),
        Link("/operations/webhooks", "Webhooks"),
        Link("/operations/service-accounts", "Service accounts"),
        Link("/operations/pilot", "Pilot"),
        Link("/agreement", "Agreement"),
    ),
)
PLACES: Final[dict[Role, tuple[Place, ...]]] = {
    Role.STUDENT: (Link("/", "My assessments"), Link("/tracks", "Tracks"), ACCOUNT),
    Role.ADVISOR: (Link("/", "My students"), Link("/agreement", "Agreement"), Link("/tracks", "Tracks"), ACCOUNT),
    Role.ADMIN: (Link("/", "Overview"), CONTENT, PEOPLE, OPERATIONS, ACCOUNT),
}


def places(session: Session | None) -> tuple[Place, ...]:
    """The places for whoever is looking; somebody with a resume token has their one assessment and nothing else."""
    if session is None:
        return (DOCS,)
    if session.actor.assessment_id is not None:
        return (Link(f"/assessments/{session.actor.assessment_id}", "My assessment"),)
    return PLACES[session.actor.role]


def area_of(session: Session | None, path: str) -> Area | None:
    """The area `path` lies in, if it has pages to choose from."""
    return next((place for place in places(session) if isinstance(place, Area) and place.leads_to(path)), None)

"""Where each kind of person can go: the links at the head of every page."""

from typing import Final, NamedTuple

from assay.domain.actors import Role
from assay.web.session import Session


class Link(NamedTuple):
    """A place and its name."""

    path: str
    name: str


DOCS: Final = Link("/docs", "API")
LINKS: Final[dict[Role, tuple[Link, ...]]] = {
    Role.STUDENT: (Link("/", "My assessments"), Link("/tracks", "Tracks")),
    Role.ADVISOR: (Link("/", "My students"), Link("/tracks", "Tracks")),
    Role.ADMIN: (Link("/", "Overview"), Link("/tracks", "Tracks"), DOCS),
}


def links(session: Session | None) -> tuple[Link, ...]:
    """The links for whoever is looking; somebody with a resume token has their one assessment and nothing else."""
    if session is None:
        return (DOCS,)
    if session.actor.assessment_id is not None:
        return (Link(f"/assessments/{session.actor.assessment_id}", "My assessment"),)
    return LINKS[session.actor.role]

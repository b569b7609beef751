"""A small catalog and learners to rank it for: a test names what it changes and nothing else."""

from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from assay.domain.credentials import CredentialContent
from assay.domain.learner import EssayResult, Learner, TheoryResult
from assay.domain.suitability import Candidate
from assay.domain.tracks import TrackContent

NAMES = {"sql": "SQL", "http": "HTTP", "caching": "Caching", "ci-cd": "Continuous integration and delivery", "testing": "Software testing"}
RECORD: Final[dict[str, Any]] = {
    "slug": "reading-query-plans",
    "title": "Reading Query Plans",
    "provider": "Lakeside Open School",
    "description": "Learners read the plans of slow statements, find the step that costs most, and say what would spare it.",
    "outcomes": ["Find the costliest step of a query plan", "Choose an index and say what it costs"],
    "skills": ["sql"],
    "level": "intermediate",
    "workloadHours": 25,
}
"""A credential as the API and a file of the catalog hold it."""
FOCUS = ("sql", "http", "caching", "testing")


def track(**changes: Any) -> TrackContent:
    """A track of four skills."""
    values = {"name": "Backend Engineer", "description": "Builds services that others rely on.", "skill_focus": FOCUS}
    return TrackContent.model_validate({**values, **changes})


def learner(**changes: Any) -> Learner:
    """A student who knows SQL, does not know caching, and was asked nothing else."""
    values = {"track": track(), "theory": (TheoryResult(skills=("sql",), credit=1), TheoryResult(skills=("caching",), credit=0))}
    return Learner.model_validate({**values, **changes})


def essay(**changes: Any) -> EssayResult:
    """A fair essay on testing."""
    values: dict[str, Any] = {"skills": ("testing",), "percent": 60.0, "accuracy": 3, "sentences": ("Tests run on every change.",)}
    return EssayResult.model_validate({**values, **changes})


def content(**changes: Any) -> CredentialContent:
    """An intermediate credential on caching."""
    values: dict[str, Any] = {
        "title": "Caching in Practice",
        "provider": "Northfold Open University",
        "description": "Learners speed up a slow shop. They choose an eviction policy, e.g. by age, and defend it. Which one is right?",
        "outcomes": ("Place a cache where it pays off.", "Measure the hit rate of a cache."),
        "skills": ("caching",),
        "level": "intermediate",
        "workload_hours": 20,
    }
    return CredentialContent.model_validate({**values, **changes})


def identifier(slug: str) -> UUID:
    """An id that depends on the slug alone."""
    return uuid5(NAMESPACE_URL, slug)


def candidate(slug: str, *skills: str, relevance: float = 0.5, published: bool = True, **changes: Any) -> Candidate:
    """A candidate titled after its slug."""
    made = content(title=slug.replace("-", " ").title(), **({"skills": skills} if skills else {}), **changes)
    return Candidate(
        credential_id=identifier(slug),
        version_id=identifier(f"{slug}@1"),
        slug=slug,
        version=1,
        published=published,
        content=made,
        relevance=relevance,
        ranks={"role.text": 1},
    )

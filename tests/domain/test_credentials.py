"""Credentials: sections that can be cited, a hash per version, bounds."""

from typing import Any

import pytest
from pydantic import ValidationError

from assay.domain.credentials import CredentialContent

CONTENT: dict[str, Any] = {
    "title": "Designing HTTP APIs",
    "provider": "Open Campus",
    "description": "From resources and representations to versioning and errors.",
    "outcomes": ["Design resources and their representations", "Choose status codes that clients can act on"],
    "skills": ["api-design", "http"],
    "level": "intermediate",
    "workloadHours": 40,
}


def test_sections_hold_the_exact_texts() -> None:
    """A source's offsets count characters in these texts: outcomes one a line, skills after commas."""
    assert CredentialContent.model_validate(CONTENT).sections() == {
        "title": "Designing HTTP APIs",
        "description": "From resources and representations to versioning and errors.",
        "outcomes": "Design resources and their representations\nChoose status codes that clients can act on",
        "skills": "api-design, http",
    }


def test_the_hash_names_the_version() -> None:
    """Stored and read back the hash stays; any changed field changes it."""
    made = CredentialContent.model_validate(CONTENT)
    assert CredentialContent.model_validate_json(made.model_dump_json()).hash == made.hash
    changes: list[dict[str, Any]] = [
        {"title": "Designing APIs"},
        {"workloadHours": 41},
        {"level": "advanced"},
        {"prerequisites": ["http-basics"]},
        {"skills": ["http"]},
    ]
    assert len({made.hash, *(CredentialContent.model_validate({**CONTENT, **change}).hash for change in changes)}) == len(changes) + 1


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "AB"},
        {"provider": "X"},
        {"description": "Too short"},
        {"outcomes": []},
        {"outcomes": ["Short"]},
        {"skills": []},
        {"skills": ["Not A Slug"]},
        {"level": "wizard"},
        {"workloadHours": 0},
        {"workloadHours": 2_001},
        {"language": "english"},
        {"assessment": "x" * 401},
        {"prerequisites": [f"credential-{number}" for number in range(9)]},
        {"price": 10},
    ],
)
def test_a_credential_out_of_bounds_is_refused(changes: dict[str, Any]) -> None:
    """Lengths, slugs, hours, language codes and unknown fields."""
    with pytest.raises(ValidationError):
        CredentialContent.model_validate({**CONTENT, **changes})

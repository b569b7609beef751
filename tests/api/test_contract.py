"""The document of the API held against the service; `./dev faults contract` tries more, as every role."""

import pytest
from journeys import Student

from faults.contract import explore


@pytest.mark.timeout(600)
async def test_answers_are_as_documented(site: str, admin: Student) -> None:
    """Every operation is sent the edges of what its schema allows; no check of Schemathesis fails."""
    explored = await explore(site, admin.headers, {}, "--phases", "coverage", "--mode", "positive")
    assert explored.failures == ()
    assert explored.tested > 100
    assert explored.cases > 1_000

"""Methods that a path does not take: every path says which it does."""

import httpx2
import pytest
from prometheus_client import REGISTRY

from assay.api.app import create_api

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"}
SOMEBODY = "01890a5d-ac96-774b-bcce-b302099a8057"


async def test_every_path_lists_all_methods_that_it_takes(client: httpx2.AsyncClient) -> None:
    """What is refused names exactly what the document of the API lists for the path, words and ids alike, to whoever asks."""
    document = create_api().openapi()["paths"]
    assert len(document) > 80
    for path, operations in document.items():
        address = "/api/v1" + "/".join(SOMEBODY if part.startswith("{") else part for part in path.split("/"))
        known = {method.upper() for method in operations}
        for method in METHODS - known:
            answer = await client.request(method, address)
            assert answer.status_code == 405, (method, address)
            assert set(answer.headers["allow"].split(", ")) == known, (method, address)


@pytest.mark.parametrize("path", ["/nothing", "/tracks/a/b/c/d", "/", "/tracks/a%0Ab"])
async def test_a_path_that_is_not_there_is_not_found(client: httpx2.AsyncClient, path: str) -> None:
    """Whatever the method, and however odd the path; in the shape of every error."""
    answer = await client.put(f"/api/v1{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_made_up_paths_are_one_route_to_the_metrics(client: httpx2.AsyncClient) -> None:
    """Whoever tries paths makes no labels."""
    labels = {"method": "GET", "route": "unmatched", "status": "404", "role": "none", "track": "none"}
    before = REGISTRY.get_sample_value("assay_http_request_seconds_count", labels) or 0
    await client.get("/api/v1/made/up")
    assert REGISTRY.get_sample_value("assay_http_request_seconds_count", labels) == before + 1

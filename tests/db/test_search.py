"""Full text search in Postgres, by weighted phrases."""

import pytest
from sqlalchemy import text

from assay.domain.retrieval import websearch
from assay.runtime import Runtime


async def _slugs(runtime: Runtime, query: str, limit: int = 10) -> list[str]:
    async with runtime.open_uow() as uow:
        hits = (await uow.search.full_text({"only": query}, limit)).hits["only"]
        rows = {row.credential_id: row.slug for row in await uow.search.current([hit.credential_id for hit in hits])}
    return [rows[hit.credential_id] for hit in hits]


async def test_a_phrase_in_the_title_comes_first(runtime: Runtime) -> None:
    """The title weighs more than skills, outcomes and description."""
    assert (await _slugs(runtime, websearch(["Kubernetes for the Curious"])))[0] == "kubernetes-for-the-curious"
    assert (await _slugs(runtime, websearch(["message queues"])))[0] in {"messaging-with-queues", "event-streams-and-event-sourcing"}


async def test_any_phrase_may_match_and_each_query_is_its_own(runtime: Runtime) -> None:
    """Several queries are answered in one statement, each with its own list, best first."""
    async with runtime.open_uow() as uow:
        found = (await uow.search.full_text({"a": websearch(["Kubernetes", "statistics"]), "b": websearch(["zymurgy"])}, 50)).hits
    assert found["b"] == []
    assert len(found["a"]) > 5
    assert [hit.score for hit in found["a"]] == sorted((hit.score for hit in found["a"]), reverse=True)


async def test_only_published_credentials_in_their_current_version(runtime: Runtime) -> None:
    """A retired credential is not found."""
    query = websearch(["Kubernetes for the Curious"])
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE credential_catalog SET status = 'retired' WHERE slug = 'kubernetes-for-the-curious'"))
    assert "kubernetes-for-the-curious" not in await _slugs(runtime, query)


@pytest.mark.parametrize("query", ['"', "' ; DROP TABLE users; --", "& | ! ( )", "\\", "or or or", ":*", "the of and"])
async def test_no_words_can_break_the_query(runtime: Runtime, query: str) -> None:
    """Whatever a free text holds, the search answers."""
    await _slugs(runtime, websearch([query]))
